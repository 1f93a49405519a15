"""Rate limits: a bucket of tries per key, in the database, exact under concurrency.

The generic cell rate algorithm stores one moment per key: when the bucket would be full again. A try moves it one
interval ahead and is refused when it would then be further from now than the whole bucket. That is one
`INSERT … ON CONFLICT DO UPDATE … WHERE … RETURNING`, which is atomic on PostgreSQL and SQLite: reading first and
writing afterwards would let parallel guesses share one try.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.utils.crypto import salted_hmac

from guests.models import Throttle

_TABLE = Throttle._meta.db_table
_TAKE = f"""
    INSERT INTO {_TABLE} (key, free_at_us) VALUES (%(key)s, %(now)s + %(interval)s)
    ON CONFLICT (key) DO UPDATE SET free_at_us = %(interval)s +
        CASE WHEN {_TABLE}.free_at_us > %(now)s THEN {_TABLE}.free_at_us ELSE %(now)s END
    WHERE {_TABLE}.free_at_us <= %(now)s + %(room)s
    RETURNING free_at_us
"""  # noqa: S608  the table's name is ours
_REFUND = f"UPDATE {_TABLE} SET free_at_us = free_at_us - %(interval)s WHERE key = %(key)s"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Limit:
    """Allow `tries` at once; after that one more whenever `seconds / tries` have passed."""

    name: str
    tries: int
    seconds: int

    @property
    def interval_us(self) -> int:
        """Return the time after which there is one more try, in microseconds."""
        return self.seconds * 1_000_000 // self.tries


def take(limit: Limit, who: str, *, now: datetime) -> int:
    """Use up one try of `who` and return 0; without one return the seconds until the next, and use nothing."""
    key, now_us = _key(limit, who), _microseconds(now)
    room = limit.interval_us * (limit.tries - 1)
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"key": key, "now": now_us, "interval": limit.interval_us, "room": room})
        if cursor.fetchone():
            return 0
    return max(1, wait(limit, who, now=now))


def wait(limit: Limit, who: str, *, now: datetime) -> int:
    """Return the seconds until `who` has a try, without using one."""
    now_us = _microseconds(now)
    free_at = Throttle.objects.filter(key=_key(limit, who)).values_list("free_at_us", flat=True).first() or now_us
    return max(0, -(-(free_at - limit.interval_us * (limit.tries - 1) - now_us) // 1_000_000))


def refund(limit: Limit, who: str) -> None:
    """Undo one `take`, because the attempt succeeded or was not made."""
    with connection.cursor() as cursor:
        cursor.execute(_REFUND, {"key": _key(limit, who), "interval": limit.interval_us})


def delete_idle(*, now: datetime) -> None:
    """Delete the rows that no longer limit anybody."""
    Throttle.objects.filter(free_at_us__lt=_microseconds(now)).delete()


def _key(limit: Limit, who: str) -> str:
    return salted_hmac("guests.throttle", f"{limit.name}:{who}", algorithm="sha256").hexdigest()


def _microseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)
