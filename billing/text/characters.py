"""Characters of strangers: which of them nobody sees, and one spelling of what looks the same.

Two texts that look the same must be the same: else "2026-00901" with an invisible character behind it is a second
invoice, and "Zoë" written in two ways is two names.
"""

import unicodedata

# Blank characters that Unicode classifies as letters or symbols: the Hangul fillers, the blank Braille pattern, a note
# head that is not drawn.
_BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u2800\U0001d159")
# Marks that change nothing that is seen by itself: the grapheme joiner, Khmer and Mongolian ones, variation selectors.
_BLANK_MARKS = frozenset("\u034f\u17b4\u17b5\u180b\u180c\u180d\u180f\U00016fe4") | frozenset(
    map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
)
_BIDI = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"), "-")


def is_control(letter: str) -> bool:
    """Tell whether a character controls a terminal or the direction of writing instead of being visible."""
    if unicodedata.category(letter) in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp"):
        return True
    return unicodedata.bidirectional(letter) in _BIDI


def is_invisible(letter: str) -> bool:
    """Tell whether a character takes no place of its own: joiners, fillers, selectors, byte-order marks."""
    return letter in _BLANK_LETTERS or letter in _BLANK_MARKS or unicodedata.category(letter) == "Cf"


def is_seen(letter: str) -> bool:
    """Tell whether a character is visible by itself: no joiner, filler, or accent without a letter."""
    return unicodedata.category(letter)[0] in "LNPS" and letter not in _BLANK_LETTERS


def has_control(text: str) -> bool:
    """Tell whether a line of text holds a character that `is_control`."""
    return not text.isprintable() and any(map(is_control, text))


def has_invisible(text: str) -> bool:
    """Tell whether a text holds a character that `is_invisible`."""
    return not text.isascii() and any(map(is_invisible, text))


def is_latin(text: str) -> bool:
    """Tell whether all letters are Latin: a Cyrillic "\u0415-1" looks like "E-1", and is another number."""
    if text.isascii():
        return True
    return all(unicodedata.name(letter, "").startswith("LATIN") for letter in text if letter.isalpha())


def one_spelling(text: str) -> str:
    """Return a line of text as it looks: composed (NFC), without what nobody sees, with single spaces.

    What nobody sees is left out; what `is_control` is the caller's to refuse.
    """
    if not text.isascii():
        text = "".join(letter for letter in unicodedata.normalize("NFC", text) if not is_invisible(letter))
    return " ".join(text.split())


def one_key(text: str) -> str:
    """Return a number or code as it looks: also wide digits (NFKC) and all kinds of hyphens become the plain ones."""
    if text.isascii():
        return " ".join(text.split())
    return one_spelling(unicodedata.normalize("NFKC", text).translate(DASHES))


def as_typed(text: str) -> str:
    """Return `text` in capitals with ordinary digits, dashes and spaces, without invisible characters."""
    text = unicodedata.normalize("NFKC", text).upper()
    plain = []
    for character in text:
        category = unicodedata.category(character)
        if category == "Nd":
            plain.append(str(unicodedata.decimal(character)))
        elif category in ("Pd", "Zs", "Cc"):
            plain.append("-" if category == "Pd" else " ")
        elif category != "Cf":
            plain.append(character)
    return "".join(plain).strip()
