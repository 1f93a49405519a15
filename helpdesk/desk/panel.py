"""What waits at the helpdesk, for the start page: messages of patients, and for operations the calls of today."""

from dataclasses import dataclass

from django.db.models import Count, Q
from django.http import HttpRequest
from django.utils import timezone

from billing.desk.base import OPERATIONS
from billing.law.calendar import DAY, begin_of
from helpdesk import callbacks
from helpdesk.desk import messages


@dataclass(frozen=True, slots=True)
class Overview:
    """How many messages and calls wait for this person, and how many of them are late."""

    messages: int
    broken: int
    calls: int
    calls_late: int

    @property
    def waiting(self) -> int:
        return self.messages + self.calls


def facts(request: HttpRequest) -> Overview | None:
    """Return what waits; None, and no panel, when nothing does. A call is late once its slot is over."""
    now = timezone.now()
    broken = Count("pk", filter=Q(answer_by__lt=timezone.localdate(now)))
    found = messages.waiting(request.user).order_by().aggregate(messages=Count("pk"), broken=broken)
    calls = {"calls": 0, "calls_late": 0}
    if getattr(request.user, "role", None) in OPERATIONS:
        today = callbacks.waiting().filter(slot__begins__lt=begin_of(timezone.localdate(now) + DAY)).order_by()
        late = Count("pk", filter=Q(slot__begins__lte=now - callbacks.SLOT))
        calls = today.aggregate(calls=Count("pk"), calls_late=late)
    overview = Overview(**found, **calls)
    return overview if overview.waiting else None
