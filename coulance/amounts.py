"""What the patient still has to pay after a decision: three rules, as pure functions. Euros everywhere.

All of them start from the patient's share: what was invoiced, less what the insurer paid for it to the provider. The
deductible (eigen risico) is never waived: a patient whose insurer paid less because of it still pays what was granted.
"""

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from billing.errors import Refused
from billing.money import ZERO, round_euro


@dataclass(frozen=True, slots=True)
class Outcome:
    """An amount and how it was worked out; the names are those of the columns of a decision."""

    rule: str
    new_due: Decimal
    reduction: Decimal
    granted: Decimal | None = None
    deductible: Decimal | None = None
    own_contribution: Decimal | None = None
    percentage: int | None = None


def by_insurer(
    share: Decimal, *, paid_out: Decimal, deductible: Decimal = ZERO, own_contribution: Decimal = ZERO
) -> Outcome:
    """Due is what the insurer granted before the deductible came off, and the statutory own contribution.

    `paid_out` is what was meant to be paid out: arrears that the insurer kept from it are part of it.
    Raises Refused when an amount is below zero or more than the patient's `share`.
    """
    _refuse_below_zero(paid_out, deductible, own_contribution)
    granted = paid_out + deductible
    new_due = granted + own_contribution
    return Outcome(
        "insurer",
        new_due,
        _reduction(share, new_due),
        granted=granted,
        deductible=deductible,
        own_contribution=own_contribution,
    )


def by_percentage(share: Decimal, *, percentage: int) -> Outcome:
    """`percentage` of the share is waived, to the nearest cent. Raises Refused unless it is 1 to 100."""
    if not 1 <= percentage <= 100:
        raise Refused(_("A percentage is a whole number from 1 to 100."))
    reduction = round_euro(share * percentage / 100)
    new_due = share - reduction
    return Outcome("percentage", new_due, _reduction(share, new_due), percentage=percentage)


def by_hand(share: Decimal, *, new_due: Decimal) -> Outcome:
    """The amount that the provider names. Raises Refused when it is below zero or above the share."""
    _refuse_below_zero(new_due)
    return Outcome("manual", new_due, _reduction(share, new_due))


def _refuse_below_zero(*amounts: Decimal) -> None:
    if any(amount < ZERO for amount in amounts):
        raise Refused(_("An amount can't be below zero."))


def _reduction(share: Decimal, new_due: Decimal) -> Decimal:
    if new_due > share:
        raise Refused(_("The amount to pay can't be more than what the patient has to pay now."))
    return share - new_due
