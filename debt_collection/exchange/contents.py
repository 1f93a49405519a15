"""What an agency gets about a case: what it needs to collect, and never what the care was.

No lines of care, no codes, no insurer, no birthday but its year, no document, and nothing that the patient wrote. Whose
claim it is, is named as the practice wants: the name of some practices is health data itself.
"""

import hashlib
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.conf import settings

from billing.adjustments import charges
from billing.invoices import limitation
from billing.invoices.debtors import debtor_of
from billing.law import interest
from billing.law.calendar import Channel
from billing.law.costs import VAT_RATE
from billing.ledger.breakdown import parts_of
from billing.ledger.entries import standing_entries
from billing.models import Invoice, Patient, Payer, Provider, ReminderStep
from billing.models.ledger import LedgerTransaction
from billing.money import ZERO, round_euro
from billing.statements.spreadsheet import as_csv
from debt_collection.models import Claim, HandOver

FORMAT = "hand-over/1"
_ADDRESS = ("street", "house_number", "postcode", "city")
_ASKING = (ReminderStep.Step.REMINDER, ReminderStep.Step.HAND_OVER)  # from, and up to
_COLUMNS = (
    "case", "invoice", "reference", "invoice_date", "due_date", "invoiced", "paid", "principal", "interest",
    "costs_booked", "costs_room", "open",
)  # fmt: skip


def dossier(case: HandOver, claims: Sequence[Claim]) -> dict[str, Any]:
    """Return all that the agency gets when a case begins."""
    rows = [of_claim(claim) for claim in claims]
    return {
        "agency": {"name": case.agency.name, "registration_number": case.agency.registration_number},
        "creditor": _creditor(case.provider),
        "on_behalf": {name: settings.OPERATOR[name] for name in ("name", "address", "kvk", "wki", "phone", "email")},
        "debtor": _debtor(case.patient),
        "claims": rows,
        "total_open": str(sum((Decimal(row["open"]) for row in rows), ZERO)),
        "interest": {"ground": "6:119 BW", "rates": _rates(claims)},
        **_assigned_by(case.provider),
        "costs_ground": "6:96 BW, Besluit vergoeding voor buitengerechtelijke incassokosten",
    }


def of_claim(claim: Claim) -> dict[str, Any]:
    """Return one claim as it stands now, amounts in euros as texts."""
    invoice = claim.invoice
    return {
        "invoice": invoice.number,
        "reference": invoice.payment_reference,
        "invoice_date": invoice.issued_on.isoformat(),
        "ground": "sale (7:1 BW)" if invoice.for_goods else "treatment agreement (7:446 BW)",
        **amounts(claim),
        **_vat_of_costs(claim),
        "interest_until": _interest_until(invoice),
        "enforceable_until": limitation.last_day(invoice).isoformat(),
        "letters": _letters(invoice),
    }


def amounts(claim: Claim) -> dict[str, str]:
    """Return what is owed on a claim now and until when, and what came in, in euros as texts."""
    entries, parts = standing_entries(claim.invoice), parts_of(claim.invoice)
    of_invoice = (LedgerTransaction.Kind.INVOICED, LedgerTransaction.Kind.INSURER_PAID, LedgerTransaction.Kind.CREDITED)
    received = sum((e.amount for e in entries if e.kind in LedgerTransaction.PAID), ZERO)
    costs = sum((e.amount for e in entries if e.kind == LedgerTransaction.Kind.COSTS), ZERO)
    asked = sum(
        (
            e.amount
            for e in entries
            if e.kind in (*of_invoice, LedgerTransaction.Kind.REDUCTION, LedgerTransaction.Kind.WRITTEN_OFF)
        ),
        ZERO,
    )
    values = {
        "invoiced": asked,
        "paid": -received,
        "principal": parts.principal,
        "interest": parts.interest,
        "costs_open": parts.costs,
        "costs_booked": costs,
        "costs_room": claim.costs_room,
        "open": parts.total,
    }
    return {"due_date": claim.invoice.due_on.isoformat()} | {name: f"{value:.2f}" for name, value in values.items()}


def told(claims: Sequence[Claim], *, waits: bool) -> dict[str, Any]:
    """Return what an agency knows once it got this: the amounts of each claim, and whether it has to wait."""
    return {"claims": {claim.invoice.number: amounts(claim) for claim in claims}, "waits": waits}


