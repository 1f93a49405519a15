"""What billing's state of an invoice answers: how much, until when, what is next. Everything is computed now.

An answer is about this invoice alone, and promises nothing that others do: an insurer, a judge, a bank.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing import rooms
from billing.dunning.outlook import outlook_seen
from billing.invoices.state import InvoiceView
from billing.invoices.transfers import account_for
from billing.links import site_host
from billing.models import ReminderStep
from billing.money import ZERO
from billing.plans import pauses
from billing.plans.options import options_seen, payment_schedule
from billing.plans.progress import Progress, installments_of, progress_of
from billing.rooms import Answer
from helpdesk.genuine import messages

YOUR_INVOICE, OUR_LETTERS = _("your invoice"), _("the letters that we sent you")
_TO_INVOICE = ("invoice", _("To your invoice"))
_TO_STEPS = ("steps", _("What happens when, and what does it cost?"))


def _progress(view: InvoiceView, today: date) -> Progress | None:
    return progress_of(installments_of(view.plan_id), view.outstanding, today=today) if view.plan_id else None


def _asks(view: InvoiceView) -> bool:
    """Tell whether the invoice asks for money now: not when it is paid, rests, lies elsewhere, or is too old."""
    return view.can_pay and not view.rests and not view.past_enforcing


def how_much(view: InvoiceView, today: date) -> Answer:
    """Answer how much is left to pay, and whether it has to be paid now."""
    facts = {
        "status": view.status,
        "outstanding": view.outstanding,
        "credit": view.credit,
        "sums": None if view.history.sums.is_plain else view.history.sums,
        "rests": bool(view.rests),
        "elsewhere": view.elsewhere is not None,
        "past": view.past_enforcing,
    }
    actions = [_TO_INVOICE, *([("credit", _("See your credit, and ask for it"))] if view.credit else [])]
    return Answer("helpdesk/answers/how_much", facts, YOUR_INVOICE, actions)


def until_when(view: InvoiceView, today: date) -> Answer | None:
    """Answer by which day to pay; nothing while the invoice does not ask for money."""
    if not _asks(view):
        return how_much(view, today)
    progress = _progress(view, today)
    facts: dict[str, Any] = {"outstanding": view.outstanding, "next": None, "last_day": None, "is_over": False}
    if progress and progress.next:
        last_day = pauses.last_day_of_next(progress, today=today)
        facts |= {"next": None if progress.is_deferral else progress.next.open, "last_day": last_day}
    else:
        outlook = outlook_seen(view, today)
        facts |= {"last_day": outlook.last_day, "is_over": outlook.is_over}
    return Answer("helpdesk/answers/until_when", facts, YOUR_INVOICE, [_TO_INVOICE])


def payment_arrived(view: InvoiceView, today: date) -> Answer:
    """Answer which payments are booked, and which one the bank still works on."""
    booked = [(one.at, -one.amount) for one in view.history.booked if one.kind in _RECEIVED]
    waits = view.history.under_way
    facts = {
        "received": [(timezone.localdate(at), amount) for at, amount in booked[-5:]],
        "outstanding": view.outstanding,
        "under_way": (timezone.localdate(waits.at), waits.amount) if waits else None,
        "by_transfer": account_for(view.practice) is not None,
    }
    actions = [("proof", _("Proof of payment")) if view.history.sums.paid > ZERO else _TO_INVOICE]
    return Answer("helpdesk/answers/payment_arrived", facts, YOUR_INVOICE, actions)


_RECEIVED = ("payment", "receipt")


def why_costs(view: InvoiceView, today: date) -> Answer:
    """Answer which costs and interest were added, after which letter."""
    sums = view.history.sums
    warned = [letter.sent_on for letter in view.history.sent if letter.step == ReminderStep.Step.FINAL_NOTICE]
    facts = {"costs": sums.costs, "interest": sums.interest, "warned_on": warned[-1] if warned else None}
    return Answer("helpdesk/answers/why_costs", facts, YOUR_INVOICE, [("statement", _("See it line by line"))])


def what_next(view: InvoiceView, today: date) -> Answer | None:
    """Answer which letter follows, after which day, and what it may cost."""
    if not _asks(view):
        return how_much(view, today)
    if view.status == "plan":
        return until_when(view, today)
    outlook = outlook_seen(view, today)
    facts = {
        "last_day": outlook.last_day,
        "is_over": outlook.is_over,
        "follows": outlook.follows,
        "costs": outlook.costs,
        "rate": outlook.rate,
    }
    return Answer("helpdesk/answers/what_next", facts, YOUR_INVOICE, [_TO_STEPS])


def pay_later(view: InvoiceView, today: date) -> Answer | None:
    """Answer whether a later day or instalments are possible, until when and how much each is."""
    if not view.can_pay or view.past_enforcing:
        return how_much(view, today)
    options = options_seen(view, today)
    count = 0 if options.no_plan else max(options.counts, default=0)
    terms = payment_schedule(options.outstanding, count=count, first_on=options.first_suggested) if count else []
    facts = {
        "until": None if options.no_deferral else options.deferral_until,
        "no_deferral": options.no_deferral,
        "count": count,
        "each": terms[0].amount if terms else None,
        "no_plan": options.no_plan,
    }
    actions = [
        *([] if options.no_deferral else [("deferral", _("Pay on a later day"))]),
        *([] if options.no_plan else [("plan", _("Pay in instalments"))]),
    ]
    if page := rooms.page_if_unable():
        actions.append((page, _("I can't pay this now")))
    return Answer("helpdesk/answers/pay_later", facts, YOUR_INVOICE, actions)


def why_on_hold(view: InvoiceView, today: date) -> Answer:
    """Answer why the invoice rests and until when; that it does not, when it does not."""
    until = [day for day in view.rests.values() if day]
    facts = {
        "reasons": [rooms.hold_reasons()[name].label for name in view.rests],
        "until": min(until) if len(until) == len(view.rests) == 1 else None,
        "may_pay": view.can_pay,
        "elsewhere": view.elsewhere.says if view.elsewhere else "",
        "outstanding": view.outstanding,
    }
    return Answer("helpdesk/answers/why_on_hold", facts, YOUR_INVOICE, [_TO_INVOICE])


def mail_from_you(view: InvoiceView, today: date) -> Answer:
    """Answer which mails about this invoice left, as “Is this really from you?” tells them."""
    sent = [(one.at, one.label) for one in messages.about_invoice(view.token)]
    actions = [("genuine", _("Is this message really from us?"))]
    return Answer("helpdesk/answers/mail_from_you", {"sent": sent, "site": site_host()}, OUR_LETTERS, actions)


def who_from(view: InvoiceView, today: date) -> Answer:
    """Answer whose invoice it is, and how the practice is reached: about the care, and about the price."""
    facts = {
        "provider": view.provider,
        "number": view.number,
        "issued_on": view.issued_on,
        "practice": view.practice,
    }
    return Answer("helpdesk/answers/who_from", facts, YOUR_INVOICE)


def insurer_pays(view: InvoiceView, today: date) -> Answer:
    """Answer what the insurer paid; whether it pays more is the insurer's to say."""
    facts = {"insurer": view.history.sums.insurer, "provider": view.provider}
    return Answer("helpdesk/answers/insurer_pays", facts, YOUR_INVOICE, [("code", _("Get the full invoice (PDF)"))])


ANSWERS: Mapping[str, Callable[[InvoiceView, date], Answer | None]] = {
    "how-much": how_much,
    "amount-made-of": how_much,
    "until-when": until_when,
    "too-late": until_when,
    "payment-arrived": payment_arrived,
    "why-costs": why_costs,
    "what-next": what_next,
    "pay-later": pay_later,
    "pay-in-parts": pay_later,
    "plan-count": pay_later,
    "why-on-hold": why_on_hold,
    "mail-from-you": mail_from_you,
    "who-from": who_from,
    "about-treatment": who_from,
    "contact-practice": who_from,
    "insurer-pays": insurer_pays,
}
