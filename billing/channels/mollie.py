"""The gateway Mollie: the only module that connects to it.

The library is hidden behind a few functions that return our own frozen records, and every failure becomes one of two
errors: `GatewayUnknown` (it may have happened) or `GatewayRefused` (it did not). The library's own messages are never
logged or passed on, because one of them quotes the key.
"""

import json
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from mollie.api.client import Client
from mollie.api.error import RequestSetupError, ResponseError
from mollie.api.objects.payment import Payment as MolliePayment
from mollie.api.resources.refunds import PaymentRefunds

from billing.channels import http
from billing.channels.breaker import Breaker, NotAsked
from billing.errors import GatewayRefused, GatewayUnknown, GatewayUnreadable

log = logging.getLogger(__name__)
T = TypeVar("T")

_breaker = Breaker()
CONNECT_SECONDS, READ_SECONDS = 2, 8
# The read timeout starts again at every received byte; this one does not.
TOTAL_SECONDS = 12.0
PAGE_SIZE, MAX_PAGES = 250, 40
PAYMENT_ID = re.compile(r"tr_[A-Za-z0-9]{6,64}")
_AMOUNT = re.compile(r"\d{1,10}\.\d\d")
_ALARMING = (400, 401, 403)  # our key, or a key used for two bodies: repeating cannot help, a person must look
_STATUSES = ("open", "pending", "authorized", "paid", "failed", "canceled", "expired")
_REFUND_STATUSES = ("queued", "pending", "processing", "refunded", "failed", "canceled")
CURRENCY = "EUR"


@dataclass(frozen=True, slots=True)
class RefundSnapshot:
    """One refund as Mollie reports it; `amount` in euros, above zero."""

    refund_id: str
    amount: Decimal
    status: str
    created_at: datetime
    token: str = ""  # ours, from the metadata; empty for one that was made elsewhere


@dataclass(frozen=True, slots=True)
class ChargebackSnapshot:
    """One chargeback as Mollie reports it; `amount` in euros, above zero."""

    chargeback_id: str
    amount: Decimal
    created_at: datetime
    reversed_at: datetime | None


@dataclass(frozen=True, slots=True)
class PaymentSnapshot:
    """A payment as Mollie reported it at one moment; it may be outdated when it is read.

    `unreadable` names the refunds and chargebacks that are not as they should be, and why: they are in no other field.
    """

    mollie_id: str
    status: str
    mode: str
    amount: Decimal
    currency: str
    token: str  # ours, from the metadata
    created_at: datetime
    profile_id: str = ""
    checkout_url: str = ""  # empty once the payment is final
    expires_at: datetime | None = None
    paid_at: datetime | None = None
    amount_refunded: Decimal | None = None
    amount_charged_back: Decimal | None = None
    refunds: tuple[RefundSnapshot, ...] = ()
    chargebacks: tuple[ChargebackSnapshot, ...] = ()
    unreadable: tuple[str, ...] = ()


def expected_mode() -> str:
    """Return `live` or `test`, as the key implies; every report must agree."""
    return "live" if settings.MOLLIE_API_KEY.startswith("live_") else "test"


def create_payment(body: str, *, idempotency_key: str) -> PaymentSnapshot:
    """Create a payment from the JSON text `body`, which reaches Mollie byte for byte as `json.dumps` wrote it.

    Within an hour the same key and body return the same payment. Raises GatewayUnknown or GatewayRefused.
    """
    with _asked("create"):
        row = _client().payments.create(json.loads(body), idempotency_key=idempotency_key)
    return _read("create", row, _snapshot)


def get_payment(mollie_id: str) -> PaymentSnapshot:
    """Return the payment with its refunds and chargebacks, in one call. Raises GatewayUnknown or GatewayRefused."""
    if not PAYMENT_ID.fullmatch(mollie_id):  # the library would put it into the URL unchanged
        raise GatewayRefused("not a payment id")
    with _asked("get"):
        row = _client().payments.get(mollie_id, embed="refunds,chargebacks")
    return _read("get", row, _snapshot)


def create_refund(mollie_id: str, body: str, *, idempotency_key: str) -> RefundSnapshot:
    """Refund a part of a payment by the JSON text `body`; a repeat with the same key and body is the same refund.

    Raises GatewayUnknown or GatewayRefused.
    """
    if not PAYMENT_ID.fullmatch(mollie_id):
        raise GatewayRefused("not a payment id")
    with _asked("refund"):
        client = _client()
        of = PaymentRefunds(client, MolliePayment({"id": mollie_id}, client))
        row = of.create(json.loads(body), idempotency_key=idempotency_key)
    return _read("refund", row, _refund)


