"""The bytes of a mail: plain text and HTML beside each other, and a calendar file when there is one.

Python's library draws it. Two things are given to it, because it takes long to find them: bodies that are encoded
already (by its C code), and the marks between parts. Everything is ASCII in quoted-printable, which survives every
server on the way, and so does its signature.
"""

from binascii import b2a_qp
from dataclasses import dataclass
from email.header import Header
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.policy import Compat32
from email.utils import formataddr, formatdate, parseaddr
from functools import lru_cache

from django.utils.encoding import punycode

# In quoted-printable no underscore follows an equals sign, so neither of these can stand in a text (RFC 2045, 6.7).
_OUTER, _INNER = "=_outer", "=_inner"
CALENDAR_FILE = "zorgrekening.ics"


class _AsItIs(Compat32):
    """Headers go out as they were set: each is one line of ASCII, or was folded by `_subject`. To look at all of them
    again costs as much as the rest of the mail."""

    def fold_binary(self, name: str, value: str) -> bytes:
        return f"{name}: {value}{self.linesep}".encode("ascii")


_AS_IT_IS = _AsItIs(linesep="\r\n")


@dataclass(frozen=True, slots=True)
class Mail:
    """What goes into a mail. `sender` may have a name before the address, `recipient` is one plain address."""

    sender: str
    recipient: str
    subject: str
    text: str
    html: str
    calendar: str
    message_id: str
    language: str


def compose(mail: Mail) -> bytes:
    """The mail as it goes over the line, with CRLF. Raises ValueError for what can't be a mail."""
    made: MIMEBase = MIMEMultipart("alternative", _INNER, [_part("plain", mail.text), _part("html", mail.html)])
    if mail.calendar:
        file = _part("calendar", mail.calendar)
        file.add_header("Content-Disposition", "attachment", filename=CALENDAR_FILE)
        made = MIMEMultipart("mixed", _OUTER, [made, file])
    made["Subject"] = _subject(mail.subject)
    made["From"] = sender(mail.sender)[0]
    made["To"] = in_ascii(mail.recipient)
    made["Date"] = formatdate()
    made["Message-ID"] = _one_line(mail.message_id)
    made["Auto-Submitted"] = "auto-generated"  # no holiday replies, please (RFC 3834)
    made["Content-Language"] = _one_line(mail.language)
    return made.as_bytes(policy=_AS_IT_IS)


def in_ascii(address: str) -> str:
    """The address as every server understands it: the domain in its ASCII form. Raises ValueError without one."""
    local, _, domain = address.rpartition("@")
    return _one_line(f"{local}@{punycode(domain)}").encode("ascii").decode()


@lru_cache(maxsize=8)
def sender(named: str) -> tuple[str, str]:
    """A sender as it stands in the header, and its bare address. Raises ValueError when there is none."""
    name, address = parseaddr(_one_line(named))
    return formataddr((name, in_ascii(address))), in_ascii(address)


def _subject(subject: str) -> str:
    charset = "us-ascii" if subject.isascii() else "utf-8"
    return Header(_one_line(subject), charset, header_name="Subject").encode(linesep="\r\n")


def _one_line(value: str) -> str:
    """The value of a header; a second line would be a header of its own."""
    if "\r" in value or "\n" in value:
        raise ValueError("a header is one line")
    return value


def _part(kind: str, content: str) -> MIMENonMultipart:
    part = MIMENonMultipart("text", kind, charset="utf-8")
    part["Content-Transfer-Encoding"] = "quoted-printable"
    lines = content.replace("\r\n", "\n").replace("\r", "\n")
    part.set_payload(b2a_qp(lines.encode()).decode("ascii"))
    return part
