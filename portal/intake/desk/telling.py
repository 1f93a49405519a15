"""What was found in a file, in the words of a practice: which invoice and field, what is wrong and where to mend it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from billing import rooms
from billing.models import SubmittedFile
from portal.intake.result import About

_INVOICE = re.compile(r"invoices\[([0-9]+)\]")
_LINE = re.compile(r"\.lines\[([0-9]+)\]")
# What the program that made the file did wrong, and nobody can mend in a patient's card.
_OF_THE_MAKER = frozenset((
    "unknown-field", "not-an-object", "not-text", "not-a-list", "field-twice", "too-deep", "too-many",
    "amount-not-text", "amount-comma", "flag-invalid", "format-unknown", "not-json", "incomplete", "not-a-number",
    "comma-at-end", "single-quote", "comment", "half-character", "number-too-long", "not-utf-8", "compressed",
))  # fmt: skip
# The sentence itself says what to do.
_SAYS_IT_ALL = frozenset((
    "invoice-differs", "number-twice", "patient-differs", "patient-twice", "patient-another-birth-date",
    "patient-another-person", "credit-note-differs", "credit-refused", "provider-other", "database-busy",
    "import-interrupted", "row-differs", "patient-deceased", "credit-in-claim", "invoices-missing", "file-too-large",
    "address-elsewhere",
))  # fmt: skip
FIELDS = {
    "number": gettext_lazy("number"),
    "issued_on": gettext_lazy("date of the invoice"),
    "due_on": gettext_lazy("last day to pay"),
    "insurer_paid": gettext_lazy("paid by the insurer"),
    "goods": gettext_lazy("something sold"),
    "patient": gettext_lazy("patient"),
    "initials": gettext_lazy("initials"),
    "infix": gettext_lazy("infix"),
    "surname": gettext_lazy("surname"),
    "date_of_birth": gettext_lazy("date of birth"),
    "email": gettext_lazy("e-mail"),
    "mobile": gettext_lazy("mobile number"),
    "language": gettext_lazy("language"),
    "address": gettext_lazy("address"),
    "street": gettext_lazy("street"),
    "house_number": gettext_lazy("house number"),
    "postcode": gettext_lazy("postcode"),
    "city": gettext_lazy("city"),
    "country": gettext_lazy("country"),
    "insurer_uzovi": gettext_lazy("UZOVI code of the insurer"),
    "insured_number": gettext_lazy("insured number"),
    "payer": gettext_lazy("payer"),
    "relation": gettext_lazy("relation to the patient"),
    "name": gettext_lazy("name"),
    "lines": gettext_lazy("treatments"),
    "performed_on": gettext_lazy("day of the treatment"),
    "code": gettext_lazy("code of the treatment"),
    "description": gettext_lazy("description of the treatment"),
    "tooth": gettext_lazy("tooth"),
    "quantity": pgettext_lazy("of treatments", "how many"),
    "unit_price": gettext_lazy("price"),
    "practitioner_agb": gettext_lazy("AGB code of who treated"),
    "credits": gettext_lazy("number of the invoice that is taken back"),
    "reason": gettext_lazy("reason"),
    "agb_code": gettext_lazy("AGB code of the practice"),
}


@dataclass(frozen=True, slots=True)
class Wrong:
    """One error: the field in words, the sentence, what to do about it in the practice's software, and its code."""

    field: str
    sentence: str
    advice: str
    code: str
    source: str  # where it stands in the file as the practice made it, as "row 14"


@dataclass(frozen=True, slots=True)
class Item:
    """One invoice, correction or credit note with what is wrong with it; the first one may be the file itself."""

    title: str
    wrong: list[Wrong] = field(default_factory=list)


def items(facts: dict[str, Any]) -> list[Item]:
    """Return what is wrong with each item of a file, in its order, and what stays behind beside another one."""
    found = facts.get("found", {})
    told: dict[tuple[str, int], Item] = {}
    for error in sorted(found.get("errors", ()), key=_place):
        about = _about(error)
        item = told.setdefault(_place(error), Item(_title(about) if about else _("The file itself")))
        item.wrong.append(_wrong(error, about, facts.get("sources", [])))
    for entry in found.get("beside", ()):
        sentence = _(
            "Nothing is wrong with this one, but another part of the file says something else. Mend that first."
        )
        item = told.setdefault(_place(entry), Item(_title(_about(entry))))
        item.wrong.append(Wrong("", sentence, "", "", ""))
    return list(told.values())


def _place(entry: dict[str, Any]) -> tuple[str, int]:
    return (entry.get("kind", ""), entry.get("place", 0))


def _about(entry: dict[str, Any]) -> About | None:
    return About(entry["kind"], entry["place"], entry["number"], entry["patient"]) if "kind" in entry else None


def _title(about: About | None) -> str:
    text = str(about)
    return text[:1].upper() + text[1:]


def _wrong(error: dict[str, Any], about: About | None, sources: list[list[int]]) -> Wrong:
    path = error["path"]
    line = _LINE.search(path)
    name = re.sub(r"\[[0-9]+\]$", "", path.rpartition(".")[2])
    label = str(_label(name)) if "." in path or not about else ""
    if line and name != "lines":
        label = _("line %(line)d: %(field)s") % {"line": int(line[1]) + 1, "field": label or name}
    return Wrong(label, error["sentence"], _advice(error["code"], path, about), error["code"], _source(path, sources))


def _label(name: str) -> Any:
    """Return a field in words, also one that a room adds; empty for none of ours."""
    return next((room.labels[name] for room in rooms.intakes() if name in room.labels), FIELDS.get(name, ""))


def _advice(code: str, path: str, about: About | None) -> str:
    if code in _SAYS_IT_ALL:
        return ""
    if code in _OF_THE_MAKER or about is None:
        return _("This is how your software wrote the file. Pass this on to its maker, with the code.")
    if about.kind == "patients" or ".patient" in path:
        return _("Correct it in your software with patient %s.") % (about.patient or "?")
    if _LINE.search(path):
        return _("Correct that treatment in your software.")
    return _("Correct it in your software on %s.") % (about.number or "?")


def _source(path: str, sources: list[list[int]]) -> str:
    """Return where an error stands in the file that the practice made, when that was another format than ours."""
    item = _INVOICE.match(path)
    places = sources[int(item[1])] if item and int(item[1]) < len(sources) else []
    line = _LINE.search(path)
    at = int(line[1]) + 1 if line else 0
    return _("row %d of the file") % places[at] if at < len(places) and places[at] else ""


def sentences_of_counts(row: Any) -> Iterator[tuple[str, int]]:
    """Yield what was or would be taken of a file, in words, with how many; of a refused one only what is wrong."""
    if row.status != SubmittedFile.Status.REFUSED:
        yield _("new invoices"), row.new
        yield _("invoices that were handed in before, and are left alone"), row.known
    if row.credited:
        yield _("credit notes"), row.credited
    if row.corrected:
        yield _("corrections of patients"), row.corrected
    yield _("with an error, and not taken"), row.left_out
