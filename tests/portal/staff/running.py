"""A product whose parts all ran at one moment."""

from billing import rooms
from billing.models import BounceIntake, LastRun


def all_ran(at):
    own = (
        LastRun.DAY,
        LastRun.BEAT,
        LastRun.WORKER,
        LastRun.RETENTION,
        LastRun.LEDGER,
        LastRun.BACKUP,
        LastRun.DIGESTS,
        LastRun.WATCH,
    )
    for what in (*own, *rooms.watched(), *(b.task for b in rooms.beats().values())):
        LastRun.record(what, at=at)
    BounceIntake.objects.update_or_create(pk=1, defaults={"seen_at": at})
