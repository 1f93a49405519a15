"""This is not right: a patient says so on the page of the invoice, which then rests until staff looked into it."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from billing.dunning import objections
from billing.errors import Refused
from billing.models import Objection
from guests import access, gate, kept, throttle
from guests.pages import posted_to, session_ended, visible_invoice
from portal.pages import errors
from portal.pages.invoice import render_invoice

LONGEST = 1000
# Counted for a browser and for its network, never for the invoice: nobody can use up what the patient may say.
_PER_BROWSER = throttle.Limit("objection", 3, 24 * 3600)
_PER_NETWORK = throttle.Limit("objection-network", 20, 24 * 3600)


class ObjectionForm(forms.Form):
    reason = forms.ChoiceField(
        label=gettext_lazy("What is not right?"),
        choices=Objection.Reason.choices,
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Choose what is not right."),
            "invalid_choice": gettext_lazy("Choose what is not right."),
        },
    )
    text = forms.CharField(
        label=gettext_lazy("What should we know? (not required)"),
        help_text=gettext_lazy("At most 1,000 characters. Please write no more about your treatment than needed."),
        required=False,
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={
            "max_length": gettext_lazy(
                "This is too long: at most %(limit_value)d characters. Yours has %(show_value)d. Nothing was sent yet."
            )
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
def object_to(request: HttpRequest, token: str) -> HttpResponse:
    """Show the form, or record what was sent."""
    view = visible_invoice(request, token)
    if view is None:
        return session_ended(request)
    form = ObjectionForm(request.POST or None, initial=kept.initial(request))
    refusal = ""
    if form.is_valid():
        now = timezone.now()
        wait = throttle.take(_PER_BROWSER, gate.holder_of(request), now=now)
        if not wait:
            wait = throttle.take(_PER_NETWORK, access.client_network(request), now=now)
        if wait:
            return errors.too_many(request, wait_seconds=wait)
        try:
            objections.object_to(view.invoice_id, **form.cleaned_data)
        except Refused as refused:
            refusal = str(refused)
        else:
            messages.success(request, _("We have received it, and look into it. You will hear from us."))
            return HttpResponseRedirect(reverse("invoice", args=[token]), status=303)
    context = {"invoice": view, "form": form, "refusal": refusal, "standing": objections.standing(view.invoice_id)}
    return render(request, "pages/objection.html", context, status=409 if refusal else 200)


@posted_to("objection")
def take_back(request: HttpRequest, token: str) -> HttpResponse:
    """End the pause at the patient's own wish, to pay after all."""
    view = visible_invoice(request, token)
    if view is None:
        return session_ended(request)
    try:
        objections.take_back(view.invoice_id, today=timezone.localdate())
    except Refused as refusal:
        return render_invoice(request, visible_invoice(request, token) or view, refusal=str(refusal))
    messages.success(request, _("You took it back. You can pay again, and you have a new last day."))
    return HttpResponseRedirect(reverse("invoice", args=[token]), status=303)
