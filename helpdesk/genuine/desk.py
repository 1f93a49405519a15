"""At the desk: the warning of false messages, which only operations switch on and off."""

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from billing import audit
from helpdesk.genuine import warnings
from helpdesk.genuine.forms import WarningForm
from helpdesk.models import FraudWarning

SHOWN = 20


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def warn(request: HttpRequest) -> HttpResponse:
    """Show the warning of now and those before; POST begins one, or ends it."""
    form = WarningForm(request.POST if request.method == "POST" and "end" not in request.POST else None)
    by = audit.name_of(request.user)
    if "end" in request.POST:
        warnings.end(by=by)
        messages.success(request, _("Patients no longer see the warning."))
        return HttpResponseRedirect(reverse("admin:fraud_warning"), status=303)
    if form.is_valid():
        warnings.begin(**form.cleaned_data, by=by)
        messages.success(request, _("Everybody who looks an invoice up sees the warning now."))
        return HttpResponseRedirect(reverse("admin:fraud_warning"), status=303)
    context = {
        **admin.site.each_context(request),
        "title": _("Warning of false messages"),
        "active": warnings.active(),
        "before": FraudWarning.objects.order_by("-begun_at")[:SHOWN],
        "form": form,
    }
    return render(request, "admin/helpdesk/warning.html", context, status=422 if form.errors else 200)
