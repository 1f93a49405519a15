"""When each part of the machinery last worked, and how long it may be silent before a person must look.

The rows are written by whatever ran, in any process, so the web server can tell that the others are dead.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing import rooms
from billing.models import BounceIntake, LastRun

BOUNCE_PROBE = "bounce_probe"


@dataclass(frozen=True, slots=True)
class Silence:
    """How many seconds ago `what` last reached its end (infinite: never), and the most that is right."""

    what: str
    seconds: float
    limit: float
    is_sweep: bool = False

    @property
    def is_too_long(self) -> bool:
        """Tell whether a person must look."""
        return self.seconds > self.limit


def silences(now: datetime) -> list[Silence]:
    """Return all parts of the machinery; the bounce probe only where bounces are taken in."""
    at = dict(LastRun.objects.values_list("what", "at"))
    found = [
        Silence(what, _since(at.get(what), now), limit)
        for what, limit in (
            (LastRun.BEAT, settings.BEAT_SILENT_SECONDS),
            (LastRun.WORKER, settings.WORKER_SILENT_SECONDS),
            (LastRun.DAY, settings.DAY_SILENT_SECONDS),
            (LastRun.RETENTION, settings.RETENTION_SILENT_SECONDS),
            (LastRun.LEDGER, settings.LEDGER_SILENT_SECONDS),
            (LastRun.BACKUP, settings.BACKUP_SILENT_SECONDS),
            (LastRun.DIGESTS, settings.DIGESTS_SILENT_SECONDS),
        )
    ]
    if settings.ALERT_EMAIL or settings.ALERT_WEBHOOK_URL:  # else nobody is told, and the watch need not run
        found.append(Silence(LastRun.WATCH, _since(at.get(LastRun.WATCH), now), settings.WATCH_SILENT_SECONDS))
    if settings.BOUNCE_ADDRESS:
        seen = BounceIntake.objects.values_list("seen_at", flat=True).order_by("-seen_at").first()
        found.append(Silence(BOUNCE_PROBE, _since(seen, now), settings.BOUNCE_PROBE_SILENT_SECONDS))
    for what, watched in rooms.watched().items():
        if watched.expected():
            found.append(Silence(what, _since(at.get(what), now), watched.limit()))
    return [*found, *_sweeps(at, now)]


def _sweeps(at: dict[str, datetime], now: datetime) -> Iterator[Silence]:
    """Yield the tasks that come every so many seconds; those of a time of day make a staff task when they fail."""
    for beat in rooms.beats().values():
        if isinstance(beat.schedule, int | float):
            limit = max(settings.SWEEP_SILENT_SECONDS, 3 * beat.schedule)
            yield Silence(beat.task, _since(at.get(beat.task), now), limit, is_sweep=True)


def _since(moment: datetime | None, now: datetime) -> float:
    return max(0.0, (now - moment).total_seconds()) if moment else math.inf


def in_words() -> dict[str, Promise | str]:
    """Return what each part of the machinery is called, as in "since the last backup"; a sweep bears its own name."""
    return {
        LastRun.BEAT: _("since the timetable last ticked"),
        LastRun.WORKER: _("since the worker last finished something"),
        LastRun.DAY: _("since the last run of the day's work"),
        LastRun.RETENTION: _("since the last day that old data were erased"),
        LastRun.LEDGER: _("since the books were last proven"),
        LastRun.BACKUP: _("since the last backup"),
        LastRun.DIGESTS: _("since the last published digests"),
        LastRun.WATCH: _("since the watch last looked, which tells operators"),
        BOUNCE_PROBE: _("since the last bounce probe came back"),
        **{what: watched.label for what, watched in rooms.watched().items()},
    }
