"""What the bank holds about an invoice, for the patient's export: the refunds that we ordered."""

from collections.abc import Iterator
from typing import Any

from banking.models import OutgoingOrder
from banking.orders import payees
from billing.models import Invoice


def of_invoice(invoice: Invoice) -> dict[str, Any] | None:
    """Return the orders to the bank about this invoice, with whom they pay; None when there are none."""
    orders = [
        {
            "reference": order.reference,
            "amount": str(order.amount),
            "status": order.get_status_display(),
            "proposed": order.created_at.isoformat(),
            "name": payees.of(order).name,
            "iban": payees.of(order).iban,
            "text": payees.of(order).text,
        }
        for order in OutgoingOrder.objects.filter(invoice=invoice)
    ]
    return {"orders": orders} if orders else None


def documents(invoice: Invoice) -> Iterator[tuple[str, bytes]]:
    """Yield no document: the bank has none about a patient."""
    yield from ()
