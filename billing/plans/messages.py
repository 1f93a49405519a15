"""The mails about paying later: what they hold, and whether they may still go out."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from django.utils import timezone

from billing import ledger
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
    """Names the installment, the amount that the mail states, the day, and how many mails of this invoice went before.

    With the count an amount that returns to what it was is another mail; the lock of the invoice makes it one.
    """
    before = OutboxMessage.objects.filter(invoice_id=installment.plan.invoice_id).count()
    return f"{installment.pk}:{to_cents(amount)}:{today}:{before}"


def tell(kind: str, now: Progress, facts: dict[str, object], *, key: str) -> OutboxMessage | None:
    """Queue the mail `kind` about a plan; None when this event has its mail already, or no address is known."""
    invoice = now.plan.invoice
    context = {**open_link_context(invoice, until=now.ends_on), **facts}
    return queue_message(kind, invoice=invoice, context=context, dedupe_key=f"{kind}:{key}")


def tell_broken(now: Progress) -> None:
    """Tell that a plan ended unpaid, and what is left: again, with the new amount, when that changed before it left.

    Under the lock of its invoice, whose mails are counted so that an amount that returns is another mail.
    """
    facts = {"outstanding": now.outstanding, "parts": parts_of(now.plan.invoice)}
    before = OutboxMessage.objects.filter(invoice_id=now.plan.invoice_id).count()
    tell("plan_broken", now, facts, key=f"{now.plan.pk}:{to_cents(now.outstanding)}:{before}")


def may_send(message: OutboxMessage, now: datetime) -> datetime | str | None:
    """Whether a mail about a plan may go out now: None, the moment to ask again, or why it is withdrawn.

    Nobody is written to at night, on Sundays or holidays, nor about an amount that is no longer right.
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
        return _tell_broken_anew(message, today)
    plan = PaymentPlan.objects.filter(invoice_id=message.invoice_id, status=PaymentPlan.Status.ACTIVE).first()
    return (
        _no_longer_right(message, progress_of(plan.installments.all(), owed, today=today), today)
        if plan
        else "plan_ended"
    )


def _tell_broken_anew(message: OutboxMessage, today: date) -> str | None:
    """No day's run comes back to a plan that is over, so the mail with the right amount is made here at once."""
    _kind, plan_id, *told = message.dedupe_key.split(":")
    plan = PaymentPlan.objects.get(pk=plan_id)
    plan.invoice = lock_invoice(plan.invoice_id)
    if not OutboxMessage.objects.filter(pk=message.pk, status=OutboxMessage.Status.QUEUED).exists():
        return None  # another worker was first (the claim will say so)
    now = progress_of(plan.installments.all(), ledger.outstanding(plan.invoice_id), today=today)
    if told[:1] == [str(to_cents(now.outstanding))]:
        return None
    if now.outstanding:
        tell_broken(now)
    return "changed"


def _no_longer_right(message: OutboxMessage, now: Progress, today: date) -> str | None:
    """Why a mail about an installment is withdrawn. One that only says something old is made anew by the next run."""
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
