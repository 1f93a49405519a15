"""Forms of the front door, and the renderer that gives every field its label, help and error."""

import re
import unicodedata
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.forms.renderers import TemplatesSetting
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from stdnum import iban

from billing.invoices import REFERENCE_DIGITS, reference_is_valid

OTHER_PARTY_DIGITS = 14  # the length that several other billing companies use
_DIGIT_GROUPS = re.compile(r"\d(?:[\d .\-]*\d)?", re.ASCII)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_DUTCH_IBAN = re.compile(r"\bNL\d\d ?[A-Z]{4}")  # even with a typing mistake
_INVOICE_NUMBER = re.compile(r"\b20\d\d[-/]\d{2,8}\b|\b[A-Z]{1,4}[-.]?\d{3,12}\b")
_MOST_CHARACTERS = 1000

WRONG = {
    "required": _("Enter the payment reference. You find it on your invoice."),
    "iban": _(
        "This is a bank account number (IBAN)."
        " We need the payment reference: 16 digits, on your invoice or in our e-mail."
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


class PortalRenderer(TemplatesSetting):
    field_template_name = "django/forms/field.html"


def read_reference(text: str) -> str:
    """The 16 digits of a payment reference out of what somebody typed or pasted.

    Raises ValidationError with the sentence that helps most when there is none.
    """
    text = _plain(text)
    groups = ["".join(filter(str.isdigit, group)) for group in _DIGIT_GROUPS.findall(text)]
    whole = {group for group in groups if len(group) == REFERENCE_DIGITS}
    right = {group for group in whole if reference_is_valid(group)}
    if len(right) == 1:
        return right.pop()
    raise _explain(text, groups, whole, right)


def _explain(text: str, groups: list[str], whole: set[str], right: set[str]) -> ValidationError:
    count = max(map(len, groups), default=0)
    if right:
        code = "several"
    elif any(iban.is_valid(found, check_country=False) for found in _IBAN.findall(text)) or re.search(
        r"\bNL\d\d ?[A-Z]{4}", text
    ):
        code = "iban"
    elif whole:
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


def _plain(text: str) -> str:
    """`text` in capitals with ordinary digits, dashes and spaces, without invisible characters."""
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


class ReferenceField(forms.CharField):
    """One field for the payment reference, forgiving in how it is written."""

    def clean(self, value: Any) -> str:
        text = str(super().clean(value))
        return read_reference(text)


class LookupForm(forms.Form):
    reference = ReferenceField(
        label=_("Payment reference"),
        help_text=_("16 digits. You find them on your invoice and in our e-mail."),
        max_length=_MOST_CHARACTERS,
        error_messages={"required": WRONG["required"], "max_length": _("This is too long for a payment reference.")},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "spellcheck": "false"}),
    )

    def add_unknown(self) -> None:
        """The one answer for a reference that does not exist and for one that was withdrawn."""
        self.add_error("reference", ValidationError(WRONG["unknown"], code="unknown"))


class CodeField(forms.CharField):
    """The code out of an SMS: spaces and dashes don't matter, and neither does the rest of a pasted line."""

    def clean(self, value: Any) -> str:
        text = _plain(str(super().clean(value)))
        found = re.findall(rf"(?<!\d)\d(?:[ -]?\d){{{settings.CODE_DIGITS - 1}}}(?!\d)", text)
        codes = {re.sub(r"\D", "", code) for code in found}
        if len(codes) != 1:
            raise ValidationError(
                _("A code has %(count)d digits. Look at the newest SMS.") % {"count": settings.CODE_DIGITS},
                code="digits",
            )
        return codes.pop()


class CodeForm(forms.Form):
    code = CodeField(
        label=_("Code from the SMS"),
        max_length=_MOST_CHARACTERS,
        error_messages={"required": _("Enter the code that is in the SMS.")},
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "spellcheck": "false", "class": "code"}
        ),
    )

    def add_wrong(self) -> None:
        """The one answer for a code that is wrong, too old, used, or somebody else's."""
        sentence = _("This code is not right, or it is no longer valid. Look at the newest SMS, or ask for a new code.")
        self.add_error("code", ValidationError(sentence, code="wrong"))
