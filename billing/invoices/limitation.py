"""Until which day an invoice may be enforced, out of what happened on it; where the law leaves a doubt, the earlier."""

from collections.abc import Sequence
from datetime import date
from itertools import chain

from django.utils import timezone

from billing.law import limitation
from billing.ledger.entries import standing_entries
from billing.models import Invoice, LedgerTransaction, PaymentPlan, ReminderStep

Step, Status, Kind = ReminderStep.Step, ReminderStep.Status, LedgerTransaction.Kind
# Each demands payment with its consequences. The free reminder does not, and whether it would do is open (3:317 BW).
DEMANDS = (Step.FINAL_NOTICE, Step.NOTICE_OF_COSTS, Step.FINAL)


def last_day(
    invoice: Invoice, *, steps: Sequence[ReminderStep] | None = None, plans: Sequence[PaymentPlan] | None = None
) -> date:
    """Return the last day on which what is owed on `invoice` may be enforced.

    `steps` (each with its letter) and `plans` are all of the invoice's, for a page that has read them already.

    Counted from the first last day to pay that the patient was given: a pause of ours never lengthens the term.
    Interrupted by the patient's payments that stand, by plans and deferrals that the patient asked for and did not undo
    (acknowledgements, 3:318 BW), and by letters that demand payment and were not void (3:317 BW).
    """
    if steps is None:
        steps = list(ReminderStep.objects.filter(invoice=invoice).select_related("letter"))
    if plans is None:
        plans = list(PaymentPlan.objects.filter(invoice=invoice))
    return limitation.last_day(
        min([invoice.due_on, *(row.due_on for row in steps)]),
        interrupted_on=chain(_paid_on(invoice), _agreed_on(plans), _demanded_on(steps)),
        goods=invoice.for_goods,
    )


def is_over(invoice: Invoice, *, today: date) -> bool:
    """Tell whether the claim is past enforcing: nobody is asked for it any more, and it is handed to nobody."""
    at_least = limitation.last_day(invoice.issued_on, interrupted_on=(), goods=invoice.for_goods)
    return today > at_least and today > last_day(invoice)  # without a query for whatever is young


def is_over_of(invoice_id: int, issued_on: date, *, today: date) -> bool:
    """Tell it of an invoice that was not read; one issued after the shortest term began needs no query."""
    if today <= limitation.last_day(issued_on, goods=True):
        return False
    return is_over(Invoice.objects.get(pk=invoice_id), today=today)


def _paid_on(invoice: Invoice) -> list[date]:
    """Return the days of what the patient paid; what the bank took back acknowledges nothing."""
    entries = standing_entries(invoice)
    paid = [entry for entry in entries if entry.kind in LedgerTransaction.RECEIVED]
    back = sum(1 for entry in entries if entry.kind == Kind.CHARGEBACK)
    days = sorted(timezone.localtime(entry.occurred_at).date() for entry in paid)
    return days[: len(days) - back] if back else days


def _agreed_on(plans: Sequence[PaymentPlan]) -> list[date]:
    counting = (plan for plan in plans if plan.status != PaymentPlan.Status.UNDONE)
    return [timezone.localtime(plan.agreed_at).date() for plan in counting]


def _demanded_on(steps: Sequence[ReminderStep]) -> list[date]:
    demands = (row.letter for row in steps if row.step in DEMANDS and row.status == Status.TAKEN)
    return [letter.delivered_on for letter in demands if letter and letter.delivered_on]
