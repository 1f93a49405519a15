"""Where the lines of a statement join those of the same day that we have: pure, on balances and amounts.

A day comes more than once: downloaded twice, the second time longer; on a page and in a statement of the whole day; as
MT940 and as CAMT.053. What tells the lines of one payment from another one's are the balances: a line stands between
two. Ids do not: they are missing, come back, or are shared.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from banking.statements.survey import balances


class Join(Enum):
    """How the movements of a statement lie beside a stretch of a day that we have."""

    APART = auto()  # lines between the two are missing
    INSIDE = auto()  # all of them are known
    AROUND = auto()  # they hold the stretch, and more or not
    AFTER = auto()  # they begin in the stretch or at its end, and go on
    BEFORE = auto()  # they end in the stretch or at its beginning
    CONFLICT = auto()  # they say otherwise


@dataclass(frozen=True, slots=True)
class Stretch:
    """Movements in their order, in cents, from one balance to another."""

    opening: int
    moved: Sequence[int]

    @property
    def closing(self) -> int:
        """Return the balance after all of them."""
        return self.opening + sum(self.moved)


def join(new: Stretch, known: Stretch) -> tuple[Join, Counter[int]]:
    """Return how the new movements lie beside the known ones, and which amounts of the new ones are known.

    Two readings of the same lines may order them differently, so amounts are compared as a multiset from the balance
    on at which one begins in the other. The reading with the largest overlap counts.
    """
    amounts_new, amounts_known = Counter(new.moved), Counter(known.moved)
    for start in _places(new.opening, known):
        tail = Counter(known.moved[start:])
        if amounts_new <= tail:
            return Join.INSIDE, amounts_new
        if tail <= amounts_new:
            return (Join.AROUND if start == 0 else Join.AFTER), tail
    for start in _places(known.opening, new):
        tail = Counter(new.moved[start:])
        if amounts_known <= tail:
            return Join.AROUND, amounts_known
        if tail <= amounts_known:
            return Join.BEFORE, tail
    nested = amounts_new <= amounts_known or amounts_known <= amounts_new
    # The same amounts between other balances: two readings of the same lines, or lines that happen to be alike.
    if new.opening == known.opening or (nested and amounts_new and amounts_known):
        return Join.CONFLICT, Counter()
    return Join.APART, Counter()


def _places(balance: int, stretch: Stretch) -> list[int]:
    """Return where a stretch has this balance, as the number of movements before it."""
    return [place for place, at in enumerate(balances(stretch.opening, stretch.moved)) if at == balance]
