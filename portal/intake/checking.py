"""Checking a batch: its head, its items in chunks by the rules of billing, and each chunk against what we know."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import IO, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.adjustments import credit_notes
from billing.invoices import intake
from billing.invoices.intake import NewPatient
from billing.models import Provider
from billing.patients import registration
from billing.patients.same_person import Difference
from billing.submission import persons
from billing.submission.credit_notes import CreditNote, CreditNoteReader
from billing.submission.fields import PROVIDER, printable, read_object
from billing.submission.rules import Checked, InvoiceReader
from portal.intake import crediting
from portal.intake.reader import LISTS, Broken, parts
from portal.intake.result import MAX_WRONG, About, BatchResult

FORMATS = {"invoice-batch/1": 1, "invoice-batch/2": 2}
CHUNK = 400  # below SQLite's 999 parameters of one query


# By what differs: the field that the error names, and what we say of it.
_PERSONS = {
    Difference.BIRTH_DATE: ("date_of_birth", gettext_lazy("We know this patient number with another date of birth.")),
    Difference.INITIALS: (
        "initials",
        gettext_lazy("We know this patient number with other initials, of somebody born on the same day."),
    ),
    Difference.SURNAME: (
        "surname",
        gettext_lazy(
            "We know this patient number with another surname. Without the same whole date of birth and initials we"
            " can't tell whether it is the same person."
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Correction:
    """A correction of a known patient, and where it stands in the file."""

    path: str
    about: About
    patient: NewPatient


@dataclass(slots=True)
class Chunk:
    """Some valid items of a file, in its order."""

    invoices: list[Checked] = field(default_factory=list)
    corrections: list[Correction] = field(default_factory=list)
    credit_notes: list[CreditNote] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.invoices) + len(self.corrections) + len(self.credit_notes)

    def parts(self, size: int) -> Iterator["Chunk"]:
        """Yield the invoices `size` at a time, and with the last of them the corrections and credit notes."""
        starts = range(0, len(self.invoices), size) or range(1)
        for start in starts:
            is_last = start == starts[-1]
            yield Chunk(
                self.invoices[start : start + size],
                self.corrections if is_last else [],
                self.credit_notes if is_last else [],
            )

    def digest(self) -> bytes:
        """Return what the chunk says as a hash: between two readings the file may have changed."""
        said = [(item.fingerprint, item.patient) for item in self.invoices]
        return hashlib.sha256(repr((said, self.corrections, self.credit_notes)).encode()).digest()


def read_head(file: IO[bytes]) -> tuple[dict[str, Any], int]:
    """Return format and provider of the batch and the version of the format, reading only until both were seen.

    Raises Broken for another format.
    """
    head: dict[str, Any] = {}
    for key, _index, value in parts(file, lambda path, code, sentence: None):
        if key in ("format", "provider"):
            head[key] = value
        if len(head) == 2:
            break
    named = head.get("format")
    version = FORMATS.get(named) if type(named) is str else None
    if version is None:
        first, second = (f'"{name}"' for name in FORMATS)
        formats = _("%(first)s or %(second)s") % {"first": first, "second": second}
        raise Broken("format", "format-unknown", _('The batch must say "format": %s.') % formats)
    return head, version


def known_provider(head: dict[str, Any], result: BatchResult, *, of: Provider | None = None) -> Provider | None:
    """Return the provider that the head names; None, with an error in the result, when we don't know it.

    `of`: the only one that it may name. Of another one nobody is told whether we know it.
    """
    named = read_object(head.get("provider"), PROVIDER, "provider", result.report)
    if "agb_code" not in named:
        return None
    if of is not None:
        if named["agb_code"] == of.agb_code:
            return of
        sentence = _("This file has the AGB code of another practice. Yours is %s.") % of.agb_code
        result.report("provider.agb_code", "provider-other", sentence)
        return None
    provider = Provider.objects.filter(agb_code=named["agb_code"]).first()
    if provider is None:
        sentence = _("We don't know a care provider with this AGB code.")
        result.report("provider.agb_code", "provider-unknown", sentence)
    return provider


class ItemReader:
    """Reads items one by one into a chunk, by the rules of billing; errors go to the result.

    It remembers what it read, so that no number and no patient stands twice in what is handed in together.
    """

    def __init__(self, version: int, result: BatchResult, today: date) -> None:
        self.lists = LISTS if version == 2 else LISTS[:1]
        self.count = 0
        self._result = result
        self._invoices = InvoiceReader(today, result.report, version=version)
        self._notes = CreditNoteReader(today, result.report)
        self._notes.disputed = self._invoices.disputed_numbers = result.disputed_numbers
        self._invoices.disputed_patients = result.disputed_patients
        self._corrected: set[str] = set()

    def read(self, key: str, index: int, value: Any, chunk: Chunk) -> None:
        """Add the item at `index` of the list `key` to the chunk when it is valid."""
        self.count += 1
        self._result.begin_item(key, index, value)
        if key == "invoices":
            if checked := self._invoices.read(value, index):
                self._one_kind(checked.path, checked.number, is_twice=self._notes.knows(checked.number))
                self._once_a_patient(checked.patient["number"], f"{checked.path}.patient.number", corrected=False)
                chunk.invoices.append(checked)
        elif key == "credit_notes":
            if note := self._notes.read(value, index):
                self._one_kind(note.path, note.number, is_twice=self._invoices.knows(note.number))
                chunk.credit_notes.append(note)
        elif correction := persons.read_correction(value, f"patients[{index}]", self._result.report):
            path = f"patients[{index}]"
            self._once_a_patient(correction.number, f"{path}.number", corrected=True)
            about = About("patients", index + 1, patient=correction.number)
            chunk.corrections.append(Correction(path, about, correction))

    def _one_kind(self, path: str, number: str, *, is_twice: bool) -> None:
        """Report a number of both an invoice and a credit note of this file: fiscal numbers are unique (35a Wet OB)."""
        if is_twice:
            self._result.disputed_numbers.add(number)
            sentence = _("This number stands on an invoice and on a credit note. Each needs a number of its own.")
            self._result.report(f"{path}.number", "number-twice", sentence)

    def _once_a_patient(self, number: str, path: str, *, corrected: bool) -> None:
        """Report a patient that is corrected in `patients` and stands elsewhere in the file too: which one counts?"""
        twice = number in self._corrected or (corrected and self._invoices.knows_patient(number))
        if corrected:
            self._corrected.add(number)
        if twice:
            self._result.disputed_patients.add(number)
            sentence = _(
                "This patient stands more than once in this file. Write what has changed on the invoice of the patient,"
                " or once in patients."
            )
            self._result.report(path, "patient-twice", sentence)


class Items:
    """The valid items of one file, in chunks; errors go to the result."""

    def __init__(self, file: IO[bytes], head: dict[str, Any], version: int, result: BatchResult, today: date) -> None:
        self._file, self._head, self._result = file, head, result
        self._reader = ItemReader(version, result, today)

    def chunks(self) -> Iterator[Chunk]:
        """Yield the items, CHUNK at a time. Raises Broken."""
        members: dict[str, Any] = {}
        chunk = Chunk()
        for key, index, value in parts(self._file, self._result.report):
            if index is None or key not in self._reader.lists:
                members.setdefault(key, value if index is None else [])
                continue
            self._reader.read(key, index, value, chunk)
            if index % CHUNK == CHUNK - 1:
                if len(self._result.wrong) > MAX_WRONG:
                    raise Broken("", "too-many", _("So much of this file is wrong that it was not read to its end."))
                yield chunk
                chunk = Chunk()
        self._check_root(members)
        yield chunk

    def _check_root(self, members: dict[str, Any]) -> None:
        if {key: members.get(key) for key in self._head} != self._head:
            raise changed()
        for key in members.keys() - {*self._head, *self._reader.lists}:
            self._result.report(printable(key), "unknown-field", _("This field is not part of the format."))
        for key in [key for key in self._reader.lists[1:] if members.get(key) not in (None, [])]:
            self._result.report(key, "not-a-list", _("This must be a list, between [ and ]."))
        if not self._reader.count:
            sentence = _("There is no list of invoices here, or it is empty.")
            self._result.report("invoices", "invoices-missing", sentence)


def changed() -> Broken:
    """Return the error for a file that says something else when it is read for the second time."""
    return Broken("", "file-changed", _("The file changed while it was read. Hand it in again."))


def about(invoice: Checked) -> About:
    """Return what an error about this invoice names."""
    place = int(invoice.path.partition("[")[2].rstrip("]")) + 1
    return About("invoices", place, invoice.number, invoice.patient["number"])


def good_ones(chunk: Chunk, result: BatchResult) -> Chunk:
    """Return what of the chunk goes on when items with errors stay behind; what is disputed goes to the result.

    Two items of a file that say different things of one number or one patient both stay behind: we can't tell which of
    them is right.
    """

    def is_good(about: About, *numbers: str, patient: str = "") -> bool:
        item = (about.kind, about.place - 1)
        if item in result.wrong:
            return False
        if result.disputed_numbers.isdisjoint(numbers) and patient not in result.disputed_patients:
            return True
        result.beside[item] = about
        return False

    return Chunk(
        [one for one in chunk.invoices if is_good(about(one), one.number, patient=one.patient["number"])],
        [one for one in chunk.corrections if is_good(one.about, patient=one.patient.number)],
        [one for one in chunk.credit_notes if is_good(crediting.about(one), one.number, one.credits)],
    )


def compare(provider: Provider, chunk: Chunk, result: BatchResult) -> list[Checked]:
    """Return the invoices not submitted before; what contradicts what we know goes to the result. Writes nothing."""
    numbers = [invoice.number for invoice in chunk.invoices]
    known = intake.known_fingerprints(provider, numbers)
    credited = credit_notes.known(provider.pk, numbers)
    for invoice in chunk.invoices:
        if invoice.number in credited:
            sentence = _("This number is already the number of a credit note.")
            result.report(f"{invoice.path}.number", "number-twice", sentence, about(invoice))
        if invoice.number in known and known[invoice.number] != invoice.fingerprint:
            sentence = _(
                "This invoice was handed in before with other content. An invoice can't be changed by a new batch: take"
                " it back with a credit note, and hand in a new one with another number."
            )
            result.report(f"{invoice.path}.number", "invoice-differs", sentence, about(invoice))
    _compare_patients(provider, chunk, result)
    chunk.credit_notes = crediting.compare(provider, chunk.credit_notes, result)
    new = [invoice for invoice in chunk.invoices if invoice.number not in known]
    result.new += len(new)
    result.cents += sum(invoice.total_cents - invoice.invoice["insurer_paid"] for invoice in new)
    result.known += len(chunk.invoices) - len(new)
    if known:
        again = [invoice.new_patient() for invoice in chunk.invoices if invoice.number in known]
        result.outdated |= registration.outdated(provider, again)
    return new


def _compare_patients(provider: Provider, chunk: Chunk, result: BatchResult) -> None:
    """Report each patient number under which we know another person: whoever has it would read the other's care."""
    given = [item.new_patient() for item in chunk.invoices] + [item.patient for item in chunk.corrections]
    if different := registration.differences(provider, given):
        _report_different(different, chunk, result)
    missing = registration.unknown(provider, [item.patient.number for item in chunk.corrections])
    for item in chunk.corrections:
        if item.patient.number in missing:
            unknown = _("We don't know a patient with this number, so there is nothing to correct.")
            result.report(f"{item.path}.number", "patient-unknown", unknown, item.about)


def _report_different(different: Mapping[str, Difference], chunk: Chunk, result: BatchResult) -> None:
    places = [(item.patient["number"], f"{item.path}.patient", about(item)) for item in chunk.invoices]
    places += [(item.patient.number, item.path, item.about) for item in chunk.corrections]
    for number, path, whom in places:
        why = different.get(number)
        if why is None:
            continue
        field_name, sentence = _PERSONS[why]
        advice = _("Another person needs a number of their own. Is it the same person? Ask Zorgrekening to correct it.")
        result.report(f"{path}.{field_name}", why.code, f"{sentence} {advice}", whom)
