"""House rules for paying later: who may arrange what without staff, and the dates and amounts of each choice.

Everything here is free of charge. Credit at a charge would fall under the law on consumer credit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.utils import formats
from django.utils.translation import gettext as _

from billing import ledger, rooms
from billing.errors import Refused
from billing.house_rules import Chooser, rule_of
from billing.invoices import limitation
from billing.invoices.state import InvoiceView, second_reminders
from billing.law.calendar import DAY, monthly_dates
from billing.models import Hold, Invoice, PaymentPlan
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
    no_deferral: str
    deferral_from: date
    deferral_until: date
    no_plan: str
    counts: Sequence[int]
    first_from: date
    first_until: date
    first_suggested: date


@dataclass(frozen=True, slots=True)
class Situation:
    """What decides about paying later. `plans`: kind and status of each plan that was not undone."""

    outstanding: Decimal
    due_on: date
    withdrawn: bool
    holds: Sequence[str]
    plans: Sequence[tuple[str, str]]
    second_reminder: bool
    past_enforcing: bool
    practice: Chooser  # whose rules count

    @property
    def standing(self) -> str:
        """Return the kind of the running plan; empty when there is none."""
        return next((kind for kind, status in self.plans if status == Status.ACTIVE), "")


def options_for(invoice: Invoice, today: date) -> Options:
    """Return what is possible for `invoice` today, and the reason for what is not."""
    plans = PaymentPlan.objects.filter(invoice=invoice).exclude(status=Status.UNDONE).order_by("pk")
    holds = Hold.objects.filter(invoice=invoice, released_at=None)
    situation = Situation(
        outstanding=ledger.outstanding(invoice.pk),
        due_on=invoice.due_on,
        withdrawn=invoice.withdrawn_at is not None,
        holds=list(holds.values_list("reason", flat=True)),
        plans=list(plans.values_list("kind", "status")),
        second_reminder=second_reminders(invoice).exists(),
        past_enforcing=limitation.is_over(invoice, today=today),
        practice=invoice.provider,
    )
    return options_of(situation, today)


def options_seen(view: InvoiceView, today: date) -> Options:
    """Return what is possible for an invoice as its page shows it, without another query."""
    situation = Situation(
        outstanding=view.outstanding,
        due_on=view.due_on,
        withdrawn=view.status == "withdrawn",
        holds=tuple(view.rests),
        plans=view.plans_before,
        second_reminder=view.second_reminder,
        past_enforcing=view.past_enforcing,
        practice=view.practice,
    )
    return options_of(situation, today)


def options_of(situation: Situation, today: date) -> Options:
    """Return what is possible in this situation today, and the reason for what is not."""
    owed, due_on = situation.outstanding, situation.due_on
    never = _why_nothing(situation)
    practice = situation.practice
    tomorrow, first_until = today + DAY, today + timedelta(days=rule_of(practice, "PLAN_FIRST_WITHIN_DAYS"))
    deferral_until = due_on + timedelta(days=rule_of(practice, "DEFERRAL_DAYS"))
    return Options(
        outstanding=owed,
        no_deferral=never or _why_no_deferral(situation, today, deferral_until),
        deferral_from=max(tomorrow, due_on + DAY),
        deferral_until=deferral_until,
        no_plan=never or _why_no_plan(situation),
        counts=range(2, max_installments(owed, practice) + 1),
        first_from=tomorrow,
        first_until=first_until,
        first_suggested=min(max(due_on, tomorrow), first_until),
    )


def max_installments(amount: Decimal, practice: Chooser) -> int:
    """Return the maximum number of installments for `amount` at this practice."""
    small = amount <= rule_of(practice, "PLAN_SMALL_AMOUNT")
    most = rule_of(practice, "PLAN_MAX_INSTALLMENTS_SMALL" if small else "PLAN_MAX_INSTALLMENTS")
    return min(most, to_cents(amount))  # each has at least a cent


def payment_schedule(amount: Decimal, *, count: int, first_on: date) -> list[Choice]:
    """Return `amount` in `count` monthly installments from `first_on` on: an exact sum, the odd cents first.

    Raises Refused, with a sentence for the patient, when there is not a cent for each.
    """
    if not 0 < count <= to_cents(amount):
        raise Refused(
            _("%(amount)s can't be divided into %(count)s instalments.") % {"amount": euro(amount), "count": count}
        )
    dates, amounts = monthly_dates(first_on, count), split(amount, [1] * count)
    return [Choice(number, day, part) for number, (day, part) in enumerate(zip(dates, amounts, strict=True), start=1)]


def _why_nothing(situation: Situation) -> str:
    """Return what forbids both a deferral and a plan; empty when nothing does."""
    if situation.withdrawn:
        return _("This invoice was withdrawn. You do not have to pay it.")
    if situation.outstanding <= ZERO:
        return _("Nothing is left to pay on this invoice.")
    if situation.past_enforcing:
        return _("This invoice is so old that you do not have to pay it any more.")
    if set(situation.holds) & set(rooms.reasons_stopping(Stops.PLANS)):
        return _("This invoice is on hold. You do not have to pay now. You will hear from us.")
    if situation.standing == Kind.INSTALLMENTS:
        return _("You already have a payment plan for this invoice.")
    return ""


def _why_no_deferral(situation: Situation, today: date, last: date) -> str:
    """Return what forbids a deferral: it is granted once, before the second reminder, within DEFERRAL_DAYS."""
    had = {kind for kind, _status in situation.plans}
    if situation.standing:
        return _("You already have a later date to pay for this invoice.")
    if Kind.DEFERRAL in had:
        return _("You have had a later date for this invoice before. We can give that once.")
    if Kind.INSTALLMENTS in had:
        return _("You have had a payment plan for this invoice before. After that we can't give a later date.")
    if situation.second_reminder:
        return _("We have already sent you a second reminder. After that we can't give a later date any more.")
    if today >= last:
        return _("A later date was possible until %(day)s. That day has passed.") % {
            "day": formats.date_format(last, "DATE_FORMAT")
        }
    return ""


def _why_no_plan(situation: Situation) -> str:
    least = rule_of(situation.practice, "PLAN_FROM_AMOUNT")
    if situation.outstanding < least:
        return _("A payment plan is possible from %(amount)s.") % {"amount": euro(least)}
    if any(kind == Kind.INSTALLMENTS for kind, _status in situation.plans):
        return _("An earlier payment plan for this invoice has ended. You can't arrange a second one here.")
    return ""
