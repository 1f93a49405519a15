"""What the patient still has to pay after a decision: three rules, as pure functions. Euros everywhere.

All of them start from the patient's share: what was invoiced, less what the insurer paid for it to the provider. The
deductible (eigen risico) is never waived: a patient whose insurer paid less because of it still pays what was granted.
So nobody takes it for zero: the insurer's rule asks for it, and the others go no lower than the one that was named.
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


def by_insurer(share: Decimal, *, paid_out: Decimal, deductible: Decimal, own_contribution: Decimal = ZERO) -> Outcome:
    """Due is what the insurer granted before the deductible came off, and the statutory own contribution.

    `paid_out` is what was meant to be paid out: arrears that the insurer kept from it are part of it.
    Raises Refused when an amount is below zero or more than the patient's `share`, and when nothing was granted:
    whether a patient who is not insured for this care pays all or nothing is not for this rule to say.
    """
    _refuse_below_zero(paid_out, deductible, own_contribution)
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
    """`percentage` of the share is waived, to the nearest cent.

    Raises Refused unless it is 1 to 100, and when less than a `deductible` that was named would be left.
    """
    if not 1 <= percentage <= 100:
        raise Refused(_("A percentage is a whole number from 1 to 100."))
    reduction = round_euro(share * percentage / 100)
    new_due = share - reduction
    _refuse_waived(deductible, new_due)
    return Outcome("percentage", new_due, _reduction(share, new_due), deductible=deductible, percentage=percentage)


def by_hand(share: Decimal, *, new_due: Decimal, deductible: Decimal | None = None) -> Outcome:
    """The amount that the provider names.

    Raises Refused when it is below zero, above the share, or less than a `deductible` that was named.
    """
    _refuse_below_zero(new_due)
    _refuse_waived(deductible, new_due)
    return Outcome("manual", new_due, _reduction(share, new_due), deductible=deductible)


def _refuse_below_zero(*amounts: Decimal) -> None:
    if any(amount < ZERO for amount in amounts):
        raise Refused(_("An amount can't be below zero."))


def _refuse_waived(deductible: Decimal | None, new_due: Decimal) -> None:
    if deductible is not None and new_due < deductible:
        raise Refused(_("The deductible is never waived: the patient pays at least that."))


def _reduction(share: Decimal, new_due: Decimal) -> Decimal:
    if new_due > share:
        raise Refused(_("The amount to pay can't be more than what the patient has to pay now."))
    return share - new_due
