"""Who may see which address under /beheer/, one file a concern, for test_staff_matrix.py.

A file may have:
- `OWN_PAGE`: name of the route → the answers that are right for a clerk or an approver of another provider. 404 tells
  nothing; 403 only to pages that are for nobody of their role; 405 to a method that the page does not have.
- `PUBLIC`: names of routes that need no signing in: they show a form, or that a link is over (410).
- `ROWS`: names of routes with the key of a row in them: 404 to everybody of another provider.
- `filled(provider, mark, rows)`: rows of that provider with `mark` in them, by the name of their table.
- `slots(rows)`: part of a route → what stands there when the address is asked for these rows.
- `body(rows)`: what an attacker would post besides.
- `state_of(provider)`: every column of the rows that nobody else may change.
"""

import pkgutil
from importlib import import_module
from types import ModuleType
from typing import Any

MODULES: list[ModuleType] = [
    import_module(f"{__name__}.{found.name}") for found in sorted(pkgutil.iter_modules(__path__), key=lambda m: m.name)
]
OWN_PAGE: dict[str, set[int]] = {}
ROWS: set[str] = set()
PUBLIC: set[str] = set()
for _module in MODULES:
    OWN_PAGE |= getattr(_module, "OWN_PAGE", {})
    ROWS |= getattr(_module, "ROWS", set())
    PUBLIC |= getattr(_module, "PUBLIC", set())


def told(what: str, *args: Any) -> dict[str, Any]:
    """The answers of all files to one of the functions named above, together."""
    together: dict[str, Any] = {}
    for module in MODULES:
        if hasattr(module, what):
            together |= getattr(module, what)(*args)
    return together