def csv_of(number: str, claims: Sequence[dict[str, Any]]) -> bytes:
    """Return the claims of a dossier as a table, for agencies that read no JSON."""
    lines = [[number, *(row[name] for name in _COLUMNS[1:])] for row in claims]
    return as_csv([_COLUMNS, *lines])


def _vat_of_costs(claim: Claim) -> dict[str, str]:
    """Return the VAT within the costs, and its rate, where the creditor can't deduct it (costs decree, art. 2 lid 3).

    The 14-day letter declared so. Without VAT: nothing.
    """
    entries = standing_entries(claim.invoice)
    booked = sum((entry.amount for entry in entries if entry.kind == LedgerTransaction.Kind.COSTS), ZERO)
    if not claim.invoice.provider.vat_on_costs or not booked:
        return {}
    vat = round_euro(booked - booked / (1 + VAT_RATE))
    return {"costs_vat": f"{vat:.2f}", "costs_vat_percent": f"{VAT_RATE * 100:.0f}"}


def _assigned_by(provider: Provider) -> dict[str, dict[str, str]]:
    """Return who passed the claim on to the operator: the debtor knows it by that name. Else nothing."""
    is_assigned = provider.creditor == Provider.Creditor.OPERATOR
    return {"assigned_by": _of_practice(provider)} if is_assigned else {}


def _creditor(provider: Provider) -> dict[str, str]:
    """Return whose claim it is: the operator's by assignment, else the practice's, by its neutral name if any."""
    if provider.creditor == Provider.Creditor.OPERATOR:
        return {name: settings.OPERATOR[name] for name in ("name", "address", "kvk", "phone")}
    return _of_practice(provider)


def _of_practice(provider: Provider) -> dict[str, str]:
    address = f"{provider.street} {provider.house_number}, {provider.postcode} {provider.city}"
    return {
        "name": provider.neutral_name or provider.name,
        "address": address.strip(" ,"),
        "kvk": provider.kvk_number,
        "phone": str(provider.phone),
    }


def _debtor(patient: Patient) -> dict[str, str]:
    """Return who owes it: the payer whom the practice named, else the patient. Of birth no more than the year."""
    payer = Payer.objects.filter(patient=patient).first()
    who = payer or patient
    facts = {"name": debtor_of(patient).name, "language": who.language}
    facts |= {name: getattr(who, name) for name in (*_ADDRESS, "country")}
    born = "" if payer else str(patient.identity.get("date_of_birth", ""))[:4]
    return facts | ({"year_of_birth": born} if born else {})


def _letters(invoice: Invoice) -> list[dict[str, str]]:
    """Return the letters that stand; of the 14-day letter its digest, so that its text can be proven later."""
    first, beyond = _ASKING
    taken = ReminderStep.objects.filter(
        invoice=invoice,
        step__gte=first,
        step__lt=beyond,
        status=ReminderStep.Status.TAKEN,
        letter__sent_on__isnull=False,
    )
    rows = []
    for row in taken.select_related("letter__message").order_by("pk"):
        letter = row.letter
        if letter is None or letter.sent_on is None:
            continue
        told = {
            "letter": ReminderStep.Step(row.step).name.lower(),
            "channel": Channel.EMAIL.value,
            "sent_on": letter.sent_on.isoformat(),
            "amount": f"{row.amount or ZERO:.2f}",
        }
        if row.step == ReminderStep.Step.FINAL_NOTICE and letter.message:
            told |= {"costs_announced": f"{letter.costs_announced or ZERO:.2f}", "sha256": _digest(letter.message.text)}
            told["last_day"] = letter.last_day.isoformat() if letter.last_day else ""
        rows.append(told)
    return rows


def _interest_until(invoice: Invoice) -> str:
    """Return the day until which interest was told and booked: from it on nothing was added."""
    booked = ReminderStep.objects.filter(
        invoice=invoice, step__gte=ReminderStep.Step.NOTICE_OF_COSTS, status=ReminderStep.Status.TAKEN
    )
    day = booked.exclude(letter=None).order_by("pk").values_list("letter__interest_until", flat=True).last()
    return day.isoformat() if day else ""


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _rates(claims: Sequence[Claim]) -> list[dict[str, str]]:
    """Return since when interest counts on each claim, and the rates from then on."""
    rows = []
    for claim in claims:
        day = charges.default_day(claim.invoice)
        while interest.is_confirmed(day):
            percent = str(interest.rate_on(day).percentage)
            rows.append({"invoice": claim.invoice.number, "from": day.isoformat(), "percent": percent})
            day = interest.next_half_year(day)
    return rows
