"""The template filter for amounts: the only way an amount is shown to people."""

from decimal import Decimal

from django import template
from django.conf import settings
from django.utils import translation

from billing.money import to_cents

register = template.Library()
_MINUS = "\u2212"  # a screen reader says "minus"; the hyphen of a keyboard is often skipped
_NO_BREAK_SPACE = "\u00a0"
_DUTCH_SEPARATORS = str.maketrans(",.", ".,")
_ISOLATE, _END = "\u2066", "\u2069"  # behind an Arabic letter the digits would change places


@register.filter
def euro(amount: Decimal) -> str:
    """Format `amount` in the reader's language: € 1.234,50 in Dutch (with a no-break space), €1,234.50 in English.

    Every other language has the Dutch form: a reader must find the same amount at the bank.

    Raises ValueError for anything but a Decimal in whole cents, so that an empty amount on a page is noticed.
    """
    return euro_in(amount, translation.get_language() or "")


def euro_in(amount: Decimal, language: str) -> str:
    """Format `amount` as `euro` does, in `language`."""
    to_cents(amount)
    number = f"{abs(amount):,.2f}"
    sign = _MINUS if amount < 0 else ""
    if language.startswith("en"):
        return f"{sign}€{number}"
    shown = f"€{_NO_BREAK_SPACE}{sign}{number.translate(_DUTCH_SEPARATORS)}"
    return f"{_ISOLATE}{shown}{_END}" if language in settings.LANGUAGES_BIDI else shown
