"""Rate limits: at most so many tries within any stretch of time, in the database, exact under concurrency.

A row per key holds the moments of the tries that still count. A try locks the row, drops what is older than the
window, and is added when there is room: five in ten minutes are five in any ten minutes. (A bucket that refills one by
one, GCRA, would allow nine.) A limit of many tries counts them in slots of a 64th of the window, so that a row stays
small; a slot counts until its last try is over, so never too many are allowed.

No moment lies in the future: when the clock went back, what was used counts from now on, and no limit ever reaches
further ahead than its own window.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.transaction import TransactionManagementError
from django.utils.crypto import salted_hmac

from guests.models import Throttle

_TABLE = Throttle._meta.db_table
_SLOTS = 64
_SECOND = 1_000_000
_SKEW = 5 * _SECOND  # between the clocks of two machines; more means that a clock was set back


@dataclass(frozen=True, slots=True)
class Limit:
    """Allow at most `tries` within any `seconds`."""

    name: str
    tries: int
    seconds: int

    @property
    def window_us(self) -> int:
        """Return the length of the window, in microseconds."""
        return self.seconds * _SECOND

    @property
    def slot_us(self) -> int:
        """Return how long tries are counted together; 0 when each is kept by itself."""
        return 0 if self.tries <= _SLOTS else self.window_us // _SLOTS


def take(limit: Limit, who: str, *, now: datetime) -> int:
    """Use up one try of `who` and return 0; without one return the seconds until the next, and use nothing."""
    if limit.tries and _is_first(limit, who, _microseconds(now)):
        return 0
    wait, _left = take_and_tell(limit, who, now=now)
    return wait


def take_and_tell(limit: Limit, who: str, *, now: datetime) -> tuple[int, int]:
    """Do as `take`, and return also how many tries are left after this one."""
    with transaction.atomic(savepoint=False):
        tries = hold(limit, who, now=now)
        if not tries.wait:
            tries.use()
    return tries.wait, tries.left


class Held:
    """The tries of one key, locked until the transaction ends. `wait`: the seconds until there is one; 0 is now.

    `left`: how many there are.
    """

    def __init__(self, limit: Limit, row: Throttle, now_us: int) -> None:
        self._limit, self._row, self._now_us = limit, row, now_us
        self._used = _counting(limit, row.used, now_us)
        self.left = max(0, limit.tries - sum(count for _at, count in self._used))
        full = not self.left
        self.wait = max(1, _wait(limit, self._used, now_us)) if full else 0
        if (
            full and self._used != row.used
        ):  # the clock went back: what lay ahead counts from now on, and is over one day
            _write(row, limit, self._used)

    def use(self) -> None:
        """Use up one try, which there must be."""
        self.left -= 1
        _write(self._row, self._limit, _with_one_more(self._limit, self._used, self._now_us))


def hold(limit: Limit, who: str, *, now: datetime) -> Held:
    """Lock the tries of `who` until the transaction ends, so that a try is looked at before it counts."""
    (held,) = hold_together([(limit, who)], now=now)
    return held


def hold_together(asked: Sequence[tuple[Limit, str]], *, now: datetime) -> list[Held]:
    """Lock the tries of several keys by one statement, in this order; as `hold`.

    Raises TransactionManagementError outside a transaction, as Django's own locks do: nothing would be held.
    """
    now_us = _microseconds(now)
    rows = _locked([_key(limit, who) for limit, who in asked], now_us)
    return [Held(limit, row, now_us) for (limit, _who), row in zip(asked, rows, strict=True)]


def wait(limit: Limit, who: str, *, now: datetime) -> int:
    """Return the seconds until `who` has a try, without using one."""
    row = Throttle.objects.filter(key=_key(limit, who)).first()
    if row is None:
        return 0
    now_us = _microseconds(now)
    if row.used and row.used[-1][0] > now_us + _SKEW:  # as in `take`: else it would lie ahead until somebody tries
        with transaction.atomic():
            (row,) = _locked([row.key], now_us)
            _write(row, limit, _counting(limit, row.used, now_us))
    return _wait(limit, _counting(limit, row.used, now_us), now_us)


def refund(limit: Limit, who: str) -> None:
    """Undo one `take`, the last, because the attempt succeeded or was not made."""
    with transaction.atomic():
        row = Throttle.objects.select_for_update().filter(key=_key(limit, who)).first()
        if row is None or not row.used:
            return
        at, count = row.used[-1]
        _write(row, limit, [*row.used[:-1], *([[at, count - 1]] if count > 1 else [])])


def delete_idle(*, now: datetime) -> None:
    """Delete the rows that no longer limit anybody, but none that somebody holds.

    Whoever waited for such a row with another one deleted would deadlock with a look-up that takes that one next.
    """
    unlocked = " FOR UPDATE SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
    idle = f"SELECT key FROM {_TABLE} WHERE over_at_us < %s{unlocked}"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {_TABLE} WHERE key IN ({idle})", [_microseconds(now)])  # noqa: S608


def _locked(keys: Sequence[str], now_us: int) -> list[Throttle]:
    """Return the rows of these keys, made where they are not there, locked until the transaction ends.

    An INSERT that meets its row waits for whoever holds it and locks it as it is then; a SELECT would not see a row
    that was made while it waited for another.
    """
    _refuse_without_transaction()
    places = ", ".join(["(%s, '[]', %s)"] * len(keys))
    written = f"INSERT INTO {_TABLE} (key, used, over_at_us) VALUES {places}"  # noqa: S608  our own name
    with connection.cursor() as cursor:
        cursor.execute(
            f"{written} ON CONFLICT (key) DO UPDATE SET key = excluded.key RETURNING key, used",
            [value for key in keys for value in (key, now_us)],
        )
        used = dict(cursor.fetchall())
    return [Throttle(key=key, used=json.loads(used[key])) for key in keys]


def _refuse_without_transaction() -> None:
    """Raise TransactionManagementError where a lock would end with its own statement."""
    if not connection.in_atomic_block:
        raise TransactionManagementError("tries are held until the transaction ends, and there is none")


def _is_first(limit: Limit, who: str, now_us: int) -> bool:
    """Make the row of this key with one try in it; return False, and change nothing, when there is one."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {_TABLE} (key, used, over_at_us) VALUES (%s, %s, %s) ON CONFLICT (key) DO NOTHING",  # noqa: S608
            [_key(limit, who), json.dumps([[now_us, 1]]), now_us + limit.window_us],
        )
        return cursor.rowcount == 1


