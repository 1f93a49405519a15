"""The words on a file that somebody sent, with the place of each; found in a process of its own (see reader)."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from guests.files import isolated, pages
from guests.files.reader import MOST_PAGES
from guests.files.row import GuestFile

PROGRAM = "guests.files.reader"
MAX_SECONDS = 40  # of wall time, a page of a picture on a busy machine; its processor time is limited to half of that
MAX_ANSWER_BYTES = 4 * 1024 * 1024
MIN_WORDS = 12  # a page of a PDF with fewer is a picture
Kind = GuestFile.Kind


class ReaderError(Exception):
    """The process gave no answer: killed by its limits, or stumbled over the file."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word: its box on the straightened page, and where it is on the page that is shown, in thousandths."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    place: tuple[int, int, int, int] = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Page:
    """The words of a page, once for each way of looking; `seen` when they were recognised in a picture."""

    number: int
    width: float
    height: float
    seen: bool
    passes: tuple[tuple[Word, ...], ...]


def of_text(content: bytes) -> list[Page]:
    """Return what a PDF as it was sent says itself. Raises ReaderError."""
    return from_json(_ask("text", content))


def of_pictures(content: bytes, kind: GuestFile.Kind) -> list[Page]:
    """Return what can be recognised on the first pages of a checked file. Raises ReaderError."""
    count = min(pages.count(content, kind), MOST_PAGES)
    return [of_picture(content, kind, number) for number in range(1, count + 1)]


def of_picture(content: bytes, kind: GuestFile.Kind, number: int) -> Page:
    """Return what can be recognised on one page of a checked file. Raises ReaderError."""
    (page,) = from_json(_ask("picture", pages.picture(content, kind, number)))
    return Page(number, page.width, page.height, page.seen, page.passes)


def has_text(found: Sequence[Page]) -> bool:
    """Tell whether every page of a PDF brings text enough to be read without looking at it."""
    return bool(found) and all(len(page.passes[0]) >= MIN_WORDS for page in found)


def to_json(found: list[Page]) -> list[dict[str, Any]]:
    """Return pages as the reader writes them."""
    return [
        {
            "width": page.width,
            "height": page.height,
            "seen": page.seen,
            "passes": [[[w.text, w.left, w.top, w.right, w.bottom, *w.place] for w in words] for words in page.passes],
        }
        for page in found
    ]


def from_json(answer: Any) -> list[Page]:
    """Return pages from what the reader wrote; raises ReaderError for anything else."""
    try:
        return [
            Page(
                number,
                float(page["width"]),
                float(page["height"]),
                page["seen"] is True,
                tuple(tuple(_word(found) for found in words) for words in page["passes"]),
            )
            for number, page in enumerate(answer, start=1)
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise ReaderError("the answer is of another form") from error


def _word(found: Any) -> Word:
    text, left, top, right, bottom, *place = found
    box = [float(value) for value in (left, top, right, bottom)]
    if not isinstance(text, str) or len(place) != 4 or not all(map(math.isfinite, box)):
        raise ValueError(found)
    x0, y0, x1, y1 = (min(1000, max(0, int(value))) for value in place)
    return Word(text[:80], box[0], box[1], box[2], box[3], (x0, y0, x1, y1))


def _ask(kind: str, content: bytes) -> Any:
    call = isolated.command(PROGRAM, kind)
    status, answer = isolated.run(call, content, seconds=MAX_SECONDS, most_bytes=MAX_ANSWER_BYTES)
    if status:
        raise ReaderError(f"the reader ended with status {status}")
    try:
        return json.loads(answer)
    except ValueError as error:
        raise ReaderError("the answer is no JSON") from error
