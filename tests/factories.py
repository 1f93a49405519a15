"""Rows for tests: plain functions with sensible defaults, every field to be overridden by keyword.

Amounts may be given as text. Nothing here is shared between calls but a counter that keeps numbers unique.
"""

import hashlib
import itertools
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from django.utils import timezone

from billing import ledger
from billing.invoices import open_links, references
from billing.invoices.addressee import addressee
from billing.law import calendar
from billing.ledger.events import Opening
from billing.links import new_token
from billing.models import CareDetail, Invoice, LedgerTransaction, Patient, Provider, Staff

PASSWORD = "paard-batterij-nietje"
TODAY = date(2026, 11, 16)  # a Monday, for tests that steer the day

_numbers = itertools.count(1)


def provider(**fields: Any) -> Provider:
    """A practice with everything a letter needs."""
    number = next(_numbers)
    return Provider.objects.create(
        **{
            "name": f"Tandartspraktijk De Linde {number}",
            "agb_code": f"11{number:06d}",
            "email": f"praktijk{number}@linde.example",
            "phone": "+31201234567",
            "street": "Lindelaan",
            "house_number": "12",
            "postcode": "1234 AB",
            "city": "Utrecht",
            "iban": "NL91ABNA0417164300",
            "kvk_number": "12345678",
            "set_up_at": timezone.now(),
        }
        | fields
    )


def patient(*, identity: dict[str, Any] | None = None, **fields: Any) -> Patient:
    """A patient with mail and mobile; `identity` replaces what is sealed."""
    number = next(_numbers)
    fields = {
        "number": f"P-{number}",
        "initials": "J.",
        "infix": "de",
        "surname": "Vries",
        "email": f"patient{number}@post.example",
        "mobile": "+31612345678",
        "language": "nl",
        "street": "Dorpsstraat",
        "house_number": "1a",
        "postcode": "1234 AB",
        "city": "Ons Dorp",
    } | fields
    row = Patient(**({"provider": provider()} if "provider" not in fields else {}) | fields)
    row.identity = identity or {
        "date_of_birth": "1980-02-29",
        "insurer_uzovi": "3311",
        "insured_number": "123456789",
    }
    row.save()
    return row


def invoice(
    *, amount: Decimal | str = "100.00", insurer_paid: Decimal | str = "0.00", lines: Any = None, **fields: Any
) -> Invoice:
    """An open invoice of `amount`, of which `insurer_paid` is settled already, with its ledger and care detail."""
    amount, insurer_paid = Decimal(amount), Decimal(insurer_paid)
    number = next(_numbers)
    who = fields.pop("patient", None) or patient(**({"provider": fields["provider"]} if "provider" in fields else {}))
    issued_on = fields.pop("issued_on", None) or date.today()  # noqa: DTZ011  the day of the machine will do
    row = Invoice.objects.create(
        **{
            "provider": who.provider,
            "patient": who,
            "number": f"2026-{number:05d}",
            "payment_reference": references.new_reference(),
            "token": new_token(),
            "issued_on": issued_on,
            "due_on": issued_on + timedelta(days=30),
            "fingerprint": hashlib.sha256(str(number).encode()).digest(),
        }
        | fields
    )
    sealed = CareDetail.sealed(lines or [line(amount=amount)], payment_reference=row.payment_reference)
    CareDetail.objects.create(
        invoice=row,
        sealed_lines=sealed,
        sealed_person=CareDetail.sealed_for(person_of(who), payment_reference=row.payment_reference),
    )
    ledger.open_accounts([row], _openings(row, amount, insurer_paid))
    row.refresh_from_db()
    return row


def person_of(who: Patient) -> dict[str, str]:
    """What the intake freezes of a patient with an invoice."""
    return {name: getattr(who, name) for name in Patient.PERSON} | who.identity


def _openings(row: Invoice, amount: Decimal, insurer_paid: Decimal) -> list[Opening]:
    kinds, when = LedgerTransaction.Kind, calendar.begin_of(row.issued_on)
    openings = [Opening(row, kinds.INVOICED, amount, occurred_at=when, by="import")]
    if insurer_paid:
        openings.append(Opening(row, kinds.INSURER_PAID, -insurer_paid, occurred_at=when, by="import"))
    return openings


def line(*, amount: Decimal | str = "100.00", **fields: Any) -> dict[str, Any]:
    """One line of care in the batch format."""
    return {
        "performed_on": "2026-10-28",
        "code": "C002",
        "description": "Periodieke controle",
        "tooth": None,
        "quantity": 1,
        "unit_price": str(amount),
        "practitioner_agb": "12001234",
    } | fields


def staff(*, role: str = Staff.Role.CLERK, password: str = PASSWORD, **fields: Any) -> Staff:
    """Somebody who can log in (without a second factor yet); of a new provider unless of operations."""
    number = next(_numbers)
    if role != Staff.Role.OPERATIONS:
        fields.setdefault("provider", None)
        fields["provider"] = fields["provider"] or provider()
    defaults = {"username": f"staff{number}", "email": f"staff{number}@linde.example", "is_staff": True}
    return Staff.objects.create_user(password=password, role=role, **defaults | fields)


def link(row: Invoice, *, days: int = 90) -> str:
    """The path of the link that a mail to the patient of `row` holds; good for so many days more."""
    until = timezone.localdate() + timedelta(days=days)
    return urlsplit(open_links.in_mail(row.token, email=addressee(row).email, until=until)).path
