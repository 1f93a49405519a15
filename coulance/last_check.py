"""The last check before a mail about a case is sent, in the transaction that claims it: it must still be true."""

from datetime import datetime

from django.utils import timezone

from billing.law import calendar
from billing.models import OutboxMessage
from coulance import cases
from coulance.models import CoulanceCase, Specification

Status = CoulanceCase.Status
_WAITS = (Status.WAITING_FOR_SPECIFICATION,)
# The statuses in which each of these mails is true. They all say that nothing has to be paid yet.
_TRUE_ON_HOLD: dict[str, tuple[Status, ...]] = {
    "coulance_begun": (Status.OFFERED, *_WAITS, Status.AT_PROVIDER),
    "coulance_nudge": (Status.OFFERED, *_WAITS),
    "coulance_more_needed": _WAITS,
    "coulance_taken_back": _WAITS,
    "coulance_received": (Status.AT_PROVIDER,),
    "coulance_on_paper": (Status.AT_PROVIDER,),
    "coulance_answered": (Status.AT_PROVIDER,),
}
_BY_DAY = ("coulance_nudge", "coulance_expired")  # planned by the calendar, so sent only at decent hours
_REFUSED = "coulance_file_refused"
CHECKED = frozenset((*_TRUE_ON_HOLD, *_BY_DAY, _REFUSED))
# About a decision, or about what the patient did: true whenever they arrive.
UNCHECKED = frozenset(
    f"coulance_{event}" for event in ("adjusted", "corrected", "kept", "refused", "stands", "waits", "withdrawn")
)


def may_send(message: OutboxMessage, now: datetime) -> datetime | str | None:
    """Return None when a mail about a case may be sent now, else the moment to ask again or why it is withdrawn."""
    if message.kind in _BY_DAY and not calendar.is_sending_moment(now):
        return calendar.next_sending_moment(now)
    case_id = CoulanceCase.objects.filter(invoice=message.invoice_id).values_list("pk", flat=True).first()
    if case_id is None:
        return None
    case = cases.lock(case_id)
    if case.invoice.withdrawn_at:
        return "invoice_withdrawn"
    if message.kind == _REFUSED:
        says_on_hold = message.dedupe_key.endswith(":rests")
        return None if says_on_hold == cases.is_on_hold(case) else "changed"
    if message.kind in _TRUE_ON_HOLD and not (case.status in _TRUE_ON_HOLD[message.kind] and cases.is_on_hold(case)):
        return "changed"
    if message.kind == "coulance_nudge":
        return _nudge_is_late(case, now)
    return None


def _nudge_is_late(case: CoulanceCase, now: datetime) -> str | None:
    if case.specifications.filter(status__in=Specification.PENDING).exists():
        return "sent"
    return "too_late" if case.specification_due_on < timezone.localdate(now) else None
