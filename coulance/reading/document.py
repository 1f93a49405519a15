"""Reading a whole file: the text that a PDF brings where there is any, else the letters in its pictures."""

from collections.abc import Sequence
from dataclasses import replace

from coulance.reading import reader, sheet
from coulance.reading.ours import Ours
from coulance.reading.reader import Mark, Reading
from guests.files import pages, words
from guests.files.reader import MOST_PAGES
from guests.files.row import GuestFile
from guests.files.words import Page


def read(text: Sequence[Page], clean: bytes, kind: GuestFile.Kind, invoice: Ours | None) -> Reading:
    """Return what is read of a file: `text` is what a PDF said as it was sent, `clean` the checked file.

    Text can say what nobody sees, so what is proposed from it must stand on the picture too. Raises ReaderError.
    """
    if not 1 <= pages.count(clean, kind) <= MOST_PAGES:
        # A sign of danger may stand on a page that is not read.
        return Reading(0, (), {}, (), None, ("too_many_pages",), ())
    if not words.has_text(text):
        return reader.read(words.of_pictures(clean, kind), invoice)
    reading = reader.read(text, invoice)
    if reading.proposal is None or _is_seen(reading, clean, kind):
        return reading
    return replace(reading, proposal=None, reasons=("picture_differs",))


def _is_seen(reading: Reading, clean: bytes, kind: GuestFile.Kind) -> bool:
    """Tell whether every amount that was used stands at its place on the picture of its page."""
    for number in sorted({mark.page for mark in reading.marks}):
        page = words.of_picture(clean, kind, number)
        seen = [(p.cents, reader.place_of(p)) for found in page.passes for p in _amounts(found, number)]
        wanted = [mark for mark in reading.marks if mark.page == number]
        if not all(any(_is_same(mark, cents, place) for cents, place in seen) for mark in wanted):
            return False
    return True


def _amounts(found: Sequence[words.Word], number: int) -> list[sheet.Piece]:
    return [piece for row in sheet.rows(found, number) for piece in row.amounts]


def _is_same(mark: Mark, cents: int | None, place: tuple[int, int, int, int]) -> bool:
    left, top, right, bottom = mark.place
    overlap = left < place[2] and place[0] < right and top - 6 < place[3] and place[1] < bottom + 6
    return overlap and cents is not None and abs(cents) == abs(mark.cents)
