"""Amounts with words of their own: beside them, above or below them, or in a sentence."""

import re
from collections.abc import Iterator, Sequence

from coulance.reading import labels
from coulance.reading.labels import Meanings
from coulance.reading.meaning import Fact, fact_of
from coulance.reading.notation import plain
from coulance.reading.sheet import Piece, Row

_NEAR = 3.2  # heights of a letter between a label and the amount below or above it
_NEW_SENTENCE = re.compile(r"(?<=[a-z])[.;] (?=[A-Z])")
_SENTENCE_END = re.compile(r"[.;!?]$")


def beside(rows: Sequence[Row], *, after: bool) -> Iterator[Fact]:
    """Yield the amounts of which the label stands before them on their row, or with `after` behind them."""
    for row in rows:
        pieces = row.pieces[::-1] if after else row.pieces
        label: list[str] = []
        for piece in pieces:
            if piece.cents is None:
                parts = _NEW_SENTENCE.split(piece.text)
                label.append(parts[0] if after else parts[-1])
                continue
            found = _label_of(label, after=after)
            if found:
                yield fact_of(found[1], found[0], piece)
            label = []


def _label_of(texts: list[str], *, after: bool) -> tuple[Meanings, str] | None:
    """Return the meanings of the nearest text that has any, and that text; else of all of them together."""
    for text in reversed(texts):
        if found := labels.meanings(text):
            return found, text
    whole = " ".join(reversed(texts) if after else texts)
    found = labels.meanings(whole)
    return (found, whole) if found else None


def stacked(rows: Sequence[Row], *, below: bool) -> Iterator[Fact]:
    """Yield the amounts of which the label stands on the row above them, or with `below` under them."""
    for number, row in enumerate(rows):
        for piece in row.amounts:
            other = number + 1 if below else number - 1
            if not 0 <= other < len(rows) or rows[other].page != row.page:
                continue
            apart = rows[other].top - row.bottom if below else row.top - rows[other].bottom
            if apart > _NEAR * row.height:
                continue
            over = [text for text in rows[other].texts if _over(text, piece)]
            if len(over) == 1 and (found := labels.meanings(over[0].text)):
                yield fact_of(over[0].text, found, piece)


def _over(text: Piece, amount: Piece) -> bool:
    aligned = min(abs(text.left - amount.left), abs(text.right - amount.right), abs(text.centre - amount.centre))
    return text.left < amount.right and amount.left < text.right and aligned < 2.5 * amount.height


def sentences(rows: Sequence[Row]) -> Iterator[Fact]:
    """Yield the amounts in sentences: what is said of each stands before it, or else behind it."""
    sentence: list[Piece | str] = []
    for row in rows:
        for piece in row.pieces:
            if piece.cents is not None:
                sentence.append(piece)
                last = piece.words[-1].text
                if _SENTENCE_END.search(last):
                    yield from _said(sentence)
                    sentence = []
                continue
            for word in piece.words:
                sentence.append(word.text)
                if _SENTENCE_END.search(word.text) and len(word.text) > 3:
                    yield from _said(sentence)
                    sentence = []
    yield from _said(sentence)


def _said(sentence: list[Piece | str]) -> Iterator[Fact]:
    numbers = [n for n, part in enumerate(sentence) if isinstance(part, Piece)]
    begins = 0
    for position, number in enumerate(numbers):
        amount = sentence[number]
        assert isinstance(amount, Piece)
        ends = numbers[position + 1] if position + 1 < len(numbers) else len(sentence)
        before = " ".join(part for part in sentence[begins:number] if isinstance(part, str))
        behind = " ".join(part for part in sentence[number + 1 : ends] if isinstance(part, str))
        said = labels.phrases(before)
        if said:
            yield fact_of(before, said[-1][2] if len(said) > 1 else labels.meanings(before), amount)
        elif found := labels.meanings(behind):
            yield fact_of(behind, found, amount)
        begins = number + 1


def records(facts: Sequence[Fact]) -> tuple[list[list[Fact]], list[Fact]]:
    """Return the facts of each treatment, where the same labels come again and again, and those of the whole."""
    lines: list[list[Fact]] = []
    whole: list[Fact] = []
    seen: set[str] = set()
    for fact in facts:
        name = plain(fact.label)
        if labels.is_total(fact.label):
            whole.append(fact)
            continue
        if not lines or name in seen:
            lines.append([])
            seen = set()
        seen.add(name)
        lines[-1].append(fact)
    return lines, whole
