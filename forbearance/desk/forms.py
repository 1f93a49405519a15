"""The form by which staff report that a patient must be spared or represented."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.models import Invoice
from billing.tenancy import visible_to
from forbearance.models import Forbearance
from forbearance.reports import REPORTED, Said

LONGEST_WHY = 1000


def _day(**more: Any) -> forms.DateField:
    return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **more)


class ReportForm(forms.Form):
    """What staff know, of the patient of one invoice."""

    reference = forms.CharField(
        label=_("payment reference of an invoice of the patient"),
        max_length=30,
        help_text=_("It counts for all invoices of this patient, also those to come."),
    )
    kind = forms.ChoiceField(label=_("what it is"), choices=[(kind, Forbearance.Kind(kind).label) for kind in REPORTED])
    since = _day(
        label=_("since which day"),
        help_text=_("Of the death, of the court order, or of the letter of the debt counsellor."),
    )
    until = _day(label=_("until which day"), required=False, help_text=_("Only of a moratorium, when you know it."))
    why = forms.CharField(
        label=_("how you know it"),
        max_length=LONGEST_WHY,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Who told you, and what you saw. No more than is needed."),
    )
    name = forms.CharField(
        label=_("name of who speaks for the patient, or helps"), required=False, max_length=100,
        help_text=_("An administrator, a parent, an heir, or a debt counsellor."),
    )  # fmt: skip
    email = forms.EmailField(
        label=_("their e-mail"), required=False,
        help_text=_("Letters go there, and no longer to the patient. A debt counsellor gets answers only."),
    )  # fmt: skip
    their_reference = forms.CharField(label=_("their own reference"), required=False, max_length=60)

    def __init__(self, *args: Any, staff: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.staff = staff

    def clean_reference(self) -> Invoice:
        """Return the invoice of the reference. Raises ValidationError when this person may see none."""
        rows = visible_to(self.staff, Invoice.objects.filter(erased_at=None), provider_path="provider")
        invoice = rows.filter(payment_reference=re.sub(r"\D", "", self.cleaned_data["reference"])).first()
        if invoice is None:
            raise ValidationError(gettext("No invoice has this payment reference."))
        return invoice

    def said(self) -> Said:
        """Return what was filled in."""
        given = self.cleaned_data
        names = ("kind", "since", "why", "name", "email", "until")
        return Said(**{name: given[name] for name in names}, reference=given["their_reference"])
