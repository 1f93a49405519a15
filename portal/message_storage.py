"""Where a sentence for the next page waits ("We sent an SMS to the number that ends in 12")."""

from typing import Any

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage


class _InTheSession(SessionStorage):
    """Only in a session that is there: a stranger's request must not write a row."""

    def _get(self, *args: Any, **kwargs: Any) -> tuple[list[Any], bool]:
        # The stubs know none of the two methods. False: there may be one in the cookie too.
        return super()._get(*args, **kwargs)[0] or [], False  # type: ignore[misc]

    def _store(self, messages: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        if messages and not self.request.session.session_key:
            return messages
        return super()._store(messages, response, *args, **kwargs)  # type: ignore[misc]


class _InACookie(CookieStorage):
    cookie_name = settings.MESSAGE_COOKIE_NAME


class MessageStorage(FallbackStorage):
    """On the server for whoever has a session, because such a sentence may say something of a person; in a cookie for
    all others, to whom we say only what we would say to anybody."""

    storage_classes = (_InTheSession, _InACookie)
