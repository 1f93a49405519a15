"""Reading a specimen as the product does, and comparing what is proposed with the truth."""

import random
from dataclasses import dataclass
from functools import lru_cache

from coulance.reading import reader
from coulance.reading.ours import Ours
from guests.files import words
from guests.files.row import GuestFile
from tests.coulance.specimens import Case, Layout, case_of, drawing
from tests.coulance.specimens.cases import Case as _Case


def ours(case: _Case) -> Ours:
    """Return what the product knows of the invoice of a case."""
    lines = tuple((line.day, line.declared) for line in case.lines)
    initials, _, surname = case.name
    return Ours(case.number, case.total("declared"), lines, case.issued_on, case.born, surname, case.practice, initials)


@dataclass(frozen=True)
class Outcome:
    """What became of one paper."""

    layout: str
    kind: str
    seed: int
    verdict: str  # right, wrong, abstained
    reasons: tuple[str, ...]
    reading: reader.Reading


@lru_cache(maxsize=64)
def paper(layout: Layout, seed: int) -> tuple[Case, bytes]:
    """Return a case, and the PDF that a layout makes of it."""
    case = case_of(seed)
    return case, drawing.pdf(layout.draw(case))


def pages_of(layout: Layout, seed: int, kind: str) -> list[words.Page]:
    """Return the words that the isolated process finds on a paper of one kind."""
    _, content = paper(layout, seed)
    if kind == "text":
        return words.of_text(content)
    lot = random.Random(f"{layout.name}:{seed}:{kind}")
    found = []
    for number, sheet in enumerate(drawing.pictures(content, 230 if kind == "photo" else 150), start=1):
        made = (
            drawing.screenshot(sheet, lot)
            if layout.screen and kind == "scan"
            else (drawing.scan(sheet, lot) if kind == "scan" else drawing.photo(sheet, lot))
        )
        as_ = GuestFile.Kind.PNG if made.startswith(b"\x89PNG") else GuestFile.Kind.JPEG
        page = words.of_picture(made, as_, 1)
        found.append(words.Page(number, page.width, page.height, page.seen, page.passes))
    return found


def outcome(layout: Layout, seed: int, kind: str) -> Outcome:
    """Read a paper and compare."""
    case, _ = paper(layout, seed)
    reading = reader.read(pages_of(layout, seed, kind), ours(case))
    return Outcome(layout.name, kind, seed, _verdict(layout, case, reading), reading.reasons, reading)


def _verdict(layout: Layout, case: Case, reading: reader.Reading) -> str:
    if reading.proposal is None:
        return "abstained"
    truth = (case.total("granted"), case.total("deductible"), case.total("paid_out"), 0)
    made = reading.proposal
    got = (made.granted, made.deductible, made.paid_out, made.own_contribution)
    return "right" if got == truth and not layout.trap else "wrong"
