"""The mail that the bank took a payment back: what it says follows what is true when it leaves."""

from django.utils import timezone

from billing import ledger
from billing.invoices.holds import stopping
from billing.models import Chargeback, Invoice, LedgerTransaction, OutboxMessage, Posting
from billing.models.ledger import Account
from billing.money import ZERO, to_cents
from billing.outbox.facts import open_link_context
from billing.outbox.queue import queue_message
from billing.rooms import Stops

TOLD = "payment_reversed"
PAUSED, PAID, GOES_ON = "paused", "paid", "goes_on"


def tell(chargeback: Chargeback, invoice: Invoice) -> None:
    """Queue the mail about the share of `chargeback` in a locked `invoice`: what was taken back, and what is owed now.

    Each call queues a mail of its own: call it when the chargeback is booked, and when an unsent one became untrue.
    """
    payment = chargeback.payment
    queue_message(
        TOLD,
        invoice=invoice,
        context={
            "amount": _share(chargeback, invoice),
            "paid_at": payment.paid_at or payment.created_at,
            "outstanding": ledger.outstanding(invoice.pk),
            "state": _state(invoice),
            **open_link_context(invoice, until=timezone.localdate()),
        },
        dedupe_key=":".join(
            (TOLD, chargeback.chargeback_id, str(OutboxMessage.objects.filter(invoice=invoice).count()), _now(invoice))
        ),
    )


def about(message: OutboxMessage) -> Chargeback:
    """Return the chargeback that a mail is about, read anew."""
    return Chargeback.objects.select_related("payment").get(chargeback_id=message.dedupe_key.split(":")[1])


def still_true(message: OutboxMessage, invoice: Invoice) -> bool:
    """Tell whether a mail says of its locked `invoice` what is true now."""
    return message.dedupe_key.endswith(f":{_now(invoice)}")


def _now(invoice: Invoice) -> str:
    return f"{invoice.pk}:{_state(invoice)}:{to_cents(ledger.outstanding(invoice.pk))}"


def _state(invoice: Invoice) -> str:
    """Return whether nothing is owed, or staff look into it first, or the pause for that is over."""
    if ledger.balance(invoice.pk) <= ZERO:
        return PAID
    return PAUSED if stopping(Stops.REMINDERS, invoice=invoice).exists() else GOES_ON


def _share(chargeback: Chargeback, invoice: Invoice) -> object:
    booked = Posting.objects.filter(
        transaction__kind=LedgerTransaction.Kind.CHARGEBACK, transaction__external_id=chargeback.chargeback_id
    )
    return abs(booked.get(account=Account.GATEWAY, invoice=invoice).amount)
