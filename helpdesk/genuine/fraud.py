"""Whoever paid a swindler gets rest: for FRAUD_REST_DAYS no letters and no costs, so that they can call their bank.

Once for each invoice, and paying us stays possible. Nobody has to prove anything, so it is no proof of anything.
"""

from datetime import date, timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing import audit
from billing.dunning import hold_messages
from billing.errors import Refused
from billing.failures import isolated
from billing.invoices import schedule
from billing.invoices.holds import place_hold, release_hold
from billing.ledger import lock_invoice, outstanding
from billing.models import Hold, Invoice
from billing.outbox.queue import queue_message
from billing.text.bodies import Body

HOLD = TASK = "fraud"
MAIL = "helpdesk_fraud"
may_send = hold_messages.may_send_placed


# Only those of this list are named: swindlers call in the name of all of them.
BODIES = (
    Body(
        "Fraudehelpdesk",
        gettext_lazy("They tell you what else you can do, and warn others."),
        "",
        "https://www.fraudehelpdesk.nl/",
    ),
    Body(
        gettext_lazy("The police"),
        gettext_lazy("Report it. Your bank often asks for the report."),
        "0900 8844",
        "https://www.politie.nl/aangifte-of-melding-doen",
    ),
)


def rest(token: str, *, by: str = "patient", today: date | None = None) -> date:
    """Let the invoice of `token` rest, tell the patient and staff; return the last day of it.

    Asked again while it rests, it is the same day. Raises Refused, with a sentence for the patient, when nothing is
    left to pay, or when it rested before.
    """
    today = today or timezone.localdate()
    with transaction.atomic():
        invoice = lock_invoice(Invoice.objects.values_list("pk", flat=True).get(token=token))
        before = Hold.objects.filter(invoice=invoice, reason=HOLD).first()
        if before and before.released_at is None and before.until:
            return before.until
        if invoice.withdrawn_at or not outstanding(invoice.pk):
            raise Refused(_("Nothing is left to pay on this invoice."))
        if before:
            raise Refused(_("This invoice rested before because of fraud. Call us when you need more time."))
        until = today + timedelta(days=settings.FRAUD_REST_DAYS)
        voided = schedule.running_final_notice(invoice)
        place_hold(invoice, HOLD, by=by, until=until, tell=False)
        audit.open_task(TASK, dedupe_key=str(invoice.pk), invoice=invoice)
        queue_message(
            MAIL, invoice=invoice, context={"until": until, "voided": voided}, dedupe_key=f"{MAIL}:{invoice.pk}"
        )
    return until


def run_day(today: date) -> None:
    """End what rested until before `today`, with a new last day to pay. Again it changes nothing."""
    for hold in list(_over(today).order_by("pk")):
        about = Invoice.objects.filter(pk=hold.invoice_id)
        isolated(partial(_end, hold.invoice_id, today), rule="rest after fraud that ends", row=hold.pk, about=about)


def _over(today: date) -> QuerySet[Hold]:
    return Hold.objects.filter(reason=HOLD, released_at=None, until__lt=today)


def _end(invoice_id: int, today: date) -> None:
    with transaction.atomic():
        locked = lock_invoice(invoice_id)
        if _over(today).filter(invoice=locked).exists():
            due_on = schedule.time_to_pay(locked, today=today)
            release_hold(locked, HOLD, by="system", due_on=due_on, today=today)
