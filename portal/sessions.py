"""Django's sessions in the database, found by a query that is prepared: every page of a guest begins with it."""

from django.contrib.sessions.backends.db import SessionStore as Database
from django.contrib.sessions.models import Session
from django.utils import timezone

from billing.prepared import Prepared

_BY_KEY: Prepared[Session] = Prepared(lambda key: Session.objects.filter(session_key=key))


class SessionStore(Database):
    """As Django's; only the searches for one session are our own."""

    def exists(self, session_key: str) -> bool:
        return _BY_KEY.first(session_key) is not None

    def _get_session_from_db(self) -> Session | None:
        found = _BY_KEY.first(self.session_key) if self.session_key else None
        if found and found.expire_date > timezone.now():
            return found
        self._session_key = None
        return None
