"""What the patient still has to pay after a decision: three rules, as pure functions. All amounts are in euros.

Every rule starts from the patient's share: the amount invoiced, less what the insurer paid the provider for it. The
deductible (eigen risico) is never waived: a patient whose insurer paid less because of it still pays what was granted.
It is therefore never assumed to be zero: the insurer's rule requires it, and the other rules go no lower than the
deductible that was entered.
"""

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from billing.errors import Refused
from billing.money import ZERO, round_euro


@dataclass(frozen=True, slots=True)
class Outcome:
    """An amount and how it was calculated; the fields are named after the columns of a decision."""

    rule: str
    new_due: Decimal
    reduction: Decimal
    granted: Decimal | None = None
    deductible: Decimal | None = None
    own_contribution: Decimal | None = None
    percentage: int | None = None


def by_insurer(share: Decimal, *, paid_out: Decimal, deductible: Decimal, own_contribution: Decimal = ZERO) -> Outcome:
    """Return as due what the insurer granted before the deductible, plus the statutory own contribution.

    `paid_out` is the amount before the insurer set off any arrears of the patient against it.
    Raises Refused when an amount is negative or above the patient's `share`, and when nothing was granted: whether a
    patient who is not insured for this care pays everything or nothing is not for this rule to decide.
    """
    _refuse_negative(paid_out, deductible, own_contribution)
    granted = paid_out + deductible
    if granted == ZERO:
        raise Refused(_("The insurer granted nothing. Refuse, or choose yourself what the patient pays."))
    new_due = granted + own_contribution
    return Outcome(
        "insurer",
        new_due,
        _reduction(share, new_due),
        granted=granted,
        deductible=deductible,
        own_contribution=own_contribution,
    )


def by_percentage(share: Decimal, *, percentage: int, deductible: Decimal | None = None) -> Outcome:
    """Return the share less `percentage` of it, rounded to the nearest cent.

    Raises Refused unless it is 1 to 100, and when less than the `deductible` that was entered would be left.
    """
    if not 1 <= percentage <= 100:
        raise Refused(_("A percentage is a whole number from 1 to 100."))
    reduction = round_euro(share * percentage / 100)
    new_due = share - reduction
    _refuse_below_deductible(deductible, new_due)
    return Outcome("percentage", new_due, _reduction(share, new_due), deductible=deductible, percentage=percentage)


def by_hand(share: Decimal, *, new_due: Decimal, deductible: Decimal | None = None) -> Outcome:
    """Return the amount that the provider chose.

    Raises Refused when it is negative, above the share, or less than the `deductible` that was entered.
    """
    _refuse_negative(new_due)
    _refuse_below_deductible(deductible, new_due)
    return Outcome("manual", new_due, _reduction(share, new_due), deductible=deductible)


def _refuse_negative(*amounts: Decimal) -> None:
    if any(amount < ZERO for amount in amounts):
        raise Refused(_("An amount can't be below zero."))


def _refuse_below_deductible(deductible: Decimal | None, new_due: Decimal) -> None:
    if deductible is not None and new_due < deductible:
        raise Refused(_("The deductible is never waived: the patient pays at least that."))


def _reduction(share: Decimal, new_due: Decimal) -> Decimal:
    if new_due > share:
        raise Refused(_("The amount to pay can't be more than what the patient has to pay now."))
    return share - new_due
