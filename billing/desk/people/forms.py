"""The form by which staff correct how a patient is reached."""

from collections.abc import Mapping

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.models.parties import Language


def _line(label: object, limit: int, *, required: bool = False, **attributes: str) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": "off", **attributes})
    return forms.CharField(label=label, max_length=limit, required=required, widget=widget)  # type: ignore[arg-type]


class ContactForm(forms.Form):
    """What was typed; the rule judges it, by the same rules as what a practice hands in."""

    email = _line(_("e-mail"), 254, inputmode="email")
    mobile = _line(_("mobile number"), 40, inputmode="tel")
    language = forms.ChoiceField(label=_("language"), choices=Language.choices)
    street = _line(_("street"), 80)
    house_number = _line(_("house number"), 10)
    postcode = _line(_("postcode"), 10)
    city = _line(_("city"), 60)
    country = _line(_("country (two capitals)"), 2)

    def add_errors(self, errors: Mapping[str, str]) -> None:
        """Show each sentence at its field; one about no field of this form stands above all of them."""
        for name, sentence in errors.items():
            self.add_error(name if name in self.fields else None, sentence)
