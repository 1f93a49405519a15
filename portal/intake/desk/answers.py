"""The answer to a file that was handed in: payment references, links, and what was wrong, for a practice's software."""

from collections import defaultdict
from collections.abc import Iterator
from io import BytesIO
from itertools import islice
from typing import Any

from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from billing.documents.full_invoice import PAPER_LINK_LASTS
from billing.invoices import open_links
from billing.models import CreditNote, Invoice, Patient, ReminderStep, SubmittedFile
from billing.statements import spreadsheet
from billing.submission import uploads
from portal.intake import handing_in
from portal.intake.reader import LISTS, parts

FORMAT = "invoice-answer/1"
_CHUNK = 400
Item = dict[str, Any]


def of_file(row: SubmittedFile) -> dict[str, Any]:
    """Return what became of each item of a file, in its order; docs/handing-in.md says what the keys mean."""
    answer: dict[str, Any] = {
        "format": FORMAT,
        "provider": {"agb_code": row.provider.agb_code},
        "handed_in_at": timezone.localtime(row.done_at).isoformat(timespec="seconds") if row.done_at else None,
        **{name: [] for name in LISTS},
    }
    for item in _items(row):
        answer[item.pop("kind")].append(item)
    return answer


def as_csv(row: SubmittedFile) -> bytes:
    """Return the same as a spreadsheet, a line for each item, in the language of who reads it.

    The codes of the last two columns are the same in every language, for programs.
    """
    kinds = {"invoices": _("invoice"), "credit_notes": _("credit note"), "patients": _("patient")}
    states = {
        "taken": pgettext("of an invoice that was handed in", "taken"),
        "waits": _("right, not handed in yet"),
        "refused": _("not taken"),
    }
    lines: list[list[Any]] = [
        [
            _("What"),
            pgettext("of a paper", "Number"),
            _("What became of it"),
            _("Payment reference"),
            _("Link"),
            _("Why not"),
            _("Code of what became of it"),
            _("Codes of why not"),
        ]
    ]
    in_words = handing_in.sentences(row)
    for item in _items(row):
        why = " ".join(in_words.get((one["path"], one["code"]), one["sentence"]) for one in item["errors"])
        codes = " ".join(dict.fromkeys(error["code"] for error in item["errors"]))
        what = [kinds[item["kind"]], item["number"], states[item["state"]]]
        lines.append([*what, item.get("payment_reference", ""), item.get("link", ""), why, item["state"], codes])
    return spreadsheet.as_csv(lines)


def announcements_waiting(row: SubmittedFile) -> int:
    """Return how many invoices of a file that was handed in have not been announced to their payer yet."""
    waiting = ReminderStep.objects.filter(
        invoice__provider=row.provider_id, step=ReminderStep.Step.NOTICE,
        status__in=(ReminderStep.Status.PLANNED, ReminderStep.Status.COMPOSED),
    )  # fmt: skip
    numbers = set(waiting.values_list("invoice__number", flat=True))
    if not numbers:
        return 0  # nothing has to be read
    return len(numbers & {item["number"] for item in _items(row) if item["state"] == "taken"})


def patients_in(row: SubmittedFile) -> set[int]:
    """Return the keys of the patients whose invoice, credit note or number is in the answer, as far as we have them."""
    found: set[int] = set()
    tables: tuple[tuple[str, type[Model], str], ...] = (
        ("invoices", Invoice, "patient"),
        ("credit_notes", CreditNote, "invoice__patient"),
        ("patients", Patient, "pk"),
    )
    items = _items(row)
    while some := list(islice(items, _CHUNK)):
        for kind, model, path in tables:
            numbers = [item["number"] for item in some if item["kind"] == kind]
            ours = model._default_manager.filter(provider=row.provider_id, number__in=numbers)
            found |= set(ours.values_list(path, flat=True))
    return found


def _items(row: SubmittedFile) -> Iterator[Item]:
    found = row.facts.get("found", {})
    is_done = row.status == SubmittedFile.Status.DONE
    left_out = {(kind, index) for kind, index in found.get("left_out", ())}
    errors = defaultdict(list)
    for error in found.get("errors", ()):
        if "kind" in error:
            told = {name: error[name] for name in ("path", "code", "sentence")}
            errors[error["kind"], error["place"] - 1].append(told)
    read = parts(BytesIO(uploads.content_of(row)), lambda path, code, sentence: None)
    items = ((key, index, value) for key, index, value in read if index is not None)
    while some := list(islice(items, _CHUNK)):
        numbers = [_number(value) for key, index, value in some if key == "invoices" and (key, index) not in left_out]
        there = _invoices(row, numbers) if is_done else {}
        for key, index, value in some:
            is_right = (key, index) not in left_out
            state = ("taken" if is_done else "waits") if is_right else "refused"
            item = {"kind": key, "number": _number(value), "state": state}
            if is_right and key == "invoices":
                item |= there.get(item["number"], {})
            yield item | {"errors": errors.get((key, index), [])}


def _invoices(row: SubmittedFile, numbers: list[str]) -> dict[str, Item]:
    """Return payment reference and link of these invoices by number; the link is the one that is printed on paper."""
    rows = Invoice.objects.filter(provider=row.provider_id, number__in=numbers, erased_at=None).select_related(
        "patient"
    )
    return {
        one.number: {
            "payment_reference": one.payment_reference,
            "link": open_links.on_paper(one, until=one.issued_on + PAPER_LINK_LASTS),
        }
        for one in rows
    }


def _number(value: Any) -> str:
    number = value.get("number") if isinstance(value, dict) else None
    return number.strip() if isinstance(number, str) else ""
