"""The letters of the dunning schedule: one row holds everything specific to a letter.

Its texts are `templates/messages/<message>.<language>.html`. The order and dates of the steps are in `schedule`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings

from billing.models import ReminderStep

Step = ReminderStep.Step
DAYS_TO_PAY = 15  # "within fifteen days after delivery": the wording that HR 25-11-2016 (ECLI:NL:HR:2016:2704) accepts
_FACTS = frozenset(
    ("lines", "several", "total", "principal", "interest", "costs", "provider", "last_day", "link_until")
)
_CLAIM = frozenset(
    (
        "announced", "least", "part_from", "costs_from", "with_vat", "earlier", "together", "counted_once", "rate",
        "rate_of", "before_on", "taken_back",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LetterStep:
    """The message of one step and its rules.

    `days`: how long the reader has to react, from delivery. `needs`: the facts that its texts use. `interrupted`:
    whether a hold or a plan voids the letter while its term runs; the first two demand nothing, so nothing voids them.
    """

    message: str
    days: Callable[[], int] = lambda: settings.REMINDER_INTERVAL_DAYS
    needs: frozenset[str] = _FACTS
    interrupted: bool = True


LETTERS = {
    Step.NOTICE: LetterStep(
        "invoice_notice",
        days=lambda: settings.LATE_INVOICE_TERM_DAYS,
        needs=_FACTS | {"due_on", "on_hold", "plan"},
        interrupted=False,
    ),
    Step.NOTE: LetterStep("friendly_note", interrupted=False),
    Step.REMINDER: LetterStep("reminder", needs=_FACTS | {"debtors"}),
    Step.FINAL_NOTICE: LetterStep("final_notice", days=lambda: DAYS_TO_PAY, needs=_FACTS | _CLAIM | {"debtors"}),
    Step.NOTICE_OF_COSTS: LetterStep("notice_of_costs", needs=_FACTS | {"before_on", "debtors"}),
    Step.FINAL: LetterStep("final", needs=_FACTS | {"debtors"}),
}
