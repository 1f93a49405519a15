"""What a machine read of the papers of a case, for who decides: amounts with their place, or why there are none."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from billing.errors import Refused
from billing.models import Patient
from coulance import amounts
from coulance.amounts import Outcome
from coulance.models import Specification, SpecificationReading
from coulance.reading import knowledge, reader, readings, telling
from coulance.reading.language import danger, insurers

Status = SpecificationReading.Status
_FIELDS = {
    "declared": _("declared"),
    "granted": _("granted"),
    "deductible": _("deductible"),
    "not_reimbursed": _("not reimbursed"),
    "paid_out": _("paid out"),
    "set_off": _("set off"),
}
# In one file of a case they are a sign against what another one says.
_DANGER = frozenset({"another_person", "own_contribution", "lines_twice"} | danger.SIGNS.keys())


@dataclass(frozen=True, slots=True)
class Place:
    """An amount that was read: what it is, and its box in thousandths of the page."""

    number: int
    field: str
    label: Any
    amount: Decimal
    page: int
    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class ReadByMachine:
    """What is proposed, and where that stands; without an outcome, why nothing is."""

    file: Specification
    outcome: Outcome | None
    paid_out: Decimal | None
    reasons: Sequence[Any]
    places: Sequence[Place]
    insurer: str  # on the paper
    other_insurer: str  # that the invoice names, when it is another one: the patient may have changed


def load(files: Sequence[Specification], share: Decimal, patient: Patient) -> ReadByMachine | None:
    """Return what was read of the checked files; None when nothing was, or it is only compared for now.

    Nor is what an earlier version of the reader read: it was mended since, and may have read a danger sign over.
    Medical data: the caller has written the access log.
    """
    rows = [row for file in files if file.status == file.Status.CLEAN and (row := getattr(file, "reading", None))]
    rows = [row for row in rows if row.status != Status.WAITING and not row.decided]
    if not settings.PROPOSE_AMOUNTS or not rows or any(row.version != reader.VERSION for row in rows):
        return None
    proposed = [row for row in rows if row.status == Status.PROPOSED]
    against = sorted({reason for row in rows for reason in row.reasons} & _DANGER)
    differ = len({(row.paid_out, row.deductible) for row in proposed}) > 1
    row = (proposed or rows)[-1]
    outcome = _outcome(row, share) if proposed and not against and not differ else None
    why = against or (["several_files"] if differ else row.reasons or ["too_much"])
    reasons = [] if outcome else [telling.REASONS.get(reason, reason) for reason in why]
    insurer = readings.insurer_of(row)
    known = _insurer_of(patient) if insurer else ""
    other = known if known != insurer else ""
    paid_out = row.paid_out if outcome else None
    return ReadByMachine(row.specification, outcome, paid_out, reasons, list(_places(row)), insurer, other)


def _insurer_of(patient: Patient) -> str:
    """Return the name of the insurer of a patient, as far as it is known."""
    return insurers.name_of(patient.identity.get("insurer_uzovi", "") if patient.sealed_identity else "")


def _outcome(row: SpecificationReading, share: Decimal) -> Outcome | None:
    """Return what the rule of the insurer makes of it now; None when the amount of the invoice changed meanwhile."""
    assert row.paid_out is not None
    assert row.deductible is not None
    try:
        return amounts.by_insurer(share, paid_out=row.paid_out, deductible=row.deductible)
    except Refused:
        return None


def _places(row: SpecificationReading) -> list[Place]:
    return [
        Place(
            number,
            mark.field,
            _FIELDS[mark.field],
            knowledge.euros(mark.cents),
            mark.page,
            max(0, mark.place[0] - 8),
            max(0, mark.place[1] - 6),
            mark.place[2] - mark.place[0] + 16,
            mark.place[3] - mark.place[1] + 12,
        )
        for number, mark in enumerate(readings.marks_of(row), start=1)
    ]


def sheets(file: Specification, read: ReadByMachine | None) -> list[tuple[int, list[Place]]]:
    """Return the pages of a file that can be shown, each with the amounts that were read on it."""
    places = read.places if read and read.file.pk == file.pk else ()
    return [(number, [place for place in places if place.page == number]) for number in file.page_numbers]
