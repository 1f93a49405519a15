"""Batch files for tests: a right one, and ways to make it wrong."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

AGB_CODE = "11012345"
LEFT_OUT = object()

INVOICE: dict[str, Any] = {
    "number": "2026-00123",
    "issued_on": "2026-11-02",
    "due_on": None,
    "coulance": False,
    "patient": {
        "number": "P-1001",
        "initials": "J.",
        "infix": "de",
        "surname": "Vries",
        "date_of_birth": "1980-02-29",
        "email": "j@example.org",
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
            "performed_on": "2026-10-28",
            "code": "C002",
            "description": "Periodieke controle",
            "tooth": None,
            "quantity": 1,
            "unit_price": "28.51",
            "practitioner_agb": "12001234",
        }
    ],
}


def invoice(place: int = 0, **fields: Any) -> dict[str, Any]:
    """The invoice of the public contract, with a number and a patient of its own per `place`."""
    made = deepcopy(INVOICE)
    made["number"] = f"2026-{place:05d}"
    made["patient"]["number"] = f"P-{place}"
    made["patient"]["email"] = f"p{place}@example.org"
    return made | fields


def batch(*invoices: dict[str, Any]) -> dict[str, Any]:
    return {
        "format": "invoice-batch/1",
        "provider": {"agb_code": AGB_CODE},
        "invoices": list(invoices) or [invoice()],
    }


def changed(content: Any, steps: tuple[str | int, ...], value: Any) -> Any:
    """A copy of `content` with `value` at the end of `steps` (LEFT_OUT takes it away)."""
    content = deepcopy(content)
    place = content
    for step in steps[:-1]:
        place = place[step]
    if value is LEFT_OUT:
        del place[steps[-1]]
    else:
        place[steps[-1]] = value
    return content


def written(folder: Path, content: Any) -> Path:
    """The file with `content`: as it is when text or bytes, else as JSON."""
    path = folder / "batch.json"
    if isinstance(content, str):
        content = content.encode()
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path
