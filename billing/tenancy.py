"""Tenant scoping: staff see the rows of their own provider, operations see all."""

from typing import Any

from django.db.models import QuerySet


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
