"""The number of a complaint's file, as people write and say it: `K26-7QF4-M2XK`.

It is a name, not a key: whoever knows it sees nothing. It tells the year and no volume, and one wrong character is
noticed, so a number read out on the telephone finds the right file or none.
"""

import re
import secrets

# Crockford's base 32: no I, L, O and U, which are read as 1, 1, 0 and V.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RANDOM_CHARACTERS = 7
_READ_AS = str.maketrans({"I": "1", "L": "1", "O": "0"})
_WRITTEN = re.compile(rf"K([0-9]{{2}})([{ALPHABET}]{{{RANDOM_CHARACTERS + 1}}})")


def new_number(year: int) -> str:
    """Return a fresh random number of `year`; 35 bits, so the caller tries again when it is taken."""
    payload = "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_CHARACTERS))
    return _written(f"{year % 100:02d}", payload + check_character(payload))


def check_character(payload: str) -> str:
    """Return the check character of `payload` by Luhn modulo 32.

    It notices every single wrong character, and every swap of two neighbours but 0 and Z.
    """
    total = 0
    for place, character in enumerate(reversed(payload)):
        doubled = ALPHABET.index(character) * (1 if place % 2 else 2)
        total += doubled // len(ALPHABET) + doubled % len(ALPHABET)
    return ALPHABET[-total % len(ALPHABET)]


def read_number(text: str) -> str | None:
    """Return the number that somebody wrote, in its one form; None when it is none or a character of it is wrong.

    Case, spaces and hyphens do not matter; I and L are read as 1, O as 0.
    """
    plain = re.sub(r"[\s\-\u2010-\u2015.]", "", text.upper())
    found = _WRITTEN.fullmatch(plain[:3] + plain[3:].translate(_READ_AS))
    if not found or check_character(found[2][:-1]) != found[2][-1]:
        return None
    return _written(found[1], found[2])


def _written(year: str, characters: str) -> str:
    return f"K{year}-{characters[:4]}-{characters[4:]}"
