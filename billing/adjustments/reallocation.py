"""Mending a wrong allocation: the whole booking is mirrored and booked anew on the right invoices, with its own day.

Everything that followed from the wrong one goes with it: the invoices that should have had the money lose the costs and
interest of the time since, their letters are void, and dunning begins again with the free reminder; the invoices that
had it wrongly get a new last day to pay. Nobody pays for a mistake of ours. Costs and interest that were due before the
money came stay, with the letters that they rest on.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit, ledger, rooms
from billing.adjustments import charges, credit, taken_off
from billing.adjustments.allocation import creditor_of
from billing.errors import FormUsed, Refused
from billing.invoices import schedule
from billing.ledger import lock_invoices
from billing.ledger.events import Share
from billing.models import (
    AllocationNote,
    Invoice,
    LedgerTransaction,
    Payment,
    Posting,
    Provider,
    Reallocation,
    ReallocationShare,
    Staff,
    StaffTask,
)
from billing.models.ledger import OF_INVOICE, THROUGH, Account
from billing.money import ZERO
from billing.outbox.facts import open_link_context
from billing.outbox.queue import queue_message
from billing.payments import shares
from billing.payments.attempts import supersede_live
from billing.payments.credit import stays_covered
from billing.plans import agreements
from billing.rights import by_two
from billing.transitions import advance

Status, Task, Kind = Reallocation.Status, StaffTask.Kind, LedgerTransaction.Kind
Amounts = Mapping[int, Decimal]


def ask(
    booking: LedgerTransaction, amounts: Amounts, *, reason: str, by: Staff, key: str, today: date | None = None
) -> Reallocation:
    """Ask for another division of a booking of money; do it at once, or, above the limit, let a second person confirm.

    `amounts`: by the key of each invoice what it gets, in euros, together what was booked. `key` is that of the form,
    so that a doubled click asks once. Raises Refused, in the reader's words, when it can't be divided so.
    """
    with transaction.atomic():
        if known := _known(booking, amounts, key):
            return known
        by_two.lock_practices(concerned(booking, amounts))
        invoices = lock_invoices(concerned(booking, amounts))
        asked = _asked(booking, invoices, amounts, reason=reason, by=by, key=key)
        if needs_second_person(amounts):
            first = _first(invoices, booking)
            audit.open_task(Task.REALLOCATION_TO_CONFIRM, dedupe_key=asked.key, invoice=first)
        else:
            _book(asked, invoices, amounts, by=by, today=today or timezone.localdate())
    return asked


def mend(
    booking: LedgerTransaction,
    amounts: Amounts,
    *,
    reason: str,
    by: Staff,
    confirmed_by: Staff | None,
    key: str,
    today: date,
) -> Reallocation:
    """Book another division of a booking of money at once, as part of a decision that was taken already; return it.

    Call it in the transaction of that decision, with the invoices of `concerned` locked, and their practices first.
    Above the limit two persons took it: `confirmed_by` is the second. The same `key` books once. Raises Refused as
    `ask` does, and when a second person is missing.
    """
    if known := _known(booking, amounts, key):
        return known
    if needs_second_person(amounts) and confirmed_by is None:
        raise Refused(_("Somebody else has to confirm what you asked."))
    invoices = lock_invoices(concerned(booking, amounts))
    asked = _asked(booking, invoices, amounts, reason=reason, by=by, key=key)
    if confirmed_by is not None:
        Reallocation.objects.filter(pk=asked.pk).update(confirmed_by=confirmed_by)
    _book(asked, invoices, amounts, by=by, today=today)
    return asked


def concerned(booking: LedgerTransaction, amounts: Amounts) -> set[int]:
    """Return the keys of the invoices that another division of a booking touches."""
    return {*of_booking(booking), *amounts}


def needs_second_person(amounts: Amounts) -> bool:
    """Tell whether so much is moved that a second person has to confirm it, with what was moved alone within a day."""
    moved = sum(amounts.values(), ZERO)
    practices = Provider.objects.filter(pk__in=Invoice.objects.filter(pk__in=amounts).values("provider"))
    return any(
        by_two.is_too_much(
            one, "REALLOCATION_SECOND_PERSON_ABOVE", here=moved, in_a_day=moved + _moved_alone(one, timezone.now())
        )
        for one in practices
    )


def _moved_alone(practice: Provider, now: datetime) -> Decimal:
    """Return what people of a practice moved within a day without a second person, in euros."""
    alone = ReallocationShare.objects.filter(invoice__provider=practice, reallocation__status=Status.BOOKED)
    alone = alone.filter(reallocation__confirmed_by=None, reallocation__created_at__gt=now - by_two.ALONE_WITHIN)
    return alone.aggregate(sum=Sum("amount"))["sum"] or ZERO


def refuse_if_wrong(booking: LedgerTransaction, amounts: Amounts) -> None:
    """Raise Refused, in the reader's words, when a booking can't be divided so."""
    rows = Invoice.objects.filter(pk__in=concerned(booking, amounts)).select_related("provider", "patient")
    _refuse_if_wrong(booking, list(rows.order_by("pk")), amounts, "-")


def _known(booking: LedgerTransaction, amounts: Amounts, key: str) -> Reallocation | None:
    known = Reallocation.objects.filter(key=key).first()
    if known and (known.booking_id != booking.pk or dict(known.shares.values_list("invoice_id", "amount")) != amounts):
        raise FormUsed
    return known


def _asked(
    booking: LedgerTransaction, invoices: Sequence[Invoice], amounts: Amounts, *, reason: str, by: Staff, key: str
) -> Reallocation:
    _refuse_if_wrong(booking, invoices, amounts, reason)
    asked = Reallocation.objects.create(booking=booking, asked_by=by, key=key)
    ReallocationShare.objects.bulk_create(
        ReallocationShare(reallocation=asked, invoice_id=pk, amount=amount) for pk, amount in amounts.items()
    )
    first = _first(invoices, booking)
    audit.record("reallocation_asked", by=audit.name_of(by), invoice=first, written=reason.strip())
    return asked


def confirm(asked: Reallocation, *, by: Staff, today: date | None = None) -> None:
    """Book what waits. Raises Refused for the one who asked, and when it does not wait or does not fit any more."""
    with transaction.atomic():
        amounts = dict(asked.shares.values_list("invoice_id", "amount"))
        invoices = lock_invoices({*of_booking(asked.booking), *amounts})
        waiting = _waiting(asked)
        if waiting.asked_by_id == by.pk:
            raise Refused(_("Somebody else has to confirm what you asked."))
        by_two.refuse_new(waiting.asked_by, by, practice=_first(invoices, waiting.booking).provider_id)
        _refuse_if_wrong(waiting.booking, invoices, amounts, "-", waiting=waiting)
        Reallocation.objects.filter(pk=waiting.pk).update(confirmed_by=by)
        _book(waiting, invoices, amounts, by=by, today=today or timezone.localdate())


def refuse(asked: Reallocation, *, by: Staff) -> None:
    """Refuse what waits: nothing is booked. Raises Refused when it does not wait any more."""
    with transaction.atomic():
        invoices = lock_invoices(of_booking(asked.booking))
        waiting = _waiting(asked)
        advance(waiting, Status.REFUSED)
        audit.record("reallocation_refused", by=audit.name_of(by), invoice=_first(invoices, waiting.booking))
        _close_task(waiting, by=by)


def of_booking(booking: LedgerTransaction) -> dict[int, Decimal]:
    """Return what a booking of money brought to each invoice, in euros, by key."""
    own = booking.postings.filter(account__in=OF_INVOICE).order_by().values("invoice")
    return {row["invoice"]: -row["sum"] for row in own.annotate(sum=Sum("amount")).order_by("invoice")}


def _waiting(asked: Reallocation) -> Reallocation:
    waiting = Reallocation.objects.select_for_update(no_key=True).select_related("booking").get(pk=asked.pk)
    if waiting.status != Status.PROPOSED:
        raise Refused(_("Somebody decided about this already."))
    return waiting


def _refuse_if_wrong(
    booking: LedgerTransaction,
    invoices: Sequence[Invoice],
    amounts: Amounts,
    reason: str,
    *,
    waiting: Reallocation | None = None,
) -> None:
    if not reason.strip():
        raise Refused(_("Say why. Your colleagues read it on the timeline."))
    reversed_ = LedgerTransaction.objects.filter(reverses=booking).exists()
    if booking.kind not in LedgerTransaction.RECEIVED or booking.reverses_id or reversed_:
        raise Refused(_("This booking no longer stands."))
    proposed = Reallocation.objects.filter(booking=booking, status=Status.PROPOSED)
    if proposed.exclude(pk=waiting.pk if waiting else 0).exists():
        raise Refused(_("A new allocation of this booking waits for a second person already."))
    now = of_booking(booking)
    if min(amounts.values(), default=ZERO) <= ZERO or sum(amounts.values(), ZERO) != sum(now.values(), ZERO):
        raise Refused(_("Together the amounts must be what was received."))
    if dict(amounts) == now:
        raise Refused(_("That is how it is booked already."))
    if len({creditor_of(invoice) for invoice in invoices}) > 1:
        raise Refused(_("Money can only pay invoices of one creditor."))
    if any(invoice.pk in amounts and (invoice.withdrawn_at or invoice.erased_at) for invoice in invoices):
        raise Refused(_("One of these invoices was withdrawn or erased."))
    if not all(stays_covered(i, max(now.get(i.pk, ZERO) - amounts.get(i.pk, ZERO), ZERO)) for i in invoices):
        raise Refused(_("A part of this payment went back to the payer, so it can't be moved."))
    payment = Payment.objects.filter(mollie_id=booking.external_id.partition(shares.MOVED)[0]).first()
    if booking.kind == Kind.PAYMENT and payment and shares.standing(payment) != now:
        raise Refused(_("A part of this payment went back to the payer, so it can't be moved."))


def _book(
    asked: Reallocation, invoices: Sequence[Invoice], amounts: Amounts, *, by: Staff, today: date
) -> LedgerTransaction:
    """Mirror the booking and book it anew, undo what followed from it, and tell the patients."""
    who, booking, before = audit.name_of(by), asked.booking, of_booking(asked.booking)
    advance(asked, Status.BOOKED)
    event, by_key = booking.external_id, {invoice.pk: invoice for invoice in invoices}
    note = AllocationNote.objects.filter(transaction=booking).order_by("pk").first()
    through = Posting.objects.filter(transaction=booking, account__in=THROUGH).values_list("account", flat=True).first()
    ledger.reverse_shares(
        invoices, booking, external_id=f"{event}:undone:{asked.pk}", occurred_at=timezone.now(), by=who
    )
    words = note.text if note else ""
    received = ledger.post_shares(
        [Share(by_key[pk], -amount, words=words) for pk, amount in amounts.items()],
        Kind(booking.kind),
        external_id=f"{event.partition(shares.MOVED)[0]}{shares.MOVED}{asked.pk}",
        occurred_at=booking.occurred_at,
        by=who,
        through=Account(through or Account.GATEWAY),
    )
    assert received  # the id of the row makes it new
    for invoice in invoices:
        change = amounts.get(invoice.pk, ZERO) - before.get(invoice.pk, ZERO)
        if change:
            supersede_live(invoice)
            _undo_what_followed(invoice, received, gained=change > ZERO, by=who, today=today)
            sums = {"was": str(before.get(invoice.pk, ZERO)), "now": str(amounts.get(invoice.pk, ZERO))}
            audit.record("money_moved", by=who, invoice=invoice, **sums)
            _tell(invoice, asked, was=before.get(invoice.pk, ZERO), now=amounts.get(invoice.pk, ZERO))
    _close_task(asked, by=by)
    return received


def _undo_what_followed(invoice: Invoice, received: LedgerTransaction, *, gained: bool, by: str, today: date) -> None:
    """Take off costs and interest that the mistake led to, and give a new last day to pay.

    Dunning begins again with the free reminder, unless costs stand that were due before the money came.
    """
    if gained:
        rooms.booked([(invoice, received)])
        if rooms.handed_over_after(invoice, received.occurred_at):  # with this money it might not have been
            rooms.recall([invoice], reason="reallocated", by=by, today=today)
        taken_off.undo_since(invoice, received, today=today)
    owed = ledger.balance(invoice.pk) > ZERO
    due_on = schedule.time_to_pay(invoice, today=today) if owed else None
    starts_again = not (gained and charges.stand(invoice))
    if starts_again and gained:
        schedule.void_final_notice(invoice, "reallocated")
    schedule.interrupt(invoice, due_on=due_on, today=today, remind_again=starts_again)
    credit.leave_to_staff(invoice, cause=f"moved:{received.pk}", by=by, reason="money was moved")


def _tell(invoice: Invoice, asked: Reallocation, *, was: Decimal, now: Decimal) -> None:
    balance = ledger.balance(invoice.pk)
    queue_message(
        "payment_moved",
        invoice=invoice,
        context={
            "was": was,
            "now": now,
            "undone": False,
            "paid_on": asked.booking.occurred_at,
            "outstanding": max(balance, ZERO),
            "credit": max(-balance, ZERO),
            "due_on": invoice.due_on,
            "start_again": not charges.stand(invoice),
            **agreements.due_facts(invoice, today=timezone.localdate()),
            **open_link_context(invoice, until=max(timezone.localdate(), invoice.due_on)),
        },
        dedupe_key=f"payment_moved:{asked.pk}:{invoice.pk}",
    )


def _first(invoices: Sequence[Invoice], booking: LedgerTransaction) -> Invoice:
    """Return the invoice on whose timeline the act is told: the first that had the money."""
    had = of_booking(booking)
    return next(invoice for invoice in invoices if invoice.pk in had)


def _close_task(asked: Reallocation, *, by: Staff) -> None:
    waiting = audit.open_alarms(Task.REALLOCATION_TO_CONFIRM, asked.key)
    audit.close_superseded(waiting, by=audit.name_of(by), reason=str(asked.get_status_display()))
