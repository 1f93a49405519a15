"""The logo of a practice: what counts, and how it changes. Its bytes were rewritten in isolation before."""

from django.db import transaction
from django.utils.translation import gettext as _

from billing import audit
from billing.errors import Refused
from billing.models import PracticeLogo, Provider
from billing.practices import history

MAX_BYTES = 300_000  # of what every patient's phone loads


def put(provider: Provider, content: bytes, kind: str, *, by: str) -> PracticeLogo:
    """Let a picture count as the logo of the practice, and delete the one before. Raises Refused for a large one."""
    if len(content) > MAX_BYTES:
        raise Refused(_("This picture is too large for a phone. Save it about 600 by 200 dots, and send that."))
    with transaction.atomic():
        logo = PracticeLogo.objects.create(provider=provider, kind=kind, content=content)
        _count(provider, logo, by=by)
    return logo


def remove(provider: Provider, *, by: str) -> None:
    """Let the practice have no logo."""
    with transaction.atomic():
        _count(provider, None, by=by)


def _count(provider: Provider, logo: PracticeLogo | None, *, by: str) -> None:
    locked = Provider.objects.select_for_update(no_key=True).get(pk=provider.pk)
    if not locked.logo and logo is None:
        return
    Provider.objects.filter(pk=locked.pk).update(logo=logo.token if logo else "")
    PracticeLogo.objects.filter(provider=locked).exclude(token=logo.token if logo else "").delete()
    history.record(locked, "logo", was=_("picture") if locked.logo else "", now=_("picture") if logo else "", by=by)
    audit.record("provider_changed", by=by, provider=locked.agb_code, fields=["logo"])


def find(token: str) -> PracticeLogo | None:
    """Return the logo behind a token, which is public."""
    return PracticeLogo.objects.filter(token=token).first()
