"""What a payment is for: one invoice, or several, each with the part that the payer designated (6:43 lid 1 BW).

Money that goes back goes back to the same invoices. A refund or chargeback of all that stands takes from each what it
got. Of a part of it, the invoice that the refund names comes first; then those with credit, because what was too much
goes back first; then the one whose last day to pay is latest, so that the oldest debts stay paid.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Q, QuerySet, Sum

from billing import ledger
from billing.ledger import lock_invoices
from billing.ledger.events import Share
from billing.models import Invoice, LedgerTransaction, Payment, PaymentShare, Posting
from billing.models.ledger import Account
from billing.money import ZERO

Kind = LedgerTransaction.Kind
MOVED = ":to:"  # in the external id of a payment that was booked anew on other invoices


@dataclass(frozen=True, slots=True)
class Part:
    """One invoice that a payment is for, and the amount in euros. `alone`: the payment is for this one only."""

    invoice: Invoice
    amount: Decimal
    alone: bool

    def key(self, event: str | None) -> str:
        """Return `event`, with the invoice when the event concerns several: what happens once for each of them."""
        return str(event) if self.alone else f"{event}:{self.invoice.pk}"


def designated(payment: Payment) -> dict[int, Decimal]:
    """Return the amount that the payer designated for each invoice, by key; the one it was started from comes first."""
    if not payment.several:
        return {payment.invoice_id: payment.amount}
    return dict(payment.shares.values_list("invoice_id", "amount"))


def live(invoice_ids: Collection[int]) -> list[Payment]:
    """Return the attempts that are offered now for any of these invoices, the newest first."""
    # Looked up first: hardly any are shared, and a subquery that finds none costs more than the rest.
    shared = list(PaymentShare.objects.filter(invoice__in=invoice_ids).values_list("payment", flat=True))
    offered: QuerySet[Payment] = Payment.objects.filter(superseded_at=None, status__in=Payment.LIVE)
    return list(offered.filter(Q(invoice__in=invoice_ids) | Q(pk__in=shared)).order_by("-pk"))


def is_live(payment: Payment) -> bool:
    """Tell whether an attempt is offered now."""
    return payment.superseded_at is None and payment.status in Payment.LIVE


def paid_for(invoice: Invoice) -> list[Payment]:
    """Return the payments that were for this invoice, alone or among others, and paid; the newest first."""
    shared = PaymentShare.objects.filter(invoice=invoice).values("payment")
    paid = Payment.objects.filter(status=Payment.Status.PAID, quarantined_at=None)
    return list(paid.filter(Q(invoice=invoice) | Q(pk__in=shared)).order_by("-paid_at", "-pk"))


def lock(payment: Payment) -> list[Invoice]:
    """Lock all invoices that the payment is for, or on which staff booked it since; return them in that order.

    The one that it was started from is `payment.invoice` afterwards.
    """
    locked: list[Invoice] = []
    wanted = _touched(payment)
    while {invoice.pk for invoice in locked} != wanted:  # booked on another one while we waited
        locked = lock_invoices(wanted)
        wanted = _touched(payment) | wanted if payment.mollie_id else wanted
    payment.invoice = next(invoice for invoice in locked if invoice.pk == payment.invoice_id)
    return locked


def _touched(payment: Payment) -> set[int]:
    found = set(designated(payment)) | {payment.invoice_id}
    if payment.status == Payment.Status.PAID and payment.mollie_id:
        moved = Posting.objects.filter(
            transaction__kind=Kind.PAYMENT, transaction__external_id__startswith=f"{payment.mollie_id}{MOVED}"
        )
        found.update(moved.values_list("invoice_id", flat=True))
    return found


def parts_of(payment: Payment, invoices: Iterable[Invoice]) -> list[Part]:
    """Return what the payment is for, of its locked `invoices`."""
    by_key = {invoice.pk: invoice for invoice in invoices}
    amounts = designated(payment)
    return [Part(by_key[pk], amount, alone=len(amounts) == 1) for pk, amount in amounts.items()]


def standing(payment: Payment) -> dict[int, Decimal]:
    """Return what stands of a booked payment on each invoice: what came in, less what went back."""
    own = (
        Q(kind=Kind.PAYMENT, external_id=payment.mollie_id)
        | Q(kind=Kind.PAYMENT, external_id__startswith=f"{payment.mollie_id}{MOVED}")
        | Q(kind=Kind.REFUND, external_id__in=payment.refunds.values("refund_id"))
        | Q(kind=Kind.CHARGEBACK, external_id__in=payment.chargebacks.values("chargeback_id"))
    )
    events = LedgerTransaction.objects.filter(own).values("pk")
    sides = Posting.objects.filter(
        Q(transaction__in=events) | Q(transaction__reverses__in=events), account=Account.GATEWAY
    )
    sums = sides.order_by().values("invoice").annotate(sum=Sum("amount")).order_by("invoice")
    return {row["invoice"]: row["sum"] for row in sums if row["sum"]}


def post_back(
    payment: Payment,
    invoices: list[Invoice],
    kind: LedgerTransaction.Kind,
    amount: Decimal,
    *,
    external_id: str,
    occurred_at: datetime,
    by: str,
    named: int | None = None,
) -> list[Part]:
    """Book that money of the payment went back; return from which of its locked invoices, none if it was booked before.

    `named`: the key of the invoice for which the refund was made.
    """
    if LedgerTransaction.objects.filter(kind=kind, external_id=external_id).exists():
        return []
    by_key = {invoice.pk: invoice for invoice in invoices}
    amounts = {payment.invoice_id: amount} if len(by_key) == 1 else _taken(payment, by_key, amount, named)
    shares = [Share(by_key[pk], part) for pk, part in amounts.items()]
    ledger.post_shares(shares, kind, external_id=external_id, occurred_at=occurred_at, by=by)
    return [Part(by_key[pk], part, alone=len(by_key) == 1) for pk, part in amounts.items()]


def _taken(payment: Payment, invoices: dict[int, Invoice], amount: Decimal, named: int | None) -> dict[int, Decimal]:
    """Return from which invoices so much goes back, in the order that the top of this file says."""
    there = {pk: sum_ for pk, sum_ in standing(payment).items() if sum_ > ZERO and pk in invoices}
    taken: dict[int, Decimal] = {}
    left = amount

    def take(pk: int, most: Decimal) -> None:
        nonlocal left
        part = min(left, most, there.get(pk, ZERO))
        if part > ZERO:
            taken[pk] = taken.get(pk, ZERO) + part
            there[pk] -= part
            left -= part

    if named is not None:
        take(named, amount)
    for pk in sorted(there):
        take(pk, max(-ledger.balance(pk), ZERO) - taken.get(pk, ZERO))
    for pk in sorted(there, key=lambda pk: (invoices[pk].due_on, pk), reverse=True):
        take(pk, amount)
    if left:  # more went back than stands: a claim on the payer, on the invoice that the payment was started from
        taken[payment.invoice_id] = taken.get(payment.invoice_id, ZERO) + left
    return taken


def mirror(
    invoices: list[Invoice], kind: LedgerTransaction.Kind, external_id: str, *, occurred_at: datetime, by: str
) -> list[Part]:
    """Book the mirror of an event once; return what it did to each invoice, none if it was mirrored before."""
    booked = LedgerTransaction.objects.get(kind=kind, external_id=external_id)
    by_key = {invoice.pk: invoice for invoice in invoices}
    undone = ledger.reverse_shares(
        invoices, booked, external_id=f"{external_id}:reversed", occurred_at=occurred_at, by=by
    )
    if undone is None:
        return []
    sides = booked.postings.filter(account=Account.GATEWAY).order_by("invoice").values_list("invoice", "amount")
    return [Part(by_key[pk], abs(amount), alone=len(by_key) == 1) for pk, amount in sides if pk]
