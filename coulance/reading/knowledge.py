"""What a paper is compared with: our own invoice, its lines, its patient and its practice."""

from datetime import date
from decimal import Decimal
from typing import Any

from billing.adjustments import reductions
from billing.models import Invoice
from billing.money import round_euro
from billing.submission import birth_dates
from coulance.reading.ours import Ours


def ours_of(invoice: Invoice) -> Ours | None:
    """Return what we know of an invoice; None once its personal data were erased.

    Medical data, which are compared and shown to nobody.
    """
    detail = None if invoice.erased_at else getattr(invoice, "care_detail", None)
    if detail is None:
        return None
    detail.invoice = invoice
    person = detail.person
    lines = tuple(_line(line) for line in detail.lines)
    return Ours(
        number=invoice.number,
        declared=cents(reductions.patient_share(invoice)),
        lines=lines,
        issued_on=invoice.issued_on,
        born=_born(person.get("date_of_birth") or ""),
        surname=person["surname"],
        initials=person.get("initials") or "",
        provider=invoice.provider.name,
    )


def cents(amount: Decimal) -> int:
    """Return an amount in cents."""
    return int(amount * 100)


def euros(amount: int) -> Decimal:
    """Return cents as an amount."""
    return Decimal(amount) / 100


def _line(line: dict[str, Any]) -> tuple[date | None, int]:
    total = round_euro(Decimal(line["unit_price"]) * Decimal(line["quantity"]))
    return date.fromisoformat(line["performed_on"]) if line.get("performed_on") else None, cents(total)


def _born(text: str) -> date | None:
    """Return the date of birth, when it is known whole."""
    if not text:
        return None
    first, last = birth_dates.span(text)
    return first if first == last else None
