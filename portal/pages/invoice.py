"""The page of one invoice, for whoever holds its payment reference."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from billing import rooms
from billing.documents import qr
from billing.dunning.outlook import outlook_seen
from billing.invoices.history import Booked
from billing.invoices.state import InvoiceView
from billing.invoices.transfers import Transfer, account_for
from billing.models import LedgerTransaction, PaymentPlan, ReminderStep
from billing.payments import refunds
from billing.payments.amounts import IDEAL_MAX_AMOUNT, least_part
from billing.plans import pauses
from billing.plans.options import options_seen
from billing.plans.progress import Progress, installments_of, progress_of
from billing.rooms import InvoicePanel, Text, Told
from guests import kept
from guests.pages import session_ended, visible_invoice
from portal.pages.arrangement_forms import ChosenPartForm

Step, Kind = ReminderStep.Step, LedgerTransaction.Kind

LETTERS: dict[int, Text] = {
    Step.NOTICE: _("We sent you this invoice by e-mail"),
    Step.NOTE: _("We sent you a friendly note that the last day was near"),
    Step.REMINDER: _("We sent you a free reminder"),
    Step.FINAL_NOTICE: _("We sent you a letter: pay within fifteen days"),
    Step.NOTICE_OF_COSTS: _("We wrote to you that costs were added"),
    Step.FINAL: _("We sent you the last letter"),
}
BOOKED: dict[str, Text] = {
    Kind.INSURER_PAID: _("Your health insurer paid a part"),
    Kind.PAYMENT: _("We received your payment"),
    Kind.RECEIPT: _("Your care provider received your payment"),
    Kind.REFUND: _("We paid money back to you"),
    Kind.CHARGEBACK: _("Your bank took your payment back"),
    Kind.REPAID: _("Your care provider paid money back to you"),
    Kind.REDUCTION: _("Your care provider lowered the amount"),
    Kind.CREDITED: _("Your care provider made a credit note"),
    Kind.WRITTEN_OFF: _("The rest was written off: you don't have to pay it"),
    Kind.COSTS: _("Collection costs were added"),
    Kind.INTEREST: _("Statutory interest was added"),
}
_CREDIT_USED, _CREDIT_CAME = _("Your credit paid another invoice"), _("Credit of another invoice paid this one")
# Not "cookies": flush() ends the session itself, and the next person keeps a page in the chosen language.
CLEAR_SITE_DATA = '"cache", "storage"'


@dataclass(frozen=True, slots=True)
class Line:
    """One line; `amount` in euros, without a sign. `void`: a letter that no longer counts."""

    at: datetime
    what: Text
    amount: Decimal | None = None
    void: bool = False


def what_was(booked: Booked) -> Text | None:
    """Say what a booking was; None for one that says nothing to a patient."""
    if booked.kind == Kind.CREDIT_MOVED:
        return _CREDIT_USED if booked.amount > 0 else _CREDIT_CAME
    return BOOKED.get(booked.kind)


def timeline(view: InvoiceView, *, plan_kind: str) -> list[Line]:
    """Return the timeline of an invoice, oldest first: from billing's rows and from what each room tells."""
    return sorted(_lines(view, plan_kind), key=lambda line: line.at)


def _lines(view: InvoiceView, plan_kind: str) -> Iterator[Line]:
    issued_at = timezone.make_aware(datetime.combine(view.issued_on, time.min))
    yield Line(issued_at, _("Your care provider made the invoice"), view.history.sums.invoiced)
    for letter in view.history.sent:
        yield Line(letter.sent_at, LETTERS[letter.step], void=not letter.stands)
    for booked in view.history.booked:
        if what := what_was(booked):
            yield Line(max(booked.at, issued_at), what, abs(booked.amount))
    if view.plan_agreed_at:
        later = plan_kind == PaymentPlan.Kind.DEFERRAL
        yield Line(view.plan_agreed_at, _("You got a later day to pay") if later else _("You agreed on a payment plan"))
    for told in _told(view):
        yield Line(told.at, told.what)


def _told(view: InvoiceView) -> Iterator[Told]:
    for panel in rooms.invoice_panels():
        if panel.happened:
            yield from panel.happened(view.facts)


