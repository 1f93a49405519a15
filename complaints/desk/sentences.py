"""What staff need not type: the points of a story, and sentences of answers, in the language of the patient."""

import re

from django.utils.translation import gettext_lazy as _

from billing.rooms import Text
from complaints.handling import MOST_POINTS, points_in
from complaints.models import Complaint

Subject = Complaint.Subject
LONGEST_POINT = 500
APOLOGY = _("It should not have gone this way. We are sorry.")
_LOOKED_AT: dict[str, Text] = {
    Subject.LETTERS: _("The letters and mails that we sent, and whether they arrived."),
    Subject.PAYMENT: _("Your payments, and on which invoice we booked them."),
    Subject.PRICE: _("The invoice with its codes, and what the care provider wrote down."),
    Subject.CARE: _("What you told us, and what the care provider wrote down."),
    Subject.COULANCE: _("What your insurer decided, and what the care provider decided about it."),
    Subject.INSURER: _("The invoice, and what your insurer wrote."),
}
_FINDINGS: dict[str, dict[str, Text]] = {
    Subject.LETTERS: {
        "arrived": _("Our letter went to the address that we know, and it did not come back."),
        "came_back": _("Our mail came back. You could not know of it."),
        "costs_right": _("The letter before the costs named them, and they are what the law allows."),
    },
    Subject.PAYMENT: {
        "late": _("You paid in time. We booked it late."),
        "elsewhere": _("You paid. We booked it on another invoice."),
        "none": _("We got no payment for this invoice. Look in your bank statement, please."),
    },
    Subject.PRICE: {
        "given": _("The care provider looked in your file. You got this care."),
        "not_given": _("You did not get this care, so you do not pay for it."),
        "code": _("The code was wrong. The care provider gave us the right one."),
    },
}
_ALWAYS: dict[str, Text] = {
    "agree": _("We see it as you do."),
    "no_sign": _("We found nothing that shows this."),
    "elsewhere_decides": _("We can't decide this. The body below can."),
}


def points_of(story: str) -> list[str]:
    """Return what a story says point by point: its list, or its sentences; all of it when these are too many."""
    story = story.strip()
    listed = points_in(story)
    if len(listed) < 2:
        listed = [part for part in re.split(r"(?<=[.!?])\s+|\n+", story) if re.search(r"\w", part)]
    found = listed if 1 <= len(listed) <= MOST_POINTS else [story]
    return [point[:LONGEST_POINT] for point in found]


def findings(subject: str) -> dict[str, Text]:
    """Return sentences that say what was found about a subject, by key."""
    return _FINDINGS.get(subject, {}) | _ALWAYS


def looked_at(subject: str) -> Text:
    """Return what one looks at for a subject."""
    return _LOOKED_AT.get(subject, _("What you told us, and what we wrote down ourselves."))
