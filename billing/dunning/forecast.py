"""What comes when nothing is paid: each step with its earliest day and what it costs, by the rules that take it.

Nothing here is typed: `schedule.next_step_of` says what follows, and is asked again as if each letter had been sent on
its earliest day; `blockers` says what nobody will be sent; `charges` says what is added.
"""

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from django.conf import settings
from django.utils import timezone

from billing.adjustments import charges
from billing.dunning.blockers import Action, blockers
from billing.invoices import limitation, schedule
from billing.invoices.debtors import patients_of_debtor
from billing.law import calendar
from billing.law.costs import collection_costs
from billing.ledger.breakdown import interest_due, parts_of
from billing.ledger.entries import with_postings
from billing.models import Invoice, Letter, OutboxMessage, Provider, ReminderStep
from billing.money import ZERO

Step, Status = ReminderStep.Step, ReminderStep.Status
ODD_CENT = Decimal("0.01")  # costs over several invoices are divided in whole cents, which may add one to a share


@dataclass(frozen=True, slots=True)
class Coming:
    """A step that follows if nothing is paid, on `earliest` or later, and what it adds, in euros.

    `exact`: the costs are these; else at most these, since other invoices or letters count in the same sum. `total` is
    what would be owed then, if it comes on its earliest day.
    """

    step: ReminderStep.Step
    earliest: date
    costs: Decimal
    interest: Decimal
    exact: bool
    total: Decimal


@dataclass(frozen=True, slots=True)
class Forecast:
    """The steps to come; `stopped` is the reason of a blocker (or "staff") when none comes until something changes."""

    steps: tuple[Coming, ...] = ()
    stopped: str = ""

    @property
    def added(self) -> Decimal:
        """Return what all of it adds, in euros: what never comes when everything is paid today."""
        return sum((step.costs + step.interest for step in self.steps), ZERO)

    @property
    def has_interest(self) -> bool:
        return any(step.interest for step in self.steps)

    @property
    def exact(self) -> bool:
        return all(step.exact for step in self.steps)


def forecast_of(invoice_id: int, *, now: datetime) -> Forecast:
    """Return what comes after `now` on the invoice if nothing is paid and nothing is arranged."""
    rows = Invoice.objects.select_related("provider", "patient").prefetch_related(with_postings())
    invoice = rows.get(pk=invoice_id)
    return _Walk(invoice, now).forecast()


