"""The rules of a valid invoice: its fields, and the constraints between them."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from billing import rooms
from billing.house_rules import rule_of
from billing.invoices.intake import NewInvoice, NewPatient, due_date
from billing.models import Provider
from billing.money import from_cents
from billing.submission import birth_dates, persons
from billing.submission.fields import INVOICE, LINE, Report, read_object
from billing.submission.values import MAX_CENTS

MAX_LINES = 200
MAX_AGE_YEARS = 5  # a claim on a patient lapses five years after the invoice (article 3:307 of the Civil Code)
MAX_CARE_YEARS = 5  # between treatment and invoice
MAX_TERM_YEARS = 1  # between invoice and due date
MAX_PATIENT_YEARS = 125

_canonical = json.JSONEncoder(sort_keys=True, default=str).encode


@dataclass(frozen=True, slots=True)
class Checked:
    """A valid invoice, still as fields of the batch format."""

    path: str
    invoice: dict[str, Any]
    patient: dict[str, Any]
    lines: list[dict[str, Any]]
    total_cents: int
    fingerprint: bytes

    @property
    def number(self) -> str:
        return self.invoice["number"]

    def new_patient(self) -> NewPatient:
        """Return the patient as `patients.registration` takes it."""
        return persons.as_patient(self.patient)

    def as_new(self, *, provider: Provider, today: date) -> NewInvoice:
        """Return the invoice of a practice as `intake.create_many` takes it, amounts in euros."""
        invoice = self.invoice
        return NewInvoice(
            number=invoice["number"],
            issued_on=invoice["issued_on"],
            due_on=due_date(
                invoice["due_on"],
                issued_on=invoice["issued_on"],
                today=today,
                term_days=rule_of(provider, "PAYMENT_TERM_DAYS"),
            ),
            patient=self.new_patient(),
            lines=stored_lines(self.lines),
            total=from_cents(self.total_cents),
            insurer_paid=from_cents(invoice["insurer_paid"]),
            fingerprint=self.fingerprint,
            for_goods=invoice["goods"],
        )


def fingerprint_of(invoice: dict[str, Any], patient: dict[str, Any], lines: list[dict[str, Any]]) -> bytes:
    """Return the SHA-256 of what a valid invoice means, however it was written.

    What a practice leaves out counts as the default of the house, so that a known invoice stays known when the practice
    chooses another term; the order of lines and capitals in codes say nothing. The patient counts by number and date of
    birth: name, address and contact may be corrected, and the invoice keeps those with which it came first.
    """
    due_on = invoice["due_on"] or invoice["issued_on"] + timedelta(days=settings.PAYMENT_TERM_DAYS)
    whom = (patient["number"], patient["date_of_birth"])
    meant = sorted(_canonical(line | {"code": line["code"].upper()}) for line in lines)
    return hashlib.sha256(_canonical([invoice | {"due_on": due_on}, whom, meant]).encode()).digest()


def stored_lines(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return lines that were read as they are stored: ISO dates, amounts as text in euros."""
    return [
        line | {"performed_on": line["performed_on"].isoformat(), "unit_price": str(from_cents(line["unit_price"]))}
        for line in lines
    ]


def read_lines(raw: Any, path: str, report: Report) -> list[dict[str, Any]]:
    """Return the fields of each line; every error goes to `report`."""
    if type(raw) is not list or not raw:
        report(path, "lines-missing", _("An invoice needs a list of at least one line."))
        return []
    if len(raw) > MAX_LINES:
        report(path, "too-many-lines", _("An invoice has at most %d lines.") % MAX_LINES)
        return []
    return [read_object(line, LINE, f"{path}[{index}]", report) for index, line in enumerate(raw)]


def total_of(lines: list[dict[str, Any]], path: str, report: Report) -> int:
    """Return what right lines add up to, in cents; a sum that no invoice can have goes to `report`."""
    total = sum(line["quantity"] * line["unit_price"] for line in lines)
    if total > MAX_CENTS:
        report(path, "total-too-large", _("The lines add up to more than one invoice can be."))
    if not total:
        report(path, "total-zero", _("The lines add up to nothing. An invoice is for more than 0.00."))
    return total


