"""Reading one value of what a practice submits: each function takes the JSON value and returns what the product uses.

Written by hand because a Django form per line would cost a millisecond per invoice. What can't be accepted raises
FieldError with a code for software and a translated sentence for people. It never repeats the value: errors end up in
logs and tickets, and the values are personal data.
"""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from phonenumbers import (
    SUPPORTED_REGIONS,
    NumberParseException,
    PhoneNumberFormat,
    format_number,
    parse,
)
from stdnum.exceptions import ValidationError as NotAPostcode
from stdnum.nl import postcode as dutch_postcode

from billing.channels.sms import is_personal_mobile
from billing.models.parties import Language
from billing.submission import birth_dates
from billing.text import characters
from billing.text.addresses import MAX_CHARACTERS, goes_nowhere, is_one_address

MAX_CENTS = 1_000_000_00  # of one price and of one invoice
MAX_QUANTITY = 999
LANGUAGES = tuple(Language.values)
RELATIONS = ("parent", "guardian", "administrator", "other")  # of whoever pays for a patient
# FDI: quadrant and position; 5 to 8 are the quadrants of milk teeth.
FDI_TEETH = frozenset(
    f"{quadrant}{position}" for quadrant in range(1, 9) for position in range(1, 9 if quadrant < 5 else 6)
)


