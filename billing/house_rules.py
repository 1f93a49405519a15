"""House rules as they count for one practice: what it chose itself, within its bounds, else the setting.

Everything that asks a practice's rule asks `rule_of`, so that a choice counts everywhere or nowhere.
"""

from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from django.conf import settings

from billing import rooms
from billing.rooms import Choice, Unit


class Chooser(Protocol):
    """A practice, or what was read of one."""

    @property
    def chosen(self) -> Any:
        """Return what it chose by the name of the rule, as JSON has it."""


def rule_of(provider: Chooser, name: str) -> Any:
    """Return the value of the house rule `name` for this practice: a whole number, or euros as Decimal."""
    choice = rooms.choices()[name]
    own = own_value(provider, choice)
    return house_value(choice) if own is None else own


def own_value(provider: Chooser, choice: Choice) -> Any:
    """Return what the practice chose itself; None when the house rule counts, also where the bounds have moved since.

    A value that an earlier version allowed and this one does not counts as none: the bounds may be the law's.
    """
    kept = getattr(provider, choice.column) if choice.column else provider.chosen.get(choice.name)
    if kept is None:
        return None
    try:
        value = Decimal(kept) if choice.unit == Unit.EUROS else int(kept)
    except (InvalidOperation, ValueError):
        return None
    return value if choice.least <= value <= choice.most else None


def house_value(choice: Choice) -> Any:
    """Return the value that counts for whoever chose nothing."""
    return choice.instead() if choice.instead else getattr(settings, choice.name)
