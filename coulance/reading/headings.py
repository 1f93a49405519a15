"""Which heading belongs to which column of amounts.

A heading and its amounts share a cell. Above its amounts it is theirs for certain. Between the amounts of two columns
it begins the one on its right or ends the one on its left, and the nearest may be the wrong one: then the headings are
dealt to the columns in each way that gives every column one, and uses every heading that speaks of money. When all
such ways mean the same it is certain; when two differ it is not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from coulance.reading.language import labels
from coulance.reading.sheet import Piece, Row

Place = tuple[float, float]
_UNDER = 0.3  # heights of a letter that a heading and an amount below it share at least
_MOST_WAYS = 4096
_NO_HEADING = -1
_OPTIONAL = frozenset("Y")  # as a number of pieces: its column may have no amounts


@dataclass
class Heading:
    """The words of a heading, from top to bottom, and from where to where they stand."""

    words: list[str]
    left: float
    right: float

    @property
    def text(self) -> str:
        """Return the words with a space between them."""
        return " ".join(self.words)


def dealt(places: Sequence[Place], head: Sequence[Row], texts: Sequence[Place], tall: float) -> tuple[list[str], bool]:
    """Return the words above each column, and whether they are its own for certain.

    `head` are the rows above the table, the highest first; `texts` the places of what is no amount in it.
    """
    found = _headings(places, head)
    slack = _UNDER * tall
    choices = [_choices(place, found, texts, slack) for place in places]
    needed = {n for n, heading in enumerate(found) if _is_of_money(heading) and not _is_over(heading, texts, places)}
    best: list[tuple[int, ...]] = []
    cost = len(places) + len(needed) + 1
    ways, is_all = _ways(choices)
    for way in ways:
        missing = way.count(_NO_HEADING) + len(needed - set(way))
        if missing <= cost:
            best = [*best, way] if missing == cost else [way]
            cost = missing
    named = {tuple(labels.meanings(found[n].text) if n >= 0 else labels.NONE for n in way) for way in best}
    chosen = min(best, key=lambda way: _distance(way, found, places), default=(_NO_HEADING,) * len(places))
    return [found[n].text if n >= 0 else "" for n in chosen], len(named) == 1 and is_all


def _headings(places: Sequence[Place], head: Sequence[Row]) -> list[Heading]:
    """Return the headings from left to right; words above each other are one."""
    made: list[Heading] = []
    for row in head:
        for words, left, right in _parts(row, places):
            mine = [h for h in made if shared((h.left, h.right), (left, right)) > 0]
            joined = min([left, *(h.left for h in mine)]), max([right, *(h.right for h in mine)])
            if mine and sum(shared(joined, place) > 0 for place in places) < 2:
                mine[0].words += [word for other in mine[1:] for word in other.words] + words
                mine[0].left, mine[0].right = joined
                made = [h for h in made if h not in mine[1:]]
            else:
                made.append(Heading(words, left, right))
    return sorted(made, key=lambda heading: heading.left)


def _parts(row: Row, places: Sequence[Place]) -> Iterator[tuple[list[str], float, float]]:
    """Yield the texts of a row with their places; headings that stand close together, by the column below each word."""
    for piece in row.texts:
        over = [n for n, place in enumerate(places) if shared((piece.left, piece.right), place) > 0]
        if len(over) < 2:
            yield [word.text for word in piece.words], piece.left, piece.right
            continue
        of: dict[int, list] = {}
        for word in piece.words:
            of.setdefault(_nearest((word.left, word.right), places), []).append(word)
        for words in of.values():
            yield [word.text for word in words], words[0].left, words[-1].right


def _choices(place: Place, found: Sequence[Heading], texts: Sequence[Place], slack: float) -> list[int]:
    """Return the headings that a column can have: those above it, or else its neighbours."""
    above = [n for n, h in enumerate(found) if shared((h.left, h.right), place) > slack]
    if above:
        return above
    free = [n for n, h in enumerate(found) if not any(shared((h.left, h.right), text) > slack for text in texts)]
    left = [n for n in free if found[n].left < place[0]][-1:]
    right = [n for n in free if found[n].right > place[1]][:1]
    return list(dict.fromkeys([*left, *right, _NO_HEADING]))


def _ways(choices: Sequence[Sequence[int]]) -> tuple[list[tuple[int, ...]], bool]:
    """Return the ways to deal the headings to the columns in their order, none twice; and whether these are all."""
    ways: list[tuple[int, ...]] = [()]
    is_all = True
    for options in choices:
        ways = [(*way, n) for way in ways for n in options if n == _NO_HEADING or n > max(way, default=_NO_HEADING)]
        is_all = is_all and len(ways) <= _MOST_WAYS
        ways = ways[:_MOST_WAYS]
    return ways, is_all


def _is_of_money(heading: Heading) -> bool:
    can_mean = labels.meanings(heading.text)
    return bool(can_mean) and can_mean != _OPTIONAL


def _is_over(heading: Heading, texts: Sequence[Place], places: Sequence[Place]) -> bool:
    """Tell whether a heading is that of a column of words."""
    own = (heading.left, heading.right)
    return any(shared(own, text) > 0 for text in texts) and not any(shared(own, place) > 0 for place in places)


def _distance(way: Sequence[int], found: Sequence[Heading], places: Sequence[Place]) -> float:
    return sum(
        max(0.0, -shared((found[n].left, found[n].right), place))
        for n, place in zip(way, places, strict=True)
        if n >= 0
    )


def shared(one: Place, other: Place) -> float:
    """Return how much two places overlap; less than nothing when they stand apart."""
    return min(one[1], other[1]) - max(one[0], other[0])


def _nearest(own: Place, places: Sequence[Place]) -> int:
    return min(range(len(places)), key=lambda n: (max(0.0, -shared(own, places[n])), abs(own[1] - places[n][1])))


def places_of(pieces: Sequence[Piece]) -> list[Place]:
    """Return from where to where each piece stands."""
    return [(piece.left, piece.right) for piece in pieces]
