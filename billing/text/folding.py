"""One spelling for looking up: what is typed finds what is stored, whatever the case, accents, spaces and dots."""

import re
import unicodedata

# Letters that no decomposition turns into plain ones. IJ and Y sound the same: who hears "Meijer" types "Meyer".
_PLAIN = str.maketrans({"ß": "ss", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "þ": "th", "ı": "i"})
_WORD = re.compile(r"[a-z0-9]+")


def fold(text: str) -> str:
    """Return `text` in small letters without accents, with "y" for "ij"."""
    small = text.casefold()
    if not small.isascii():
        parts = unicodedata.normalize("NFKD", small).translate(_PLAIN)
        small = "".join(letter for letter in parts if not unicodedata.combining(letter))
    return small.replace("ij", "y")


def words(text: str) -> list[str]:
    """Return the words of `text`, folded: "d'Hondt-de Boer" is d, hondt, de, boer."""
    return _WORD.findall(fold(text))


def compact(text: str) -> str:
    """Return the letters and digits of `text`, folded and joined: "2026-00 901/B" is 202600901b."""
    return "".join(words(text))


def national(phone: str) -> str:
    """Return the digits of a phone number as they are dialled in the Netherlands: +31 6 1234 is 061234."""
    digits = "".join(re.findall("[0-9]+", phone))
    if phone.strip().startswith("+"):
        digits = f"00{digits}"
    return re.sub("^0031(0(?=[1-9]))?", "0", digits)
