"""Payments, refunds and chargebacks as the payment API represents them. `base` is this API's address, with /v2."""

from datetime import UTC, datetime
from typing import Any

from sandbox import payments
from sandbox.models import Chargeback, Payment, Refund, Settlement

HAL = "application/hal+json"
PAYER = {"consumerName": "T. Est", "consumerAccount": "NL55INGB0000000000", "consumerBic": "INGBNL2A"}
_CLOSED_NAMES = {"paid": "paidAt", "canceled": "canceledAt", "expired": "expiredAt", "failed": "failedAt"}


def money(cents: int) -> dict[str, str]:
    """Return an amount object."""
    return {"currency": "EUR", "value": f"{cents // 100}.{cents % 100:02d}"}


def moment(value: datetime) -> str:
    """Return a datetime as ISO 8601 in UTC."""
    return value.astimezone(UTC).isoformat(timespec="seconds")


def link(href: str, media_type: str = HAL) -> dict[str, str]:
    """Return a HAL link."""
    return {"href": href, "type": media_type}


def payment(row: Payment, *, base: str, pages: str, embed: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return a payment. `pages` is the address of the bank's pages; `embed` names what to include."""
    shown: dict[str, Any] = {
        "resource": "payment",
        "id": row.reference,
        "mode": "test",
        "createdAt": moment(row.created_at),
        "amount": money(row.amount_cents),
        "description": row.description,
        "method": row.method or None,
        "metadata": row.metadata,
        "status": row.status,
        "profileId": "pfl_sandbox000",
        "sequenceType": "oneoff",
        "redirectUrl": row.redirect_url,
    }
    if row.webhook_url:
        shown["webhookUrl"] = row.webhook_url
    if row.cancel_url:
        shown["cancelUrl"] = row.cancel_url
    if row.locale:
        shown["locale"] = row.locale
    shown |= _progress(row)
    shown["_links"] = _links(row, base=base, pages=pages)
    embedded: dict[str, Any] = {}
    if "refunds" in embed:
        embedded["refunds"] = [refund(item, base=base) for item in row.refunds.order_by("-pk")]
    if "chargebacks" in embed:
        embedded["chargebacks"] = [chargeback(item, base=base) for item in row.chargebacks.order_by("-pk")]
    return shown | ({"_embedded": embedded} if embedded else {})


def _progress(row: Payment) -> dict[str, Any]:
    if row.status in (Payment.Status.OPEN, Payment.Status.PENDING):
        return {"isCancelable": False, "expiresAt": moment(row.expires_at)}
    assert row.closed_at is not None
    shown: dict[str, Any] = {_CLOSED_NAMES[row.status]: moment(row.closed_at)}
    if row.status == Payment.Status.PAID:
        shown["amountRefunded"] = money(payments.refunded_cents(row))
        shown["amountRemaining"] = money(payments.remaining_cents(row))
        if charged_back := payments.charged_back_cents(row):
            shown["amountChargedBack"] = money(charged_back)
        shown["details"] = PAYER
    return shown


def _links(row: Payment, *, base: str, pages: str) -> dict[str, Any]:
    own = f"{base}/payments/{row.reference}"
    links = {"self": link(own), "dashboard": link(f"{pages}/state/{row.reference}/", "text/html")}
    if row.status == Payment.Status.OPEN:
        links["checkout"] = link(f"{pages}/checkout/{row.reference}/", "text/html")
    if row.status == Payment.Status.PAID:
        links["changePaymentState"] = link(f"{pages}/state/{row.reference}/", "text/html")
    if row.refunds.exists():
        links["refunds"] = link(f"{own}/refunds")
    if row.chargebacks.exists():
        links["chargebacks"] = link(f"{own}/chargebacks")
    return links


def refund(row: Refund, *, base: str) -> dict[str, Any]:
    """Return a refund."""
    own = f"{base}/payments/{row.payment.reference}"
    return {
        "resource": "refund",
        "id": row.reference,
        "mode": "test",
        "description": row.description,
        "amount": money(row.amount_cents),
        "status": row.status,
        "metadata": row.metadata,
        "paymentId": row.payment.reference,
        "createdAt": moment(row.created_at),
        "_links": {"self": link(f"{own}/refunds/{row.reference}"), "payment": link(own)},
    }


def chargeback(row: Chargeback, *, base: str) -> dict[str, Any]:
    """Return a chargeback."""
    own = f"{base}/payments/{row.payment.reference}"
    return {
        "resource": "chargeback",
        "id": row.reference,
        "amount": money(row.amount_cents),
        "settlementAmount": {"currency": "EUR", "value": "-" + money(row.amount_cents)["value"]},
        "reason": {"code": "MD06", "description": "Refund requested by the payer"},
        "paymentId": row.payment.reference,
        "createdAt": moment(row.created_at),
        "reversedAt": moment(row.reversed_at) if row.reversed_at else None,
        "_links": {"self": link(f"{own}/chargebacks/{row.reference}"), "payment": link(own)},
    }


def settlement(row: Settlement, *, base: str) -> dict[str, Any]:
    """Return a settlement that was paid out."""
    month = row.created_at.astimezone(UTC)
    costs = {
        "description": "iDEAL",
        "method": "ideal",
        "amountNet": money(row.costs_cents - row.vat_cents),
        "amountVat": money(row.vat_cents),
        "amountGross": money(row.costs_cents),
    }
    return {
        "resource": "settlement",
        "id": row.reference,
        "reference": row.number,
        "createdAt": moment(row.created_at),
        "settledAt": moment(row.created_at),
        "status": row.status,
        "amount": money(row.amount_cents),
        "periods": {f"{month:%Y}": {f"{month:%m}": {"revenue": [], "costs": [costs]}}},
        "_links": {"self": link(f"{base}/settlements/{row.reference}")},
    }


def page_of(name: str, items: list[dict[str, Any]], *, links: dict[str, Any]) -> dict[str, Any]:
    """Return a page of a list."""
    return {"count": len(items), "_embedded": {name: items}, "_links": links}
