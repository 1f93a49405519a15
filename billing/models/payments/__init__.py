"""Money of the payer, from the attempt to what became of it."""

from billing.models.payments.attempts import Payment, WebhookCall
from billing.models.payments.reallocations import Reallocation, ReallocationShare
from billing.models.payments.receipts import Receipt
from billing.models.payments.refunds import RefundRequest
from billing.models.payments.reports import Chargeback, Refund
from billing.models.payments.shares import AllocationNote, PaymentShare

__all__ = [
    "AllocationNote",
    "Chargeback",
    "Payment",
    "PaymentShare",
    "Reallocation",
    "ReallocationShare",
    "Receipt",
    "Refund",
    "RefundRequest",
    "WebhookCall",
]
