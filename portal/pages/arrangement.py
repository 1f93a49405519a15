"""Paying later: asking for another day, or for installments."""

from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from billing.errors import Refused
from billing.plans import agreements, calendar_file, pauses, undoing
from billing.plans.options import Options, options_for, payment_schedule
from billing.plans.progress import installments_of, progress_of
from guests import kept
from guests.pages import session_ended, visible_invoice, visible_row
from portal.pages.arrangement_forms import DeferralForm, FirstDayForm, PlanForm


@require_http_methods(["GET", "HEAD", "POST"])
def deferral(request: HttpRequest, token: str) -> HttpResponse:
    """Choose a later day to pay; afterwards the same page confirms it."""
    today = timezone.localdate()
    invoice = visible_row(request, token)
    if invoice is None:
        return session_ended(request)
    if "undo" in request.POST:
        return _undo(request, "pages/deferral.html", token, invoice.pk)
    options = options_for(invoice, today)
    form = DeferralForm(request.POST or None, options=options, initial=kept.initial(request))
    refusal = ""
    if request.method == "POST" and form.is_valid():
        try:
            agreements.agree_deferral(invoice.pk, until=form.cleaned_data["until"], by="patient", today=today)
        except Refused as refused:
            refusal = str(refused)
        else:
            return HttpResponseRedirect(reverse("deferral", args=[token]), status=303)
    return _page(request, "pages/deferral.html", token, {"form": form, "refusal": refusal})


@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: HttpRequest, token: str) -> HttpResponse:
    """Choose installments, seeing every date and amount first; afterwards the same page confirms the plan.

    Nobody agrees to what the page did not show: after another day it shows the plan of that day, and asks again.
    """
    today = timezone.localdate()
    invoice = visible_row(request, token)
    if invoice is None:
        return session_ended(request)
    if "undo" in request.POST:
        return _undo(request, "pages/plan.html", token, invoice.pk)
    options = options_for(invoice, today)
    form, refusal, left = None, "", kept.initial(request)
    if request.method == "POST" and "show" not in request.POST:
        form = PlanForm(request.POST, options=options)
        if form.is_valid():
            agreed = form.cleaned_data
            shown_on = agreed.pop("shown_on") or agreed["first_on"]
            try:
                if shown_on != agreed["first_on"]:
                    raise Refused(_("You chose another day. Look at the new days and amounts below, and agree again."))
                agreements.agree_installments(invoice.pk, **agreed, by="patient", today=today)
            except Refused as refused:
                refusal = str(refused)
            else:
                return HttpResponseRedirect(reverse("plan", args=[token]), status=303)
    sent = request.POST or request.GET
    day_form = FirstDayForm(sent if "first_on" in sent else left or None, options=options, initial={})
    context = {"form": form, "day_form": day_form, "refusal": refusal, "count": sent.get("count") or left.get("count")}
    context |= _choices(options, day_form)
    return _page(request, "pages/plan.html", token, context)


def _undo(request: HttpRequest, template: str, token: str, invoice_id: int) -> HttpResponse:
    """Undo what was arranged today and go back to the invoice; else say why not."""
    try:
        undoing.undo(invoice_id, by="patient")
    except Refused as refused:
        invoice = visible_row(request, token)
        options = options_for(invoice, timezone.localdate()) if invoice else None
        if options is None:
            return session_ended(request)
        form = DeferralForm(None, options=options, initial={}) if template == "pages/deferral.html" else None
        day_form = FirstDayForm(None, options=options, initial={})
        context: dict[str, Any] = {"form": form, "day_form": day_form, "refusal": str(refused), "count": None}
        context |= _choices(options, day_form)
        return _page(request, template, token, context)
    return HttpResponseRedirect(reverse("invoice", args=[token]), status=303)


@require_safe
def calendar(request: HttpRequest, token: str) -> HttpResponse:
    """The days of what was agreed, for the reader's own calendar."""
    view = visible_invoice(request, token)
    if view is None:
        return session_ended(request)
    if view.plan_id is None:
        raise Http404
    installments = installments_of(view.plan_id)
    file = calendar_file.calendar_file(
        installments, language=translation.get_language(), made_at=installments[0].plan.agreed_at
    )
    disposition = {"Content-Disposition": 'attachment; filename="zorgrekening.ics"'}
    return HttpResponse(file, content_type=calendar_file.CONTENT_TYPE, headers=disposition)


def _choices(options: Options, day_form: FirstDayForm) -> dict[str, Any]:
    """Each number of installments with its dates and amounts, counted from the first day that was chosen."""
    first_on: date = options.first_suggested
    if day_form.is_valid():
        first_on = day_form.cleaned_data["first_on"]
    if options.no_plan:
        return {"first_on": first_on, "choices": []}
    owed = options.outstanding
    choices = [(count, payment_schedule(owed, count=count, first_on=first_on)) for count in options.counts]
    return {"first_on": first_on, "choices": choices}


def _page(request: HttpRequest, template: str, token: str, context: dict[str, Any]) -> HttpResponse:
    """The page as the invoice stands now: a rule may have said no because something changed a moment ago."""
    view, invoice = visible_invoice(request, token), visible_row(request, token)
    if view is None or invoice is None:
        return session_ended(request)
    today = timezone.localdate()
    progress = progress_of(installments_of(view.plan_id), view.outstanding, today=today) if view.plan_id else None
    context |= {
        "view": view,
        "invoice": invoice,
        "options": options_for(invoice, today),
        "progress": progress,
        "next_by": pauses.last_day_of_next(progress, today=today) if progress else None,
        "can_undo": progress is not None and undoing.may_undo(progress.plan, today=today),
        "today": today,
    }
    return render(request, template, context, status=409 if context["refusal"] else 200)
