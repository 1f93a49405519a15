"""The notes that rules write on tasks for staff, in words: kept as they are, and read in one's own language."""

import re
from decimal import Decimal
from typing import Any

from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.dunning.blockers import REASONS
from billing.templatetags.money import euro

_CENTS = re.compile(r"-?[0-9]+\.[0-9]{2}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
NOTES: dict[str, Any] = {
    "Mollie paid it": _("Mollie paid it"),
    "a letter may have left after the backup that was restored": _(
        "a letter may have left after the backup that was restored"
    ),
    "agreed": _("agreed"),
    "another scan can be read": _("another scan can be read"),
    "confirmed": _("confirmed"),
    "decided": _("decided"),
    "failed": _("failed"),
    "installment_missed": _("an instalment was not paid"),
    "intake_alive": _("mails that come back reach us again"),
    "looked_up": _("looked up"),
    "not executed": _("the bank did not execute it"),
    "ordered at the bank": _("ordered at the bank"),
    "paid": _("paid"),
    "plan_ended_by_hand": _("somebody ended the plan"),
    "receipt": _("proof of payment"),
    "refund approved": _("refund approved"),
    "refused": _("refused"),
    "returned": _("the bank returned it"),
    "sms": _("SMS"),
    "succeeded": _("it worked again"),
    "the clock went back": _("the clock went back"),
    "the missing lines came": _("the missing lines came"),
    "the virus scanner gives no answer": _("the virus scanner gives no answer"),
    "uploads are refused: it is full or gives no answer": _("uploads are refused: it is full or gives no answer"),
    "withdrawn": _("withdrawn"),
}


def note_in_words(note: str) -> str:
    """Return the note of a task with its amounts, days and reasons as staff read them; a dash for none."""
    if note in NOTES:
        return str(NOTES[note])
    return ": ".join(_part(part) for part in note.split(": ")) or "–"


def _part(part: str) -> str:
    if _CENTS.fullmatch(part):
        return euro(Decimal(part))
    if _DAY.fullmatch(part) and (day := parse_date(part)):
        return date_format(day, "SHORT_DATE_FORMAT")
    words = NOTES.get(part) or REASONS.get(part)
    return str(words) if words else gettext(part) if part else part
