"""User names of new accounts: plain letters, and none that a colleague takes for somebody else's.

Whoever decides together with a colleague knows them by this name alone.
"""

import re
import unicodedata
from typing import Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

_RIGHT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9@.+_-]{0,49}")
_ALIKE: Final = str.maketrans({"0": "o", "1": "l", "i": "l", "5": "s"})
_DRAWN_ALIKE: Final = (("rn", "m"), ("vv", "w"))


def validate_new(name: str) -> None:
    """Raise ValidationError for a name with other letters than those of a Dutch keyboard, spaces, or over 50 of them.

    Other alphabets have letters that look the same: a Cyrillic “а” is another letter than “a”.
    """
    if not _RIGHT.fullmatch(name):
        sentence = _("Use 1 to 50 letters (a to z), digits, and @ . + - _, and begin with a letter or digit.")
        raise ValidationError(sentence)


def looks_like(name: str) -> str:
    """Return what is the same for two names that people read as one: case, marks, 0 and o, 1 and l, rn and m."""
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", name.casefold()) if letter.isalnum()).translate(
        _ALIKE
    )
    for drawn, letter in _DRAWN_ALIKE:
        plain = plain.replace(drawn, letter)
    return plain
