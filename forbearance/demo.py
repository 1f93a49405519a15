"""A patient of the demo who took a breathing space."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from billing.models import Invoice
from forbearance import breathing_space
from forbearance.models import Forbearance

BY = "demo"
ENDING = 129
SHOWS = {ENDING: _("a breathing space of 30 days")}


def fields(number: int) -> dict[str, Any]:
    """Return what the demo practice says about forbearance on an invoice: nothing."""
    return {}


def seed() -> None:
    """Take a breathing space as the demo's patient would."""
    if Forbearance.objects.exists():
        return
    invoice = Invoice.objects.filter(number__endswith=f"-{ENDING:05d}", settled_at=None).order_by("pk").last()
    if invoice:
        breathing_space.take(invoice.pk, by=BY)
