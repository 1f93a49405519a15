"""What a patient asks of the agency through us: time, or to pay in parts. It is passed on; the agency answers."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit
from billing.errors import Refused
from billing.models import Invoice
from debt_collection.exchange import orders
from debt_collection.models import Order
from debt_collection.running import ending
from debt_collection.running.recall import open_claim

ASKED = {"parts": Order.Kind.PLAN_REQUEST, "time": Order.Kind.PAUSE_REQUEST}


def ask(invoice: Invoice, what: str, *, by: str = "patient") -> None:
    """Pass on that the patient asks for time ("time") or to pay in parts ("parts"), once a day.

    Raises Refused, with a sentence for the patient, for anything else, and when no agency has the invoice any more.
    """
    kind, claim = ASKED.get(what), open_claim(invoice)
    if kind is None:
        raise Refused(_("Choose one of the buttons."))
    with transaction.atomic():
        case, claims = ending.lock_case(claim.hand_over_id) if claim else (None, [])
        if case is None or not case.is_live or invoice.pk not in {row.invoice_id for row in claims}:
            raise Refused(_("The collection agency has this invoice no more. Look at its page again."))
        today = timezone.localdate()
        if case.orders.filter(kind=kind, created_at__date=today).exists():
            return
        orders.queue(
            case, kind, {"invoices": [row.invoice.number for row in claims], "no_letter_before_this_is_read": True}
        )
        audit.record("hand_over_request", by=by, invoice=invoice, number=case.number, kind=str(kind))


def asked(invoice: Invoice) -> set[str]:
    """Return what was asked of the agency that has this invoice."""
    claim = open_claim(invoice)
    kinds = claim.hand_over.orders.values_list("kind", flat=True) if claim else ()
    return {what for what, kind in ASKED.items() if kind in kinds}
