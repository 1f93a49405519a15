"""The page on which staff say who pays for a patient."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from billing import audit
from billing.desk.people.forms import ContactForm
from billing.errors import Refused
from billing.models import AccessEvent, Patient, Payer, Staff
from billing.patients import payer
from billing.patients.contact import Wrong
from billing.privacy import access_log
from billing.rooms import DeskPage
from billing.tenancy import visible_to

_DATA = "patient page"
_PATIENT = ""  # the relation of somebody who pays for themselves


def pages() -> tuple[DeskPage, ...]:
    """Return the address under /beheer/, for whoever may say who pays."""
    return (
        DeskPage("patient/<int:object_id>/betaler/", show, "billing_patient_payer", frozenset(Staff.Role), act="payer"),
    )


class PayerForm(ContactForm):
    """Who pays, and how to reach them."""

    relation = forms.ChoiceField(
        label=gettext_lazy("who pays"),
        required=False,
        choices=[(_PATIENT, gettext_lazy("the patient")), *((one.value, one.label) for one in payer.RELATIONS)],
    )
    name = forms.CharField(
        label=gettext_lazy("name of who pays"),
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    mobile = None  # type: ignore[assignment]  # codes by SMS are the patient's alone
    field_order = ("relation", "name")

    def typed(self) -> Mapping[str, str] | None:
        """Return who pays as the rule takes it: None for the patient."""
        return dict(self.cleaned_data) if self.cleaned_data["relation"] != _PATIENT else None


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, object_id: int) -> HttpResponse:
    """Show who pays for a patient and what a change does, and change it."""
    rows = Patient.objects.select_related("provider").exclude(sealed_identity=b"").filter(pk=object_id)
    patient = visible_to(request.user, rows, provider_path="provider").first()
    if patient is None:
        _record_refusal(request, object_id)
        raise Http404
    access_log.record_staff(request, AccessEvent.Act.READ, invoice=None, patient=patient, data=_DATA)
    form = PayerForm(request.POST or None, initial=_now(patient))
    refusal = ""
    if form.is_valid():
        try:
            changed = payer.change(patient, form.typed(), by=audit.name_of(request.user))
        except Wrong as wrong:
            form.add_errors(wrong.errors)
        except Refused as refused:
            refusal = str(refused)
        else:
            return _changed(request, patient, changed)
    context = {
        **admin.site.each_context(request),
        "title": _("Who pays for %(name)s") % {"name": patient.full_name},
        "patient": patient,
        "form": form,
        "refusal": refusal,
        "open": len(payer.open_invoices(patient)),
    }
    return render(request, "admin/payer.html", context, status=422 if form.is_bound else 200)


def _now(patient: Patient) -> dict[str, Any]:
    row = Payer.objects.filter(patient=patient).first()
    return {name: getattr(row, name) for name in Payer.FIELDS} if row else {"relation": _PATIENT, "country": "NL"}


def _changed(request: HttpRequest, patient: Patient, changed: bool) -> HttpResponse:
    if changed:
        messages.success(
            request, _("Changed. We tell it at the address that we had, and mail the link to who pays now.")
        )
    else:
        messages.info(request, _("Nothing was changed. A parent never pays for somebody who is of age."))
    return HttpResponseRedirect(reverse("admin:billing_patient_change", args=[patient.pk]), status=303)


def _record_refusal(request: HttpRequest, object_id: int) -> None:
    """Write that somebody asked for a patient who is there and not theirs."""
    row = Patient.objects.filter(pk=object_id).select_related("provider").first()
    if row is not None:
        refused = AccessEvent.Outcome.REFUSED
        access_log.record_staff(request, AccessEvent.Act.READ, invoice=None, patient=row, data=_DATA, outcome=refused)
