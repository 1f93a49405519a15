"""Undoing a deferral or a plan on the day on which it was made: whoever pressed the wrong button changes it alone."""

from datetime import date

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit, ledger
from billing.errors import Refused
from billing.invoices import schedule
from billing.ledger import lock_invoice
from billing.models import PaymentPlan
from billing.money import ZERO
from billing.outbox.facts import open_link_context
from billing.outbox.queue import queue_message
from billing.transitions import advance

Status = PaymentPlan.Status


def may_undo(plan: PaymentPlan, *, today: date) -> bool:
    """Tell whether the running `plan` may be undone: on the day it was made, PLAN_UNDO_TIMES for an invoice.

    More often would put off the letters for ever, because each agreement interrupts them.
    """
    undone = PaymentPlan.objects.filter(invoice=plan.invoice_id, status=Status.UNDONE).count()
    made_today = timezone.localtime(plan.agreed_at).date() == today
    return plan.status == Status.ACTIVE and made_today and undone < settings.PLAN_UNDO_TIMES


def _why_not(plan: PaymentPlan, today: date) -> str:
    if timezone.localtime(plan.agreed_at).date() != today:
        return _("You can undo this only on the day on which you arranged it. Call your care provider.")
    return _("You changed this a few times already, so you can't undo it here any more. Call your care provider.")


def undo(invoice_id: int, *, by: str, today: date | None = None) -> None:
    """Undo what was agreed today: the former last day counts again, or two weeks when it has passed.

    Everything can be chosen again. Raises Refused, with a sentence for the patient, when it is too late.
    """
    today = today or timezone.localdate()
    with transaction.atomic():
        invoice = lock_invoice(invoice_id)
        plan = PaymentPlan.objects.filter(invoice=invoice, status=Status.ACTIVE).first()
        if plan is None:
            raise Refused(_("There is nothing to undo: nothing is arranged for this invoice now."))
        if not may_undo(plan, today=today):
            raise Refused(_why_not(plan, today))
        advance(plan, Status.UNDONE, ended_at=timezone.now())
        fair = schedule.least_time_to_pay(today)
        due_on = plan.due_before if plan.due_before and plan.due_before >= today else fair
        schedule.interrupt(invoice, due_on=max(due_on, invoice.issued_on), today=today)
        audit.record("plan_undone", by=by, invoice=invoice, kind=plan.kind)
        owed = ledger.outstanding(invoice.pk)
        if owed > ZERO:
            queue_message(
                "plan_undone",
                invoice=invoice,
                context={
                    "outstanding": owed,
                    "due_on": invoice.due_on,
                    "is_deferral": plan.kind == PaymentPlan.Kind.DEFERRAL,
                    **open_link_context(invoice, until=invoice.due_on),
                },
                dedupe_key=f"plan_undone:{plan.pk}",
            )
