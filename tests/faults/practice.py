"""The file that a practice hands in (format invoice-batch/1), written without the product's code."""

from datetime import date, timedelta
from typing import Any

from tests.portal.intake import batches


def batch(agb_code: str, invoices: list[dict[str, Any]]) -> dict[str, Any]:
    return batches.batch(*invoices) | {"provider": {"agb_code": agb_code}}


def invoice(number: str, *, cents: int, email: str, issued_on: date, coulance: bool) -> dict[str, Any]:
    """One line of care for a patient who has no other invoice."""
    made = batches.invoice(number=number, issued_on=issued_on.isoformat(), coulance=coulance)
    made["patient"] |= {"number": f"P-{number}", "email": email}
    made["lines"][0] |= {
        "performed_on": (issued_on - timedelta(days=2)).isoformat(),
        "unit_price": f"{cents // 100}.{cents % 100:02d}",
    }
    return made
