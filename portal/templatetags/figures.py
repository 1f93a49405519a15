"""The template filter for a cell of a figure."""

from datetime import date
from decimal import Decimal
from typing import Any

from django import template

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
