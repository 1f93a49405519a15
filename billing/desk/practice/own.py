"""Which practice a page is about: one's own, or, for operations, the one in the address."""

from typing import Any

from django.http import Http404

from billing.models import Provider
from billing.tenancy import visible_to


def practice_of(member: Any, provider_id: int | None) -> Provider | None:
    """Return the practice with this key, or one's own; None for operations without a key.

    Raises Http404 for a practice that is not theirs, as for one that is not there.
    """
    rows = visible_to(member, Provider.objects.all(), provider_path="pk")
    if provider_id is None:
        return None if member.is_operations else rows.get(pk=member.provider_id)
    provider = rows.filter(pk=provider_id).first()
    if provider is None:
        raise Http404
    return provider
