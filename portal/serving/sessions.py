"""Sessions as Django keeps them in its table, without the statements and the work that a guest's page can do without.

Each page reads its session by its key: Django builds that query anew for each, which takes five times as long as the
database needs to answer it. And it asks whether a new random key is free before it writes it where it must be new. One
statement is a transaction by itself: Django begins and ends one around it, which are two more questions on the wire.
"""

from datetime import datetime
from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import VALID_KEY_CHARS, CreateError, UpdateError
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone
from django.utils.crypto import get_random_string

_TABLE = Session._meta.db_table
_BY_KEY = f"SELECT session_data FROM {_TABLE} WHERE session_key = %s AND expire_date > %s"  # noqa: S608  our own name
_CHANGE = f"UPDATE {_TABLE} SET session_data = %s, expire_date = %s WHERE session_key = %s"  # noqa: S608
_ADD = f"INSERT INTO {_TABLE} (session_data, expire_date, session_key) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"  # noqa: S608


def _moment(at: datetime) -> Any:
    """Return a moment as the database takes it."""
    return connection.ops.adapt_datetimefield_value(at)


class SessionStore(db.SessionStore):
    """A session in the database."""

    def load(self) -> dict[str, Any]:
        """Return what is in the session; nothing, and forget its key, when there is none or its time is over."""
        with connection.cursor() as cursor:
            cursor.execute(_BY_KEY, [self.session_key, _moment(timezone.now())])
            found = cursor.fetchone()
        if found is None:
            self._session_key = None
            return {}
        held: dict[str, Any] = self.decode(found[0])
        return held

    def save(self, must_create: bool = False) -> None:
        """Write the session. Raises CreateError when the key is taken, UpdateError when the session has ended."""
        if self.session_key is None:
            self.create()
            return
        held = self._get_session(no_load=must_create)  # type: ignore[attr-defined]  # not in the stubs
        with connection.cursor() as cursor:
            row = [self.encode(held), _moment(self.get_expiry_date()), self.session_key]
            cursor.execute(_ADD if must_create else _CHANGE, row)
            written = cursor.rowcount
        if not written:
            raise CreateError if must_create else UpdateError

    def _get_new_session_key(self) -> str:
        return get_random_string(32, VALID_KEY_CHARS)  # `create` draws another one when it is taken
