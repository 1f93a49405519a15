"""The form for a decision: an amount by one of three rules, and a reason."""

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.errors import Refused
from billing.money import ZERO
from coulance import amounts
from coulance.decisions import REASON_LETTERS
from coulance.models import PracticeRules
from coulance.pages.forms import WholeText

Rule = PracticeRules.Rule
MAX_SHOWN = Decimal("9999999.99")
_EURO = re.compile(r"(?P<whole>\d+|\d{1,3}([.,])\d{3}(\2\d{3})*)([.,](?P<cents>\d{1,2}))?")


class EuroInput(forms.CharField):
    """An amount as people type it: 365 · 365,5 · 1.234,50 · 1,234.50 · € 12,00."""

    default_error_messages = {"amount": _("Type an amount in euros, such as 365.00.")}
    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "data-euro": ""})

    def clean(self, value: Any) -> Any:
        """Return the amount as a Decimal, or None for an empty field."""
        text = re.sub(r"[\s€\u00a0]", "", super().clean(value))
        if not text:
            return None
        found = _EURO.fullmatch(text)
        if found is None:
            raise forms.ValidationError(self.default_error_messages["amount"], code="amount")
        amount = Decimal(f"{re.sub('[.,]', '', found['whole'])}.{(found['cents'] or '').ljust(2, '0')}")
        if amount > MAX_SHOWN:
            raise forms.ValidationError(self.default_error_messages["amount"], code="amount")
        return amount


class DecisionForm(forms.Form):
    """The fields of every action on a case. Which of them count depends on the action and the rule."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
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
    percentage = forms.IntegerField(
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
