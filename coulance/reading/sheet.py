"""A page of words as rows of pieces: texts, and amounts with their place."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from coulance.reading.language import notation
from guests.files.words import Word

_SAME_ROW = 0.45  # of the height of the lower of two words
_WIDE_GAP = 0.95  # of the height of the letters: what stands beyond it is another piece
_SUNKEN = 0.1  # of a height, that a lone amount and the row beside it stand apart at most
_MOVED = 0.8  # of a height, that two ends of a row may have moved apart
_SINGLE = "uU€-–&+/"  # words of one letter
_LEADERS = ".·…_"
_GOES_ON = frozenset({"niet", "eigen", "eig", "verplicht", "vrijwillig"})  # words that are no label by themselves
_STILL_ONE = 2.0  # heights of the letters: what stands nearer behind such a word belongs to it


@dataclass(frozen=True)
class Piece:
    """Words that belong together; with `cents` they are an amount."""

    words: tuple[Word, ...]
    page: int
    cents: int | None = None
    tail: str = ""  # the last word of an amount that is no number: "euro."

    @cached_property
    def text(self) -> str:
        """Return the words with a space between them."""
        return " ".join(word.text for word in self.words)

    @cached_property
    def left(self) -> float:
        """Return where it begins."""
        return min(word.left for word in self.words)

    @cached_property
    def right(self) -> float:
        """Return where it ends."""
        return max(word.right for word in self.words)

    @cached_property
    def height(self) -> float:
        """Return how tall its letters are."""
        return sum(word.bottom - word.top for word in self.words) / len(self.words)

    @property
    def centre(self) -> float:
        """Return its middle, from left to right."""
        return (self.left + self.right) / 2


@dataclass(frozen=True)
class Row:
    """What stands beside each other on a page, from left to right."""

    pieces: tuple[Piece, ...]
    page: int
    top: float
    bottom: float

    @cached_property
    def amounts(self) -> tuple[Piece, ...]:
        """Return the pieces that are amounts."""
        return tuple(piece for piece in self.pieces if piece.cents is not None)

    @cached_property
    def texts(self) -> tuple[Piece, ...]:
        """Return the pieces that are not."""
        return tuple(piece for piece in self.pieces if piece.cents is None)

    @cached_property
    def text(self) -> str:
        """Return all its words."""
        return " ".join(piece.text for piece in self.pieces)

    @cached_property
    def height(self) -> float:
        """Return how tall its letters are."""
        return sum(piece.height for piece in self.pieces) / len(self.pieces)


def rows(words: Sequence[Word], page: int, *, letters: bool = False) -> list[Row]:
    """Return the rows of a page from top to bottom; a row may climb or fall, as on a sheet that is not flat.

    With `letters`, single ones are kept too: they may be initials, or the edge of the sheet.
    """
    kept = [word for word in words if _is_word(word, letters=letters)]
    lines: list[list[Word]] = []
    for word in sorted(kept, key=lambda word: word.left):
        fitting = [(_overlap(line[-1], word), -(word.left - line[-1].right), line) for line in lines]
        best = max(((o, gap, line) for o, gap, line in fitting if o >= _SAME_ROW), key=lambda f: f[:2], default=None)
        if best is None:
            lines.append([word])
        else:
            best[2].append(word)
    made = sorted((_row(line, page) for line in _joined(lines)), key=lambda row: row.top + row.bottom)
    return _with_sunken(made)


def _with_sunken(found: list[Row]) -> list[Row]:
    """Return the rows, with amounts that sank below theirs taken back: their euro sign has a line of its own."""
    kept = list(found)
    for number, row in enumerate(found):
        if row.texts or not row.amounts:
            continue
        for other in (*found[max(0, number - 2) : number], *found[number + 1 : number + 3]):
            overlap = min(row.bottom, other.bottom) - max(row.top, other.top)
            is_free = all(row.pieces[-1].right < p.left or p.right < row.pieces[0].left for p in other.pieces)
            if other in kept and other.amounts and overlap > -_SUNKEN * row.height and is_free:
                pieces = tuple(sorted((*other.pieces, *row.pieces), key=lambda piece: piece.left))
                kept[kept.index(other)] = replace(other, pieces=pieces)
                kept.remove(row)
                break
    return kept


def _is_word(word: Word, *, letters: bool) -> bool:
    """Tell a word from leaders, and from the edge of a sheet, which looks like single letters."""
    text = word.text.strip(_LEADERS)
    is_letter = not letters and len(text) == 1 and not text.isdigit() and text not in _SINGLE
    return bool(text) and not is_letter and word.right > word.left and word.bottom > word.top


def _joined(lines: list[list[Word]]) -> list[list[Word]]:
    """Return the rows, with the two ends of one joined that a sheet which is not flat has moved apart.

    Each end must be the nearest of the other one.
    """
    joined = sorted(lines, key=lambda line: line[0].left)
    at = 0
    while at < len(joined):
        mate = _mate(joined[at], joined)
        if mate is not None and _mate(mate, joined, before=True) is joined[at]:
            joined[at] = joined[at] + mate
            joined = [line for line in joined if line is not mate]
        else:
            at += 1
    return joined


def _mate(line: list[Word], lines: list[list[Word]], *, before: bool = False) -> list[Word] | None:
    """Return the row that goes on where this one ends, or `before`, that ends where this one begins."""
    found = []
    for other in lines:
        one, two = (other, line) if before else (line, other)
        if other is line or one[-1].right > two[0].left:
            continue
        tall = min(one[-1].bottom - one[-1].top, two[0].bottom - two[0].top)
        apart = abs(one[-1].top + one[-1].bottom - two[0].top - two[0].bottom) / 2
        if apart < _MOVED * tall:
            found.append((apart, other))
    return min(found, key=lambda f: f[0])[1] if found else None


def _overlap(last: Word, word: Word) -> float:
    """Return how much two words overlap from top to bottom, of the lower one; none when they stand over each other."""
    lower = min(last.bottom - last.top, word.bottom - word.top)
    if word.left < last.right - lower:
        return 0
    return (min(last.bottom, word.bottom) - max(last.top, word.top)) / lower


def _row(line: list[Word], page: int) -> Row:
    tall = sorted(word.bottom - word.top for word in line)[len(line) // 2]
    text, ends = "", []
    for last, word in zip([None, *line], line, strict=False):
        if last is not None:
            text += "\t" if word.left - last.right > _WIDE_GAP * tall else " "
        begin = len(text)
        text += word.text.strip("…_").replace("\t", " ")
        ends.append((begin, len(text)))
    pieces = tuple(_pieces(line, text, ends, page))
    return Row(pieces, page, sum(w.top for w in line) / len(line), sum(w.bottom for w in line) / len(line))


def _pieces(line: list[Word], text: str, ends: list[tuple[int, int]], page: int) -> Iterator[Piece]:
    found = [*notation.amounts(text), *notation.nothings(text)]
    waiting: list[Word] = []
    at = 0
    while at < len(line):
        begin, end = ends[at]
        amount = next((a for a in found if a[1] < end and begin < a[2]), None)
        if waiting and (amount or (text[begin - 1] == "\t" and not _goes_on(waiting, line[at]))):
            yield Piece(tuple(waiting), page)
            waiting = []
        if amount is None:
            waiting.append(line[at])
            at += 1
            continue
        taken = [number for number in range(at, len(line)) if ends[number][0] < amount[2]]
        # The place of an amount is that of its digits: a currency may stand far to their left.
        digits = [line[number] for number in taken if any(c.isdigit() for c in line[number].text)]
        yield Piece(tuple(digits or [line[at]]), page, amount[0], tail=line[taken[-1]].text)
        at = taken[-1] + 1
    if waiting:
        yield Piece(tuple(waiting), page)


def _goes_on(waiting: Sequence[Word], word: Word) -> bool:
    """Tell whether a word goes on with half a label: in letters of one width a space is a wide gap."""
    (first, *others) = waiting
    near = word.left - first.right < _STILL_ONE * (first.bottom - first.top)
    return not others and notation.plain(first.text) in _GOES_ON and near
