"""The payment reference as people type or paste it, and the sentence that helps when it is none."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from stdnum import iban, iso11649

from billing.invoices.references import REFERENCE_DIGITS, reference_is_valid
from billing.text.characters import as_typed
from billing.text.fields import PastedField

OTHER_PARTY_DIGITS = 14  # the length that several other billing companies use
_DIGIT_GROUPS = re.compile(r"[0-9](?:[0-9\W_]*[0-9])?")  # digits with anything but letters between them
_ROWS_OF_FOUR = re.compile(r"(?<![^\s(:;,])[0-9]{4}(?:\s+[0-9]{4})+(?![^\s.,;:)])")
_LOOKS_LIKE_DIGITS = str.maketrans("OIL", "011")
_MEANT_AS_DIGITS = re.compile(r"[OIL\W_]*[0-9][0-9OIL\W_]*")
_RF = re.compile(r"\bRF\d\d(?: ?[A-Z0-9]{1,4}){1,6}\b")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_DUTCH_IBAN = re.compile(r"\bNL\d\d ?[A-Z]{4}")  # even with a typing mistake
_INVOICE_NUMBER = re.compile(r"\b20\d\d[-/]\d{2,8}\b|\b[A-Z]{1,4}[-.]?\d{3,12}\b")
MAX_CHARACTERS = 1000

WRONG = {
    "required": _("Enter the payment reference. You find it on your invoice."),
    "iban": _(
        "This is a bank account number (IBAN)."
        " We need the payment reference: 16 digits, on your invoice or in our e-mail."
    ),
    "rf": _(
        "This is a European payment reference (RF). Ours are different: 16 digits and no letters."
        " Look who sent you the invoice, and pay there."
    ),
    "other_party": _(
        "This looks like a payment reference of another company: it has 14 digits, ours have 16."
        " Look who sent you the invoice, and pay there."
    ),
    "invoice_number": _(
        "This looks like an invoice number. We need the payment reference: 16 digits, on the same invoice."
    ),
    "no_digits": _("A payment reference has only digits: 16 of them."),
    "several": _("We see more than one payment reference. Enter one at a time."),
    "mistyped": _("There is a typing mistake in this payment reference. Compare it with your invoice, digit by digit."),
    "unknown": _(
        "We don't know this payment reference. Check that the invoice comes from us."
        " If it does, call the care provider on the invoice."
    ),
}
_LENGTH = {
    "too_few": ngettext_lazy(
        "A payment reference has 16 digits. You entered %(count)d digit: some are missing.",
        "A payment reference has 16 digits. You entered %(count)d digits: some are missing.",
        "count",
    ),
    "too_many": ngettext_lazy(
        "A payment reference has 16 digits. You entered %(count)d digit: that is too many.",
        "A payment reference has 16 digits. You entered %(count)d digits: that is too many.",
        "count",
    ),
}


def read_reference(text: str) -> str:
    """The 16 digits of a payment reference out of what somebody typed or pasted.

    Raises ValidationError with the sentence that helps most when there is none.
    """
    text = as_typed(text)
    own = _without_numbers_of_others(text)
    right = _right(_runs(own))
    if not right:
        own = " ".join(map(_letters_as_digits, own.split()))
        right = _right(_runs(own))
    if len(right) == 1:
        return right.pop()
    raise _explain(text, own, right)


def _runs(text: str) -> set[str]:
    """Every row of 16 digits that `text` may mean as one number, made of whole pieces.

    One word, or four words of four digits, is how a reference is written. Only without such a row we try all pieces
    that stand beside each other: part of a date before or after would give a right check digit one time in ten.
    """
    words = ["".join(filter(str.isdigit, word)) if _no_letters(word) else "" for word in text.split()]
    neat = {word for word in words if len(word) == REFERENCE_DIGITS}
    for row in map(str.split, _ROWS_OF_FOUR.findall(text)):
        step = 1 if len(row) % 4 else 4  # two references beside each other are no third one
        neat |= {"".join(row[place : place + 4]) for place in range(0, len(row) - 3, step)}
    if neat:
        return neat
    return {run for group in _DIGIT_GROUPS.findall(text) for run in _joined(re.findall(r"[0-9]+", group))}


def _joined(pieces: list[str]) -> set[str]:
    found = set()
    for first in range(len(pieces)):
        run = ""
        for piece in pieces[first:]:
            run += piece
            if len(run) >= REFERENCE_DIGITS:
                break
        if len(run) == REFERENCE_DIGITS:
            found.add(run)
    return found


def _right(runs: set[str]) -> set[str]:
    return {run for run in runs if reference_is_valid(run)}


def _no_letters(word: str) -> bool:
    return not any(map(str.isalpha, word))


def _letters_as_digits(word: str) -> str:
    """O typed for zero, I or l for one, in a word that is digits otherwise."""
    return word.translate(_LOOKS_LIKE_DIGITS) if _MEANT_AS_DIGITS.fullmatch(word) else word


def _without_numbers_of_others(text: str) -> str:
    """`text` without right IBANs and RF references: digits out of their middle mean nothing."""
    text = _IBAN.sub(lambda found: "X" if iban.is_valid(found[0], check_country=False) else found[0], text)
    return _RF.sub(lambda found: "X" if iso11649.is_valid(found[0]) else found[0], text)


def _explain(text: str, own: str, right: set[str]) -> ValidationError:
    groups = ["".join(filter(str.isdigit, group)) for group in _DIGIT_GROUPS.findall(own)]
    count = max(map(len, groups), default=0)
    if right:
        code = "several"
    elif any(iban.is_valid(found, check_country=False) for found in _IBAN.findall(text)) or _DUTCH_IBAN.search(text):
        code = "iban"
    elif any(map(iso11649.is_valid, _RF.findall(text))):
        code = "rf"
    elif _runs(own):
        code = "mistyped"
    elif any(len(group) == OTHER_PARTY_DIGITS for group in groups):
        code = "other_party"
    elif not count:
        code = "no_digits"
    elif count < OTHER_PARTY_DIGITS and _INVOICE_NUMBER.search(text):
        code = "invoice_number"
    else:
        code = "too_few" if count < REFERENCE_DIGITS else "too_many"
        return ValidationError(_LENGTH[code] % {"count": count}, code=code)
    return ValidationError(WRONG[code], code=code)


class ReferenceField(PastedField):
    """One field for the payment reference, forgiving in how it is written."""

    def clean(self, value: Any) -> str:
        text = str(super().clean(value))
        return read_reference(text)


class LookupForm(forms.Form):
    reference = ReferenceField(
        label=_("Payment reference"),
        help_text=_("16 digits. You find them on your invoice and in our e-mail."),
        max_length=MAX_CHARACTERS,
        error_messages={"required": WRONG["required"], "max_length": _("This is too long for a payment reference.")},
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "off", "spellcheck": "false", "dir": "ltr"}
        ),
    )

    def add_unknown(self) -> None:
        """The one answer for a reference that does not exist and for one that was withdrawn."""
        self.add_error("reference", ValidationError(WRONG["unknown"], code="unknown"))
