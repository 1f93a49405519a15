"""Where the dunning of an invoice stands, for its page: the last day that counts, what follows it, and what it costs.

Nothing here asks the database: it is computed from the letters of the page's one query, by the rules that send them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing.invoices import schedule
from billing.invoices.history import Sent
from billing.invoices.state import InvoiceView
from billing.law import interest
from billing.law.costs import collection_costs, least_costs
from billing.models import ReminderStep
from billing.money import ZERO

Step = ReminderStep.Step
# What follows the last day of each letter; before the first that asks, a free reminder.
FOLLOWS = {
    Step.REMINDER: "final_notice",
    Step.FINAL_NOTICE: "costs",
    Step.NOTICE_OF_COSTS: "final",
    Step.FINAL: "staff",
}


@dataclass(frozen=True, slots=True)
class Outlook:
    """`letter`: the newest letter that counts, if one asks to pay. `costs`: what comes on top if nothing is paid, in
    euros, at most; only from a 14-day letter on it is certain (`announced`). `least`: what they are at least over a
    rest, zero where that can't be said. `rate`: the statutory interest, percent; as on the day `rate_of`, None for now.
    """

    letter: Sent | None
    last_day: date
    is_over: bool
    follows: str
    costs: Decimal
    least: Decimal
    announced: bool
    rate: Decimal
    rate_of: date | None


def outlook_seen(view: InvoiceView, today: date) -> Outlook:
    """Return where an unpaid invoice stands, as its page shows it."""
    practice, owed = view.practice, view.outstanding
    return outlook(view.history.sent, due_on=view.due_on, owed=owed, vat_on_costs=practice.vat_on_costs, today=today)


def outlook(sent: Sequence[Sent], *, due_on: date, owed: Decimal, vat_on_costs: bool, today: date) -> Outlook:
    """Return where an unpaid invoice stands after the letters `sent`, oldest first, that are about it."""
    asking = [letter for letter in sent if letter.stands and letter.step >= Step.REMINDER]
    letter = asking[-1] if asking else None
    last_day = max(due_on, schedule.named_day(letter.step, letter.sent_on)) if letter else due_on
    follows = FOLLOWS[Step(letter.step)] if letter else "reminder"
    announced = letter is not None and letter.step == Step.FINAL_NOTICE
    rate, rate_of = interest.stated(today)
    costs = ZERO
    if letter and announced:
        costs = letter.costs_announced
    elif follows in ("reminder", "final_notice"):
        costs = collection_costs(owed, vat=vat_on_costs)
    return Outlook(
        letter=letter,
        last_day=last_day,
        is_over=last_day < today,
        follows=follows,
        costs=costs,
        least=least_costs(costs, vat=vat_on_costs),
        announced=announced,
        rate=rate.percentage,
        rate_of=rate_of,
    )