class FieldError(Exception):
    """A value that can't be accepted: `code` is one of `error_codes.CODES`, `str()` a translated sentence."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def text(
    max_length: int, pattern: str = "", code: str = "", hint: Callable[[], str] | None = None
) -> Callable[[Any], str]:
    """Return a reader of text of at most `max_length` characters that must match `pattern`, else reports `hint`.

    The text is returned in one spelling: composed, without what nobody sees, with single spaces.
    """
    fits = re.compile(pattern).fullmatch if pattern else None

    def read(value: Any) -> str:
        seen = _seen_text(value)
        tidy = characters.one_spelling(seen)
        if not tidy:
            raise FieldError("missing", _("This is missing."))
        if fits and hint and not fits(tidy):
            raise FieldError(code, hint())
        if len(tidy) > max_length:
            raise FieldError("too-long", _("This text is too long: at most %d characters.") % max_length)
        return tidy

    return read


def key(max_length: int) -> Callable[[Any], str]:
    """Return a reader of a number by which something is found again: an invisible character in it is an error."""

    def read(value: Any) -> str:
        seen = _seen_text(value)
        if characters.has_invisible(seen):
            raise FieldError(
                "invisible-character",
                _("There is a character in this number that nobody sees. Type the number again, without it."),
            )
        number = characters.one_key(seen)
        if not characters.is_latin(number):
            raise FieldError(
                "other-script",
                _("There is a letter of another script in this number, which looks like one of ours. Type it again."),
            )
        if not number:
            raise FieldError("missing", _("This is missing."))
        if len(number) > max_length:
            raise FieldError("too-long", _("This text is too long: at most %d characters.") % max_length)
        return number

    return read


def _seen_text(value: Any) -> str:
    """Return the value when it is text without control characters in which there is something to see, or nothing."""
    if type(value) is not str:
        raise FieldError("not-text", _("This must be text, between quotation marks."))
    if characters.has_control(value):
        raise FieldError("control-character", _("There is an invisible control character in this text."))
    if not value.isascii() and not any(map(characters.is_seen, value)):
        raise FieldError("nothing-visible", _("There is nothing to see in this text."))
    return value


def passthrough(value: Any) -> Any:
    """Return the value unchanged: nested objects and lists are read elsewhere."""
    return value


def read_date(value: Any) -> date:
    if type(value) is str and (day := _date(value)):
        return day
    raise FieldError("date-invalid", _('Write a date that exists as year-month-day, such as "2026-11-02".'))


@lru_cache(maxsize=8192)
def _date(value: str) -> date | None:
    if len(value) != 10 or value[4] != "-" or value[7] != "-":
        return None  # fromisoformat also takes weeks and dates without hyphens
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def read_birth_date(value: Any) -> str:
    """Return a date of birth as text: "1980-02-29", or "1980-02-00" and "1980-00-00" when only that is known."""
    try:
        birth_dates.span(value if type(value) is str else "")
    except ValueError:
        sentence = _(
            'Write a date that exists as year-month-day, such as "1980-02-29". Write 00 for a month or day that you'
            ' don\'t know, such as "1960-00-00".'
        )
        raise FieldError("birth-date-invalid", sentence) from None
    return value


def read_cents(value: Any) -> int:
    """Return the cents of an amount in euros, which is text with a point: a JSON number might become a float."""
    if type(value) is not str:
        sentence = _('Write the amount as text between quotation marks, such as "28.51".')
        raise FieldError("amount-not-text", sentence)
    cents = _cents(value)
    if cents is None:
        raise _not_an_amount(value)
    if cents > MAX_CENTS:
        raise FieldError("amount-too-large", _("This amount is too large for one invoice."))
    return cents


_AMOUNT = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,2}))?")


@lru_cache(maxsize=8192)
def _cents(value: str) -> int | None:
    match = _AMOUNT.fullmatch(value)
    return int(match[1]) * 100 + int((match[2] or "").ljust(2, "0")) if match else None


def _not_an_amount(value: str) -> FieldError:
    if value.startswith(("-", "\u2212")) and _cents(value[1:]) is not None:
        return FieldError(
            "amount-negative",
            _(
                "An amount can't be negative. To take something off an invoice, hand in a credit note: credit_notes in"
                " the format invoice-batch/2."
            ),
        )
    if value.count(",") == 1 and _cents(value.replace(",", ".")) is not None:
        return FieldError("amount-comma", _('Write the amount with a point instead of a comma, such as "28.51".'))
    sentence = _('Write the amount as euros, a point and at most two digits, such as "28.51".')
    return FieldError("amount-invalid", sentence)


def read_quantity(value: Any) -> int:
    """Return a whole number; software that only knows decimals writes 1.0 for it."""
    whole = int(value) if type(value) is Decimal and value.is_finite() and abs(value) < 10**6 else value
    if type(whole) is not int or whole != value or not 1 <= whole <= MAX_QUANTITY:
        sentence = _("Write a whole number from 1 to %d, without quotation marks.") % MAX_QUANTITY
        raise FieldError("quantity-invalid", sentence)
    return whole


def read_flag(value: Any) -> bool:
    if type(value) is not bool:
        raise FieldError("flag-invalid", _("Write true or false, without quotation marks."))
    return value


def read_tooth(value: Any) -> str:
    tooth = str(value) if type(value) in (int, str) else ""
    if tooth not in FDI_TEETH:
        sentence = _("This is not a tooth number (FDI): 11 to 48, or 51 to 85 for milk teeth.")
        raise FieldError("tooth-invalid", sentence)
    return tooth


def read_language(value: Any) -> str:
    language = value.lower() if type(value) is str else ""
    if language not in LANGUAGES:
        raise FieldError("language-unknown", _("The language is one of nl, en, tr, ar, pl and uk."))
    return language


def read_relation(value: Any) -> str:
    if value not in RELATIONS:
        sentence = _('Say what the payer is to the patient: "parent", "guardian", "administrator" or "other".')
        raise FieldError("relation-unknown", sentence)
    return value


_email_text = text(MAX_CHARACTERS)


def read_email(value: Any) -> str:
    """Return one plain address. An invisible character in it is an error: it may be there to mislead."""
    email = _email_text(value)
    if characters.has_invisible(value):
        raise FieldError("invisible-character", _("There is a character in this e-mail address that nobody sees."))
    if not is_one_address(email):
        raise FieldError(
            "email-invalid",
            _(
                "This is not one e-mail address to which we can send. Before the @ only letters without accents, digits"
                " and plain signs are possible, and behind it a domain."
            ),
        )
    if goes_nowhere(email) and not settings.SANDBOX:
        raise FieldError("email-nowhere", _("No mail arrives at this domain: it is kept free for examples and tests."))
    local, _at, domain = email.rpartition("@")
    return f"{local}@{domain.lower()}"


# Asking the library about each number costs more than storing the invoice, so the ordinary ones are matched first.
_DUTCH_MOBILE = re.compile(r"\+316[1-58][0-9]{7}", re.ASCII)
_mobile_text = text(40)


def read_mobile(value: Any) -> str:
    """Return the number as E.164, exact to the leading zero; a number without a country code is Dutch."""
    mobile = _mobile_text(value)
    if _DUTCH_MOBILE.fullmatch(mobile) and mobile.isascii():
        return mobile
    try:
        number = parse(mobile, "NL")
    except NumberParseException:
        number = None
    if number is None or not is_personal_mobile(number):
        raise FieldError("mobile-invalid", _('This is not a mobile number. Write it as "+31612345678".'))
    return format_number(number, PhoneNumberFormat.E164)


@lru_cache(maxsize=8192)
def read_dutch_postcode(value: str) -> str:
    """Return the postcode as `1234 AB`, however it was spaced; in our own digits."""
    try:
        if not value.isascii():
            raise NotAPostcode
        return dutch_postcode.validate(value)
    except NotAPostcode:
        raise FieldError("postcode-invalid", _('This is not a Dutch postcode. Write it as "1234 AB".')) from None


def read_country(value: Any) -> str:
    """Return an ISO 3166 country code; the list is that of phonenumbers: every country with telephones."""
    country = _seen_text(value).strip().upper()
    if not re.fullmatch("[A-Z]{2}", country):
        sentence = _('Write the country as its two capitals (ISO 3166), such as "NL" for the Netherlands.')
        raise FieldError("country-unknown", sentence)
    if country not in SUPPORTED_REGIONS:
        sentence = _('We don\'t know this country. Write its two capitals (ISO 3166), such as "NL".')
        raise FieldError("country-unknown", sentence)
    return country


read_agb = text(8, r"(?!0{8})[0-9]{8}", "agb-invalid", lambda: _("An AGB code has 8 digits, not only zeros."))
read_uzovi = text(4, r"(?!0{4})[0-9]{4}", "uzovi-invalid", lambda: _("A UZOVI code has 4 digits, not only zeros."))
read_treatment_code = text(
    12,
    r"[0-9A-Za-z.*-]+",
    "treatment-code-invalid",
    lambda: _("A treatment code has only letters and digits, at most 12."),
)
read_insured_number = text(
    20,
    r"[0-9A-Za-z .-]+",
    "insured-number-invalid",
    lambda: _("An insured number has only letters and digits, at most 20."),
)
