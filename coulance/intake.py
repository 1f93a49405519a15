"""How a case begins: the provider marks an invoice when handing it in."""

from collections.abc import Sequence
from datetime import date, timedelta

from django.conf import settings

from billing import invoices as billing_invoices
from billing.models import Hold, Invoice
from coulance.models import CoulanceCase


def offer(invoices: Sequence[Invoice], *, today: date, by: str) -> list[CoulanceCase]:
    """Offer coulance on new invoices, in the transaction that makes them; they rest until the specification is due.

    Raises IntegrityError when an invoice has a case already.
    """
    deadline = today + timedelta(days=settings.COULANCE_SPECIFICATION_DAYS)
    cases = CoulanceCase.objects.bulk_create(
        CoulanceCase(invoice=invoice, specification_due_on=deadline) for invoice in invoices
    )
    billing_invoices.place_holds(invoices, Hold.Reason.AWAITING_DECISION, by=by, until=deadline)
    return cases
