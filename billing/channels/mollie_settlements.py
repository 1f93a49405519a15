"""What Mollie paid out to our bank. It shows that to a token of the organisation alone, to no key.

The token needs the permission `settlements.read` (https://docs.mollie.com/reference/list-settlements). There are
settlements of live payments only.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from mollie.api.client import Client

from billing.channels import http
from billing.channels.mollie import (
    CONNECT_SECONDS,
    CURRENCY,
    READ_SECONDS,
    TOTAL_SECONDS,
    MollieClient,
    Page,
    euros,
    moment,
    own_id,
    page_of,
)
from billing.money import round_euro

_OVER = ("paidout", "failed")
_PARTS_OF_A_CENT = re.compile(r"-?\d{1,10}\.\d{2,6}")


@dataclass(frozen=True, slots=True)
class SettlementSnapshot:
    """What Mollie paid out to our bank at once, in euros: `amount` after `costs`, which include `vat`."""

    settlement_id: str
    number: str  # as it stands on the statement of our bank, such as 1234567.2611.03
    amount: Decimal
    costs: Decimal
    vat: Decimal
    settled_at: datetime
    failed: bool = False  # our bank did not take it, so it is in a later one


def settlements_page(start: str = "") -> Page[SettlementSnapshot]:
    """Return what Mollie paid out to our bank, or tried to, from `start` on; what is still to come is left out.

    Raises like `payments_page`. Mollie shows settlements to a token of the organisation alone, to no key.
    """
    return page_of("settlements", start, lambda row: _settlement(row) if row["status"] in _OVER else None,
                 client=_client_of_organisation)  # fmt: skip


def _settlement(row: dict[str, Any]) -> SettlementSnapshot:
    months = [month for year in (row.get("periods") or {}).values() for month in year.values()]
    costs = [cost for month in months for cost in month.get("costs") or ()]
    number, amount = str(row["reference"]), euros(row["amount"])
    if len(number) > 30:
        raise ValueError("settlement number")
    if amount <= 0:
        raise ValueError("settlement amount")
    return SettlementSnapshot(
        own_id(row, "stl_"), number, amount, _of_costs(costs, "amountGross"), _of_costs(costs, "amountVat"),
        moment(row.get("settledAt") or row["createdAt"]), failed=row["status"] == "failed",
    )  # fmt: skip


def _of_costs(costs: list[dict[str, Any]], name: str) -> Decimal:
    """Return a sum of costs, which Mollie may state in parts of a cent; it is rounded once."""
    amounts = [cost[name] for cost in costs if cost.get(name)]
    for amount in amounts:
        if amount["currency"] != CURRENCY or not _PARTS_OF_A_CENT.fullmatch(amount["value"]):
            raise ValueError(f"costs: {name}")
    return round_euro(sum((Decimal(amount["value"]) for amount in amounts), Decimal(0)))


def _client_of_organisation() -> Client:
    client = Client(api_endpoint=settings.MOLLIE_API_URL, timeout=(CONNECT_SECONDS, READ_SECONDS), retry=0)
    client.UNAME = MollieClient.UNAME
    client._client = http.session(TOTAL_SECONDS)
    client.set_access_token(settings.MOLLIE_ACCESS_TOKEN)
    return client
