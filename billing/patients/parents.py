"""Parents who pay single invoices: for care of before their child came of age, whoever gets the messages since then."""

from collections.abc import Iterable

from billing.invoices.addressee import addressee
from billing.models import Invoice, InvoicePayer, OutboxMessage
from billing.outbox import delivery
from billing.patients import registration


def keep(invoices: Iterable[Invoice], *, name: str, email: str, language: str) -> None:
    """Write about these locked invoices to a parent from now on, also what is queued and not sent.

    Call it before the payer of the patient changes, and in the transaction that changes them.
    """
    for invoice in invoices:
        before = addressee(invoice).email
        facts = {"name": name[:120], "email": email, "language": language}
        InvoicePayer.objects.update_or_create(invoice=invoice, defaults=facts)
        waiting = OutboxMessage.objects.filter(invoice=invoice, recipient__in=(before, ""))
        delivery.readdress(waiting.exclude(kind=registration.CHANGED), to=email)
