"""Moving credit to another open invoice of the same payer and creditor: by the payer's choice, or designated by staff.

It counts from the day on which the patient could have set both off (6:129 BW): the credit was there and so was the
other invoice. Costs and interest that this makes untrue are undone, as for any money that came earlier than we knew.
"""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit, ledger, rooms
from billing.errors import FormUsed, Refused
from billing.invoices import schedule
from billing.invoices.holds import is_on_hold
from billing.ledger import lock_invoices
from billing.ledger.entries import standing_entries
from billing.ledger.events import Share
from billing.models import Invoice, LedgerTransaction, Staff
from billing.money import ZERO
from billing.outbox.queue import queue_message
from billing.payments import credit, refunds
from billing.payments.attempts import supersede_live
from billing.templatetags.money import euro

Kind = LedgerTransaction.Kind


def movable(source: Invoice, target: Invoice) -> Decimal:
    """Return how much credit of `source` can pay `target` now, in euros."""
    return min(credit.free(source), ledger.outstanding(target.pk))


def left_after(target: Invoice, amount: Decimal) -> Decimal:
    """Return what is left to pay on `target` when `amount` has paid it, in euros."""
    return ledger.outstanding(target.pk) - amount


def move(
    source_id: int, target_id: int, *, seen: Decimal, key: str, by: str, written: str = "", now: datetime | None = None
) -> LedgerTransaction | None:
    """Pay one invoice with the credit of another, as much as possible; return the transaction, None when it was done.

    `seen`: the amount that the person agreed to. `key` is that of the form, so that a doubled click moves once. Raises
    Refused for an invoice of another payer or creditor, for one that can't be paid now, for another amount, and for a
    form that moved credit elsewhere before.
    """
    now = now or timezone.now()
    with transaction.atomic():
        invoices = {invoice.pk: invoice for invoice in lock_invoices([source_id, target_id])}
        source, target = invoices[source_id], invoices[target_id]
        event = f"credit:{key}"
        if before := LedgerTransaction.objects.filter(kind=Kind.CREDIT_MOVED, external_id=event).first():
            if set(before.postings.values_list("invoice_id", flat=True)) != set(invoices):
                raise FormUsed
            return None
        _refuse_unless_payable(source, target)
        amount = movable(source, target)
        if amount != seen or not amount:
            raise Refused(_("The amount is %(amount)s now. Look at the new amount, and try again.")
                          % {"amount": euro(amount)})  # fmt: skip
        shares = [Share(source, amount), Share(target, -amount, words=written)]
        moved = ledger.post_shares(
            shares, Kind.CREDIT_MOVED, external_id=event, occurred_at=_could_set_off(source, target, now), by=by
        )
        assert moved is not None
        supersede_live(target, now=now)
        for invoice in (source, target):
            audit.record("credit_moved", by=by, invoice=invoice, written=written, amount=str(amount), to=target.number)
        rooms.booked([(target, moved)])
        refunds.propose(source, by=refunds.BY_SYSTEM, reason="credit was moved", now=now)
        if ledger.balance(target.pk) < ZERO:  # charges that it paid turned out not to be due
            refunds.propose(target, by=refunds.BY_SYSTEM, reason="credit was moved", now=now)
        _tell(source, target, amount, undone=False, event=event)
    return moved


def undo(moved: LedgerTransaction, *, by: Staff, written: str, now: datetime | None = None) -> None:
    """Undo the moving of credit by the mirror of its transaction; the other invoice gets a new last day to pay.

    Raises Refused without a reason, and when it was undone before.
    """
    if not written.strip():
        raise Refused(_("Say why. Your colleagues read it on the timeline."))
    now, who = now or timezone.now(), audit.name_of(by)
    with transaction.atomic():
        ids = moved.postings.order_by().values_list("invoice_id", flat=True).distinct()
        invoices = lock_invoices(pk for pk in ids if pk)
        amounts = {invoice.pk: amount_on(invoice, moved) for invoice in invoices}
        event = f"{moved.external_id}:undone"
        if not ledger.reverse_shares(invoices, moved, external_id=event, occurred_at=now, by=who):
            raise Refused(_("This was undone already."))
        source = next(invoice for invoice in invoices if amounts[invoice.pk] > 0)
        target = next(invoice for invoice in invoices if amounts[invoice.pk] < 0)
        for invoice in invoices:
            audit.record("credit_move_undone", by=who, invoice=invoice, written=written.strip()[:200])
        today = timezone.localdate(now)
        if ledger.outstanding(target.pk):
            due_on = schedule.time_to_pay(target, today=today)
            schedule.interrupt(target, due_on=due_on, today=today)
        supersede_live(target, now=now)
        refunds.propose(source, by=refunds.BY_SYSTEM, reason="credit came back", now=now)
        _tell(source, target, amounts[source.pk], undone=True, event=event)


def moves_of(invoice: Invoice) -> QuerySet[LedgerTransaction]:
    """Return the transactions that moved credit from or to this invoice and stand, the newest first."""
    rows = LedgerTransaction.objects.filter(kind=Kind.CREDIT_MOVED, reverses=None, reversed_by=None)
    return rows.filter(postings__invoice=invoice).distinct().order_by("-pk")


def _refuse_unless_payable(source: Invoice, target: Invoice) -> None:
    if target.withdrawn_at or target.erased_at or not ledger.outstanding(target.pk):
        raise Refused(_("Nothing is left to pay on that invoice."))
    if not refunds.others_open(source).filter(pk=target.pk).exists():
        raise Refused(_("Credit can only pay another invoice of the same payer at the same care provider."))
    if is_on_hold(target.pk):
        raise Refused(_("That invoice is on hold. It can't be paid now."))


def _could_set_off(source: Invoice, target: Invoice, now: datetime) -> datetime:
    """Return the moment since which both have been there: the credit, and the debt that it pays."""
    asked = [entry.occurred_at for entry in standing_entries(target) if entry.kind == Kind.INVOICED]
    return min(max([credit.since(source) or now, *asked]), now)


def amount_on(invoice: Invoice, moved: LedgerTransaction) -> Decimal:
    """Return what a standing transaction did to this invoice, in euros: above zero its credit was used."""
    entries = [entry.amount for entry in standing_entries(invoice) if entry.pk == moved.pk]
    return entries[0] if entries else ZERO


def _tell(source: Invoice, target: Invoice, amount: Decimal, *, undone: bool, event: str) -> None:
    queue_message(
        "credit_moved",
        invoice=target,
        context={
            "amount": amount,
            "source": source.number,
            "target": target.number,
            "outstanding": ledger.outstanding(target.pk),
            "undone": undone,
        },
        dedupe_key=f"credit_moved:{event}",
    )
