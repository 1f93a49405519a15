"""The form for a decision: an amount by one of three rules, and a reason."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.errors import Refused
from billing.money import ZERO, read_euros
from billing.text.fields import WholeText
from coulance import amounts
from coulance.decisions import REASON_LETTERS
from coulance.models import PracticeRules

Rule = PracticeRules.Rule
MAX_SHOWN = Decimal("9999999.99")


class EuroInput(forms.CharField):
    """An amount as people type it (see billing.money.read_euros)."""

    default_error_messages = {"amount": _("Type an amount in euros, such as 365.00.")}
    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "data-euro": ""})

    def clean(self, value: Any) -> Any:
        """Return the amount as a Decimal, or None for an empty field."""
        text = str(super().clean(value)).strip()
        if not text:
            return None
        try:
            amount = read_euros(text)
        except ValueError:
            raise forms.ValidationError(self.default_error_messages["amount"], code="amount") from None
        if amount > MAX_SHOWN:
            raise forms.ValidationError(self.default_error_messages["amount"], code="amount")
        return amount


class WholeNumber(forms.IntegerField):
    """A whole number in our own digits: Django would take those of every script."""

    def to_python(self, value: Any) -> int | None:
        """Return the number. Raises ValidationError for anything but the digits 0 to 9."""
        text = str(value or "").strip()
        if text and not (text.isascii() and text.isdigit()):
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(text)


class DecisionForm(forms.Form):
    """The fields of every action on a case. Which of them count depends on the action and the rule."""

    version = WholeNumber(widget=forms.HiddenInput, min_value=0)
    shown_due = EuroInput(required=False, widget=forms.HiddenInput)  # the amount that this person has seen
    rule = forms.ChoiceField(
        label=_("how to work out the amount"), choices=Rule, required=False, widget=forms.RadioSelect
    )
    paid_out = EuroInput(
        label=_("paid out by the insurer"),
        required=False,
        help_text=_("Before the insurer keeps anything back for debts of the patient."),
    )
    deductible = EuroInput(
        label=_("deductible (eigen risico)"),
        required=False,
        help_text=_("Is never waived: the patient pays it. Type 0 when the insurer took nothing off."),
    )
    own_contribution = EuroInput(
        label=_("own contribution"), required=False, help_text=_("Only a statutory one that the insurer took off.")
    )
    percentage = WholeNumber(
        label=_("percentage that is waived"),
        required=False,
        min_value=1,
        max_value=100,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    new_due = EuroInput(label=_("amount that the patient pays in total"), required=False)
    reason = WholeText(
        label=_("note for the patient"),
        required=False,
        max_length=REASON_LETTERS,
        strip=True,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The patient reads this on the page of the invoice, after a code by SMS. It is never in a mail."),
    )

    def outcome(self, share: Decimal) -> amounts.Outcome:
        """Return the amount by the chosen rule. Raises Refused with what is missing or impossible."""
        data = self.cleaned_data
        if data["rule"] == Rule.INSURER:
            return amounts.by_insurer(
                share,
                paid_out=_required(data["paid_out"]),
                deductible=_required(
                    data["deductible"], _("Fill in the deductible. Type 0 when the insurer took nothing off.")
                ),
                own_contribution=data["own_contribution"] or ZERO,
            )
        if data["rule"] == Rule.PERCENTAGE:
            return amounts.by_percentage(share, percentage=_required(data["percentage"]), deductible=data["deductible"])
        return amounts.by_hand(share, new_due=_required(data["new_due"]), deductible=data["deductible"])


def _required(value: Any, sentence: Any = None) -> Any:
    if value is None:
        raise Refused(str(sentence or _("Fill in an amount first.")))
    return value
