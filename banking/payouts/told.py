"""Payouts as the practice's software reads them."""

from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from banking.models import Payout
from banking.payouts import fees
from billing.models import LedgerTransaction, Posting
from billing.rooms import PaidOut, PayoutLine


def listed(provider: Any, after: int, limit: int) -> Sequence[PaidOut]:
    """Return the runs of a practice behind a key, the oldest first."""
    rows = Payout.objects.filter(provider=provider, pk__gt=after).order_by("pk")[:limit]
    return [PaidOut(row.pk, row.number, row.run_on, row.status, row.amount, row.closed_at) for row in rows]


def lines(provider: Any, number: str, after: int, limit: int) -> Sequence[PayoutLine] | None:
    """Return the movements of a closed statement behind a key; None when this practice has no such payout."""
    payout = Payout.objects.filter(provider=provider, number=number).first()
    if payout is None:
        return None
    rows = Posting.objects.filter(statement_line__payout=payout, pk__gt=after).select_related("transaction", "invoice")
    charged = fees.by_event(payout.provider)
    return [_line(posting, charged) for posting in rows.order_by("pk")[:limit]]


def _line(posting: Posting, charged: dict[str, Any]) -> PayoutLine:
    booked, invoice = posting.transaction, posting.invoice
    fee = charged.get(booked.external_id) if booked.kind == LedgerTransaction.Kind.FEE else None
    return PayoutLine(
        key=posting.pk,
        invoice=invoice.number if invoice else fee.number if fee else "",
        reference=invoice.payment_reference if invoice else "",
        kind=booked.kind,
        amount=-posting.amount,
        happened_on=timezone.localdate(booked.occurred_at),
        booked_on=timezone.localdate(booked.created_at),
    )
