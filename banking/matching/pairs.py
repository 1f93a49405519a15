"""Lines that went out and belong to what we know: money that the bank took back, and orders that it names not.

A bank may book a batch of ours as one sum without ids, and it may take back what it had booked in. A person says so.
"""

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from banking.models import BankLine, LineDecision, OutgoingOrder
from banking.orders import outcome
from billing import audit
from billing.errors import Refused
from billing.money import ZERO
from billing.transitions import advance

_WAITS = (BankLine.Status.PROPOSED, BankLine.Status.UNMATCHED)
What = LineDecision.What


def taken_back(line: BankLine) -> BankLine | None:
    """Return the waiting line whose money this debit took back: of the same account, the last one before; or None."""
    return _opposite(line).filter(booked_on__lte=line.booked_on).order_by("-booked_on", "-pk").first()


def taken_back_by(line: BankLine) -> BankLine | None:
    """Return the waiting debit that may have taken back what this line brought; None when there is none."""
    return _opposite(line).filter(booked_on__gte=line.booked_on).order_by("booked_on", "pk").first()


def _opposite(line: BankLine) -> QuerySet[BankLine]:
    rows = BankLine.objects.filter(account=line.account_id, amount=-line.amount, status__in=_WAITS)
    rows = rows.exclude(decisions__status__in=LineDecision.STANDING)
    return rows.filter(counter_hash__in=(line.counter_hash, "")) if line.counter_hash else rows


def join(decision: LineDecision, line: BankLine, *, by: str) -> None:
    """Let a locked debit and the line whose money it took back wait no more: together they are nothing.

    Raises Refused when no such line waits.
    """
    found = taken_back(line) if line.amount < ZERO else None
    if found is None:
        raise Refused(_("No line that brought this amount waits. Undo what was booked for it first."))
    other = BankLine.objects.select_for_update(no_key=True).get(pk=found.pk)
    if other.status not in _WAITS or other.decisions.filter(status__in=LineDecision.STANDING).exists():
        raise Refused(_("Somebody else was first: this was decided already. Look at the line again."))
    LineDecision.objects.create(
        line=other, kind=decision.kind, what=decision.what, status=LineDecision.Status.DONE, by=decision.by,
        confirmed_by=decision.confirmed_by, partner=decision,
    )  # fmt: skip
    advance(other, BankLine.Status.NOT_OURS)
    audit.record("bank_line_decided", by=by, line=other.pk, amount=str(other.amount), what=decision.what)


def part(decision: LineDecision, *, by: str) -> None:
    """Undo `join`: both lines wait again. Raises Refused on the page of the line that brought the money."""
    other = LineDecision.objects.filter(partner=decision, status=LineDecision.Status.DONE).first()
    if other is None:
        raise Refused(_("Undo this at the line that went out."))
    line = BankLine.objects.select_for_update(no_key=True).get(pk=other.line_id)
    advance(other, LineDecision.Status.UNDONE, undone_at=timezone.now())
    advance(line, BankLine.Status.UNMATCHED)
    audit.record("bank_line_undone", by=by, line=line.pk, amount=str(line.amount))


def orders_of(line: BankLine) -> list[OutgoingOrder]:
    """Return the orders at the bank that a debit paid: one batch of just this sum, or one order; empty when unsure."""
    at_bank = OutgoingOrder.objects.filter(
        account=line.account_id, status__in=OutgoingOrder.AT_BANK, batch__exported_at__date__lte=line.booked_on
    )
    batches: dict[int | None, list[OutgoingOrder]] = {}
    for order in at_bank.order_by("invoice_id", "pk"):
        batches.setdefault(order.batch_id, []).append(order)
    fitting = [orders for orders in batches.values() if sum(order.amount for order in orders) == -line.amount]
    single = [[order] for orders in batches.values() if len(orders) > 1 for order in orders
              if order.amount == -line.amount]  # fmt: skip
    found = [*fitting, *single]
    return found[0] if len(found) == 1 else []


def lock_orders(line: BankLine) -> None:
    """Lock the orders that a debit may have paid, and what they are paid from: before the line itself."""
    outcome.lock_all(orders_of(line))


def carry_out(line: BankLine) -> None:
    """Book a locked debit as that of our orders. Raises Refused when it is not sure which orders these are."""
    orders = orders_of(line) if line.amount < ZERO else []
    if not orders:
        raise Refused(_("Not just one batch or order at the bank has this amount. Ask the bank for the details."))
    outcome.debit_all(orders, line)
