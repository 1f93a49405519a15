"""Payments of patients and payouts to the practice, as the ledger and the bank have them."""

import base64
import hmac
from collections.abc import Mapping
from typing import Any

from django.db.models import F, Q, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_noop
from ninja import Query, Router

from billing import rooms
from billing.models import LedgerTransaction, Posting
from billing.models.ledger import OF_INVOICE
from billing.money import ZERO
from portal.api import answers
from portal.api.auth import Key, key_of
from portal.api.listing import MAX_LIMIT, cursor_of, paged, place_of
from portal.api.showing import euros
from portal.models.keys import Scope
from portal.webhooks.events import SETTLES

router = Router(tags=["money"])
PAYMENTS = Key(Scope.PAYMENTS)


@router.get("/payments", auth=PAYMENTS, response=answers.Payments, summary=gettext_noop("List payments"))
def list_payments(
    request: HttpRequest,
    response: HttpResponse,
    invoice: str = Query("", max_length=40, description="Only of the invoice with this number."),
    limit: int = Query(100, ge=1, le=MAX_LIMIT),
    cursor: str = Query("", max_length=200),
) -> dict[str, Any]:
    """Return money that patients paid, and what went back, in the order of booking; a page at a time.

    At the end `next` stands some ten minutes back: what was booked in them is told again the next time, with the same
    id, so that nothing is missed that another booking overtook.
    """
    key = key_of(request)
    after, after_invoice = place_of(key, "payments", cursor, width=2)
    sides = Posting.objects.filter(
        Q(transaction__gt=after) | Q(transaction=after, invoice__gt=after_invoice),
        provider=key.provider, account__in=OF_INVOICE, transaction__kind__in=LedgerTransaction.PAID,
    )  # fmt: skip
    if invoice:
        sides = sides.filter(invoice__number=invoice)
    columns = {
        "number": F("invoice__number"),
        "token": F("invoice__token"),
        "reference": F("invoice__payment_reference"),
        "kind": F("transaction__kind"),
        "at": F("transaction__occurred_at"),
        "booked": F("transaction__created_at"),
        "mirrors": F("transaction__reverses"),
    }
    grouped = sides.order_by().values("transaction_id", "invoice_id", **columns).annotate(sum=Sum("amount"))
    rows = list(grouped.exclude(sum=ZERO).order_by("transaction_id", "invoice_id")[: limit + 1])
    has_more, rows = len(rows) > limit, rows[:limit]
    place = (rows[-1]["transaction_id"], rows[-1]["invoice_id"]) if rows else (after, after_invoice)
    following = cursor_of(key, "payments", place if has_more else min(place, _certain()))
    return paged(request, response, [_payment(row) for row in rows], following=following, has_more=has_more)


def _certain() -> tuple[int, int]:
    """Return the place before which no booking can appear any more, as one that is slow to commit might."""
    old = LedgerTransaction.objects.filter(created_at__lt=timezone.now() - SETTLES)
    last = old.order_by("-pk").values_list("pk", flat=True).first() or 0
    return last + 1, 0


def _payment(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": _id(row, row["transaction_id"]),
        "invoice": row["number"],
        "payment_reference": row["reference"],
        "kind": row["kind"],
        "amount": euros(-row["sum"]),
        "happened_at": row["at"],
        "booked_at": row["booked"],
        "undoes": _id(row, row["mirrors"]) if row["mirrors"] else None,
    }


def _id(row: Mapping[str, Any], transaction: int) -> str:
    """Return by which name programs know a payment: keys of rows would count the payments of all practices."""
    digest = hmac.digest(row["token"].encode(), f"payment {transaction}".encode(), "sha256")
    return f"pay_{base64.b32encode(digest[:15]).decode().lower()}"


@router.get("/payouts", auth=PAYMENTS, response=answers.Payouts, summary=gettext_noop("List payouts"))
def list_payouts(
    request: HttpRequest,
    response: HttpResponse,
    limit: int = Query(50, ge=1, le=MAX_LIMIT),
    cursor: str = Query("", max_length=200),
) -> dict[str, Any]:
    """Return what was paid out to the practice, or why nothing was, in the order of the runs."""
    key = key_of(request)
    after = place_of(key, "payouts", cursor)[0]
    rows = rooms.payouts(key.provider, after=after, limit=limit + 1)
    has_more, rows = len(rows) > limit, rows[:limit]
    following = cursor_of(key, "payouts", [rows[-1].key if rows else after])
    return paged(request, response, [_payout(row) for row in rows], following=following, has_more=has_more)


def _payout(row: rooms.PaidOut) -> dict[str, Any]:
    return {
        "number": row.number,
        "run_on": row.run_on,
        "status": row.status,
        "amount": euros(row.amount),
        "closed_at": row.closed_at,
    }


@router.get(
    "/payouts/{number}/lines", auth=PAYMENTS, response=answers.PayoutLines, summary=gettext_noop("Read a payout")
)
def list_lines(
    request: HttpRequest,
    response: HttpResponse,
    number: str,
    limit: int = Query(MAX_LIMIT, ge=1, le=MAX_LIMIT),
    cursor: str = Query("", max_length=200),
) -> dict[str, Any]:
    """Return the statement of a payout: each movement of the practice's account, once for ever."""
    key = key_of(request)
    after = place_of(key, f"payout {number}", cursor)[0]
    rows = rooms.payout_lines(key.provider, number, after=after, limit=limit + 1)
    if rows is None:
        raise Http404
    has_more, rows = len(rows) > limit, rows[:limit]
    following = cursor_of(key, f"payout {number}", [rows[-1].key if rows else after])
    return paged(request, response, [_line(row) for row in rows], following=following, has_more=has_more)


def _line(row: rooms.PayoutLine) -> dict[str, Any]:
    return {
        "invoice": row.invoice or None,
        "payment_reference": row.reference or None,
        "kind": row.kind,
        "amount": euros(row.amount),
        "happened_on": row.happened_on,
        "booked_on": row.booked_on,
    }
