"""Which rows a member of staff may see: those of their own provider, or all for operations."""

from typing import Any

from django.db.models import QuerySet


def visible_to(staff: Any, rows: QuerySet[Any], *, provider_path: str) -> QuerySet[Any]:
    """`rows` narrowed to the provider of `staff`; none at all for a person who belongs nowhere (default deny).

    `provider_path` is the lookup from a row to its provider, such as `invoice__provider`.
    """
    if not staff.is_active:
        return rows.none()
    if getattr(staff, "is_operations", False):
        return rows
    if getattr(staff, "provider_id", None) is None:
        return rows.none()
    return rows.filter(**{provider_path: staff.provider_id})