class _Walk:
    """One walk along the schedule, on copies of the rows to which each step is added as if it had been taken."""

    def __init__(self, invoice: Invoice, now: datetime) -> None:
        self.invoice, self.now = copy(invoice), now
        self.today = timezone.localtime(now).date()
        self.rows = schedule.steps_of(invoice)
        self.parts = parts_of(invoice)
        self.limit = limitation.last_day(invoice)
        self.default_day = charges.default_day(invoice)
        self.interest = ZERO  # that came with steps of this walk
        self.answered: set[str] = set()  # blockers that a step of this walk takes away
        owed = Invoice.objects.filter(settled_at=None, withdrawn_at=None).exclude(pk=invoice.pk)
        # Those that may share a letter with this one, and those that only count in the same sum of costs.
        self.has_others = owed.filter(patient__in=patients_of_debtor(invoice.patient)).exists()
        # Where other practices' claims may count too, this page never says whether there are any.
        self.counts_others = self.has_others or invoice.provider.creditor == Provider.Creditor.OPERATOR

    def forecast(self) -> Forecast:
        if self.parts.total <= 0 or self.invoice.withdrawn_at:
            return Forecast(stopped="paid")
        step, day = self._first()
        if day is None:
            return Forecast(stopped="staff")
        steps: list[Coming] = []
        for coming, stopped in self._steps(step, day):
            if stopped:
                return Forecast(tuple(steps), stopped)
            steps.append(coming)
        return Forecast(tuple(steps))

    def _first(self) -> tuple[int, date | None]:
        """Return the next step and its day; of a letter that was made and not sent yet, that letter's own."""
        waiting = [r for r in self.rows if r.step == Step.NOTICE and r.status in (Status.PLANNED, Status.COMPOSED)]
        if waiting:  # the announcement, which gives time to pay: as if it left today
            self.rows.remove(waiting[-1])
            self._take(Step.NOTICE, self.today, Status.TAKEN)
            return schedule.next_step_of(self.invoice, self.rows, today=self.today)
        made = [row for row in self.rows if row.status == Status.COMPOSED and row.step != Step.NOTICE]
        if not made:
            return self.invoice.next_step, self.invoice.next_step_on
        row = made[-1]
        self.rows.remove(row)
        failed = OutboxMessage.objects.filter(letter=row.letter, status=OutboxMessage.Status.FAILED).exists()
        return row.step, None if failed else self.today

    def _steps(self, step: int, day: date | None) -> Iterator[tuple[Coming, str]]:
        """Yield each step with "", and last the reason why no more follows, if there is one."""
        nothing = Coming(Step.HAND_OVER, date.max, ZERO, ZERO, exact=True, total=ZERO)
        asked = False  # the blockers of the first step that demands say all that is true now
        while day is not None:
            earliest = self._leaves(step, day)
            if step == Step.NOTE and not self._note_is_useful(earliest):
                self._take(step, earliest, Status.DROPPED)
            elif earliest > self.limit:
                yield nothing, "limitation"
                return
            else:
                reason = "" if asked else self._blocked(step, earliest)
                asked = asked or step >= Step.REMINDER
                if reason == "settled_since":  # that letter is void then, and comes again
                    self.rows = [row for row in self.rows if row.step < Step.FINAL_NOTICE]
                    step = Step.FINAL_NOTICE
                elif reason:
                    yield nothing, reason
                    return
                if coming := self._added(step, earliest):
                    yield coming, ""
                self._take(step, earliest, Status.TAKEN, told=coming is not None)
            if step == Step.HAND_OVER:
                return
            step, day = schedule.next_step_of(self.invoice, self.rows, today=earliest)

    def _leaves(self, step: int, day: date) -> date:
        """Return the first day on which a letter of `step` may leave, which may be before its own day with others."""
        if step == Step.FINAL_NOTICE and self.has_others:
            day = min(day, schedule.earliest_join(self.invoice, self.rows, step))
        moment = max(self.now, calendar.begin_of(day))
        return timezone.localtime(calendar.next_sending_moment(moment)).date()

    def _note_is_useful(self, day: date) -> bool:
        notice = next((r for r in self.rows if r.step == Step.NOTICE and r.status == Status.TAKEN), None)
        return notice is None or schedule.reaction_ends(notice, Step.NOTE) <= day < self.invoice.due_on

    def _blocked(self, step: int, day: date) -> str:
        """Return why `step` is not taken, "" when only time has to pass."""
        composed, joins = step != self.invoice.next_step, step == Step.FINAL_NOTICE
        found = blockers(self.invoice, step, now=self.now, today=day, composed=composed, joins=joins)
        found_out = (blocker.reason for blocker in found if blocker.action != Action.RETRY)
        return next((reason for reason in found_out if reason not in self.answered), "")

    def _take(self, step: int, day: date, status: ReminderStep.Status, *, told: bool = True) -> None:
        if step == Step.NOTICE:
            self.invoice.due_on = schedule.time_to_pay(self.invoice, today=day)
            self.answered.add("not_announced")
        letter = None
        if told and status == Status.TAKEN:
            letter = Letter(step=step, sent_on=day)
        row = ReminderStep(invoice=self.invoice, step=step, due_on=self.invoice.due_on, planned_on=day)
        row.status, row.letter = status, letter
        self.rows.append(row)
        if step in limitation.DEMANDS:
            self.limit = date.max
        if step == Step.REMINDER and not self.invoice.provider.term_agreed_in:
            self.default_day = max(self.invoice.due_on, schedule.named_day(step, day)) + calendar.DAY

    def _added(self, step: int, day: date) -> Coming | None:
        """Return the step with what it adds; None when there would be nothing to tell."""
        costs, interest, exact = ZERO, ZERO, True
        if step == Step.FINAL_NOTICE:  # whatever stood is taken off when this letter is made
            self.parts = replace(self.parts, costs=ZERO, interest=ZERO)
        if step == Step.NOTICE_OF_COSTS:
            costs, exact = self._costs(day)
        if step in (Step.NOTICE_OF_COSTS, Step.FINAL):
            interest = self._interest(day)
            self.parts = replace(self.parts, costs=self.parts.costs + costs, interest=self.parts.interest + interest)
        if step == Step.NOTICE_OF_COSTS and not (self.parts.costs or self.parts.interest):
            return None
        return Coming(Step(step), day, costs, interest, exact, self.parts.total)

    def _costs(self, day: date) -> tuple[Decimal, bool]:
        """Return the costs of this invoice, and whether they are exact; else the most that they can be."""
        principal, provider = self.parts.principal, self.invoice.provider
        alone = collection_costs(principal, vat=provider.vat_on_costs)
        sent = [row for row in self.rows if row.step == Step.FINAL_NOTICE and row.status == Status.TAKEN]
        letter = sent[-1].letter if sent else None
        if letter and letter.costs_booked_at:
            return ZERO, True
        if letter and letter.pk:
            if letter.principal == sent[-1].principal and provider.creditor != Provider.Creditor.OPERATOR:
                base = min(letter.principal, principal)
                base = ZERO if base < letter.principal and base < settings.COSTS_FROM_REST else base
                return charges.costs_over(letter, base, today=day), True
            return min(letter.costs_announced or ZERO, alone + ODD_CENT), False
        if self.counts_others or charges.letters_counted([self.invoice], today=self.today):
            return alone + ODD_CENT, False
        return charges.costs_to_announce([self.invoice], principal, provider, today=day), True

    def _interest(self, day: date) -> Decimal:
        """Return the interest until `day` that neither stands nor came with an earlier step of this walk."""
        if self.parts.principal < settings.COSTS_FROM_REST:
            return ZERO
        until = charges.last_day_of_interest(day)
        due = interest_due(self.invoice, until=until, default_day=self.default_day)
        new, self.interest = max(due - self.interest, ZERO), max(due, self.interest)
        return new
