"""The session of a browser, and the messages for its next page ("We sent an SMS to the number that ends in 12")."""

from typing import Any

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage
from django.contrib.sessions.backends.db import SessionStore as RowsStore
from django.contrib.sessions.models import Session
from django.utils import timezone

from billing.rows import Prepared

_of_key = Prepared(
    lambda key: Session.objects.filter(session_key=key).values("session_key", "session_data", "expire_date")
)


class SessionStore(RowsStore):
    """Sessions as rows, as Django keeps them, read by SQL that is made once: every page reads one."""

    def _get_session_from_db(self) -> Any:
        """Return the row of this session; None, and a new key when it is saved, when there is none or it ended."""
        row = next(iter(_of_key.rows(self.session_key)), None) if self.session_key else None
        if row and row["expire_date"] > timezone.now():
            return Session(**row)
        self._session_key = None
        return None


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
