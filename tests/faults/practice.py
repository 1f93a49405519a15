"""The file that a practice hands in (format invoice-batch/1), written without the product's code."""

from datetime import date, timedelta
from typing import Any


def batch(agb_code: str, invoices: list[dict[str, Any]]) -> dict[str, Any]:
    return {"format": "invoice-batch/1", "provider": {"agb_code": agb_code}, "invoices": invoices}


def invoice(number: str, *, cents: int, email: str, issued_on: date) -> dict[str, Any]:
    """One line of care for a patient who has no other invoice."""
    return {
        "number": number,
        "issued_on": issued_on.isoformat(),
        "due_on": None,
        "coulance": False,
        "patient": {
            "number": f"P-{number}",
            "initials": "J.",
            "infix": "de",
            "surname": "Vries",
            "date_of_birth": "1980-02-29",
            "email": email,
            "mobile": "+31612345678",
            "language": "nl",
            "address": {
                "street": "Dorpsstraat",
                "house_number": "1a",
                "postcode": "1234 AB",
                "city": "Ons Dorp",
                "country": "NL",
            },
            "insurer_uzovi": "3311",
            "insured_number": "123456789",
        },
        "insurer_paid": "0.00",
        "lines": [
            {
                "performed_on": (issued_on - timedelta(days=2)).isoformat(),
                "code": "C002",
                "description": "Periodieke controle",
                "tooth": None,
                "quantity": 1,
                "unit_price": f"{cents // 100}.{cents % 100:02d}",
                "practitioner_agb": "12001234",
            }
        ],
    }
