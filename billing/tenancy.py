"""Tenant scoping: staff see the rows of the practice for which they work now, operations see all.

Somebody may work for several practices. A request is for exactly one of them: `work_for` says which, and everything
else asks `provider` and `role` of the account, as for somebody with one practice.
"""

from typing import Any

from django.db.models import Q, QuerySet

from billing.models import Membership, Provider, Staff


def visible_to(staff: Any, rows: QuerySet[Any], *, provider_path: str) -> QuerySet[Any]:
    """Restrict `rows` to the provider of `staff`; to none for a person without provider or role (default deny).

    `provider_path` is the lookup from a row to its provider, such as `invoice__provider`.
    """
    if not staff.is_active:
        return rows.none()
    if getattr(staff, "is_operations", False):
        return rows
    if getattr(staff, "provider_id", None) is None:
        return rows.none()
    return rows.filter(**{provider_path: staff.provider_id})


def practices_of(staff: Staff) -> list[Provider]:
    """Return the practices that somebody may work for: where they begin, then the others by name; one for most."""
    later = Membership.objects.filter(staff=staff.pk, blocked_at=None).values("provider")
    rows = list(Provider.objects.filter(Q(pk=staff.begins_at) | Q(pk__in=later)))
    for row in rows:
        if row.pk == staff.provider_id:
            staff.provider = row  # every page names it
    return sorted(rows, key=lambda row: (row.pk != staff.begins_at, row.name))


def work_for(staff: Staff, provider_id: int) -> bool:
    """Let this object work for one of the person's practices, with the role they have there.

    Returns False, and changes nothing, when they don't work there (any more). Nothing is written: the next request
    says it again.
    """
    if provider_id == staff.begins_at:
        staff.work_at_home()
        return True
    row = Membership.objects.filter(staff=staff.pk, provider=provider_id, blocked_at=None).first()
    if row is None:
        return False
    staff.work_elsewhere(row.provider_id, row.role, row.introduced_by_id)
    return True
