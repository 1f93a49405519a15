"""From the words on a paper to a proposal, or to the reasons why there is none. It decides nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from coulance.reading.language import insurers, labels, notation
from coulance.reading.meaning import Answer
from coulance.reading.ours import Ours
from coulance.reading.paper import Seen, look
from coulance.reading.sheet import Piece
from guests.files.words import Page

VERSION = 8
FIELDS = {
    "D": "declared", "G": "granted", "E": "deductible", "C": "own_contribution", "N": "not_reimbursed",
    "P": "paid_out", "O": "set_off",
}  # fmt: skip
_MARKED = ("D", "G", "E", "N", "P", "O")
_ENOUGH_SEEN = 2  # sums that close when only one of the looks at a picture understood it
# A look that saw less is no sign against what another one saw: these don't count when that one has an answer.
_SAW_LESS = frozenset({
    "no_text", "no_amounts", "sums_do_not_close", "no_sum_to_check", "rows_do_not_add_up", "total_not_found",
    "another_invoice", "total_differs", "deductible_unknown", "patient_not_named",
})  # fmt: skip


@dataclass(frozen=True)
class Mark:
    """Where an amount was read: its field, cents, page, and box in thousandths of the page that is shown."""

    field: str
    cents: int
    page: int
    place: tuple[int, int, int, int]


@dataclass(frozen=True)
class Proposed:
    """What the paper says, in cents. The own contribution is always nothing: else a person has to look."""

    granted: int
    deductible: int
    paid_out: int
    own_contribution: int = 0


@dataclass(frozen=True)
class Reading:
    """What was read of a paper; `reasons` say why nothing is proposed."""

    pages: int
    lines: tuple[dict[str, Any], ...]
    totals: dict[str, int]
    checks: tuple[tuple[str, bool], ...]
    proposal: Proposed | None
    reasons: tuple[str, ...]
    marks: tuple[Mark, ...]
    insurer: str = ""  # whose paper it is, by the name on it

    @property
    def confidence(self) -> float:
        """Return which part of the checks was passed; nothing without an answer."""
        passed = sum(ok for _, ok in self.checks)
        return round(passed / len(self.checks), 2) if self.checks and self.totals else 0.0


def read(pages: Sequence[Page], invoice: Ours | None) -> Reading:
    """Read a paper in each way of looking; a danger sign in one of them counts for all."""
    count = max((len(page.passes) for page in pages), default=0)
    looks = [look([_words(page, number) for page in pages], invoice) for number in range(count)]
    if not looks:
        return Reading(0, (), {}, (), None, ("no_text",), ())
    answered = [seen for seen in looks if seen.answer is not None]
    best = max(answered or looks, key=lambda seen: (not seen.reasons, seen.answer.closed if seen.answer else 0))
    reasons = list(dict.fromkeys(_reasons(looks, answered)))
    checks = dict(best.checks)
    if len(looks) > 1 and answered:
        checks["looks_agree"] = len(answered) == len(looks) and "looks_disagree" not in reasons
    answer = best.answer
    proposal = None
    if answer is not None and not reasons:
        proposal = Proposed(answer.granted, answer.deductible, answer.paid_out)
    return Reading(
        len(pages),
        tuple(_lines(best)),
        _totals(best),
        tuple(checks.items()),
        proposal,
        tuple(reasons),
        tuple(_marks(answer)) if answer else (),
        _insurer(looks),
    )


def _insurer(looks: Sequence[Seen]) -> str:
    """Return the insurer that is named on the paper, when all looks that saw a name saw the same one."""
    found = {insurers.on_paper(row.text for row in seen.rows) for seen in looks} - {""}
    return found.pop() if len(found) == 1 else ""


def _words(page: Page, number: int) -> Any:
    return page.passes[min(number, len(page.passes) - 1)] if page.passes else ()


def _reasons(looks: Sequence[Seen], answered: Sequence[Seen]) -> Iterator[str]:
    """Yield why nothing may be proposed."""
    clear = [seen for seen in answered if not seen.reasons]
    for seen in looks:
        doubts = _SAW_LESS if clear else frozenset[str]()
        if len(clear) > 1 and seen.answer is None:
            doubts |= {"two_answers"}
        yield from (reason for reason in seen.reasons if reason not in doubts)
    if len({seen.answer.sums for seen in answered if seen.answer}) > 1:
        yield "looks_disagree"
    closed = max((seen.answer.closed for seen in clear if seen.answer), default=0)
    if clear and len(looks) > 1 and len(answered) < 2 and closed < _ENOUGH_SEEN:
        yield "one_look_only"


def _marks(answer: Answer) -> Iterator[Mark]:
    for meaning in _MARKED:
        for piece in dict.fromkeys(answer.used.get(meaning, ())):
            if not any(letter.isdigit() for letter in piece.text):
                continue  # a dash
            yield Mark(FIELDS[meaning], piece.cents or 0, piece.page, place_of(piece))


def place_of(piece: Piece) -> tuple[int, int, int, int]:
    """Return the box around an amount on the page that is shown, in thousandths."""
    boxes = [word.place for word in piece.words]
    return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)


def _meaning_of(label: str, answer: Answer | None) -> str | None:
    """Return the field that a label fills: as the sums decided, or when it can mean one thing only."""
    chosen = answer.choice.get(notation.plain(label)) if answer else None
    can_mean = labels.meanings(label)
    if chosen is None and len(can_mean - {"R"}) == 1:
        chosen = next(iter(can_mean - {"R"}))
    if chosen is None and can_mean >= {"G", "P"}:
        chosen = "G"
    return FIELDS.get({"R": "P", "a": "G", "b": "G", "c": "G", "e": "E", "f": "E"}.get(chosen or "", chosen or ""))


def _lines(seen: Seen) -> Iterator[dict[str, Any]]:
    for table in seen.tables:
        named = {number: _meaning_of(column.label, seen.answer) for number, column in enumerate(table.columns)}
        for row, cells in table.lines:
            texts = [piece.text for piece in row.texts if not notation.days(piece.text)]
            days = notation.days(row.text)
            codes = [word for text in texts for word in text.split() if _is_code(word)]
            line: dict[str, Any] = {
                "date": days[0].isoformat() if days else "",
                "code": codes[0] if codes else "",
                "description": max((text for text in texts if text not in codes), key=len, default=""),
            }
            for number, piece in cells.items():
                name = named.get(number)
                if name:
                    line[name] = line.get(name, 0) + (piece.cents or 0)
            yield line


def _is_code(word: str) -> bool:
    letters = word.strip("().,")
    return 3 <= len(letters) <= 7 and sum(c.isdigit() for c in letters) >= 2 and letters.isalnum()


def _totals(seen: Seen) -> dict[str, int]:
    answer = seen.answer
    if answer is not None:
        known = {"declared": answer.granted + answer.not_reimbursed, "granted": answer.granted}
        known |= {"deductible": answer.deductible, "not_reimbursed": answer.not_reimbursed, "paid_out": answer.paid_out}
        return known | {"set_off": answer.set_off}
    found: dict[str, int] = {}
    for fact in seen.facts:
        if name := _meaning_of(fact.label, None):
            found.setdefault(name, fact.cents)
    return found
