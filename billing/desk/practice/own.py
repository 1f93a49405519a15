"""Which practice a page is about: one's own, or, for operations, the one in the address."""

from typing import Any

from django.http import Http404

from billing.models import Provider
from billing.tenancy import visible_to


def practice_of(member: Any, provider_id: int | None) -> Provider:
    """Return the practice with this key, or one's own without a key.

    Raises Http404 for a practice that is not theirs, as for one that is not there.
    """
    wanted = member.provider_id if provider_id is None else provider_id
    provider = visible_to(member, Provider.objects.all(), provider_path="pk").filter(pk=wanted).first()
    if provider is None:
        raise Http404
    return provider
