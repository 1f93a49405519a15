"""The rules of a valid invoice: its fields, and the constraints between them."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from billing import rooms
from billing.invoices.fields import (
    ADDRESS,
    INVOICE,
    LINE,
    MAX_CENTS,
    PATIENT,
    FieldError,
    read_dutch_postcode,
    read_object,
)
from billing.invoices.intake import NewInvoice, NewPatient, due_date
from billing.money import from_cents

MAX_LINES = 200
MAX_AGE_YEARS = 5  # a claim on a patient lapses five years after the invoice (article 3:307 of the Civil Code)
MAX_CARE_YEARS = 5  # between treatment and invoice
MAX_TERM_YEARS = 1  # between invoice and due date
MAX_PATIENT_YEARS = 125

_canonical = json.JSONEncoder(sort_keys=True).encode

Report = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Checked:
    """A valid invoice, still as fields of the batch format."""

    path: str
    raw: dict[str, Any]
    invoice: dict[str, Any]
    patient: dict[str, Any]
    lines: list[dict[str, Any]]
    total_cents: int

    @property
    def number(self) -> str:
        return self.invoice["number"]

    def fingerprint(self) -> bytes:
        """Return the SHA-256 of what was submitted, whatever the order of keys and the white space."""
        return hashlib.sha256(_canonical(self.raw).encode()).digest()

    def new_patient(self) -> NewPatient:
        """Return the patient as `patients.registration` takes it."""
        contact = dict(self.patient)
        number = contact.pop("number")
        identity = {
            "date_of_birth": contact.pop("date_of_birth").isoformat(),
            "insurer_uzovi": contact.pop("insurer_uzovi"),
            "insured_number": contact.pop("insured_number"),
        }
        return NewPatient(number, contact, identity)

    def as_new(self, *, today: date) -> NewInvoice:
        """Return the invoice as `intake.create_many` takes it, amounts in euros."""
        invoice = self.invoice
        return NewInvoice(
            number=invoice["number"],
            issued_on=invoice["issued_on"],
            due_on=due_date(invoice["due_on"], issued_on=invoice["issued_on"], today=today),
            patient=self.new_patient(),
            lines=[
                line
                | {
                    "performed_on": line["performed_on"].isoformat(),
                    "unit_price": str(from_cents(line["unit_price"])),
                }
                for line in self.lines
            ],
            total=from_cents(self.total_cents),
            insurer_paid=from_cents(invoice["insurer_paid"]),
            fingerprint=self.fingerprint(),
        )


class InvoiceReader:
    """Validates the invoices of one file in order, and remembers their numbers so that none occurs twice."""

    def __init__(self, today: date, report: Report) -> None:
        self.today = today
        self.count = 0
        self._report_to = report
        self._shape = INVOICE | rooms.intake_fields()
        self._numbers: dict[str, int] = {}
        self._patients: dict[str, int] = {}
        self._wrong = False

    def read(self, raw: Any, index: int) -> Checked | None:
        """Return the invoice when it is valid; otherwise report every error and return None."""
        path = f"invoices[{index}]"
        self.count += 1
        self._wrong = False
        invoice = read_object(raw, self._shape, path, self._report)
        patient, lines = {}, []
        if "patient" in invoice:
            patient = self._patient(invoice["patient"], f"{path}.patient")
        if "lines" in invoice:
            lines = self._lines(invoice["lines"], f"{path}.lines")
        if "number" in invoice:
            self._once(invoice["number"], index, path)
        if self._wrong:
            return None  # dates and sums are only compared when each is valid by itself
        self._compare_dates(invoice, patient, lines, path)
        total = self._compare_amounts(invoice, lines, path)
        self._same_patient(patient, f"{path}.patient")
        return None if self._wrong else Checked(path, raw, invoice, patient, lines, total)

    def _report(self, path: str, sentence: str) -> None:
        self._wrong = True
        self._report_to(path, sentence)

    def _patient(self, raw: Any, path: str) -> dict[str, Any]:
        """Return the patient with the fields of the address among the others."""
        patient = read_object(raw, PATIENT, path, self._report)
        if "address" not in patient:
            return patient
        address = read_object(patient.pop("address"), ADDRESS, f"{path}.address", self._report)
        if address.get("country") == "NL" and "postcode" in address:
            try:
                address["postcode"] = read_dutch_postcode(address["postcode"])
            except FieldError as error:
                self._report(f"{path}.address.postcode", str(error))
        return patient | address

    def _lines(self, raw: Any, path: str) -> list[dict[str, Any]]:
        if type(raw) is not list or not raw:
            self._report(path, _("An invoice needs a list of at least one line."))
            return []
        if len(raw) > MAX_LINES:
            self._report(path, _("An invoice has at most %d lines.") % MAX_LINES)
            return []
        return [read_object(line, LINE, f"{path}[{index}]", self._report) for index, line in enumerate(raw)]

    def _once(self, number: str, index: int, path: str) -> None:
        before = self._numbers.setdefault(number, index)
        if before != index:
            self._report(f"{path}.number", _("This number was used before in this file, in invoices[%d].") % before)

    def _same_patient(self, patient: dict[str, Any], path: str) -> None:
        """Report a patient number with other data: two persons would see each other's invoices, and we can't guess."""
        content = hash(tuple(patient.values()))
        if self._patients.setdefault(patient["number"], content) != content:
            self._report(
                f"{path}.number", _("This patient number stands in this file with other data on an earlier invoice.")
            )

    def _compare_dates(
        self, invoice: dict[str, Any], patient: dict[str, Any], lines: list[dict[str, Any]], path: str
    ) -> None:
        issued, due, born = invoice["issued_on"], invoice["due_on"], patient["date_of_birth"]
        if issued > self.today:
            self._report(f"{path}.issued_on", _("This date is in the future."))
        elif issued < _years_before(self.today, MAX_AGE_YEARS):
            self._report(f"{path}.issued_on", _("This invoice is more than %d years old.") % MAX_AGE_YEARS)
        if due and due < issued:
            self._report(f"{path}.due_on", _("The due date is before the invoice date."))
        elif due and _years_before(due, MAX_TERM_YEARS) > issued:
            self._report(f"{path}.due_on", _("The due date is more than a year after the invoice date."))
        if born > self.today:
            self._report(f"{path}.patient.date_of_birth", _("This date is in the future."))
        elif born < _years_before(self.today, MAX_PATIENT_YEARS):
            self._report(f"{path}.patient.date_of_birth", _("This date of birth is too long ago."))
        earliest = _years_before(issued, MAX_CARE_YEARS)
        for index, line in enumerate(lines):
            performed = line["performed_on"]
            if performed > issued:
                wrong = _("The treatment is after the invoice date.")
            elif performed < born:
                wrong = _("The treatment is before the patient's date of birth.")
            elif performed < earliest:
                wrong = _("The treatment is more than %d years before the invoice.") % MAX_CARE_YEARS
            else:
                continue
            self._report(f"{path}.lines[{index}].performed_on", wrong)

    def _compare_amounts(self, invoice: dict[str, Any], lines: list[dict[str, Any]], path: str) -> int:
        """Check the amounts and return the total of the lines in cents."""
        total = sum(line["quantity"] * line["unit_price"] for line in lines)
        if total > MAX_CENTS:
            self._report(f"{path}.lines", _("The lines add up to more than one invoice can be."))
        if not total:
            self._report(f"{path}.lines", _("The lines add up to nothing. An invoice is for more than 0.00."))
        elif invoice["insurer_paid"] > total:
            self._report(f"{path}.insurer_paid", _("The insurer can't have paid more than the lines add up to."))
        else:
            for room in rooms.intakes():
                room.check(invoice, total, path, self._report)
        return total


def _years_before(day: date, years: int) -> date:
    year = max(day.year - years, 1)
    return date(year, day.month, 28 if (day.month, day.day) == (2, 29) else day.day)
