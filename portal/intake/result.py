"""What an import says: each error with its place, for software and for people, and what was or would be done."""

import re
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.translation import gettext as _

from billing.submission.fields import printable

MAX_ERRORS = 1000
MAX_WRONG = 50_000  # items with an error; a file with more is read no further
_ITEM = re.compile(r"(invoices|patients|credit_notes)\[([0-9]+)\]")


@dataclass(frozen=True, slots=True)
class About:
    """The invoice, correction or credit note that an error is about, as the practice numbers it."""

    kind: str  # the list in which it stands
    place: int  # in that list, counted from 1 as people do
    number: str = ""
    patient: str = ""

    def __str__(self) -> str:
        facts = {"number": self.number or "?", "place": self.place, "patient": self.patient or "?"}
        if self.kind == "patients":
            return _("patient %(patient)s, number %(place)d of the patients in the file") % facts
        if self.kind == "credit_notes":
            return _("credit note %(number)s, number %(place)d of the credit notes in the file") % facts
        return _("invoice %(number)s, number %(place)d in the file, patient %(patient)s") % facts


@dataclass(frozen=True, slots=True)
class BatchError:
    """An error: its path in the file (`invoices[3].patient.postcode`, empty for the whole file), a stable code for
    software, a sentence for people, and what it is about, unless that is the whole file."""

    path: str
    code: str
    sentence: str
    about: About | None = None

    def __str__(self) -> str:
        place = f"{self.path}: " if self.path else ""
        about = f"{self.about}; " if self.about else ""
        return f"{place}{self.sentence} ({about}{self.code})"


@dataclass(slots=True)
class BatchResult:
    """What the import did or would do (`dry_run`), or why it did nothing (`errors`, the first MAX_ERRORS)."""

    dry_run: bool
    errors: list[BatchError] = field(default_factory=list)
    error_count: int = 0
    new: int = 0
    cents: int = 0  # what patients are asked for the new invoices together
    known: int = 0
    patients_created: int = 0
    patients_updated: int = 0
    credited: int = 0
    corrections: int = 0  # of patients, in the file
    partly_written: bool = False  # although there are errors: the same file handed in again continues
    continued: bool = False  # an import of the same file was interrupted before
    # Patients of invoices that were known already, about which the file says something else than we hold.
    outdated: set[str] = field(default_factory=set)
    # What stays behind when the good ones go on: items with an error, and what the file says twice and differently.
    wrong: set[tuple[str, int]] = field(default_factory=set)  # list and index
    disputed_numbers: set[str] = field(default_factory=set)
    disputed_patients: set[str] = field(default_factory=set)
    beside: dict[tuple[str, int], About] = field(default_factory=dict)  # right by themselves, and disputed
    file_errors: int = 0  # of no single item
    goes_on: bool = False  # although there are errors: the good ones were or would be taken
    _about: About | None = None

    def report(self, path: str, code: str, sentence: str, about: About | None = None) -> None:
        """Add an error; one without `about` is about the item that `begin_item` named, if its path is there."""
        self.error_count += 1
        item = _ITEM.match(path)
        if item:
            self.wrong.add((item[1], int(item[2])))
        else:
            self.file_errors += 1
        if len(self.errors) >= MAX_ERRORS:
            return
        if about is None and item:
            kind, place = item[1], int(item[2]) + 1
            named = self._about
            about = named if named and (named.kind, named.place) == (kind, place) else About(kind, place)
        self.errors.append(BatchError(path, code, sentence, about))

    def count_nothing(self) -> None:
        """Say that nothing was done or would be."""
        self.new = self.cents = self.known = self.patients_created = self.patients_updated = self.credited = 0

    def take_over(self, part: "BatchResult") -> None:
        """Say what was done with the good ones only, and what went wrong with them since they were checked."""
        for name in ("new", "cents", "known", "patients_created", "patients_updated", "credited", "corrections"):
            setattr(self, name, getattr(part, name))
        self.outdated = part.outdated
        self.partly_written, self.continued = part.partly_written, part.continued
        self.errors += part.errors
        self.error_count += part.error_count
        self.goes_on = not part.error_count

    def begin_item(self, kind: str, index: int, raw: Any) -> None:
        """Name the item that is checked next, also in the errors that were found while it was read."""
        about = About(kind, index + 1, _number(raw), _number(_of(raw, "patient")))
        if kind == "patients":
            about = About(kind, index + 1, patient=about.number)
        self._about = about
        for place in range(len(self.errors) - 1, -1, -1):
            if self.errors[place].about != About(kind, index + 1):
                break
            self.errors[place] = replace(self.errors[place], about=about)


def _of(raw: Any, name: str) -> Any:
    return raw.get(name) if type(raw) is dict else None


def _number(raw: Any) -> str:
    number = _of(raw, "number")
    return printable(number) if type(number) is str else ""
