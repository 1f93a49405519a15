"""Proposing orders, and the two persons who agree to each."""

from collections.abc import Sequence
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from banking.models import BankAccount, BankLine, OutgoingOrder
from banking.orders import followers, funding, payees
from banking.orders.payees import Payee
from billing import audit
from billing.errors import Refused
from billing.models import Invoice, Provider, Staff
from billing.rights import by_two
from billing.rows import insert_rows
from billing.transitions import advance

Status, Purpose = OutgoingOrder.Status, OutgoingOrder.Purpose
ORDER_WAITS = "bank_order_waits"  # staff task


def propose(
    purpose: OutgoingOrder.Purpose,
    amount: Decimal,
    payee: Payee,
    *,
    source: str,
    by: Staff | None,
    provider: Provider | None = None,
    invoice: Invoice | None = None,
    line: BankLine | None = None,
    account: BankAccount | None = None,
) -> OutgoingOrder:
    """Propose a payment from `source`, as `propose_each` does. Without `account` it is made from our first one."""
    order = OutgoingOrder(
        purpose=purpose, amount=amount, source=source, account=account or our_account(), provider=provider,
        invoice=invoice, line=line, proposed_by=by,
    )  # fmt: skip
    (proposed,) = propose_each([(order, payee)], by=by)
    return proposed


def our_account() -> BankAccount:
    """Return the account that we pay from. Raises Refused without one."""
    account = BankAccount.objects.order_by("pk").first()
    if account is None:
        raise Refused(_("We have no bank account yet to pay from. Add one first."))
    return account


def propose_each(asked: Sequence[tuple[OutgoingOrder, Payee]], *, by: Staff | None) -> list[OutgoingOrder]:
    """Propose payments, each from its source once: return the order that there is already while that is not over.

    `by` is None for a rule: then two persons have to agree. Raises Refused when the account of a payee is blocked, and
    IntegrityError when somebody else was first with one of several.
    """
    for order, payee in asked:
        payees.put(order, payee)
    payees.refuse_if_blocked([order.iban_hash for order, _payee in asked])
    sources = [order.source for order, _payee in asked]
    live = OutgoingOrder.objects.filter(source__in=sources).exclude(status__in=OutgoingOrder.FAILED)
    known = {order.source: order for order in live}
    new = [order for order, _payee in asked if order.source not in known]
    try:
        with transaction.atomic():
            _insert(new, by)
    except IntegrityError:  # somebody else was first
        if len(asked) > 1:
            raise
        return [live.get()]
    return [known.get(order.source, order) for order, _payee in asked]


def _insert(orders: Sequence[OutgoingOrder], by: Staff | None) -> None:
    insert_rows(orders)
    audit.record_all(
        audit.event(
            "order_proposed", by=_name(by), invoice=order.invoice, order=order.reference, amount=str(order.amount)
        )
        for order in orders
    )
    audit.open_tasks(
        [audit.task(ORDER_WAITS, dedupe_key=one.reference, invoice=one.invoice, note=one.reference) for one in orders]
    )


def approve(order: OutgoingOrder, *, by: Staff) -> bool:
    """Agree to an order; return whether both persons have. Its money is reserved then, at the amount that is there.

    Raises Refused for the person who proposed it, for one that does not wait any more, and when the money is gone.
    """
    with transaction.atomic():
        invoice, waiting = _waiting(order)
        payees.refuse_if_blocked([waiting.iban_hash])
        if waiting.proposed_by_id == by.pk:
            raise Refused(_("You proposed this order or agreed to it already. Somebody else has to agree, too."))
        by_two.refuse_new(waiting.proposed_by, by, practice=None)
        who = audit.name_of(by)
        if waiting.proposed_by_id is None:
            OutgoingOrder.objects.filter(pk=waiting.pk).update(proposed_by=by)
            audit.record("order_agreed_first", by=who, invoice=invoice, order=waiting.reference)
            return False
        followers.refuse_if_wrong(waiting)
        funding.reserve(waiting, invoice, by=who)
        advance(waiting, Status.APPROVED, approved_by=by, approved_at=timezone.now())
        audit.record("order_approved", by=who, invoice=invoice, order=waiting.reference, amount=str(waiting.amount))
        followers.approved(waiting)
        close_task(waiting, by=who)
    return True


def refuse(order: OutgoingOrder, *, by: Staff, reason: str) -> None:
    """Cancel an order that is in no batch yet, and release its money. Raises Refused without a reason, or too late."""
    if not reason.strip():
        raise Refused(_("Say why. Your colleagues read it on the timeline."))
    with transaction.atomic():
        invoice, waiting = locked(order)
        if waiting.status not in (Status.PROPOSED, Status.APPROVED):
            raise Refused(_("This order is in a batch for the bank already, or it has ended."))
        who = audit.name_of(by)
        if waiting.status == Status.APPROVED:
            funding.release(waiting, invoice, by=who, reason="refused")
        advance(waiting, Status.CANCELLED, ended_at=timezone.now(), cancelled_by=by)
        audit.record("order_refused", by=who, invoice=invoice, order=waiting.reference, written=reason.strip()[:200])
        followers.failed(waiting, by=who)
        close_task(waiting, by=who)


def locked(order: OutgoingOrder) -> tuple[Invoice | None, OutgoingOrder]:
    """Lock what the order is paid from, and then the order; return its invoice, if it has one, and the order."""
    invoice = funding.lock(order)
    rows = OutgoingOrder.objects.select_for_update(no_key=True, of=("self",)).select_related("provider", "line")
    return invoice, rows.get(pk=order.pk)


def close_task(order: OutgoingOrder, *, by: str) -> None:
    """Close the task that an order waits, in the name of who decided."""
    waits = audit.open_alarms(ORDER_WAITS, order.reference)
    audit.close_superseded(waits, by=by, reason=str(order.get_status_display()))


def _waiting(order: OutgoingOrder) -> tuple[Invoice | None, OutgoingOrder]:
    invoice, waiting = locked(order)
    if waiting.status != Status.PROPOSED:
        raise Refused(_("Somebody decided about this order already."))
    return invoice, waiting


def _name(by: Staff | None) -> str:
    return audit.name_of(by) if by else "system"
