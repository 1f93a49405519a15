"""The forms of a practice's settings: its details, its account, and what it chose in place of house rules."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing import rooms
from billing.house_rules import house_value, own_value
from billing.models import Provider
from billing.practices import providers
from billing.practices.choosing import in_words
from billing.rooms import Choice, Unit
from billing.submission.fields import PROVIDER

# What an approver changes alone, and what only operations do: it stands in the contract, or names the practice.
OWN_DETAILS = (
    "phone", "phone_hours", "contact_text", "email", "website", "street", "house_number", "postcode", "city",
    "kvk_number", "term_agreed_in", "neutral_name", "dispute_body", "dispute_body_url", "dispute_body_fee",
)  # fmt: skip
OF_CONTRACT = ("name", "creditor", "transfers_to", "vat_on_costs")
_HELP = {
    "phone_hours": gettext_lazy("Such as: Monday to Friday from 9 to 12."),
    "contact_text": gettext_lazy("One or two sentences beside your phone number. Nothing about one patient."),
    "term_agreed_in": gettext_lazy(
        "Only when patients signed for a fixed last day to pay: where that stands, such as “payment terms, article 4”."
    ),
    "neutral_name": gettext_lazy("What a collection agency reads, where your name alone says what the care was."),
    "dispute_body": gettext_lazy("The body for disputes that you joined (Wkkgz). An answer to a complaint names it."),
}
_LONG = ("contact_text",)


class DetailsForm(forms.Form):
    """Details of a practice, read by the same rules as a command."""

    def __init__(self, data: Any, *, practice: Provider, names: tuple[str, ...]) -> None:
        super().__init__(data, initial={name: _shown(practice, name) for name in names}, prefix="details")
        for name in names:
            self.fields[name] = _field(name)

    def clean(self) -> dict[str, Any]:
        """Report what is wrong at its field."""
        cleaned = super().clean() or {}
        texts = {name: value for name, value in cleaned.items() if isinstance(value, str)}
        for name, sentence in providers.read(texts, PROVIDER | providers.DETAILS)[1].items():
            self.add_error(name if name in self.fields else None, sentence)
        return cleaned


def _shown(practice: Provider, name: str) -> Any:
    value = getattr(practice, name)
    return value.as_national if name == "phone" and value else value


def _field(name: str) -> forms.Field:
    model_field: Any = Provider._meta.get_field(name)
    label, help_text = capfirst(model_field.verbose_name), _HELP.get(name, "")
    if model_field.choices:
        return forms.ChoiceField(label=label, choices=model_field.choices)
    if model_field.get_internal_type() == "BooleanField":
        return forms.BooleanField(label=label, required=False)
    widget = forms.Textarea(attrs={"rows": 2}) if name in _LONG else None
    return forms.CharField(label=label, required=providers.DETAILS[name].required, help_text=help_text, widget=widget)


class AccountForm(forms.Form):
    """Another account number, which a second person approves."""

    iban = forms.CharField(label=gettext_lazy("New IBAN"), max_length=42)

    def clean_iban(self) -> str:
        """Return it without spaces; refuse one that can't be right."""
        right, wrong = providers.read({"iban": self.cleaned_data["iban"]})
        if wrong:
            raise forms.ValidationError(wrong["iban"])
        iban: str = right["iban"]
        return iban


class RulesForm(forms.Form):
    """House rules in place of which the practice may choose its own values; empty is the rule of the house."""

    def __init__(self, data: Any, *, practice: Provider) -> None:
        choices = rooms.choices().values()
        shown = {choice.name: _typed(choice, own_value(practice, choice)) for choice in choices}
        super().__init__(data, initial=shown, prefix="rules")
        for choice in choices:
            unit = "decimal" if choice.unit == Unit.EUROS else "numeric"
            widget = forms.TextInput(attrs={"inputmode": unit, "class": "short"})
            label = capfirst(str(choice.label)) + (" (€)" if choice.unit == Unit.EUROS else "")
            help_text = f"{choice.help} {bounds(choice)}".strip()
            self.fields[choice.name] = forms.CharField(
                label=label, required=False, max_length=12, help_text=help_text, widget=widget
            )

    def groups(self) -> Iterator[tuple[str, list[forms.BoundField]]]:
        """Yield heading and fields, in the order in which the groups first occur."""
        choices = list(rooms.choices().values())
        order = list(dict.fromkeys(str(choice.group) for choice in choices))
        choices.sort(key=lambda choice: order.index(str(choice.group)))
        for heading, of_group in groupby(choices, key=lambda choice: str(choice.group)):
            yield heading, [self[choice.name] for choice in of_group]


def bounds(choice: Choice) -> str:
    """Say what counts when nothing is chosen, and between what one may choose."""
    house, least, most = (in_words(choice, value) for value in (house_value(choice), choice.least, choice.most))
    said = _("Empty: %(house)s. From %(least)s to %(most)s.") % {"house": house, "least": least, "most": most}
    return said + (" " + _("You can lower it. To raise it, call us.") if choice.guard else "")


def _typed(choice: Choice, value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.2f}".replace(".", ",") if choice.unit == Unit.EUROS else str(value)