def render_invoice(
    request: HttpRequest, view: InvoiceView, *, refusal: str = "", part: ChosenPartForm | None = None
) -> HttpResponse:
    """The page, with the sentence of a rule that just said no, and the part that was typed."""
    today = view.today
    progress = _progress(view, today)
    panels = rooms.invoice_panels()
    plan_kind = progress.plan.kind if progress else ""
    asks = view.can_pay and not view.past_enforcing and (progress is None or progress.is_deferral)
    context = {
        "practice": view.practice,
        "sums": view.history.sums,
        "rests": view.reasons_to_rest,
        "timeline": timeline(view, plan_kind=plan_kind),
        "refunds": _refunds(view),
        "outlook": outlook_seen(view, today)
        if view.status in ("open", "overdue") and not view.past_enforcing
        else None,
        "options": options_seen(view, today) if asks else None,
        "invoice": view,
        "progress": progress,
        "next_by": pauses.last_day_of_next(progress, today=today) if progress else None,
        "refusal": refusal,
        "most": IDEAL_MAX_AMOUNT,
        "transfer": _transfer(view, progress),
        "today": today,
        "part": _part(view, part),
        "above": [panel.above for panel in panels if panel.above and view.can_pay],
        "panels": [panel.below for panel in panels if panel.below],
        "hold_panel": hold_panel(view),
    }
    return render(request, "pages/invoice.html", context, status=409 if refusal else 200)


def hold_panel(view: InvoiceView) -> InvoicePanel | None:
    """Return what a room says of a hold; what says that nothing has to be paid goes before whom to pay."""
    of_holds = [panel for panel in rooms.invoice_panels() if panel.on_hold and panel.hold_reason in view.holds]
    return min(of_holds, key=lambda panel: panel.is_whole, default=None)


@dataclass(frozen=True, slots=True)
class Part:
    """The field for a part: from which to which amount, in euros, what was typed (None: nothing yet), what is wrong."""

    least: Decimal
    most: Decimal
    typed: str | None
    errors: Sequence[str]


def _part(view: InvoiceView, sent: ChosenPartForm | None) -> Part | None:
    """Return the field for paying a part; None when there is nothing to pay, or too little to part."""
    least = least_part(view.outstanding)
    if not view.can_pay or least == view.outstanding:
        return None
    most = min(view.outstanding, IDEAL_MAX_AMOUNT)
    errors: list[str] = [str(error) for error in sent.errors.get("part", [])] if sent else []
    return Part(least, most, sent.data["part"] if sent else None, errors)


def _refunds(view: InvoiceView) -> refunds.Shown | None:
    """Return where the credit of the invoice is, with a question only when there was any."""
    back = any(booked.kind in (Kind.REFUND, Kind.REPAID) for booked in view.history.booked)
    return refunds.shown(view.invoice_id) if view.credit or back else None


def _progress(view: InvoiceView, today: date) -> Progress | None:
    return progress_of(installments_of(view.plan_id), view.outstanding, today=today) if view.plan_id else None


def _transfer(view: InvoiceView, progress: Progress | None) -> Transfer | None:
    """Return what to transfer now; None when the invoice asks for no money now, or nobody has an account."""
    account = account_for(view.practice) if view.can_pay else None
    if account is None:
        return None
    amount = view.outstanding
    if view.status == "plan" and progress:
        amount = progress.due_now or (progress.next.open if progress.next else amount)
    return Transfer(account, amount, view.payment_reference)


@require_safe
def show(request: HttpRequest, token: str) -> HttpResponse:
    view = visible_invoice(request, token, withdrawn=True)
    return render_invoice(request, view) if view else session_ended(request)


@require_safe
def transfer_code(request: HttpRequest, token: str) -> HttpResponse:
    """Give the QR code of a transfer. It is apart from the page, so that only those who open it wait for it."""
    view = visible_invoice(request, token)
    transfer = _transfer(view, _progress(view, view.today)) if view else None
    if transfer is None:
        raise Http404
    image = qr.transfer_image(transfer, label=gettext("QR code for your bank"))
    return HttpResponse(image, content_type="image/svg+xml; charset=utf-8")


@require_http_methods(["GET", "HEAD", "POST"])
def finish(request: HttpRequest) -> HttpResponse:
    """Done: end the session and let the browser forget its pages."""
    if request.method != "POST":
        return render(request, "pages/finished.html")
    request.session.flush()
    response = HttpResponseRedirect(reverse("finish"), status=303)
    response.headers["Clear-Site-Data"] = CLEAR_SITE_DATA
    kept.forget(response)
    rooms.finish(request, response)
    return response
