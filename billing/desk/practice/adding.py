"""Operations add a practice in the browser: a second person approves its AGB code and its IBAN."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from billing import audit
from billing.desk.practice.forms import DetailsForm
from billing.errors import Refused
from billing.models import Provider
from billing.practices import identity

NAMES = (
    "name", "phone", "email", "website", "street", "house_number", "postcode", "city", "kvk_number", "iban", "creditor",
    "transfers_to",
)  # fmt: skip


class NewPracticeForm(DetailsForm):
    """All that a new practice needs; the AGB code first."""

    def __init__(self, data: Any) -> None:
        super().__init__(data, practice=Provider(), names=NAMES)
        self.fields = {"agb_code": forms.CharField(label=_("AGB code"), max_length=8), **self.fields}


@never_cache
def show(request: HttpRequest) -> HttpResponse:
    """Show the form; POST adds the practice, which waits for a second person."""
    if request.method not in ("GET", "HEAD", "POST"):
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
    form = NewPracticeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        details = {name: form.cleaned_data[name] for name in NAMES if form.cleaned_data[name]}
        try:
            practice = identity.add(form.cleaned_data["agb_code"], details, by=audit.name_of(request.user))
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("The practice is added. Somebody else approves its AGB code and its IBAN."))
            return HttpResponseRedirect(reverse("admin:first_day_of", args=[practice.pk]), status=303)
    context = {**admin.site.each_context(request), "title": _("New practice"), "form": form}
    return render(request, "admin/practice/new.html", context, status=422 if form.errors else 200)