@dataclass(frozen=True, slots=True)
class Reported:
    """One row of a list of refunds or chargebacks: enough to see whether we know it; `state` is what it came to."""

    payment_id: str
    own_id: str
    state: str


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a list, newest first. `next_id` begins the next page; empty at the end. `oldest` is of this page.

    `unreadable` names the rows that can't be read, and why: they are not in `rows`.
    """

    rows: tuple[T, ...]
    unreadable: tuple[str, ...]
    next_id: str
    oldest: datetime | None


def payments_page(start: str = "") -> Page[PaymentSnapshot]:
    """Return the payments from `start` on (empty: the newest), without refunds and chargebacks.

    Payments without a token in their metadata are left out. Raises GatewayUnknown or GatewayRefused.
    """
    return page_of("payments", start, lambda row: _snapshot(row) if _token(row) else None)


def refunds_page(start: str = "") -> Page[Reported]:
    """Return the refunds of all payments from `start` on; the state is the status. Raises like `payments_page`."""
    return page_of("refunds", start, lambda row: Reported(row["paymentId"], own_id(row, "re_"), str(row["status"])))


def chargebacks_page(start: str = "") -> Page[Reported]:
    """Return the chargebacks of all payments from `start` on; the state says whether one was `reversed` or `stands`."""

    def read(row: dict[str, Any]) -> Reported:
        return Reported(row["paymentId"], own_id(row, "chb_"), "reversed" if row.get("reversedAt") else "stands")

    return page_of("chargebacks", start, read)


def page_of(
    name: str,
    start: str,
    read: Callable[[dict[str, Any]], T | None],
    client: Callable[[], Client] | None = None,
) -> Page[T]:
    """Return the page of the list `name` that begins at `start`; rows that `read` gives as None are left out.

    `client` makes the client, where the key may not read the list. Raises GatewayUnknown or GatewayRefused.
    """
    with _asked(f"list {name}"):
        answer = getattr((client or _client)(), name).list(limit=PAGE_SIZE, **({"from": start} if start else {}))
        listed = answer["_embedded"][name]
        oldest = min((moment(row["createdAt"]) for row in listed if row.get("createdAt")), default=None)
        following = (answer["_links"].get("next") or {}).get("href", "")
        next_id = parse_qs(urlsplit(following).query)["from"][0] if following else ""
    unreadable: list[str] = []
    rows = tuple(row for row in _readable(read, listed, unreadable) if row is not None)
    return Page(rows, tuple(unreadable), next_id, oldest)


def find_payment(token: str, *, since: datetime) -> PaymentSnapshot | None:
    """Return the payment with our `token` that was created since `since`, without refunds and chargebacks; or None.

    Raises GatewayUnknown, also when there are more than PAGE_SIZE × MAX_PAGES newer ones: then it may still exist.
    """
    start = ""
    for _ in range(MAX_PAGES):
        page = payments_page(start)
        if found := next((row for row in page.rows if row.token == token), None):
            return found
        start = page.next_id
        if not start or (page.oldest and page.oldest < since):
            return None
    raise GatewayUnknown("list: too many payments")


@contextmanager
def _asked(call: str) -> Iterator[None]:
    """Make a call that a patient may be waiting for, through the breaker."""
    try:
        with _breaker.call(), _translated_errors(call):
            yield
    except NotAsked:
        log.warning("mollie %s was not asked: it is slow", call)
        raise GatewayUnknown(f"{call}: not asked") from None


@contextmanager
def _translated_errors(call: str) -> Iterator[None]:
    """Translate every failure of a call into one of our two errors, without any text that could contain the key."""
    try:
        yield
    except RequestSetupError:
        raise GatewayRefused(f"{call}: our set-up is wrong", alarm=True) from None
    except ResponseError as error:
        status, field = error.status, str(error.field or "")[:40]
        log.warning("mollie %s answered %s %s", call, status, field)
        if isinstance(status, int) and 400 <= status < 500 and status not in (408, 409, 429):
            raise GatewayRefused(f"{call}: {status} {field}".strip(), alarm=status in _ALARMING) from None
        raise GatewayUnknown(f"{call}: {status}") from None
    # The library raises KeyError and TypeError on malformed answers. In any case the payment may have been created.
    except Exception as error:
        log.warning("mollie %s gave no usable answer: %s", call, type(error).__name__)
        raise GatewayUnknown(f"{call}: {type(error).__name__}") from None


# --- reading answers ------------------------------------------------------------------------------


def _read(call: str, row: Any, read: Callable[[Any], T]) -> T:
    """Return our record of an answer. Raises GatewayUnreadable, which names what is wrong, when it is not one."""
    try:
        return read(row)
    # Malformed in any way: the library returns whatever came as JSON.
    except Exception as error:
        what = error.args[0] if type(error) is ValueError else type(error).__name__
        log.warning("mollie %s: unreadable answer: %s", call, what)
        raise GatewayUnreadable(f"{call}: {what}") from None


def _snapshot(row: dict[str, Any]) -> PaymentSnapshot:
    """Return our record of a payment. Raises ValueError, KeyError or TypeError when the answer is not one."""
    embedded = row.get("_embedded") or {}
    unreadable: list[str] = []
    checkout = (row["_links"].get("checkout") or {}).get("href", "")
    if not (isinstance(row["id"], str) and PAYMENT_ID.fullmatch(row["id"])):
        raise ValueError("payment id")
    if checkout and not checkout.startswith(("https://", "http://")):
        raise ValueError("checkout address")
    return PaymentSnapshot(
        mollie_id=row["id"],
        status=_status(row["status"]),
        mode=row["mode"],
        amount=euros(row["amount"], currency=""),  # compared with what we asked for, like the amount
        currency=row["amount"]["currency"],
        token=_token(row),
        created_at=moment(row["createdAt"]),
        profile_id=str(row.get("profileId") or "")[:40],
        checkout_url=checkout,
        expires_at=_optional_moment(row.get("expiresAt")),
        paid_at=_optional_moment(row.get("paidAt")),
        amount_refunded=_total(row, "amountRefunded", unreadable),
        amount_charged_back=_total(row, "amountChargedBack", unreadable),
        refunds=tuple(_readable(_refund, embedded.get("refunds"), unreadable)),
        chargebacks=tuple(_readable(_chargeback, embedded.get("chargebacks"), unreadable)),
        unreadable=tuple(unreadable),
    )


def _status(text: Any) -> str:
    if text not in _STATUSES:
        raise ValueError(f"unknown status {str(text)[:20]}")
    return str(text)


def _total(row: dict[str, Any], name: str, unreadable: list[str]) -> Decimal | None:
    """Return a total of the payment, when there is one that can be read."""
    try:
        return euros(row[name]) if row.get(name) else None
    except (ValueError, KeyError, TypeError) as error:
        unreadable.append(f"{name}: {error.args[0] if type(error) is ValueError else type(error).__name__}")
        return None


def _readable(read: Callable[[dict[str, Any]], T], rows: Any, unreadable: list[str]) -> Iterator[T]:
    """Yield what can be read of `rows`, so that one odd refund does not hide the payment or the others."""
    for row in rows or ():
        try:
            yield read(row)
        except (ValueError, KeyError, TypeError) as error:
            name = str(row.get("id"))[:70] if isinstance(row, dict) else "?"
            unreadable.append(f"{name}: {error.args[0] if type(error) is ValueError else type(error).__name__}")


def _refund(row: dict[str, Any]) -> RefundSnapshot:
    if row["status"] not in _REFUND_STATUSES:
        raise ValueError(f"unknown status {str(row['status'])[:20]}")
    return RefundSnapshot(
        own_id(row, "re_"), euros(row["amount"]), row["status"], moment(row["createdAt"]), _token(row)
    )


def _chargeback(row: dict[str, Any]) -> ChargebackSnapshot:
    return ChargebackSnapshot(
        own_id(row, "chb_"),
        euros(row["amount"]),
        moment(row["createdAt"]),
        _optional_moment(row.get("reversedAt")),
    )


def own_id(row: dict[str, Any], prefix: str) -> str:
    """Return the id of a row, which begins with `prefix`. Raises ValueError when it is none."""
    if not (isinstance(row["id"], str) and row["id"].startswith(prefix) and len(row["id"]) <= 70):
        raise ValueError("id")
    return row["id"]


def _token(row: dict[str, Any]) -> str:
    metadata = row.get("metadata")
    token = metadata.get("token") if isinstance(metadata, dict) else None
    return token if isinstance(token, str) else ""


def euros(amount: dict[str, str], *, currency: str = CURRENCY) -> Decimal:
    """Return an amount of an answer, which is not negative. Raises ValueError for another currency or form."""
    if currency and amount["currency"] != currency:
        raise ValueError(f"currency {str(amount['currency'])[:8]}")
    if not _AMOUNT.fullmatch(amount["value"]):
        raise ValueError("amount")
    return Decimal(amount["value"])


def moment(text: str) -> datetime:
    """Return a moment of an answer. Raises ValueError without a time zone."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("a moment without a time zone")
    return found


def _optional_moment(text: str | None) -> datetime | None:
    return moment(text) if text else None


# --- the connection -------------------------------------------------------------------------------


class MollieClient(Client):
    """The library's client with our session, without retries and without the name of our host."""

    UNAME = "zorgrekening"  # sent with each call; by default it is the name of the machine

    def __init__(self, endpoint: str, key: str) -> None:
        super().__init__(api_endpoint=endpoint, timeout=(CONNECT_SECONDS, READ_SECONDS), retry=0)
        # Private in the library, which is therefore pinned to one version; a test fails when it changes.
        self._client = http.session(TOTAL_SECONDS)
        self.set_api_key(key)


def _client() -> MollieClient:
    return MollieClient(settings.MOLLIE_API_URL, settings.MOLLIE_API_KEY)