class InvoiceReader:
    """Validates the invoices of one file in order, and remembers their numbers so that none occurs twice."""

    def __init__(self, today: date, report: Report, *, version: int = 1) -> None:
        self.today = today
        self.count = 0
        self._version = version
        self._report_to = report
        self._shape = INVOICE | rooms.intake_fields()
        self._numbers: dict[str, int] = {}
        self._patients: dict[str, int] = {}
        self._wrong = False
        # Of which the file says different things in two places, so that nobody can tell which is right.
        self.disputed_numbers: set[str] = set()
        self.disputed_patients: set[str] = set()

    def knows_patient(self, number: str) -> bool:
        """Tell whether an invoice of this file is for the patient with this number."""
        return number in self._patients

    def knows(self, number: str) -> bool:
        """Tell whether an invoice of this file has this number."""
        return number in self._numbers

    def read(self, raw: Any, index: int) -> Checked | None:
        """Return the invoice when it is valid; otherwise report every error and return None."""
        path = f"invoices[{index}]"
        self.count += 1
        self._wrong = False
        invoice = read_object(raw, self._shape, path, self._report)
        patient, lines = {}, []
        if "patient" in invoice:
            patient = persons.read_patient(
                invoice.pop("patient"), f"{path}.patient", self._report, version=self._version
            )
        if "lines" in invoice:
            lines = read_lines(invoice.pop("lines"), f"{path}.lines", self._report)
        if "number" in invoice:
            self._once(invoice["number"], index, path)
        fields_are_right = not self._wrong
        self._compare_dates(invoice, patient, lines, path)
        if not fields_are_right:
            return None  # sums are only compared when each amount is valid by itself
        total = self._compare_amounts(invoice, lines, path)
        self._same_patient(patient, f"{path}.patient")
        if self._wrong:
            return None
        return Checked(path, invoice, patient, lines, total, fingerprint_of(invoice, patient, lines))

    def _report(self, path: str, code: str, sentence: str) -> None:
        self._wrong = True
        self._report_to(path, code, sentence)

    def _once(self, number: str, index: int, path: str) -> None:
        before = self._numbers.setdefault(number, index)
        if before != index:
            self.disputed_numbers.add(number)
            sentence = _("This number was used before in this file, for invoice number %d in it.") % (before + 1)
            self._report(f"{path}.number", "number-twice", sentence)

    def _same_patient(self, patient: dict[str, Any], path: str) -> None:
        """Report a patient number with other data: two persons would see each other's invoices, and we can't guess."""
        content = hash(_canonical(patient))
        if self._patients.setdefault(patient["number"], content) != content:
            self.disputed_patients.add(patient["number"])
            sentence = _(
                "This patient number stands in this file with other data on an earlier invoice. Write the same data on"
                " both; another person needs a number of their own."
            )
            self._report(f"{path}.number", "patient-differs", sentence)

    def _compare_dates(
        self, invoice: dict[str, Any], patient: dict[str, Any], lines: list[dict[str, Any]], path: str
    ) -> None:
        """Compare those dates with each other that are valid by themselves."""
        born = birth_dates.span(patient["date_of_birth"]) if "date_of_birth" in patient else None
        if born and born[0] > self.today:
            where = f"{path}.patient.date_of_birth"
            self._report(where, "birth-date-in-future", _("This date is in the future."))
        elif born and born[1] < years_before(self.today, MAX_PATIENT_YEARS):
            where = f"{path}.patient.date_of_birth"
            self._report(where, "birth-date-too-long-ago", _("This date of birth is too long ago."))
        if issued := invoice.get("issued_on"):
            self._compare_issued(issued, invoice.get("due_on"), path)
            self._compare_performed(issued, born[0] if born else None, lines, path)

    def _compare_issued(self, issued: date, due: date | None, path: str) -> None:
        if issued > self.today:
            self._report(f"{path}.issued_on", "date-in-future", _("This date is in the future."))
        elif issued < years_before(self.today, MAX_AGE_YEARS):
            sentence = _("This invoice is more than %d years old.") % MAX_AGE_YEARS
            self._report(f"{path}.issued_on", "invoice-too-old", sentence)
        if due and due < issued:
            self._report(f"{path}.due_on", "due-before-issue", _("The due date is before the invoice date."))
        elif due and years_before(due, MAX_TERM_YEARS) > issued:
            sentence = _("The due date is more than a year after the invoice date.")
            self._report(f"{path}.due_on", "due-too-late", sentence)

    def _compare_performed(self, issued: date, born: date | None, lines: list[dict[str, Any]], path: str) -> None:
        earliest = years_before(issued, MAX_CARE_YEARS)
        for index, line in enumerate(lines):
            performed = line.get("performed_on")
            if performed is None:
                continue
            if performed > issued:
                code, wrong = "treatment-after-invoice", _("The treatment is after the invoice date.")
            elif born and performed < born:
                code, wrong = "treatment-before-birth", _("The treatment is before the patient's date of birth.")
            elif performed < earliest:
                wrong = _("The treatment is more than %d years before the invoice.") % MAX_CARE_YEARS
                code = "treatment-too-old"
            else:
                continue
            self._report(f"{path}.lines[{index}].performed_on", code, wrong)

    def _compare_amounts(self, invoice: dict[str, Any], lines: list[dict[str, Any]], path: str) -> int:
        """Check the amounts and return the total of the lines in cents."""
        total = total_of(lines, f"{path}.lines", self._report)
        if total and invoice["insurer_paid"] > total:
            sentence = _("The insurer can't have paid more than the lines add up to.")
            self._report(f"{path}.insurer_paid", "insurer-paid-too-much", sentence)
        elif total:
            for room in rooms.intakes():
                room.check(invoice, total, path, self._report)
        return total


def years_before(day: date, years: int) -> date:
    """Return the same day so many years before; the 28th for the 29th of February."""
    year = max(day.year - years, 1)
    return date(year, day.month, 28 if (day.month, day.day) == (2, 29) else day.day)
