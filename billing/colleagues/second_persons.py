"""Practices in which nobody can be the second person: then one of us is, and a task says so.

A practice with one approver goes on working: we agree to a new colleague, or to what waits, after a call.
"""

from collections.abc import Iterable, Iterator
from datetime import date

from django.db.models import Q
from django.utils.translation import gettext as _
from django_otp import user_has_device

from billing import audit, rooms
from billing.models import BirthDateChange, Membership, Provider, Reallocation, Receipt, RefundRequest, Staff, StaffTask

_KIND = StaffTask.Kind.SECOND_PERSON_MISSING


def established(provider: Provider | int | None) -> set[str]:
    """Return the names of the approvers of a practice about whom somebody else has agreed."""
    begin = Q(provider=provider, role=Staff.Role.APPROVER, introduced_by=None)
    later = Membership.objects.filter(provider=provider, role=Staff.Role.APPROVER, introduced_by=None, blocked_at=None)
    found = Staff.objects.filter(begin | Q(pk__in=later.values("staff")), is_active=True)
    return {audit.name_of(one) for one in found}


def who_can_agree(row: Staff | Membership) -> bool:
    """Tell whether the practice has another approver than who let this one in, and who is not new themselves."""
    let_in_by = row.introduced_by
    return bool(established(row.provider_id) - ({audit.name_of(let_in_by)} if let_in_by else set()))


def waiting() -> Iterator[tuple[int, str]]:
    """Yield of what waits for a second person in billing the key of its practice, and who asked."""
    receipts = Receipt.objects.filter(status=Receipt.Status.PROPOSED)
    undone = Receipt.objects.filter(status=Receipt.Status.BOOKED, undo_asked_by__isnull=False)
    moves = Reallocation.objects.filter(status=Reallocation.Status.PROPOSED, shares__invoice__isnull=False)
    for rows, asked_by, practice in (
        (receipts, "reported_by", "invoice__provider"),
        (undone, "undo_asked_by", "invoice__provider"),
        (moves, "asked_by", "shares__invoice__provider"),
    ):
        for key, name in rows.values_list(practice, f"{asked_by}__username"):
            yield key, f"staff:{name}"
    refunds = RefundRequest.objects.filter(status=RefundRequest.Status.ASKED).exclude(first_by="")
    yield from refunds.values_list("invoice__provider", "first_by")
    yield from BirthDateChange.objects.filter(decided_at=None).values_list("patient__provider", "asked_by")


def look(provider: Provider) -> None:
    """Open the task of a practice that has no second person for what waits, or close it."""
    _look([provider], [asked for asked in rooms.wait_for_second() if asked[0] == provider.pk])


def watch(_today: date) -> None:
    """Look at all practices where somebody is new, something waits, or a task is open."""
    asked = list(rooms.wait_for_second())
    new = Staff.objects.exclude(introduced_by=None).values("provider")
    also = Membership.objects.exclude(introduced_by=None).values("provider")
    named = [task.note for task in audit.open_alarms(_KIND, "")]
    wanted = Q(pk__in=new) | Q(pk__in=also) | Q(pk__in={key for key, _name in asked}) | Q(agb_code__in=named)
    _look(Provider.objects.filter(wanted), asked)


def _look(providers: Iterable[Provider], asked: list[tuple[int, str]]) -> None:
    for provider in providers:
        own = [name for key, name in asked if key == provider.pk]
        if _is_missing(provider, own):
            audit.open_alarm(_KIND, cause=provider.agb_code, note=provider.agb_code)
        else:
            over = audit.open_alarms(_KIND, provider.agb_code)
            audit.close_superseded(over, by="system", reason=_("there is a second person now, or nothing waits"))


def _is_missing(provider: Provider, asked_by: list[str]) -> bool:
    new: list[Staff | Membership] = [
        *Staff.objects.filter(provider=provider, is_active=True).exclude(introduced_by=None),
        *Membership.objects.filter(provider=provider, blocked_at=None).exclude(introduced_by=None),
    ]
    ready = [row for row in new if user_has_device(row.staff if isinstance(row, Membership) else row)]
    if any(not who_can_agree(row) for row in ready):
        return True
    deciders = established(provider)
    return any(not deciders - {name} for name in asked_by)
