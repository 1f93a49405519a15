"""The fields of an invoice as a practice submits it: one table per object, one small function per kind of field.

Written by hand because a Django form per line would cost a millisecond per invoice. A reader takes the JSON value and
returns what the product works with, or raises FieldError with a translated sentence. It never repeats the value: errors
end up in logs and tickets, and the values are personal data.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from phonenumbers import (
    SUPPORTED_REGIONS,
    NumberParseException,
    PhoneMetadata,
    PhoneNumberType,
    is_valid_number,
    number_type,
    parse,
)
from stdnum.exceptions import ValidationError as NotAPostcode
from stdnum.nl import postcode as dutch_postcode

MAX_CENTS = 1_000_000_00  # of one price and of one invoice
MAX_QUANTITY = 999
LANGUAGES = ("nl", "en")
# FDI: quadrant and position; 5 to 8 are the quadrants of milk teeth.
FDI_TEETH = frozenset(
    f"{quadrant}{position}" for quadrant in range(1, 9) for position in range(1, 9 if quadrant < 5 else 6)
)


# Blank characters that Unicode classifies as letters or symbols: the Hangul fillers and the blank Braille pattern.
_BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")


class FieldError(Exception):
    """A value that can't be accepted; `str()` is a translated sentence."""


class Field(NamedTuple):
    read: Callable[[Any], Any]
    required: bool = False
    default: Any = ""


Shape = dict[str, Field]


def printable(key: str) -> str:
    """Return a key in a form that is safe in a path: short, on one line, without control characters."""
    return "".join(letter if letter.isprintable() else "?" for letter in key[:40])


def read_object(value: Any, shape: Shape, path: str, report: Callable[[str, str], None]) -> dict[str, Any]:
    """Return the fields of `shape` from a JSON object; a field that is absent or null gets its default.

    Every error goes to `report`; the field is then missing from the result.
    """
    if type(value) is not dict:
        report(path, _("This must be an object, between { and }.") if value is not None else _("This is missing."))
        return {}
    prefix = f"{path}." if path else ""
    if not value.keys() <= shape.keys():
        for key in value.keys() - shape.keys():
            report(prefix + printable(key), _("This field is not part of the format."))
    fields = {}
    for key, field in shape.items():
        raw = value.get(key)
        if raw is None or (raw == "" and not field.required):
            if field.required:
                report(prefix + key, _("This is missing."))
            else:
                fields[key] = field.default
            continue
        try:
            fields[key] = field.read(raw)
        except FieldError as error:
            report(prefix + key, str(error))
    return fields


def text(max_length: int, pattern: str = "", hint: Callable[[], str] | None = None) -> Callable[[Any], str]:
    """Return a reader of text of at most `max_length` characters that must match `pattern`, or else reports `hint`."""
    fits = re.compile(pattern).fullmatch if pattern else None

    def read(value: Any) -> str:
        if type(value) is not str:
            raise FieldError(_("This must be text, between quotation marks."))
        if not value.isprintable() and any(_is_control(letter) for letter in value):
            raise FieldError(_("There is an invisible control character in this text."))
        value = value.strip()
        if not value:
            raise FieldError(_("This is missing."))
        if not value.isascii() and not any(map(_is_seen, value)):
            raise FieldError(_("There is nothing to see in this text."))
        if len(value) > max_length:
            raise FieldError(_("This text is too long: at most %d characters.") % max_length)
        if fits and hint and not fits(value):
            raise FieldError(hint())
        return value

    return read


def _is_seen(letter: str) -> bool:
    """Tell whether a character is visible by itself: no joiner, filler, or accent without a letter."""
    return unicodedata.category(letter)[0] in "LNPS" and letter not in _BLANK_LETTERS


def _is_control(letter: str) -> bool:
    """Tell whether a character controls a terminal or the direction of writing instead of being visible."""
    if unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp"):
        return True
    return unicodedata.bidirectional(letter) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


def passthrough(value: Any) -> Any:
    """Return the value unchanged: nested objects and lists are read elsewhere."""
    return value


def read_date(value: Any) -> date:
    if type(value) is str and (day := _date(value)):
        return day
    raise FieldError(_('Write a date that exists as year-month-day, such as "2026-11-02".'))


@lru_cache(maxsize=8192)
def _date(value: str) -> date | None:
    if len(value) != 10 or value[4] != "-" or value[7] != "-":
        return None  # fromisoformat also takes weeks and dates without hyphens
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def read_cents(value: Any) -> int:
    """Return the cents of an amount in euros, which is text with a point: a JSON number might become a float."""
    if type(value) is not str:
        raise FieldError(_('Write the amount as text between quotation marks, such as "28.51".'))
    cents = _cents(value)
    if cents is None:
        raise FieldError(_('Write the amount as euros, a point and at most two digits, such as "28.51".'))
    if cents > MAX_CENTS:
        raise FieldError(_("This amount is too large for one invoice."))
    return cents


_AMOUNT = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,2}))?")


@lru_cache(maxsize=8192)
def _cents(value: str) -> int | None:
    match = _AMOUNT.fullmatch(value)
    return int(match[1]) * 100 + int((match[2] or "").ljust(2, "0")) if match else None


