"""Which mails we sent, for whoever holds a payment reference or the code of one mail. Nothing of what was in them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.links import CODE_CHARACTERS, CODE_LENGTH, CODE_LETTERS
from billing.models import OutboxMessage

SHOWN = 50
_FIRST_LETTERS = 2
# Whoever holds a reference sees these on the page of the invoice as well. All others are "a message".
_LABELS = {
    ("invoice_notice", "invoice_again", "friendly_note"): _("your invoice"),
    ("reminder",): _("a reminder"),
    ("final_notice", "final", "notice_of_costs"): _("a dunning letter"),
    ("receipt",): _("a receipt of your payment"),
}
_LABEL_OF: dict[str, Promise] = {kind: label for kinds, label in _LABELS.items() for kind in kinds}
_OTHER = _("a message")


@dataclass(frozen=True, slots=True)
class Sent:
    """A mail as we tell of it: when, what kind, and how the address begins that it went to; empty when erased."""

    at: datetime
    label: Promise
    address_begins: str


def as_code(typed: str) -> str:
    """Return the code of a message out of what somebody typed; empty when it is none."""
    code = "".join(letter for letter in typed.upper() if letter not in " -–")
    is_one = len(code) == CODE_LENGTH and code[0] in CODE_LETTERS and set(code) <= set(CODE_CHARACTERS)
    return code if is_one else ""


def with_code(code: str) -> list[Sent]:
    """Return the mail that bears this code, when it was sent."""
    return _told(_sent().filter(code=code))


def about_invoice(token: str) -> list[Sent]:
    """Return the mails about an invoice that were sent, the newest first."""
    return _told(_sent().filter(invoice__token=token).order_by("-sent_at", "-pk")[:SHOWN])


def _sent() -> QuerySet[OutboxMessage]:
    return OutboxMessage.objects.filter(status=OutboxMessage.Status.SENT)


def _told(rows: Iterable[OutboxMessage]) -> list[Sent]:
    return [Sent(row.sent_at, _LABEL_OF.get(row.kind, _OTHER), _begin_of(row.recipient)) for row in rows if row.sent_at]


def _begin_of(address: str) -> str:
    """Return the first letters of a mailbox, and never all of its name."""
    name = address.partition("@")[0]
    return name[: min(_FIRST_LETTERS, len(name) - 1)] or ""
