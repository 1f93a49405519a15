"""The one rule for an e-mail address: asked when one is handed in or typed, and again when a message is sent.

Stricter than the standards: only what every mail server takes and nobody reads differently. `a@x.nl, b@x.nl` in a To
header would reach two people, a quoted name needs care in every program on the way, and a name with other than ASCII
letters needs servers that can SMTPUTF8. A domain may have such letters: it is sent as IDNA 2008 writes it. The older
IDNA 2003 would make "straße.example" the domain "strasse.example", which belongs to somebody else. All letters of a
domain are of one script: with two it is made to look like another.
"""

import re
import unicodedata
from functools import lru_cache

import idna
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MAX_CHARACTERS, _MAX_LOCAL = 254, 64  # RFC 5321, section 4.5.3.1
# example.com, .net and .org are free for examples too.
_NOWHERE = (
    ".invalid", ".test", ".example", ".localhost", "@example.com", "@example.net", "@example.org",
    ".example.com", ".example.net", ".example.org",
)  # fmt: skip
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")


def in_ascii(address: str) -> str:
    """Return the address as every server understands it. Raises ValueError for what is not one plain address."""
    local, _at, domain = address.rpartition("@")
    ascii_address = f"{local}@{_in_ascii(domain)}"
    if not _LOCAL.fullmatch(local) or len(local) > _MAX_LOCAL or len(ascii_address) > MAX_CHARACTERS:
        raise ValueError("not one address")
    return ascii_address


@lru_cache(maxsize=4096)  # a practice sees few domains
def _in_ascii(domain: str) -> str:
    try:
        encoded = idna.encode(domain.lower(), std3_rules=True).decode()
    except idna.IDNAError as error:
        raise ValueError("not one address") from error
    labels = encoded.split(".")
    if len(labels) < 2 or not labels[-1] or not labels[-1].strip("0123456789"):
        raise ValueError("not one address")
    if len(_scripts(idna.decode(encoded))) > 1:  # "p\u0430ypal.nl" with a Cyrillic letter is somebody else's
        raise ValueError("a look-alike")
    return encoded


def _scripts(text: str) -> set[str]:
    """Return the scripts of the letters, by the first word of their names in Unicode; those of Japan count as one."""
    names = {re.split("[ -]", unicodedata.name(letter, "?"))[0] for letter in text if letter.isalpha()}
    return {"CJK" if name in ("HIRAGANA", "KATAKANA", "HANGUL") else name for name in names}


def goes_nowhere(address: str) -> bool:
    """Tell whether the domain is one that is kept free for examples and tests (RFC 2606, 6761): no mail arrives."""
    return address.lower().rstrip(".").endswith(_NOWHERE)


def is_one_address(address: str) -> bool:
    """Tell whether `address` is one plain e-mail address: no list, no display name, nothing that could end a header."""
    try:
        in_ascii(address)
    except ValueError:
        return False
    return True


def validate_address(address: str) -> None:
    """Raise ValidationError for a form or model field that is not one plain e-mail address."""
    if not is_one_address(address):
        raise ValidationError(_("This is not one e-mail address to which we can send."), code="invalid")
