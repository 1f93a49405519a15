"""What a person must look at now: the same limits as the page of operations and the rules for Prometheus have."""

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.db.models import Count
from django.utils.translation import gettext as _

from billing import rooms
from billing.models import LastRun, StaffTask
from portal.staff import last_runs
from portal.staff.metrics import readings


def found(now: datetime) -> dict[str, str]:
    """Return each cause with a sentence for operators, without anything of a person."""
    return dict([*_silent(now), *_waiting(now), *_tasks()])


def _silent(now: datetime) -> Iterator[tuple[str, str]]:
    words = last_runs.in_words()
    for one in last_runs.silences(now):
        if one.is_too_long and one.what != LastRun.WATCH:  # whoever looks here is the watch
            label = words.get(one.what) or _("since the last sweep ended: %(name)s") % {"name": one.what}
            yield f"silent:{one.what}", _("Too long %(what)s.") % {"what": label}


def _waiting(now: datetime) -> Iterator[tuple[str, str]]:
    read = {reading.name: reading for reading in readings(now)}
    if read["outbox_oldest_seconds"].value >= settings.WORK_WAITS_SECONDS:
        yield "messages_wait", _("Messages that may be sent wait: is the worker alive, and the mail server?")
    if read["outbox_unsent_seconds"].value >= settings.MESSAGE_UNSENT_SECONDS:
        yield "message_unsent", _("A message was queued more than a day ago and is not sent.")
    if read["webhooks_oldest_seconds"].value >= settings.WORK_WAITS_SECONDS:
        yield "bank_waits", _("Calls of the bank wait: is the worker alive, and does Mollie answer?")
    if read["payments_quarantined_last_day"].value:
        yield "payment_quarantined", _("A payment is quarantined: release it after a look.")
    if "broker_up" in read and not read["broker_up"].value:
        yield "broker_down", _("Redis does not answer: work goes on by sweeps, and later.")


def _tasks() -> Iterator[tuple[str, str]]:
    """Yield the kinds of open tasks that are of no practice and about no payment: nobody but operations sees those."""
    labels = dict(rooms.staff_task_choices())
    open_tasks = StaffTask.objects.filter(closed_at=None, invoice=None, payment=None, provider=None)
    for kind, count in open_tasks.order_by("kind").values_list("kind").annotate(Count("pk")):
        yield (
            f"task:{kind}",
            _("Open staff tasks (%(count)d): %(what)s") % {"count": count, "what": labels.get(kind, kind)},
        )
