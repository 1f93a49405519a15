"""Storage of a message for the next page ("We sent an SMS to the number that ends in 12")."""

from typing import Any

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage


class _InTheSession(SessionStorage):
    """Only in an existing session: a stranger's request must not write a row."""

    def _get(self, *args: Any, **kwargs: Any) -> tuple[list[Any], bool]:
        # The stubs lack both methods. False: there may be more messages in the cookie.
        return super()._get(*args, **kwargs)[0] or [], False  # type: ignore[misc]

    def _store(self, messages: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        if messages and not self.request.session.session_key:
            return messages
        return super()._store(messages, response, *args, **kwargs)  # type: ignore[misc]


class _InACookie(CookieStorage):
    cookie_name = settings.MESSAGE_COOKIE_NAME


class MessageStorage(FallbackStorage):
    """Messages in the session, if there is one, because they may contain personal data; else in a cookie.

    Whoever has no session gets only messages that anybody could get.
    """

    storage_classes = (_InTheSession, _InACookie)
