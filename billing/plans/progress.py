"""The progress of a plan: computed from what is still owed, however that decreased.

Installments are settled in order by the decrease of the outstanding amount since the agreement. So paying early, late,
too much, by bank transfer or through a lower price all settle the right ones, and a reversed payment reopens the last
settled one. Nothing about it is stored, so nothing can disagree with the ledger.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing.models import Installment, PaymentPlan
from billing.money import ZERO


@dataclass(frozen=True, slots=True)
class Line:
    """One installment with the part of it that is still open."""

    installment: Installment
    open: Decimal

    @property
    def is_paid(self) -> bool:
        return self.open == ZERO


@dataclass(frozen=True, slots=True)
class Progress:
    """The current state of a plan: the open amounts of its lines add up exactly to what is outstanding."""

    plan: PaymentPlan
    lines: Sequence[Line]
    outstanding: Decimal
    due_now: Decimal

    @property
    def next(self) -> Line | None:
        """Return the first installment that is not paid in full, or None."""
        return next((line for line in self.lines if not line.is_paid), None)

    @property
    def settled(self) -> Decimal:
        """Return how much of the agreed total is owed no more, in euros: it was paid, or the invoice became lower."""
        return max(self.plan.total - self.outstanding, ZERO)

    @property
    def paid_count(self) -> int:
        return sum(line.is_paid for line in self.lines)

    @property
    def ends_on(self) -> date:
        return self.lines[-1].installment.due_on

    @property
    def is_deferral(self) -> bool:
        return self.plan.kind == PaymentPlan.Kind.DEFERRAL

    @property
    def payable(self) -> set[Decimal]:
        """Return the amounts that may be paid now: the next installment, all that is due by now, everything."""
        first = self.next.open if self.next else ZERO
        return {first, self.due_now, self.outstanding} - {ZERO}


def installments_of(plan_id: int) -> list[Installment]:
    """Return the installments of a plan, each with the plan, in one query."""
    return list(Installment.objects.filter(plan=plan_id).select_related("plan"))


def progress_of(installments: Iterable[Installment], outstanding: Decimal, *, today: date) -> Progress:
    """Return how far the plan of all these installments is paid while `outstanding` is still owed on its invoice."""
    installments = list(installments)
    plan = installments[0].plan
    settled = max(plan.total - outstanding, ZERO)
    # When more is owed than was agreed (an earlier payment was reversed), the excess is due with the last installment.
    excess = max(outstanding - plan.total, ZERO)
    lines = []
    for installment in installments:
        covered = min(settled, installment.amount)
        settled -= covered
        extra = excess if installment is installments[-1] else ZERO
        lines.append(Line(installment, installment.amount - covered + extra))
    due_now = sum((line.open for line in lines if line.installment.due_on <= today), ZERO)
    return Progress(plan, lines, outstanding, due_now)
