"""How much may be sent, and by whom.

The payment reference opens the page of an invoice, and it is printed on paper that others may see. So whoever showed no
more than that is counted per browser, and all of them together apart from those who came by our mail, by the link on
the paper invoice, or with a code by SMS: strangers can't use up what the patient has.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.errors import Refused
from guests import access, gate


class CodeFirst(Refused):
    """Refused to somebody who showed no more than the payment reference; with a code by SMS it is possible."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Whether somebody showed more than the payment reference, and from which browser they send (a keyed hash)."""

    is_known: bool = True
    browser: str = ""

    @property
    def columns(self) -> dict[str, Any]:
        """Return what is stored with a file or a message."""
        return {"by_stranger": not self.is_known, "browser": self.browser}


KNOWN = Sender()


def sender_of(request: HttpRequest, token: str) -> Sender:
    """Return who sends something about the invoice of `token`."""
    return Sender(is_known=is_known(request, token), browser=gate.holder_of(request))


def is_known(request: HttpRequest, token: str) -> bool:
    """Tell whether this browser came by the link in our mail or on paper, or passed the code."""
    return access.came_by_link(request, token) or gate.passed(request, token, now=timezone.now()) is not None


def check_files(present: Iterable[Any], tried: Iterable[Any], new: int, sender: Sender) -> None:
    """Raise Refused when `new` files more of `sender` are too many.

    `present` are the rows of files that are with us, `tried` those of all that were ever sent.
    """
    here, ever = _alike(present, sender), _alike(tried, sender)
    if not sender.is_known:
        if sum(row.browser == sender.browser for row in here) + new > settings.UPLOAD_MAX_FILES:
            most = {"most": settings.UPLOAD_MAX_FILES}
            raise CodeFirst(_("You can send %(most)d files at most. To send more, first get a code by SMS.") % most)
        if len(here) + new > 2 * settings.UPLOAD_MAX_FILES or len(ever) + new > settings.UPLOAD_MAX_TRIES:
            raise CodeFirst(_("Many files were sent for this invoice. To send yours, first get a code by SMS."))
        return
    if len(here) + new > settings.UPLOAD_MAX_FILES:
        raise Refused(
            _("You can send %(most)d files at most. Take one back first.") % {"most": settings.UPLOAD_MAX_FILES}
        )
    if len(ever) + new > settings.UPLOAD_MAX_TRIES:
        raise Refused(_("You sent many files already. Call your care provider, please."))


def _alike(rows: Iterable[Any], sender: Sender) -> list[Any]:
    return [row for row in rows if row.by_stranger != sender.is_known]
