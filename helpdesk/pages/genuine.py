"""“Is this really from you?” at /echt/, for everybody and without an invoice. Nothing pasted is stored or logged."""

from collections.abc import Callable, Sequence
from functools import partial

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from billing.errors import Refused
from billing.invoices.references import find_by_reference, reference_is_valid
from billing.invoices.typed_references import LookupForm, read_reference
from billing.links import site_host
from billing.outbox import return_path
from guests import access
from helpdesk.genuine import fraud, ours, pasted
from helpdesk.genuine import messages as sent
from helpdesk.genuine.forms import CheckForm

METHODS = ["GET", "HEAD", "POST"]
_REFERENCE_MOST = 60  # characters, with words before it: in a longer text other things stand as well


@never_cache
@sensitive_post_parameters()
@require_http_methods(METHODS)
def check(request: HttpRequest) -> HttpResponse:
    """Say whether what somebody got is ours, or which mails we sent."""
    form = CheckForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _page(request, form, {})
    text = form.cleaned_data["what"]
    if code := sent.as_code(text):
        return _mails(request, form, code=code)
    if reference := _reference_in(text):
        return _mails(request, form, reference=reference)
    if verdict := ours.judge(text):
        return _page(request, form, {"asked": "thing", "verdict": verdict})
    return _whole_message(request, form, text)


def _whole_message(request: HttpRequest, form: CheckForm, text: str) -> HttpResponse:
    """Say whose each thing in a message is. Only one in which nothing is wrong is looked up."""
    try:
        judged = pasted.judge(text)
    except Refused as refused:
        form.add_error("what", str(refused))
        return _page(request, form, {})
    code, reference = pasted.code_in(text), pasted.reference_in(text)
    # No message of ours has a link to a payment page: beside our code or reference it is a swindler's.
    never = {ours.Whose.NOBODY, ours.Whose.GATEWAY} if code or reference else {ours.Whose.NOBODY}
    wrong = [one for one in judged if one.verdict.whose in never]
    if wrong:
        return _page(request, form, {"asked": "message", "wrong": wrong})
    if code or reference:
        return _mails(request, form, code=code, reference=reference, judged=judged)
    if not judged:
        form.add_unclear()
        return _page(request, form, {})
    return _page(request, form, {"asked": "message", "judged": judged})


def _mails(
    request: HttpRequest, form: CheckForm, *, code: str = "", reference: str = "", judged: Sequence[pasted.Judged] = ()
) -> HttpResponse:
    """Say which mails we sent with this code, or else about this reference, within the limits of wrong tries."""
    if code:
        looked = _look_up(request, lambda: code if sent.with_code(code) else None)
        found: dict[str, object] = {"asked": "code", "sent": sent.with_code(code) if looked.token else []}
    else:
        looked = _look_up(request, partial(find_by_reference, reference))
        found = {"asked": "reference", "known": bool(looked.token)}
        found["sent"] = sent.about_invoice(looked.token) if looked.token else []
    if looked.wait:
        return _too_many(request, looked)
    found["judged"] = judged
    return _page(request, form, found)


@never_cache
@sensitive_post_parameters()
@require_http_methods(METHODS)
def paid(request: HttpRequest) -> HttpResponse:
    """Say what to do for whoever paid a swindler; POST lets the invoice of a reference rest."""
    form = LookupForm(request.POST if request.method == "POST" else None)
    refusal = ""
    if form.is_valid():
        looked = _look_up(request, partial(find_by_reference, form.cleaned_data["reference"]))
        if looked.wait:
            return _too_many(request, looked)
        if looked.token is None:
            form.add_unknown()
        else:
            try:
                until = fraud.rest(looked.token)
            except Refused as refused:
                refusal = str(refused)
            else:
                day = date_format(until, "DATE_FORMAT")
                said = _("Your invoice rests until and including %(day)s. You get an e-mail that says so.")
                messages.success(request, said % {"day": day})
                return HttpResponseRedirect(reverse("genuine_paid"), status=303)
    context = {"form": form, "refusal": refusal, "days": settings.FRAUD_REST_DAYS, "bodies": fraud.BODIES}
    return render(request, "helpdesk/paid.html", context, status=422 if refusal or form.errors else 200)


def _reference_in(text: str) -> str:
    """Return the payment reference that was entered, and nothing else beside it; empty for anything else."""
    digits = "".join(text.split()).replace("-", "").replace(".", "")
    if reference_is_valid(digits):
        return digits
    if len(text) > _REFERENCE_MOST or "@" in text or "/" in text or ours.judge(text) or pasted.judge(text):
        return ""
    try:
        return read_reference(text)
    except ValidationError:
        return ""


def _look_up(request: HttpRequest, find: Callable[[], str | None]) -> access.LookedUp:
    """Search within the limits of payment references: who guesses codes here guesses no more than there."""
    return access.look_up(request, find, now=timezone.now())


def _page(request: HttpRequest, form: CheckForm, found: dict[str, object]) -> HttpResponse:
    context = {
        "form": form,
        "found": found,
        "sender": return_path.sender(),
        "site": site_host(),
        "sms_sender": settings.SMS_SENDER,
    }
    return render(request, "helpdesk/genuine.html", context, status=422 if form.errors else 200)


def _too_many(request: HttpRequest, looked: access.LookedUp) -> HttpResponse:
    facts = {"minutes": -(-looked.wait // 60), "failed": looked.failed}
    response = render(request, "429.html", facts, status=429)
    response.headers["Retry-After"] = str(looked.wait)
    return response