def _counting(limit: Limit, used: list[list[int]], now_us: int) -> list[list[int]]:
    """Return those of the tries, as [moment, how many], that still count at `now_us`; none lies ahead."""
    past = [[at if at <= now_us + _SKEW else now_us, count] for at, count in used]
    return sorted([at, count] for at, count in past if at > now_us - limit.window_us)


def _with_one_more(limit: Limit, used: list[list[int]], now_us: int) -> list[list[int]]:
    if used and limit.slot_us and now_us // limit.slot_us == used[-1][0] // limit.slot_us:
        return [*used[:-1], [now_us, used[-1][1] + 1]]
    return sorted([*used, [now_us, 1]])


def _wait(limit: Limit, used: list[list[int]], now_us: int) -> int:
    """Return the seconds until so many of the oldest tries are over that there is room for one."""
    surplus = sum(count for _at, count in used) - limit.tries + 1
    for at, count in used:
        if surplus <= 0:
            break
        surplus -= count
        if surplus <= 0:
            return max(0, -(-(at + limit.window_us - now_us) // _SECOND))
    return 0


def _write(row: Throttle, limit: Limit, used: list[list[int]]) -> None:
    row.used = used
    row.over_at_us = (used[-1][0] if used else 0) + limit.window_us
    row.save(update_fields=["used", "over_at_us"])


def _key(limit: Limit, who: str) -> str:
    return salted_hmac("guests.throttle", f"{limit.name}:{who}", algorithm="sha256").hexdigest()


def _microseconds(moment: datetime) -> int:
    return int(moment.timestamp() * _SECOND)
