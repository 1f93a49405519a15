"""The session of a browser, read by a query whose SQL is made once: every page reads it."""

from typing import Any

from django.contrib.sessions.backends.db import SessionStore as RowsStore
from django.contrib.sessions.models import Session
from django.utils import timezone

from billing.rows import Prepared

_of_key = Prepared(
    lambda key: Session.objects.filter(session_key=key).values("session_key", "session_data", "expire_date")
)


class SessionStore(RowsStore):
    """Sessions as rows, as Django keeps them."""

    def _get_session_from_db(self) -> Any:
        """Return the row of this session; None, and a new key when it is saved, when there is none or it ended."""
        row = next(iter(_of_key.rows(self.session_key)), None) if self.session_key else None
        if row and row["expire_date"] > timezone.now():
            return Session(**row)
        self._session_key = None
        return None
