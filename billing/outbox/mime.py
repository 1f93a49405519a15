"""A mail as bytes (RFC 5322, MIME): its few headers, and its texts as quoted-printable.

Python's email package builds and folds any mail, and takes several times as long. It still encodes what is not ASCII:
the subject, the name of the sender, the texts.
"""

from collections.abc import Mapping, Sequence
from email.charset import QP, Charset
from email.header import Header
from email.quoprimime import body_encode
from email.utils import formataddr, formatdate, parseaddr
from functools import lru_cache

from django.conf import settings

from billing.links import new_token
from billing.text.addresses import in_ascii

CALENDAR_FILE = "zorgrekening.ics"
_END, _MAX_OF_A_LINE = "\r\n", 78
_VERSION = {"MIME-Version": "1.0"}
# Short ASCII lines, and thus the DKIM signature, survive every relay.
_TEXT = _VERSION | {"Content-Transfer-Encoding": "quoted-printable"}
_UTF_8 = Charset("utf-8")
_UTF_8.body_encoding = QP


def written(*, to: str, subject: str, headers: Mapping[str, str], text: str, html: str, calendar: str = "") -> bytes:
    """Return a mail from us to one address in ASCII. Raises ValueError for what would not be one header."""
    kind, body = _together("alternative", [_part("text/plain", text), _part("text/html", html)])
    if calendar:
        shown = {"Content-Disposition": f'attachment; filename="{CALENDAR_FILE}"'}
        texts = _entity({"Content-Type": kind} | _VERSION, body)
        kind, body = _together("mixed", [texts, _part("text/calendar", calendar, shown)])
    date = formatdate(localtime=settings.EMAIL_USE_LOCALTIME)
    head = {"Subject": subject, "From": settings.DEFAULT_FROM_EMAIL, "To": to, "Date": date, **headers}
    if any("\r" in value or "\n" in value for value in head.values()):
        raise ValueError("a newline in a header")
    head["Subject"], head["From"] = _folded("Subject", subject), _sender(head["From"])
    return _entity({"Content-Type": kind} | _VERSION | head, body).encode("ascii")


def _entity(headers: Mapping[str, str], body: str) -> str:
    return "".join(f"{name}: {value}{_END}" for name, value in headers.items()) + _END + body


def _part(kind: str, text: str, more: Mapping[str, str] | None = None) -> str:
    encoded = body_encode(text.encode().decode("latin-1"), eol=_END)  # it writes bytes that are given as characters
    return _entity({"Content-Type": f'{kind}; charset="utf-8"', **_TEXT, **(more or {})}, encoded)


def _together(kind: str, parts: Sequence[str]) -> tuple[str, str]:
    """Return the type of these parts together, and what they are as one body."""
    boundary = f"={new_token()}"  # in no part: 144 random bits
    body = "".join(f"--{boundary}{_END}{part}{_END}" for part in parts) + f"--{boundary}--{_END}"
    return f'multipart/{kind}; boundary="{boundary}"', body


def _folded(name: str, value: str) -> str:
    """Return a value in short lines, the first of which is not empty.

    Python folds before a word that is longer than a line, and leaves a first line with nothing in it, which relays and
    spam filters take for an empty header.
    """
    header = Header(value, None if value.isascii() else _UTF_8, header_name=name)
    return header.encode(linesep=_END, maxlinelen=_MAX_OF_A_LINE).lstrip(f" {_END}")


@lru_cache(maxsize=1)
def _sender(sender: str) -> str:
    name, address = parseaddr(sender)
    return _folded("From", formataddr((name if name.isascii() else Header(name, _UTF_8).encode(), in_ascii(address))))
