"""How the patient's pages show a reference and a term."""

from datetime import date

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

register = template.Library()


@register.filter
def grouped(reference: str) -> str:
    """A payment reference in groups of four, as on the letter: 1234 5678 9012 3456."""
    return " ".join(reference[start : start + 4] for start in range(0, len(reference), 4))


@register.filter
def days_left(due_on: date, today: date) -> str:
    """How long it is until the last day to pay, between brackets."""
    days = (due_on - today).days
    if days == 0:
        return _("(that is today)")
    return ngettext("(%(days)d more day)", "(%(days)d more days)", days) % {"days": days}
