"""What the demo shows of collection: an agency, and an invoice that may go to it."""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from debt_collection import accounts, agencies

SHOWS = {103: _("nobody paid: it may go to a collection agency")}
_KEY = "incasso-voorbeeld"


def fields(number: int) -> dict[str, Any]:
    """Return what the demo practice says about collection on an invoice: nothing."""
    return {}


def seed() -> None:
    """Keep an invented agency, as one person looks it up in the register and another approves its IBAN."""
    today = timezone.localdate()
    details = agencies.Details(
        name="Incasso Voorbeeld B.V.", registration_number="WKI-000123", registered_until=today + timedelta(days=300),
        dispute_body="Geschillencommissie Voorbeeld", iban="NL39RABO0300065264", phone="+31301234567",
        email="klachten@incassovoorbeeld.example",
    )  # fmt: skip
    agency = agencies.save(_KEY, details, by="demo", today=today)
    for asked in accounts.waiting().filter(agency=agency):
        accounts.decide(asked, approved=True, by="demo:colleague")
