"""A copy of the statement for the patient: a mail with a link to it, never the statement itself."""

from django.db import transaction
from django.db.models import TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing import audit
from billing.ledger import lock_invoice
from billing.models import Invoice, OutboxMessage, Staff
from billing.outbox.facts import open_link_context
from billing.outbox.queue import queue_message


class Sent(TextChoices):
    """What came of sending a copy, as staff are told."""

    QUEUED = "queued", _("The patient gets an e-mail with a link to the statement.")
    TODAY = "today", _("The patient was sent this link today already.")
    NO_ADDRESS = "no_address", _("There is no e-mail address to which it can be sent.")


def send(invoice: Invoice, *, by: Staff) -> Sent:
    """Queue the mail to whoever pays `invoice`, once a day at most; return what came of it."""
    today = timezone.localdate()
    key = f"statement_copy:{invoice.pk}:{today}"
    with transaction.atomic():
        locked = lock_invoice(invoice.pk)
        if OutboxMessage.objects.filter(dedupe_key=key).exists():
            return Sent.TODAY
        context = open_link_context(locked, until=today)
        if queue_message("statement_copy", invoice=locked, context=context, dedupe_key=key) is None:
            return Sent.NO_ADDRESS
        audit.record("statement_sent", by=audit.name_of(by), invoice=locked)
    return Sent.QUEUED
