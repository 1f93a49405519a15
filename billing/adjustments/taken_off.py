"""Charges taken off again, and telling the patient: a waiver by staff, or money that turns out to have come in time."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from billing import audit, ledger
from billing.adjustments import charges, credit
from billing.invoices import schedule
from billing.ledger import lock_invoice
from billing.ledger.breakdown import interest_due, parts_by_law
from billing.ledger.entries import Entry, standing_entries
from billing.models import Invoice, LedgerTransaction, Letter, Posting, ReminderStep
from billing.models.ledger import Account
from billing.money import ZERO, split, to_cents
from billing.outbox.facts import moment_of, open_link_context
from billing.outbox.queue import queue_message
from billing.plans import agreements

Step, Status, Kind = ReminderStep.Step, ReminderStep.Status, LedgerTransaction.Kind
CHARGES = (Kind.COSTS, Kind.INTEREST)


def waive(invoice: Invoice, *, by: str, written: str, today: date, start_again: bool = False) -> Decimal:
    """Waive all costs and interest and tell the patient; return their sum in euros, zero when there were none.

    With `start_again` the patient was right: the letters that led to them are void, there is a new last day to pay, and
    dunning begins with the free reminder.
    """
    with transaction.atomic():
        locked = lock_invoice(invoice.pk)
        waived = charges.take_off(locked, by=by, written=written, forgiven=True, now=moment_of(today))
        if waived and start_again:
            schedule.void_final_notice(locked, "waived")
            due_on = schedule.time_to_pay(locked, today=today) if ledger.balance(locked.pk) > ZERO else None
            schedule.interrupt(locked, due_on=due_on, today=today, remind_again=True)
        if waived:
            tell(locked, waived, today=today, start_again=start_again)
    return waived


def correct_each(received: Sequence[tuple[Invoice, LedgerTransaction]]) -> set[int]:
    """Undo costs and interest of locked invoices that payments show to be undue; return the keys of those invoices.

    A payment counts on the day on which it was made, not on the one on which we learnt of it (6:114 BW). What was
    booked since is computed again as if it had been known, and never becomes more.
    """
    # Of one known on the day on which it came nothing was booked since.
    late = [(i, entry) for i, entry in received if _day(entry) < timezone.localtime(entry.created_at).date()]
    charged = _charged([invoice.pk for invoice, _entry in late]) if late else ()
    return {invoice.pk for invoice, entry in late if invoice.pk in charged and _correct(invoice, entry)}


def _charged(invoice_ids: Sequence[int]) -> set[int]:
    """Return which of these invoices ever had costs by a final notice, or interest: only few have."""
    noticed = ReminderStep.objects.filter(invoice__in=invoice_ids, step=Step.FINAL_NOTICE, status=Status.TAKEN)
    with_costs = noticed.exclude(letter__costs_booked_at=None).values_list("invoice", flat=True)
    interest = Posting.objects.filter(invoice__in=invoice_ids, transaction__kind=Kind.INTEREST)
    return {*with_costs, *interest.values_list("invoice", flat=True)}


def _correct(invoice: Invoice, entry: LedgerTransaction) -> Decimal:
    """Undo costs and interest of one invoice that the payment `entry` shows to be undue; return their sum."""
    rows = ReminderStep.objects.filter(
        invoice=invoice, step=Step.FINAL_NOTICE, status=Status.TAKEN, letter__costs_booked_at__gt=entry.occurred_at
    )
    found = rows.order_by("-pk").values_list("pk", flat=True).first()  # hardly ever: most money comes in time
    row = ReminderStep.objects.select_related("letter__patient__provider").get(pk=found) if found else None
    letter = row.letter if row else None
    if row is None or letter is None or letter.costs_booked_at is None:
        return _correct_interest(invoice, entry)
    booked_on = timezone.localtime(letter.costs_booked_at).date()
    if _day(entry) >= booked_on:
        return _correct_interest(invoice, entry)
    named = row.principal or ZERO
    open_then = min(named, _principal_before(invoice, booked_on))
    open_known = min(named, _principal_before(invoice, booked_on, without=entry))
    if open_then < min(named, settings.COSTS_FROM_REST):
        off = charges.reverse_charges(invoice, by=entry.by, note="paid_in_time")
    else:
        off = _lower(letter, invoice, open_then, less=open_known - open_then, entry=entry)
    if off:
        credit.leave_to_staff(invoice, cause=f"in_time:{entry.pk}", by=entry.by, reason="charges were taken off")
        tell(invoice, off, today=timezone.localdate(), paid_on=entry.occurred_at)
    return off


def _correct_interest(invoice: Invoice, entry: LedgerTransaction) -> Decimal:
    """Correct interest that was booked after a payment of which we learnt late, and which came too late for the costs.

    The receipt of the payment tells what is left.
    """
    booked = [e for e in standing_entries(invoice) if e.kind == Kind.INTEREST and _day(e) >= _day(entry)]
    if not booked:
        return ZERO  # as for nearly all
    before = ledger.balance(invoice.pk)
    _lower_interest(invoice, entry)
    off = before - ledger.balance(invoice.pk)
    if off:
        audit.record("charges_corrected", by=entry.by, invoice=invoice, amount=str(off))
        credit.leave_to_staff(invoice, cause=f"in_time:{entry.pk}", by=entry.by, reason="charges were taken off")
    return off


def undo_since(invoice: Invoice, received: LedgerTransaction, *, today: date) -> Decimal:
    """Take costs and interest off a locked invoice that were booked since money came that we had put elsewhere.

    Their letters asked too much by our mistake. Tell the patient, and return the sum in euros.
    """
    since = _day(received) + timedelta(days=1)  # what was booked on the day itself counted the money as not yet there
    off = charges.reverse_charges(invoice, by=received.by, note="money_moved", forgiven=True, since=since)
    if off:
        tell(invoice, off, today=today)
    return off


def _day(entry: Entry | LedgerTransaction) -> date:
    return timezone.localtime(entry.occurred_at).date()


def _principal_before(invoice: Invoice, day: date, *, without: LedgerTransaction | None = None) -> Decimal:
    """Return the principal that was open when `day` began, by the days on which money came."""
    entries = [e for e in standing_entries(invoice) if e.kind not in CHARGES and _day(e) < day]
    counted = [e for e in entries if without is None or e.pk != without.pk]
    return parts_by_law(invoice, counted)[Account.PRINCIPAL]


def _lower(
    letter: Letter, invoice: Invoice, still_open: Decimal, *, less: Decimal, entry: LedgerTransaction
) -> Decimal:
    """Book costs and interest again over what was open in time; return by how much they became less."""
    before = ledger.balance(invoice.pk)
    base = max((letter.costs_base or ZERO) - less, still_open)
    total = charges.costs_over(letter, base, today=timezone.localtime(letter.costs_booked_at).date())
    rest = to_cents(base) - to_cents(still_open)
    share = split(total, [to_cents(still_open), rest])[0] if rest and to_cents(total) > 1 else total
    Letter.objects.filter(pk=letter.pk).update(costs_base=base)
    mark = f"letter:{letter.pk}:costs:"
    for cost in standing_entries(invoice):
        if cost.kind == Kind.COSTS and cost.transaction.external_id.startswith(mark) and share < cost.amount:
            _replace(cost, invoice, share, entry)
    _lower_interest(invoice, entry)
    off = before - ledger.balance(invoice.pk)
    if off:
        audit.record("charges_corrected", by=entry.by, invoice=invoice, amount=str(off))
    return off


def _lower_interest(invoice: Invoice, entry: LedgerTransaction) -> None:
    """Replace interest that was computed as if the payment `entry` had not come by what is right."""
    first = charges.default_day(invoice)
    wrong = [e for e in standing_entries(invoice) if e.kind == Kind.INTEREST and _day(e) >= max(first, _day(entry))]
    if not wrong:
        return
    until = charges.last_day_of_interest(_day(wrong[-1]))
    booked = sum((e.amount for e in wrong), ZERO)
    for row in wrong[:-1]:
        _replace(row, invoice, ZERO, entry)
    moment = wrong[-1].occurred_at
    _replace(wrong[-1], invoice, ZERO, entry)
    due = min(booked, interest_due(invoice, until=until, default_day=first))
    if due:
        key = f"interest:{invoice.pk}:{until}:corrected:{entry.pk}"
        ledger.post(invoice, Kind.INTEREST, due, external_id=key, occurred_at=moment, by=entry.by)


def _replace(row: Entry, invoice: Invoice, amount: Decimal, entry: LedgerTransaction) -> None:
    """Reverse a charge and book `amount` instead, on the day of the charge."""
    key = f"{row.transaction.external_id}:corrected:{entry.pk}"
    ledger.reverse(invoice, row.transaction, external_id=f"{key}:reversed", occurred_at=timezone.now(), by=entry.by)
    if amount:
        ledger.post(invoice, row.kind, amount, external_id=key, occurred_at=row.occurred_at, by=entry.by)


def tell(
    invoice: Invoice,
    amount: Decimal,
    *,
    today: date,
    start_again: bool = False,
    spared: bool = False,
    paid_on: datetime | None = None,
) -> None:
    """Tell whoever is written to that costs and interest went off a locked invoice.

    `start_again`: no earlier letter counts any more; `spared`: the invoice rests.
    """
    balance = ledger.balance(invoice.pk)
    last = LedgerTransaction.objects.filter(postings__invoice=invoice).order_by("pk").last()
    queue_message(
        "charges_taken_off",
        invoice=invoice,
        context={
            "amount": amount,
            "paid_on": paid_on,
            "start_again": start_again,
            "spared": spared,
            "due_on": invoice.due_on,
            **agreements.due_facts(invoice, today=today),
            "outstanding": max(balance, ZERO),
            "credit": max(-balance, ZERO),
            **open_link_context(invoice, until=max(today, invoice.due_on)),
        },
        dedupe_key=f"charges_taken_off:{last.pk if last else invoice.pk}",
    )
