"""Values as practices' programs write them, brought into the form of our batch.

What can't be read stays as it is: the rules of the batch refuse it with their sentence.
"""

import re
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from billing.errors import Refused
from billing.money import read_euros

MAX_BYTES = 8 * 1024**2
_TIME = re.compile(r"[ T]00:00(:00)?(\.0+)?$")
_DAY_FIRST = re.compile(r"([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})", re.ASCII)
_YEAR_FIRST = re.compile(r"([0-9]{4})[-/.]?([0-9]{2})[-/.]?([0-9]{2})", re.ASCII)
_YES, _NO = ("ja", "j", "yes", "y", "1", "x", "true", "waar"), ("nee", "n", "no", "0", "false", "onwaar")
_AMOUNT = re.compile(r"[0-9]{1,9}\.[0-9]{2}", re.ASCII)
# What stands in no word of Windows-1252: letters of code page 850 (é is ‚, ë is ‰) or UTF-8 (Ã©) read as such.
_CAPITAL_WITHIN = re.compile("[a-zß-ÿ][À-ÞŠŽŸ]")
_NO_WORD = re.compile(
    "\ufffd|[ˆ‰†‡ƒ‹›][A-Za-z]|[A-Za-z][‚„ˆ‰†‡ƒ‹¡¢£]|[A-Za-z][…“”•¤¥˜™][a-z]|‚[a-z]|Ã[^A-Za-z\\s]|"
    + _CAPITAL_WITHIN.pattern
)
_STREET = re.compile(r"(.*\D)\s+([0-9]+\s*[-/]?\s*[0-9A-Za-z -]{0,8})")


def uploaded_text(content: bytes) -> str:
    """Return the text of a file that was uploaded; as `as_text`, and refuses a long one.

    It is read while the person waits: nothing of it is kept before the citizen numbers are out.
    """
    if len(content) > MAX_BYTES:
        sentence = _("This file is larger than %(most)d MB. Hand in fewer invoices at a time.")
        raise Refused(sentence % {"most": MAX_BYTES // 1024**2})
    return as_text(content)


def as_text(content: bytes) -> str:
    """Return the text of a file: UTF-8, UTF-16 with its mark, Windows-1252, or code page 850 of DOS. Raises Refused."""
    for encoding in ("utf-8-sig", "utf-16") if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig",):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        text = _of_older_programs(content)
    if "\ufffd" in text or "\0" in text:
        raise Refused(
            _("There are characters in this file that nobody can read. Save it as UTF-8, and upload it again.")
        )
    return text


def _of_older_programs(content: bytes) -> str:
    """Return a text in Windows-1252, or in code page 850 when only that makes words of it. Raises Refused."""
    windows, dos = content.decode("cp1252", errors="replace"), content.decode("cp850")
    if not _NO_WORD.search(windows):
        return windows
    if all(letter.isascii() or letter.isalpha() for letter in dos) and not _CAPITAL_WITHIN.search(dos):
        return dos
    raise Refused(
        _(
            "There are letters in this file that can't be right, as of another code page. Let your software make it in"
            " UTF-8 or Windows-1252."
        )
    )


def iso_date(text: str) -> str:
    """Return a day as ISO: 31-12-2026, 31/12/2026, 20261231 and 2026-12-31 are read."""
    plain = _TIME.sub("", text.strip())
    if found := _DAY_FIRST.fullmatch(plain):
        day, month, year = found.groups()
    elif found := _YEAR_FIRST.fullmatch(plain):
        year, month, day = found.groups()
    else:
        return plain
    return f"{year}-{int(month):02}-{int(day):02}"


def euros(text: str) -> str:
    """Return an amount as our format has it: "€ 1.234,50" is "1234.50"."""
    try:
        return str(read_euros(text))
    except ValueError:
        return text.strip()


def from_cents(digits: str) -> str:
    """Return an amount of a record with fixed places, in cents."""
    return str(Decimal(int(digits)).scaleb(-2)) if digits.isdecimal() and digits.isascii() else digits


def whole(text: str) -> int | str:
    """Return a number of times: 2, "2,0" and "2.00" are 2."""
    plain = re.sub(r"[.,]0+$", "", text.strip())
    return int(plain) if plain.isdecimal() and plain.isascii() and len(plain) < 10 else plain


def flag(text: str) -> bool | str:
    """Return yes or no."""
    word = text.strip().lower()
    return True if word in _YES else False if word in _NO else word


def digits(text: str, length: int) -> str:
    """Return a code of digits with the zeros in front that a spreadsheet takes off."""
    plain = text.strip()
    return plain.zfill(length) if plain.isdecimal() and length - 2 <= len(plain) < length else plain


def phone(text: str) -> str:
    """Return a number with the zero in front that a spreadsheet takes off."""
    plain = text.strip()
    return f"0{plain}" if re.fullmatch("6[0-9]{8}", plain) else plain


def is_mobile(text: str) -> bool:
    """Tell whether a Dutch number is a mobile one; of a field that may hold any telephone."""
    return bool(re.fullmatch(r"(\+31|0031|0)6[0-9]{8}", re.sub(r"[\s().-]", "", text)))


def street_and_number(text: str) -> tuple[str, str]:
    """Return street and house number of one field; no number when there is none to see."""
    found = _STREET.fullmatch(text.strip())
    return (found[1].strip().rstrip(","), found[2].strip()) if found else (text.strip(), "")


def is_adult(born: str, *, on: str) -> bool:
    """Tell whether somebody born on one ISO day was 18 on another; true for what is no day."""
    try:
        first, day = date.fromisoformat(born), date.fromisoformat(on)
    except ValueError:
        return True
    return (day.year - first.year - ((day.month, day.day) < (first.month, first.day))) >= 18


def price_of(amount: str, quantity: int | str) -> dict[str, Any]:
    """Return quantity and price of a line of which the whole amount is known; once, when it can't be divided."""
    if not _AMOUNT.fullmatch(amount) or not isinstance(quantity, int) or quantity < 1:
        return {"unit_price": amount}
    each = Decimal(amount) / quantity
    if each != each.quantize(Decimal("0.01")):
        return {"unit_price": amount, "quantity": 1}
    return {"unit_price": str(each.quantize(Decimal("0.01"))), "quantity": quantity}


def described(code: str) -> str:
    """Return how a treatment is called of which only the code is known; in Dutch, as all descriptions are."""
    return f"Verrichting {code}"


def deceased() -> tuple[str, str]:
    """Return code and sentence for a patient who died: a letter as to anybody else would hurt, and reach nobody."""
    sentence = _("According to this file the patient has died. Hand this invoice in apart, after calling Zorgrekening.")
    return "patient-deceased", sentence


def credit_line() -> tuple[str, str]:
    """Return code and sentence for a treatment that is taken back: these standards don't name our invoice."""
    sentence = _(
        "This treatment is taken back. Lower or withdraw the earlier invoice on its own page, and leave this out."
    )
    return "credit-in-claim", sentence
