"""The clock that all processes of a simulation share: it only jumps ahead."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import holidays

FOLDER = Path(__file__).parent / "clock"
_HOLIDAYS = holidays.country_holidays("NL", years=range(2026, 2040))
AMSTERDAM = ZoneInfo("Europe/Amsterdam")


class Clock:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.ahead = 0.0
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        self.jump(timedelta(0))
        self.next_morning()

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.ahead)

    def midnight(self) -> datetime:
        """The moment at which the day began in the Netherlands."""
        local = self.now().astimezone(AMSTERDAM)
        return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)

    def jump(self, by: timedelta) -> None:
        self.ahead += max(by.total_seconds(), 0)
        os.pwrite(self._file, f"{self.ahead:<32.3f}"[:32].encode(), 0)

    def next_morning(self, days: int = 1) -> None:
        """Half past ten on the first working day that is at least `days` away: letters may go out then."""
        local = self.now().astimezone(AMSTERDAM)
        morning = (local + timedelta(days=days)).replace(hour=10, minute=30, second=0, microsecond=0)
        while morning.weekday() > 4 or morning.date() in _HOLIDAYS:
            morning += timedelta(days=1)
        self.jump(morning - local)
