"""What the law wants to know of a practice before its first letter may leave.

A letter names who asks for the money: name and address (6:96 lid 6 BW, 3:15d BW), where to pay, and how to reach the
practice. Who typed the AGB code alone may have typed somebody else's. The number in the trade register belongs on it
too (art. 27 Handelsregisterwet 2007), and the first day ends with it; but no letter is void without it, and practices
that came before this was asked go on.
"""

from collections.abc import Iterator

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.models import Provider

_NEEDED: tuple[tuple[str, Promise], ...] = (
    ("street", _("the street")),
    ("house_number", _("the house number")),
    ("postcode", _("the postcode")),
    ("city", _("the city")),
    ("iban", _("the IBAN, approved by a second person")),
)

# The same as a condition on rows.
INCOMPLETE = Q(approved_at=None) | Q(phone="", email="")
for _name, _words in _NEEDED:
    INCOMPLETE |= Q(**{_name: ""})


def lacks(provider: Provider) -> Iterator[Promise]:
    """Yield what is missing before a letter of this practice may leave, in words for staff."""
    for name, words in _NEEDED:
        if not getattr(provider, name):
            yield words
    if not (provider.phone or provider.email):
        yield _("a phone number or an e-mail address")
    if provider.approved_at is None:
        yield _("the approval of the practice and its AGB code by a second person")


def may_send(provider: Provider) -> bool:
    """Tell whether nothing is missing."""
    return next(lacks(provider), None) is None
