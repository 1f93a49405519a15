"""What a member of staff may do. Every check of the desk asks `may`; what there is to do, rooms announce as `acts`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit, rooms
from billing.errors import Refused
from billing.models import ClerkRight, Provider, Staff
from billing.rooms import Act

CHANGE = "rights"  # the act of changing what clerks may
SECOND = "second_person"


def may(staff: Any, act: str) -> bool:
    """Tell whether `staff` may do `act` for the practice for which they work now. Raises KeyError for an unknown act.

    Default deny: nobody who is blocked, has no role, or belongs to no practice without being of operations.
    """
    known = rooms.acts()[act]
    if not (staff.is_active and staff.is_staff):
        return False
    if act == SECOND and staff.introduced_by_id:
        return False
    role = getattr(staff, "role", None)
    if role == Staff.Role.OPERATIONS:
        return known.operations
    if getattr(staff, "provider_id", None) is None:
        return False
    return role == Staff.Role.APPROVER or (role == Staff.Role.CLERK and _clerks_may(staff, act, known))


def require(staff: Any, act: str) -> None:
    """Raise Refused when `staff` may not do `act`: for rules that are called from more than one page."""
    if act == SECOND:
        refuse_new(staff)
    if not may(staff, act):
        raise Refused(_("Your practice lets only others do this: %(what)s.") % {"what": rooms.acts()[act].label})


def refuse_new(staff: Any) -> None:
    """Raise Refused for somebody about whom nobody has agreed yet but who let them in: no second person.

    Else one approver could invite themselves under another name and agree with themselves.
    """
    if staff.introduced_by_id:
        raise Refused(_("You are new here. First another approver than who let you in, or we, have to agree to you."))


def _clerks_may(clerk: Staff, act: str, known: Act) -> bool:
    return known.clerks if known.fixed else _decided_by_practice_of(clerk).get(act, known.clerks)


def _decided_by_practice_of(clerk: Staff) -> dict[str, bool]:
    """Return what their practice decided, by act; read once for this object, so once a request."""
    if clerk.rights_read is None or clerk.rights_read[0] != clerk.provider_id:
        rows = ClerkRight.objects.filter(provider=clerk.provider_id).values_list("act", "granted")
        clerk.rights_read = (clerk.provider_id, dict(rows))
    return clerk.rights_read[1]


@dataclass(frozen=True, slots=True)
class Right:
    """One line of the table of a practice: an act, whether its clerks may do it, and who decided that and when."""

    name: str
    act: Act
    clerks: bool
    by: str
    at: datetime | None


def table(provider: Provider) -> list[Right]:
    """Return what clerks of a practice may do, in the order in which rooms announce it."""
    decided = {row.act: row for row in ClerkRight.objects.filter(provider=provider)}
    lines = []
    for name, act in rooms.acts().items():
        row = None if act.fixed else decided.get(name)
        lines.append(
            Right(name, act, row.granted if row else act.clerks, row.by if row else "", row.at if row else None)
        )
    return lines


def decide(provider: Provider, wanted: dict[str, bool], *, by: Staff) -> list[str]:
    """Let clerks of a practice do the acts that are true in `wanted`, and no longer those that are false.

    Returns the names of what changed, each with an event on the audit trail. Raises Refused when `by` may not change
    that, or for an act that no practice decides; then nothing is changed.
    """
    require(by, CHANGE)
    with transaction.atomic():
        Provider.objects.select_for_update(no_key=True).get(pk=provider.pk)
        before = {right.name: right for right in table(provider)}
        changed = [name for name, granted in wanted.items() if before[name].clerks != granted]
        for name in changed:
            if before[name].act.fixed:
                raise Refused(str(before[name].act.fixed))
            decision = {"granted": wanted[name], "by": audit.name_of(by), "at": timezone.now()}
            ClerkRight.objects.update_or_create(provider=provider, act=name, defaults=decision)
            audit.record("right_changed", by=audit.name_of(by), provider=provider.pk, act=name, granted=wanted[name])
    return changed
