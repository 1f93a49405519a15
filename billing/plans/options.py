"""House rules for paying later: who may arrange what without staff, and the dates and amounts of each choice.

Everything here is free of charge. Credit at a charge would fall under the law on consumer credit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.conf import settings
from django.utils import formats
from django.utils.translation import gettext as _

from billing import ledger
from billing.errors import Refused
from billing.invoices.holds import active_hold
from billing.law.calendar import DAY, monthly_dates
from billing.models import Invoice, PaymentPlan, ReminderStep
from billing.money import ZERO, split, to_cents
from billing.rooms import Stops
from billing.templatetags.money import euro

Kind, Status = PaymentPlan.Kind, PaymentPlan.Status


@dataclass(frozen=True, slots=True)
class Choice:
    """One date and one amount of a possible plan."""

    number: int
    due_on: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Options:
    """What the patient may choose today. A sentence says why a choice is not possible; when it is empty, it is."""

    outstanding: Decimal
    standing: PaymentPlan | None
    no_deferral: str
    deferral_from: date
    deferral_until: date
    no_plan: str
    counts: Sequence[int]
    first_from: date
    first_until: date
    first_suggested: date


def options_for(invoice: Invoice, today: date) -> Options:
    """Return what is possible for `invoice` today, and the reason for what is not."""
    owed = ledger.outstanding(invoice.pk)
    plans = list(PaymentPlan.objects.filter(invoice=invoice).exclude(status=Status.UNDONE))
    standing = next((plan for plan in plans if plan.status == Status.ACTIVE), None)
    never = _why_nothing(invoice, owed, standing)
    tomorrow, first_until = today + DAY, today + timedelta(days=settings.PLAN_FIRST_WITHIN_DAYS)
    deferral_until = invoice.due_on + timedelta(days=settings.DEFERRAL_DAYS)
    return Options(
        outstanding=owed,
        standing=standing,
        no_deferral=never or _why_no_deferral(invoice, plans, standing, today, deferral_until),
        deferral_from=max(tomorrow, invoice.due_on + DAY),
        deferral_until=deferral_until,
        no_plan=never or _why_no_plan(owed, plans),
        counts=range(2, max_installments(owed) + 1),
        first_from=tomorrow,
        first_until=first_until,
        first_suggested=min(max(invoice.due_on, tomorrow), first_until),
    )


def max_installments(amount: Decimal) -> int:
    """Return the maximum number of installments for `amount`."""
    small = amount <= settings.PLAN_SMALL_AMOUNT
    most = settings.PLAN_MAX_INSTALLMENTS_SMALL if small else settings.PLAN_MAX_INSTALLMENTS
    return min(most, to_cents(amount))  # each has at least a cent


def payment_schedule(amount: Decimal, *, count: int, first_on: date) -> list[Choice]:
    """Return `amount` in `count` monthly installments from `first_on` on: an exact sum, the odd cents first.

    Raises Refused, with a sentence for the patient, when there is not a cent for each.
    """
    if not 0 < count <= to_cents(amount):
        raise Refused(
            _("%(amount)s can't be divided into %(count)s installments.") % {"amount": euro(amount), "count": count}
        )
    dates, amounts = monthly_dates(first_on, count), split(amount, [1] * count)
    return [Choice(number, day, part) for number, (day, part) in enumerate(zip(dates, amounts, strict=True), start=1)]


def _why_nothing(invoice: Invoice, owed: Decimal, standing: PaymentPlan | None) -> str:
    """Return what forbids both a deferral and a plan; empty when nothing does."""
    if invoice.withdrawn_at:
        return _("This invoice was withdrawn. You do not have to pay it.")
    if owed <= ZERO:
        return _("Nothing is left to pay on this invoice.")
    if active_hold(invoice.pk, stops=Stops.PLANS):
        return _("This invoice is on hold. You do not have to pay now. You will hear from us.")
    if standing and standing.kind == Kind.INSTALLMENTS:
        return _("You already have a payment plan for this invoice.")
    return ""


def _why_no_deferral(
    invoice: Invoice, plans: Sequence[PaymentPlan], standing: PaymentPlan | None, today: date, last: date
) -> str:
    """Return what forbids a deferral: it is granted once, before the second reminder, within DEFERRAL_DAYS."""
    if standing:
        return _("You already have a later date to pay for this invoice.")
    if any(plan.kind == Kind.DEFERRAL for plan in plans):
        return _("You have had a later date for this invoice before. We can give that once.")
    if any(plan.kind == Kind.INSTALLMENTS for plan in plans):
        return _("You have had a payment plan for this invoice before. After that we can't give a later date.")
    made = (ReminderStep.Status.COMPOSED, ReminderStep.Status.TAKEN)
    if ReminderStep.objects.filter(invoice=invoice, step__gte=ReminderStep.Step.FINAL_NOTICE, status__in=made).exists():
        return _("We have already sent you a second reminder. After that we can't give a later date any more.")
    if today >= last:
        return _("A later date was possible until %(day)s. That day has passed.") % {
            "day": formats.date_format(last, "DATE_FORMAT")
        }
    return ""


def _why_no_plan(owed: Decimal, plans: Sequence[PaymentPlan]) -> str:
    if owed < settings.PLAN_FROM_AMOUNT:
        return _("A payment plan is possible from %(amount)s.") % {"amount": euro(settings.PLAN_FROM_AMOUNT)}
    if any(plan.kind == Kind.INSTALLMENTS for plan in plans):
        return _("An earlier payment plan for this invoice has ended. You can't arrange a second one here.")
    return ""
