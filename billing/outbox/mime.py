"""A message as the bytes of a mail: what the mail server is given."""

import re
from email.charset import QP, Charset
from email.header import Header
from typing import Any

from django.core.mail import EmailMultiAlternatives

from billing import rooms
from billing.invoices import open_links
from billing.links import new_token
from billing.models import OutboxMessage
from billing.outbox.explaining import languages_of
from billing.text.addresses import in_ascii

CALENDAR_FILE = "zorgrekening.ics"
# Short ASCII lines, and thus the DKIM signature, survive every relay. Django would leave 8-bit text.
_QUOTED_PRINTABLE = Charset("utf-8")
_QUOTED_PRINTABLE.body_encoding = QP
# Python folds before a word that is longer than a line, such as an address, and leaves a first line with nothing in it,
# which relays and spam filters take for an empty header.
_EMPTY_FIRST_LINE = re.compile(rb"^([!-9;-~]+:) *\r\n +", re.MULTILINE)


def mail_of(message: OutboxMessage, *, token: str = "") -> bytes:
    """Return the mail as bytes for the mail server. Raises ValueError for what can't be a mail to one address.

    `token`: that of its invoice, where the caller has read it.
    """
    recipient = in_ascii(message.recipient)  # Django would write the domain in the older IDNA 2003
    headers = {
        "Message-ID": message.message_id,
        "Auto-Submitted": "auto-generated",  # no holiday replies, please (RFC 3834)
        "Content-Language": languages_of(message.language),
    }
    text, html = _with_links(message, token)
    mail = EmailMultiAlternatives(message.subject, text, to=[recipient], headers=headers)
    mail.encoding = _QUOTED_PRINTABLE
    mail.attach_alternative(html, "text/html")
    if message.calendar:
        mail.attach(CALENDAR_FILE, message.calendar, "text/calendar")
    mime: Any = mail.message()
    if not message.subject.isascii():  # Django leaves no room for the name of the header in its first line
        mime.replace_header("Subject", Header(message.subject, _QUOTED_PRINTABLE, header_name="Subject"))
    mime.set_boundary(f"={new_token()}")  # in neither part; Python would look through both for one of its own
    head, end, body = bytes(mime.as_bytes(linesep="\r\n")).partition(b"\r\n\r\n")
    return _EMPTY_FIRST_LINE.sub(rb"\1 ", head) + end + body


def _with_links(message: OutboxMessage, token: str) -> list[str]:
    """Return text and HTML with their links, which are made for the address that this mail goes to."""
    bodies = [message.text, message.html]
    kind = rooms.message_kinds().get(message.kind)
    if kind and kind.filled_in:
        bodies = [kind.filled_in(message, body) for body in bodies]
    return open_links.filled_in(*bodies, email=message.recipient, about=message.invoice_id, token=token)
