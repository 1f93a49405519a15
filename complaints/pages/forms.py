"""The forms of a complaint: four short pages, and a message in the file."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from billing.money import read_euros
from billing.text.addresses import is_one_address
from billing.text.fields import WholeText
from complaints.filing import LONGEST_STORY
from complaints.models import Complaint, Mandate

WISHES = (
    ("correct_amount", _("the right amount")),
    ("charges_off", _("the costs taken off")),
    ("explanation", _("an explanation")),
    ("apology", _("an apology")),
    ("other", _("something else")),
)
NEEDS = (
    ("large_print", _("letters in large print")),
    ("phone", _("call me, I do not read well")),
    ("interpreter", _("an interpreter")),
    ("more_time", _("more time to answer")),
)


_FILL_IN = _("Fill this in.")


def _text(limit: int, *, rows: int = 1, asked: Any = _FILL_IN, filled_by: str = "", **more: Any) -> forms.CharField:
    """Return a field of text; `filled_by` is what a browser may fill it in with (WCAG 1.3.5)."""
    attributes: dict[str, Any] = {"autocomplete": filled_by} if filled_by else {}
    too_long = _("This is too long: at most %(limit_value)d characters. Yours has %(show_value)d.")
    return WholeText(
        max_length=limit,
        widget=forms.Textarea(attrs=attributes | {"rows": rows}) if rows > 1 else forms.TextInput(attrs=attributes),
        error_messages={"required": asked, "max_length": too_long},
        **more,
    )


class SubjectForm(forms.Form):
    """What it is about."""

    subject = forms.ChoiceField(
        label=_("What is your complaint about?"),
        choices=Complaint.Subject.choices,
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose what it is about. If you are not sure, choose “something else”."),
            "invalid_choice": _("Choose what it is about."),
        },
    )


class StoryForm(forms.Form):
    """What happened, and what somebody wants."""

    story = _text(
        LONGEST_STORY, label=_("What happened?"), rows=8, asked=_("Tell us what happened. A few words are enough."),
        help_text=_("Write it in your own words. Please write no more about your treatment than needed."),
    )  # fmt: skip
    happened_on = _text(
        60, label=_("When was it? (not required)"), required=False, help_text=_("About when is fine: “last spring”.")
    )
    wishes = forms.MultipleChoiceField(
        label=_("What do you want? (not required)"), choices=WISHES, required=False, widget=forms.CheckboxSelectMultiple
    )
    disputed = forms.CharField(
        label=_("Which amount do you not agree with? (not required)"), required=False, max_length=20,
        help_text=_("For example 40,00. You may pay the rest already."),
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )  # fmt: skip

    def clean_disputed(self) -> str:
        """Return the amount in euros as text; empty without one."""
        text = self.cleaned_data["disputed"].strip()
        if not text:
            return ""
        try:
            amount = read_euros(text)
        except ValueError as error:
            raise ValidationError(_("Write an amount, for example 40,00.")) from error
        if amount is None or amount <= Decimal(0):
            raise ValidationError(_("Write an amount, for example 40,00."))
        return str(amount)


class WhoForm(forms.Form):
    """Who it is, and how to reach them: one way is enough."""

    name = _text(120, filled_by="name", label=_("Your name"), required=False)
    email = _text(254, filled_by="email", label=_("E-mail address"), required=False)
    phone = _text(30, filled_by="tel", label=_("Telephone number"), required=False)
    address = _text(200, filled_by="street-address", label=_("Address"), required=False, rows=2)
    date_of_birth = _text(20, filled_by="bday", label=_("Date of birth (not required)"), required=False)
    for_somebody = _text(
        120, label=_("Do you write for somebody else? For whom? (not required)"), required=False,
        help_text=_("We then ask that person, or you, for a written permission. The clock runs already."),
    )  # fmt: skip
    as_whom = forms.ChoiceField(
        label=_("Who are you to that person? (not required)"),
        required=False,
        choices=[("", "–"), *Mandate.Kind.choices],
    )
    needs = forms.MultipleChoiceField(
        label=_("What helps you? (not required)"), choices=NEEDS, required=False, widget=forms.CheckboxSelectMultiple
    )

    def clean_email(self) -> str:
        """Return the address. Raises ValidationError for one that can't be an address."""
        email = self.cleaned_data["email"].strip()
        if email and not is_one_address(email):
            raise ValidationError(_("This is not an e-mail address. Look for an @ and a point."))
        return email

    def clean(self) -> dict[str, Any]:
        """Ask for one way to answer."""
        found = super().clean() or {}
        if not self.errors and not any(found.get(way) for way in ("email", "phone", "address")):
            raise ValidationError(
                _("Tell us how we can reach you: an e-mail address, a telephone number or an address.")
            )
        return found


class WordsForm(forms.Form):
    """A message of the patient in a file."""

    text = _text(LONGEST_STORY, label=_("Your message"), rows=6, asked=_("Write something first."))
