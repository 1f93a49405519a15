"""Who sends something for a case, and how much of it: strangers can't use up what the patient has.

The payment reference opens the page of an invoice, and it is printed on paper that others may see. So whoever showed no
more than that is counted per browser, and all of them together apart from those who came by our mail, by the link on
the paper invoice, or with a code by SMS.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from billing.errors import Refused

MAX_MESSAGES = 20  # from those who are known; and from all strangers together
MAX_MESSAGES_PER_BROWSER = 10  # of a stranger


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


def check_messages(messages: QuerySet[Any], sender: Sender) -> None:
    """Raise Refused when the messages that a case has leave no room for another of `sender`."""
    if sender.is_known:
        if messages.filter(by_stranger=False).count() >= MAX_MESSAGES:
            raise Refused(_("You sent many messages already. Call your care provider, please."))
        return
    if messages.filter(browser=sender.browser, by_stranger=True).count() >= MAX_MESSAGES_PER_BROWSER:
        raise CodeFirst(_("You sent many messages already. To send more, first get a code by SMS."))
    if messages.filter(by_stranger=True).count() >= MAX_MESSAGES:
        raise CodeFirst(_("Many messages were sent for this invoice. To send yours, first get a code by SMS."))


def check_files(present: Iterable[Any], tried: Iterable[Any], new: int, sender: Sender) -> None:
    """Raise Refused when `new` files more of `sender` are too many.

    `present` are the rows of files that are with us or with the provider, `tried` those of all that were ever sent.
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
