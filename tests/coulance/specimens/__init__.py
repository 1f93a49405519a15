"""Papers of invented insurers, with the truth about each: what the reader of specifications is measured with.

A layout is a function from a `Case` to the HTML of a paper. To add one, write it in a module of its pile (or in a new
one, named in PILES) and mark it with `@layout("name")`: its papers must say what `case` says, and nothing else of
money. A layout with `trap="…"` must never lead to a proposal; the word says why. `several=True`: the paper also has
`case.others`, invoices of the same or another practice. See docs/reading.md for how the piles are used.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass

from tests.coulance.specimens.cases import Case, case_of

PILES = ("worked_on", "worked_on_more", "unseen", "unseen_second")
PILES += ("traps", "unseen_traps", "unseen_second_traps", "more_traps", "third_traps")
PILES += ("third_traps_closer",)
PILES += ("fourth.layouts", "fourth.screens", "fourth.traps")
__all__ = ["PILES", "Case", "Layout", "case_of", "layout", "layouts"]


@dataclass(frozen=True)
class Layout:
    """A way to lay out a paper."""

    name: str
    draw: Callable[[Case], str]
    trap: str = ""
    screen: bool = False  # of a telephone, not a sheet


_FOUND: dict[str, dict[str, Layout]] = {}


def layout(name: str, *, trap: str = "", screen: bool = False) -> Callable[[Callable[[Case], str]], Callable]:
    """Make a function a layout of the pile in whose module it stands."""

    def mark(draw: Callable[[Case], str]) -> Callable:
        pile = draw.__module__.removeprefix(f"{__name__}.")
        _FOUND.setdefault(pile, {})[name] = Layout(name, draw, trap, screen)
        return draw

    return mark


def layouts(pile: str) -> list[Layout]:
    """Return the layouts of a pile."""
    importlib.import_module(f"{__name__}.{pile}")
    return list(_FOUND.get(pile, {}).values())