def read_quantity(value: Any) -> int:
    if type(value) is not int or not 1 <= value <= MAX_QUANTITY:
        raise FieldError(_("Write a whole number from 1 to %d, without quotation marks.") % MAX_QUANTITY)
    return value


def read_flag(value: Any) -> bool:
    if type(value) is not bool:
        raise FieldError(_("Write true or false, without quotation marks."))
    return value


def read_tooth(value: Any) -> str:
    tooth = str(value) if type(value) in (int, str) else ""
    if tooth not in FDI_TEETH:
        raise FieldError(_("This is not a tooth number (FDI): 11 to 48, or 51 to 85 for milk teeth."))
    return tooth


def read_language(value: Any) -> str:
    if value not in LANGUAGES:
        raise FieldError(_('The language is "nl" or "en".'))
    return value


_email_text = text(254)


def read_email(value: Any) -> str:
    email = _email_text(value)
    name, _at, domain = email.rpartition("@")
    if not validate_email.user_regex.match(name) or not _takes_mail(domain):
        raise FieldError(_("This is not one e-mail address."))
    return email


@lru_cache(maxsize=4096)
def _takes_mail(domain: str) -> bool:
    """Tell whether Django accepts an address at this domain; cached, because a practice sees few domains."""
    try:
        validate_email(f"a@{domain}")
    except ValidationError:
        return False
    return True


# The pattern of Dutch mobile numbers comes from the numbering plan inside phonenumbers; compiled once, because asking
# the library about each number costs more than storing the invoice.
_plan: Any = PhoneMetadata.metadata_for_region("NL")
_DUTCH_MOBILE = re.compile(rf"\+31(?:{_plan.mobile.national_number_pattern})")
_mobile_text = text(40)


def read_mobile(value: Any) -> str:
    """Return the number as E.164; a number without a country code is Dutch."""
    mobile = _mobile_text(value)
    if _DUTCH_MOBILE.fullmatch(mobile) and mobile.isascii():
        return mobile
    try:
        number = parse(mobile, "NL")
    except NumberParseException:
        number = None
    can_receive_sms = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
    if number is None or number.extension or not is_valid_number(number) or number_type(number) not in can_receive_sms:
        raise FieldError(_('This is not a mobile number. Write it as "+31612345678".'))
    return f"+{number.country_code}{number.national_number}"


@lru_cache(maxsize=8192)
def read_dutch_postcode(value: str) -> str:
    """Return the postcode as `1234 AB`, however it was spaced."""
    try:
        return dutch_postcode.validate(value)
    except NotAPostcode:
        raise FieldError(_('This is not a Dutch postcode. Write it as "1234 AB".')) from None


_capitals = text(2, r"[A-Z]{2}", lambda: _('Write the country as two capitals, such as "NL".'))


def read_country(value: Any) -> str:
    """Return an ISO 3166 country code; the list is that of phonenumbers: every country with telephones."""
    country = _capitals(value)
    if country not in SUPPORTED_REGIONS:
        raise FieldError(_('We don\'t know this country. Write its two capitals (ISO 3166), such as "NL".'))
    return country


_agb = text(8, r"(?!0{8})[0-9]{8}", lambda: _("An AGB code has 8 digits, not only zeros."))
_uzovi = text(4, r"(?!0{4})[0-9]{4}", lambda: _("A UZOVI code has 4 digits, not only zeros."))
_number = text(40)

PROVIDER: Shape = {"agb_code": Field(_agb, True)}
INVOICE: Shape = {
    "number": Field(_number, True),
    "issued_on": Field(read_date, True),
    "due_on": Field(read_date, default=None),
    "patient": Field(passthrough, True),
    "insurer_paid": Field(read_cents, default=0),
    "lines": Field(passthrough, True),
}
PATIENT: Shape = {
    "number": Field(_number, True),
    "initials": Field(text(20)),
    "infix": Field(text(20)),
    "surname": Field(text(80), True),
    "date_of_birth": Field(read_date, True),
    "email": Field(read_email),
    "mobile": Field(read_mobile),
    "language": Field(read_language, default="nl"),
    "address": Field(passthrough, True),
    "insurer_uzovi": Field(_uzovi),
    "insured_number": Field(text(20, r"[0-9A-Za-z .-]+", lambda: _("An insured number has only letters and digits."))),
}
ADDRESS: Shape = {
    "street": Field(text(80), True),
    "house_number": Field(text(10), True),
    "postcode": Field(text(10)),
    "city": Field(text(60), True),
    "country": Field(read_country, default="NL"),
}
LINE: Shape = {
    "performed_on": Field(read_date, True),
    "code": Field(text(12, r"[0-9A-Za-z.*-]+", lambda: _("A treatment code has only letters and digits.")), True),
    "description": Field(text(200), True),
    "tooth": Field(read_tooth, default=None),
    "quantity": Field(read_quantity, default=1),
    "unit_price": Field(read_cents, True),
    "practitioner_agb": Field(_agb, True),
}
