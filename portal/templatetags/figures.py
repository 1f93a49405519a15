"""The template filter for a cell of a figure."""

from datetime import date
from decimal import Decimal
from typing import Any

from django import template
from django.utils.text import capfirst

from billing.desk.detail import short_day
from billing.templatetags.money import euro

register = template.Library()


@register.filter
def figure(cell: Any) -> Any:
    """Return a cell as people read it: euros, a day, a number or text; a dash for None."""
    if cell is None:
        return "–"
    if isinstance(cell, Decimal):
        return euro(cell)
    return short_day(cell) if isinstance(cell, date) else cell


@register.filter
def heading(text: Any) -> str:
    """Return a head that begins with a capital, except a name that is written otherwise: iDEAL."""
    shown = str(text)
    return shown if shown[1:2].isupper() else capfirst(shown)
