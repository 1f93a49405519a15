"""Sessions as Django keeps them in its table, without the statements and the work that a guest's page can do without.

Each page reads its session by its key: Django builds that query anew for each, which takes five times as long as the
database needs to answer it. And it asks whether a new random key is free before it writes it where it must be new.
"""

from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import VALID_KEY_CHARS
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone
from django.utils.crypto import get_random_string

_BY_KEY = f"SELECT session_data FROM {Session._meta.db_table} WHERE session_key = %s AND expire_date > %s"  # noqa: S608  our own name


class SessionStore(db.SessionStore):
    """A session in the database."""

    def load(self) -> dict[str, Any]:
        """Return what is in the session; nothing, and forget its key, when there is none or its time is over."""
        now = connection.ops.adapt_datetimefield_value(timezone.now())
        with connection.cursor() as cursor:
            cursor.execute(_BY_KEY, [self.session_key, now])
            found = cursor.fetchone()
        if found is None:
            self._session_key = None
            return {}
        held: dict[str, Any] = self.decode(found[0])
        return held

    def _get_new_session_key(self) -> str:
        return get_random_string(32, VALID_KEY_CHARS)  # `create` draws another one when it is taken
