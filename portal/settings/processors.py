"""The companies that process data of patients for the operator, as it names them in its environment (AVG art. 28)."""

import re
from typing import NamedTuple

from django.core.exceptions import ImproperlyConfigured

# The European Economic Area: the Union, Iceland, Liechtenstein and Norway. Beyond it a guarantee is needed (AVG ch. V).
EEA = re.compile("AT|BE|BG|CY|CZ|DE|DK|EE|ES|FI|FR|GR|HR|HU|IE|IS|IT|LI|LT|LU|LV|MT|NL|NO|PL|PT|RO|SE|SI|SK")
_ONE = re.compile(
    r"(?P<name>[^();]+?) \((?P<does_nl>[^();|]+)\|(?P<does_en>[^();|]+)\) (?P<country>[A-Z]{2})"
    r"(?: (?P<guarantee>adequacy|clauses))?"
)


class Processor(NamedTuple):
    """A company: what it does, where, and what protects data beyond the EEA (`adequacy` or `clauses`, else empty)."""

    name: str
    does_nl: str
    does_en: str
    country: str
    guarantee: str


def read(text: str) -> tuple[Processor, ...]:
    """Return the companies of a row such as `Server B.V. (servers|servers) NL; Mail Inc. (e-mail|e-mail) US clauses`.

    Raises ImproperlyConfigured for anything else, and for one beyond the EEA without a guarantee or within it with
    one: the page about privacy would tell that it works outside it.
    """
    found = []
    for one in filter(None, map(str.strip, text.split(";"))):
        written = _ONE.fullmatch(one)
        if written is None or bool(EEA.fullmatch(written["country"])) == bool(written["guarantee"]):
            wanted = "Name (what it does, in Dutch|in English) NL; beyond the EEA: US adequacy, or US clauses"
            raise ImproperlyConfigured(f"OPERATOR_PROCESSORS must be like: {wanted}.")
        found.append(Processor(**{name: value or "" for name, value in written.groupdict().items()}))
    return tuple(found)
