"""Amounts with words of their own: beside them, above or below them, or in a sentence."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import takewhile

from coulance.reading.language import labels
from coulance.reading.language.labels import Meanings
from coulance.reading.language.notation import plain
from coulance.reading.meaning import Fact, fact_of
from coulance.reading.sheet import Piece, Row

_NEAR = 3.2  # heights of a letter between a label and the amount below or above it
_NEW_SENTENCE = re.compile(r"(?<=[a-z])[.;] (?=[A-Z])")
_SENTENCE_END = re.compile(r"[.;!?]$")
# The verb of a Dutch sentence may have its last part behind the amount: "u krijgt € 10 niet vergoed".
_PARTICIPLE = re.compile(
    r"(euro )?(niet )?(vergoed|uitbetaald|uitgekeerd|toegekend|overgemaakt|gestort|ingehouden|gedeclareerd)\b"
)
_PARAGRAPH = 1.5  # heights of a letter between two of them
_TAKEN_OFF = frozenset("EO")
_OF_THE_YEAR = frozenset("Y")
_OTHER_DEBT = re.compile(r"premie|achterstand|openstaand|schuld|regeling")


def beside(rows: Sequence[Row], *, after: bool) -> Iterator[Fact]:
    """Yield the amounts of which the label stands before them on their row, or with `after` behind them.

    Of several amounts behind one label the last counts, when it is the sum of the others: treatments beside each other.
    """
    for row in rows:
        pieces = row.pieces[::-1] if after else row.pieces
        label: list[str] = []
        for number, piece in enumerate(pieces):
            if piece.cents is None:
                parts = _NEW_SENTENCE.split(piece.text)
                label.append(parts[0] if after else parts[-1])
                continue
            if found := _label_of(label, after=after):
                yield fact_of(found[1], found[0], piece if after else _sum_of(pieces[number:]))
            label = []


def _sum_of(pieces: Sequence[Piece]) -> Piece:
    """Return the last of the amounts that stand beside each other when it is their sum, else the first."""
    amounts = list(takewhile(lambda piece: piece.cents is not None, pieces))
    *others, last = amounts
    is_sum = others and sum(piece.cents or 0 for piece in others) == last.cents
    return last if is_sum else amounts[0]


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
    """Yield the amounts in sentences: what is said of each stands before it, or around it, or behind it."""
    before = ""
    for sentence in _sentences(rows):
        said = " ".join(part for part in sentence if isinstance(part, str))
        for fact in _said(sentence):
            is_risk = fact.meanings == _TAKEN_OFF and "eigenrisico" in plain(before + said)
            yield (
                replace(fact, meanings=frozenset("E"))
                if is_risk and not _OTHER_DEBT.search(plain(before + said))
                else fact
            )
        before = said


def _sentences(rows: Sequence[Row]) -> Iterator[list[Piece | str]]:
    """Yield the words and amounts of each sentence; one ends with its mark, or where a paragraph does."""
    sentence: list[Piece | str] = []
    last: Row | None = None
    for row in rows:
        if last and (row.page != last.page or row.top - last.bottom > _PARAGRAPH * row.height):
            yield sentence
            sentence = []
        last = row
        for piece in row.pieces:
            if piece.cents is not None:
                sentence.append(piece)
                if _SENTENCE_END.search(piece.tail or piece.words[-1].text):
                    yield sentence
                    sentence = []
                continue
            for word in piece.words:
                sentence.append(word.text)
                if _SENTENCE_END.search(word.text) and len(word.text) > 3:
                    yield sentence
                    sentence = []
    yield sentence


def _said(sentence: list[Piece | str]) -> Iterator[Fact]:
    numbers = [n for n, part in enumerate(sentence) if isinstance(part, Piece)]
    begins = 0
    for position, number in enumerate(numbers):
        amount = sentence[number]
        assert isinstance(amount, Piece)
        ends = numbers[position + 1] if position + 1 < len(numbers) else len(sentence)
        before = " ".join(part for part in sentence[begins:number] if isinstance(part, str))
        behind = " ".join(part for part in sentence[number + 1 : ends] if isinstance(part, str))
        begins = number + 1
        said = labels.phrases(before)
        if any(phrase[2] == _OF_THE_YEAR for phrase in (*said, *labels.phrases(behind)[:1])):
            yield fact_of(before, _OF_THE_YEAR, amount)
        elif _PARTICIPLE.match(behind.lower()) and (found := labels.phrases(behind)):
            yield fact_of(f"{before} … {behind}", found[0][2], amount)
        elif said:
            yield fact_of(before, said[-1][2] if len(said) > 1 else labels.meanings(before), amount)
        elif found := labels.phrases(behind):
            yield fact_of(behind, found[0][2], amount)


def records(facts: Sequence[Fact]) -> tuple[list[list[Fact]], list[Fact]]:
    """Return the facts of each treatment, where the same labels come again and again, and those of the whole."""
    counts = Counter(plain(fact.label) for fact in facts if not labels.is_total(fact.label))
    lines: list[list[Fact]] = []
    whole: list[Fact] = []
    seen: set[str] = set()
    for fact in facts:
        name = plain(fact.label)
        if counts[name] < 2:
            whole.append(fact)
            continue
        if not lines or name in seen:
            lines.append([])
            seen = set()
        seen.add(name)
        lines[-1].append(fact)
    return lines, whole
