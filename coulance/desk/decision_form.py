"""The form for a decision: an amount by one of three rules, and a reason."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.errors import Refused
from billing.money import ZERO, read_euros
from billing.text.fields import WholeText
from coulance import amounts
from coulance.decisions import REASON_LETTERS
from coulance.models import NoteTemplate, PracticeRules

Rule = PracticeRules.Rule
NO_TEXT = "-"
MAX_SHOWN = Decimal("9999999.99")


class EuroInput(forms.CharField):
    """An amount as people type it (see billing.money.read_euros)."""

    default_error_messages = {"too_large": _("This amount is too large.")}
    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "data-euro": ""})

    def clean(self, value: Any) -> Any:
        """Return the amount as a Decimal, or None for an empty field."""
        text = str(super().clean(value)).strip()
        if not text:
            return None
        try:
            amount = read_euros(text)
        except ValueError as error:
            raise forms.ValidationError(str(error), code="amount") from None
        if amount > MAX_SHOWN:
            raise forms.ValidationError(self.default_error_messages["too_large"], code="amount")
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
    template = forms.ChoiceField(label=_("text of your practice"), required=False)
    reason = WholeText(
        label=_("note for the patient"),
        required=False,
        max_length=REASON_LETTERS,
        strip=True,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Read on the page of the invoice, after a code by SMS, and never in a mail. Needed to refuse."),
    )

    def __init__(self, *args: Any, templates: Iterable[NoteTemplate] = (), **kwargs: Any) -> None:
        """Offer the `templates` of the practice; one that is the default goes along with an approval by itself."""
        super().__init__(*args, **kwargs)
        self.templates = list(templates)
        if not self.templates:
            del self.fields["template"]
            return
        default = next((row for row in self.templates if row.is_default), None)
        first = _("your usual text: %(name)s") % {"name": default.name} if default else _("no text")
        choices: list[Any] = [("", first)]
        for purpose, label in NoteTemplate.For.choices:
            rows = [(str(row.pk), row.name) for row in self.templates if row.purpose == purpose]
            choices += [(label, rows)] if rows else []
        field: Any = self.fields["template"]
        field.choices = [*choices, *([(NO_TEXT, _("no text"))] if default else [])]

    def note_for(self, act: str) -> str:
        """Return what the patient reads about `act`: what was typed, else the text that was chosen, else the default.

        Raises Refused for a text of the practice that is meant for another decision.
        """
        typed, chosen = self.cleaned_data["reason"], self.cleaned_data.get("template", "")
        if typed or chosen == NO_TEXT:
            return str(typed)
        lowers = act in ("approve", "correct")
        for row in self.templates:
            if str(row.pk) == chosen and row.purpose != ("adjust" if lowers else act):
                raise Refused(gettext("That text is for another decision. Choose one for this, or write it yourself."))
            if str(row.pk) == chosen or (not chosen and row.is_default and act == "approve"):
                return row.text
        return ""

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
