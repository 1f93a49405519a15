"""What happens when: the steps that came and those that follow if nothing is paid, with their days and their costs."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from billing.dunning import forecast
from billing.invoices.state import InvoiceView
from billing.law import interest
from billing.models import Provider, ReminderStep
from billing.plans.options import options_seen
from billing.rooms import Text
from guests.pages import session_ended, visible_invoice, visible_row
from portal.pages.invoice import hold_panel, timeline

Step = ReminderStep.Step
COMING: dict[int, Text] = {
    Step.NOTICE: _("We send you this invoice by e-mail."),
    Step.NOTE: _("We send you a friendly note that the last day to pay is near."),
    Step.REMINDER: _("We send you a free reminder."),
    Step.FINAL_NOTICE: _("We send you a letter: pay within fifteen days."),
    Step.NOTICE_OF_COSTS: _("Costs are added, and we write to you about them."),
    Step.FINAL: _("We send you the last letter."),
    Step.HAND_OVER: _("One of our staff decides with your care provider what happens next."),
}
_BY_HAND = _("By itself nothing comes now: one of our staff looks at your invoice first. Until then nothing is added.")
STOPPED: dict[str, Text] = {
    "on_hold": _(
        "Your invoice is paused. As long as it is, you get no letters and nothing is added. After it we tell you a new"
        " last day to pay, and a free reminder comes first."
    ),
    "plan": _("You pay later or in instalments, as you arranged. As long as you do, you get no letters and no costs."),
    "too_small": _("So little is left to pay that we send no letters about it, and no costs are added."),
    "limitation": _("After that your invoice is so old that we no longer ask you to pay it."),
}


def _facts(view: InvoiceView, provider: Provider) -> dict[str, Any]:
    today = timezone.localdate()
    found = forecast.forecast_of(view.invoice_id, now=timezone.now())
    rate, rate_of = interest.stated(today)
    return {
        "invoice": view,
        "practice": view.practice,
        "provider": provider,
        "came": timeline(view, plan_kind=""),
        "coming": [(step, COMING[step.step]) for step in found.steps],
        "stopped": STOPPED.get(found.stopped, _BY_HAND) if found.stopped else "",
        "forecast": found,
        "hold_panel": hold_panel(view),
        "rests": view.reasons_to_rest,
        "rate": rate.percentage,
        "rate_of": rate_of,
        "options": options_seen(view, today) if view.can_pay and not view.plan_id and not view.past_enforcing else None,
        "today": today,
    }


@require_safe
def show(request: HttpRequest, token: str) -> HttpResponse:
    """Show it to whoever may see the invoice; who owes nothing goes to the page of the invoice, which says so."""
    view, row = visible_invoice(request, token), visible_row(request, token)
    if view is None or row is None:
        return session_ended(request)
    if not view.outstanding:
        return HttpResponseRedirect(reverse("invoice", args=[token]), status=303)
    return render(request, "pages/steps.html", _facts(view, row.provider))
