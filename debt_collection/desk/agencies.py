"""The agencies at /beheer/incasso/bureaus/: what operations read in the register, and when."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from phonenumber_field.formfields import PhoneNumberField

from billing import audit
from billing.errors import Refused, Stale
from billing.practices.providers import read_iban
from billing.submission.values import FieldError
from billing.text import posted
from debt_collection import accounts, agencies
from debt_collection.models import Agency


class AgencyForm(forms.Form):
    """What somebody read in the register today."""

    key = forms.SlugField(
        label=gettext_lazy("short name"),
        max_length=30,
        help_text=gettext_lazy("Small letters and dashes. It is the name in files."),
    )
    name = forms.CharField(label=gettext_lazy("name"), max_length=120)
    registration_number = forms.CharField(label=gettext_lazy("registration number (Wki)"), max_length=30)
    registered_until = forms.DateField(
        label=gettext_lazy("registered until"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    dispute_body = forms.CharField(label=gettext_lazy("dispute body"), max_length=120)
    dispute_body_url = forms.URLField(
        label=gettext_lazy("website of the dispute body"), required=False, assume_scheme="https"
    )
    iban = forms.CharField(label=gettext_lazy("IBAN"), max_length=42)
    phone = PhoneNumberField(label=gettext_lazy("phone"))
    email = forms.EmailField(label=gettext_lazy("e-mail for complaints"))
    is_active = forms.BooleanField(label=gettext_lazy("may get new claims"), required=False, initial=True)
    looked_up = forms.BooleanField(label=gettext_lazy("I looked it up in the register today"))

    def clean_iban(self) -> str:
        """Return it without spaces. Raises ValidationError."""
        try:
            return read_iban(self.cleaned_data["iban"])
        except FieldError as error:
            raise ValidationError(str(error)) from None

    def details(self) -> agencies.Details:
        """Return what was read."""
        given = dict(self.cleaned_data)
        for name in ("key", "looked_up"):
            del given[name]
        return agencies.Details(**given | {"phone": str(given["phone"])})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """List the agencies with what stands against each; POST keeps one as looked up today, or decides about an IBAN."""
    if request.method == "POST" and "iban_change" in request.POST:
        return _decide(request)
    today = timezone.localdate()
    chosen = Agency.objects.filter(key=request.GET.get("bureau", "")[:30]).first()
    form = AgencyForm(request.POST) if request.method == "POST" else AgencyForm(initial=_facts(chosen))
    refusal = ""
    if form.is_bound and form.is_valid():
        try:
            kept = agencies.save(form.cleaned_data["key"], form.details(), by=audit.name_of(request.user), today=today)
        except Refused as refused:
            refusal = str(refused)
        else:
            messages.success(request, _("Kept, as looked up today."))
            if kept.iban != form.cleaned_data["iban"]:
                messages.warning(request, _("The IBAN waits for a second person."))
            return HttpResponseRedirect(reverse("admin:agencies"), status=303)
    context = {
        **admin.site.each_context(request),
        "title": _("Agencies"),
        "rows": [(agency, agencies.why_not(agency, today=today)) for agency in Agency.objects.all()],
        "waiting": accounts.waiting(),
        "actor": audit.name_of(request.user),
        "form": form,
        "refusal": refusal,
    }
    wrong = bool(refusal or (form.is_bound and form.errors))
    return render(request, "admin/debt_collection/agencies.html", context, status=422 if wrong else 200)


def _decide(request: HttpRequest) -> HttpResponse:
    """Approve or refuse another IBAN of an agency, as the button says."""
    act = request.POST.get("act")
    asked = accounts.waiting().filter(pk=posted.key(request, "iban_change")).first()
    try:
        if asked is None:
            raise Stale(_("Somebody else has decided about this change in the meantime."))
        if act not in ("approve", "refuse"):
            raise Refused(_("Choose one of the buttons."))
        accounts.decide(asked, approved=act == "approve", by=audit.name_of(request.user))
    except (Refused, Stale) as refusal:
        messages.error(request, str(refusal))
    else:
        approved = _("Approved. It counts in some days; then everybody with a running case gets a mail.")
        if not asked.agency.iban:
            approved = _("Approved. This IBAN counts from now on.")
        messages.success(request, approved if act == "approve" else _("The IBAN stays as it was."))
    return HttpResponseRedirect(reverse("admin:agencies"), status=303)


def _facts(agency: Agency | None) -> dict[str, Any]:
    names = [name for name in AgencyForm.base_fields if name != "looked_up"]
    return {name: getattr(agency, name) for name in names} if agency else {}
