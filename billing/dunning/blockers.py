"""Why a dunning letter may not be sent: one list of blockers for the worker and for the staff who watch it.

It is evaluated when a letter is composed, again when it is sent, and whenever staff open the invoice.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from django.conf import settings
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing import ledger, rooms
from billing.adjustments import charges
from billing.dunning import bounces, hold_messages
from billing.invoices import limitation, schedule
from billing.invoices.addressee import Addressee, addressee
from billing.law import calendar
from billing.models import Invoice, OutboxMessage, Payer, Payment, PaymentPlan, ReminderStep
from billing.patients import age
from billing.payments import shares
from billing.practices import readiness
from billing.rooms import Stops
from billing.text.addresses import is_one_address

Step, Status = ReminderStep.Step, ReminderStep.Status
PAYMENT_IN_PROGRESS = timedelta(hours=1)  # a live attempt younger than this blocks letters


class Action(StrEnum):
    """What happens to a blocked step: retried soon, dropped for now, or left to staff."""

    RETRY = "retry"
    SKIP = "skip"
    ESCALATE = "escalate"


@dataclass(frozen=True, slots=True)
class Blocker:
    reason: str
    action: Action

    @property
    def sentence(self) -> Promise | str:
        return REASONS.get(self.reason, self.reason)


@dataclass(frozen=True, slots=True)
class Known:
    """What a page has read of its invoice: the balance in euros, all attempts to pay it, and to whom we write."""

    owed: Decimal
    attempts: Sequence[Payment]
    to: Addressee


REASONS: dict[str, Promise] = {
    "withdrawn": _("the invoice was withdrawn"),
    "paid": _("nothing is left to pay"),
    "on_hold": _("the invoice is on hold"),
    "plan": _("the patient pays later or in parts, as agreed"),
    "superseded": _("the invoice stands at another step now"),
    "no_address": _("no e-mail address is known"),
    "announced": _("the announcement of the invoice was not sent yet"),
    "not_announced": _("the invoice never reached the patient"),
    "payment_under_way": _("somebody is paying right now"),
    "just_announced": _("the invoice was announced only a few days ago"),
    "too_late": _("a friendly note has no use after the last day to pay"),
    "not_due": _("the last day to pay has not passed"),
    "limitation": _("the claim is so old that nobody may be asked for it any more"),
    "previous_runs": _("the letter before still gives time to pay"),
    "settled_since": _("everything was paid after the letter before, and something is owed again since"),
    "nothing_booked": _("no costs and no interest came with it, so there was nothing to tell"),
    "interrupted": _("a hold, a deferral or a plan came in between"),
    "bounced": _("the mail came back"),
    "not_delivered": _("the mail could not be delivered"),
    "told_together": _("another mail told of it"),
    "changed": _("the amount changed before the letter was sent"),
    "waived": _("staff took the costs and the interest off, and dunning began again"),
    "reallocated": _("a payment had been booked on the wrong invoice, and dunning began again"),
    "too_small": _("so little is left to pay that no letters are sent: a person decides"),
    "hold_end_waits": _("the mail that the pause is over was not sent yet"),
    "hold_end_untold": _("the patient was never told that the pause is over"),
    "practice_incomplete": _("details of the practice are missing that every letter must name"),
    "spared": _("since then nothing may be asked of this person"),
    "minor": _("the care was given to a minor, and nobody who pays is known"),
    "lowered": _("the amount was lowered, so the costs and interest in it were taken off"),
    "stale": _("the letter was made too long ago"),
    "restored": _("a backup was restored, and the letter may have left after it was made"),
    "intake_silent": _("mails that come back do not reach us now, so nobody knows whether the letter arrived"),
    "by_hand": _("delivered in another way, says staff"),
}


def blockers(
    invoice: Invoice,
    step: int,
    *,
    now: datetime,
    today: date,
    composed: bool = False,
    joins: bool = False,
    known: Known | None = None,
) -> Iterator[Blocker]:
    """Yield every reason why `step` may not be taken for this invoice today, the most informative first.

    `composed`: the letter exists already, so the invoice's `next_step` is one further. `joins`: the invoice is added to
    a letter about others whatever its own day, since claims that can be reminded belong together (6:96 lid 7 BW).
    `known`: what the caller has read of it already.
    """
    if invoice.withdrawn_at:
        yield Blocker("withdrawn", Action.SKIP)
    owed = known.owed if known else ledger.balance(invoice.pk)
    if owed <= 0:
        yield Blocker("paid", Action.SKIP)
    elif Step.NOTICE < step < Step.HAND_OVER and owed < settings.DUNNING_FROM_AMOUNT:
        yield Blocker("too_small", Action.SKIP if step == Step.NOTE else Action.ESCALATE)
    if step == Step.NOTICE:
        if not readiness.may_send(invoice.provider):
            yield Blocker("practice_incomplete", Action.RETRY)
    else:
        if not composed and invoice.next_step != step:
            yield Blocker("superseded", Action.SKIP)
        holds = list(invoice.holds.all())
        reasons = rooms.reasons_stopping(Stops.REMINDERS)
        if any(hold.released_at is None and hold.reason in reasons for hold in holds):
            yield Blocker("on_hold", Action.SKIP)
        if any(plan.status == PaymentPlan.Status.ACTIVE for plan in invoice.plans.all()):
            yield Blocker("plan", Action.SKIP)
        yield from _delivery_blockers(invoice, now=now, today=today, step=step)
        if any(hold.told_by_id for hold in holds):
            yield from _told_blockers(invoice)
        live = filter(shares.is_live, known.attempts) if known else shares.live([invoice.pk])
        if any(payment.created_at > now - PAYMENT_IN_PROGRESS for payment in live):
            yield Blocker("payment_under_way", Action.RETRY)
    to = known.to if known else addressee(invoice)
    if step != Step.HAND_OVER and not is_one_address(to.email):
        yield Blocker("no_address", Action.ESCALATE)
    if step >= Step.REMINDER:
        yield from _legal_blockers(invoice, step, today=today, joins=joins, composed=composed)


def _delivery_blockers(invoice: Invoice, *, now: datetime, today: date, step: int) -> Iterator[Blocker]:
    """Yield what is wrong with the announcement: nobody is reminded of an invoice that never reached them."""
    rows = ReminderStep.objects.filter(invoice=invoice, step=Step.NOTICE).select_related("letter__message")
    notice = rows.filter(status__in=schedule.STANDING).last()
    if notice is None or _came_back(notice):
        yield Blocker("not_announced", Action.ESCALATE)
    elif notice.status != Status.TAKEN:
        yield Blocker("announced", Action.RETRY)
    if step == Step.NOTE and today >= invoice.due_on:
        yield Blocker("too_late", Action.SKIP)
    if notice and step <= Step.REMINDER and today < schedule.reaction_ends(notice, step):
        yield Blocker("just_announced", Action.SKIP)


def _told_blockers(invoice: Invoice) -> Iterator[Blocker]:
    """Yield what keeps dunning back after a pause: it goes on once the mail about its end counts as sent."""
    mail = hold_messages.last_ended(invoice)
    if hold_messages.did_not_arrive(mail):
        yield Blocker("hold_end_untold", Action.ESCALATE)
    elif mail and mail.status != OutboxMessage.Status.SENT:
        yield Blocker("hold_end_waits", Action.RETRY)


def _came_back(notice: ReminderStep) -> bool:
    message = notice.letter.message if notice.letter else None
    return message is not None and (message.bounced_at is not None or message.status == OutboxMessage.Status.FAILED)


def is_of_parents(invoice: Invoice) -> bool:
    """Tell whether a letter would put somebody in default for a debt of their parents, or draw on what is theirs."""
    payer = Payer.objects.filter(patient=invoice.patient_id).first()
    return (payer is None or payer.relation in Payer.APART) and age.was_minor(invoice)


def _legal_blockers(invoice: Invoice, step: int, *, today: date, joins: bool, composed: bool) -> Iterator[Blocker]:
    """Check the law: in default (6:81 BW), no debt of parents (1:233), not past enforcing (3:307), enough time."""
    if today <= invoice.due_on:
        yield Blocker("not_due", Action.SKIP)
    if is_of_parents(invoice):
        yield Blocker("minor", Action.ESCALATE)
    if limitation.is_over(invoice, today=today):
        yield Blocker("limitation", Action.ESCALATE)
    if step == Step.REMINDER:
        return
    rows = ReminderStep.objects.filter(
        invoice=invoice, step__gte=Step.REMINDER, step__lt=step, status=Status.TAKEN
    ).select_related("letter")
    taken = {row.step: row for row in rows.order_by("pk")}
    before = taken.get(step - 1)
    # An invoice that joins skips the bank days, but never the day that its own letter named.
    ends = [schedule.runs_until(r) + calendar.DAY if joins else schedule.earliest_after(r) for r in taken.values()]
    if before is None or max(ends) > today:
        yield Blocker("previous_runs", Action.SKIP)
    elif step == Step.NOTICE_OF_COSTS and not composed:
        if charges.was_settled_since(before):
            yield Blocker("settled_since", Action.SKIP)
        if not bounces.is_alive(timezone.now()):
            yield Blocker("intake_silent", Action.RETRY)
