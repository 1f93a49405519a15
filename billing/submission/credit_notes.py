"""Credit notes as a practice submits them: each takes one earlier invoice back, whole or by some of its lines."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from billing.money import from_cents
from billing.submission.fields import CREDIT_NOTE, Report, read_object
from billing.submission.rules import read_lines, stored_lines, total_of


@dataclass(frozen=True, slots=True)
class CreditNote:
    """A credit note that is valid by itself. `credits` is the number of the invoice that it takes back.

    `lines` (as in the batch format, stored form) and `total` in euros are None for the whole invoice. Whether that
    invoice exists, belongs to this practice and still holds so much is for the rule that books it to say.
    """

    path: str
    number: str
    credits: str
    issued_on: date
    reason: str
    lines: list[dict[str, Any]] | None
    total: Decimal | None


class CreditNoteReader:
    """Validates the credit notes of one file in order, and remembers their numbers so that none occurs twice."""

    def __init__(self, today: date, report: Report) -> None:
        self.count = 0
        self._today, self._report_to = today, report
        self._numbers: dict[str, int] = {}
        self.disputed: set[str] = set()  # numbers that stand in the file more than once
        self._wrong = False

    def knows(self, number: str) -> bool:
        """Tell whether a credit note of this file has this number."""
        return number in self._numbers

    def read(self, raw: Any, index: int) -> CreditNote | None:
        """Return the credit note when it is valid by itself; otherwise report every error and return None."""
        path = f"credit_notes[{index}]"
        self.count += 1
        self._wrong = False
        note = read_object(raw, CREDIT_NOTE, path, self._report)
        lines: list[dict[str, Any]] | None = None
        if note.get("lines") is not None:
            lines = read_lines(note["lines"], f"{path}.lines", self._report)
        if "number" in note and self._numbers.setdefault(note["number"], index) != index:
            self.disputed.add(note["number"])
            sentence = _("This number was used before in this file, for credit note number %d in it.")
            before = self._numbers[note["number"]] + 1
            self._report(f"{path}.number", "number-twice", sentence % before)
        if "issued_on" in note and note["issued_on"] > self._today:
            self._report(f"{path}.issued_on", "date-in-future", _("This date is in the future."))
        if note and note.get("number") == note.get("credits"):
            self._report(f"{path}.credits", "credits-itself", _("A credit note has a number of its own."))
        total = total_of(lines, f"{path}.lines", self._report) if lines and not self._wrong else None
        if self._wrong:
            return None
        return CreditNote(
            path=path,
            number=note["number"],
            credits=note["credits"],
            issued_on=note["issued_on"],
            reason=note["reason"],
            lines=stored_lines(lines) if lines else None,
            total=from_cents(total) if total is not None else None,
        )

    def _report(self, path: str, code: str, sentence: str) -> None:
        self._wrong = True
        self._report_to(path, code, sentence)
