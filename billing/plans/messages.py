"""The mails about paying later: their content, and whether they may still be sent."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.utils import timezone

from billing import ledger
from billing.invoices import schedule
from billing.invoices.holds import stopping
from billing.law import calendar
from billing.ledger import lock_invoice
from billing.ledger.breakdown import parts_of
from billing.models import Installment, OutboxMessage, PaymentPlan
from billing.money import ZERO, from_cents, to_cents
from billing.outbox.facts import open_link_context
from billing.outbox.queue import queue_message
from billing.plans.progress import Progress, progress_of
from billing.rooms import Stops


def key_of(installment: Installment, amount: Decimal, today: date) -> str:
    """Return a key of the installment, the amount that the mail states, the day, and the number of earlier mails.

    The number of earlier mails of this invoice makes an amount that returns to an old value another mail; the lock of
    the invoice makes it only one.
    """
    before = OutboxMessage.objects.filter(invoice_id=installment.plan.invoice_id).count()
    return f"{installment.pk}:{to_cents(amount)}:{today}:{before}"


def queue_notice(kind: str, now: Progress, facts: dict[str, object], *, key: str) -> OutboxMessage | None:
    """Queue the mail `kind` about a plan; return None when this event has its mail already or no address is known."""
    invoice = now.plan.invoice
    context = {**open_link_context(invoice, until=now.ends_on), **facts}
    return queue_message(kind, invoice=invoice, context=context, dedupe_key=f"{kind}:{key}")


def queue_broken_notice(now: Progress) -> None:
    """Queue the mail that a plan ended unpaid, with what is left; queued again when that changes before it is sent.

    Call it with the invoice locked: its mails are counted, so that an amount that returns is another mail.
    """
    invoice = now.plan.invoice
    facts = {"outstanding": now.outstanding, "parts": parts_of(invoice), "due_on": invoice.due_on}
    before = OutboxMessage.objects.filter(invoice_id=now.plan.invoice_id).count()
    queue_notice("plan_broken", now, facts, key=f"{now.plan.pk}:{to_cents(now.outstanding)}:{before}")


def last_day_for_rest(today: date) -> date:
    """Return the last day to pay what is left of a plan that ended unpaid: two weeks after its mail can leave."""
    leaves_on = calendar.next_sending_moment(calendar.begin_of(today)).date()
    return leaves_on + timedelta(days=settings.LATE_INVOICE_TERM_DAYS)


def may_send(message: OutboxMessage, now: datetime) -> datetime | str | None:
    """Return None when a mail about a plan may be sent now, else the moment to ask again, or why it is withdrawn.

    Nobody is written to at night, on Sundays or holidays, nor about an outdated amount.
    """
    if not calendar.is_sending_moment(now):
        return calendar.next_sending_moment(now)
    today = timezone.localtime(now).date()
    if message.invoice_id is None:
        return None
    owed = ledger.outstanding(message.invoice_id)
    if message.kind == "plan_completed":
        return "owed_again" if owed else None
    if owed == ZERO:
        return "paid"
    if stopping(Stops.PLANS, invoice_id=message.invoice_id).exists():
        return now + timedelta(days=1)
    if message.kind == "plan_broken":
        return _recheck_broken_notice(message, today)
    plan = PaymentPlan.objects.filter(invoice_id=message.invoice_id, status=PaymentPlan.Status.ACTIVE).first()
    return (
        _recheck_installment_notice(message, progress_of(plan.installments.all(), owed, today=today), today)
        if plan
        else "plan_ended"
    )


def _recheck_broken_notice(message: OutboxMessage, today: date) -> str | None:
    """Return why a mail about a broken plan is withdrawn, or None; queue its successor with the current amount.

    The day's run never returns to a plan that has ended, so the new mail is made here.
    """
    _kind, plan_id, *stated = message.dedupe_key.split(":")
    plan = PaymentPlan.objects.get(pk=plan_id)
    plan.invoice = lock_invoice(plan.invoice_id)
    if not OutboxMessage.objects.filter(pk=message.pk, status=OutboxMessage.Status.QUEUED).exists():
        return None  # another worker was first (the claim will fail)
    now = progress_of(plan.installments.all(), ledger.outstanding(plan.invoice_id), today=today)
    late = bool(now.outstanding) and plan.invoice.due_on < last_day_for_rest(today)
    if late:  # the day that the mail names counts from the day on which it leaves
        schedule.interrupt(plan.invoice, due_on=last_day_for_rest(today), today=today)
    if not late and stated[:1] == [str(to_cents(now.outstanding))]:
        return None
    if now.outstanding:
        queue_broken_notice(now)
    return "changed"


def _recheck_installment_notice(message: OutboxMessage, now: Progress, today: date) -> str | None:
    """Return why a mail about an installment is withdrawn, or None; the next run replaces one that is only outdated."""
    installment_id, cents = map(int, message.dedupe_key.split(":")[1:3])
    first = now.next.installment if now.next else None
    if first is None or first.pk != installment_id:
        return "paid"
    rows = Installment.objects.filter(pk=installment_id)
    if message.kind == "installment_due":
        if first.due_on < today:
            return "too_late"
        if from_cents(cents) != (now.next.open if now.next else ZERO):
            rows.update(announced_on=None)
            return "changed"
    elif from_cents(cents) != now.due_now or (first.grace_until or today) < today:
        rows.update(missed_on=None, grace_until=None)
        return "changed"
    return None
