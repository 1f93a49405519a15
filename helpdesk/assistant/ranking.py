"""BM25 over a few hundred questions, in the process: which subject does a question ask about, and how surely."""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

K1, B_OF_ONE, B_OF_ALL = 1.2, 0.4, 0.6  # how soon a repeated term stops counting; what a long text costs


@dataclass(frozen=True, slots=True)
class Found:
    """A subject, and how well it fits: 1 is a text that has all terms of the question, and nothing else."""

    subject: str
    score: float


class Ranking:
    """The subjects, each with the texts in which people ask about it, as terms."""

    def __init__(self, texts: Mapping[str, Sequence[Sequence[str]]]) -> None:
        self._single = [(subject, Counter(text)) for subject, asked in texts.items() for text in asked]
        self._all = [(subject, Counter(term for text in asked for term in text)) for subject, asked in texts.items()]
        among = Counter(term for _subject, terms in self._all for term in terms)  # in how many subjects each term is
        self._weights = {term: math.log(1 + (len(texts) - n + 0.5) / (n + 0.5)) for term, n in among.items()}
        self._unknown = max(self._weights.values(), default=1.0)

    def closest(self, question: Collection[str]) -> list[Found]:
        """Return the subjects by the one text that is closest to the question, the best first.

        A term that no text has counts as the rarest: what we do not know makes an answer less sure.
        """
        asked, most = set(question), self._most(question)
        mean = _mean(self._single)
        best: dict[str, float] = {}
        for subject, text in self._single:
            length = 1 - B_OF_ONE + B_OF_ONE * text.total() / mean
            score = sum(min(self._gain(text, term, length), self._weight(term)) for term in asked if term in text)
            if score:
                # What the text says and the question does not is held against it as well.
                whole = most + sum(self._weight(term) for term in text if term not in asked) / 2
                best[subject] = max(best.get(subject, 0.0), score / whole)
        return _ordered(best)

    def together(self, question: Collection[str]) -> list[Found]:
        """Return the subjects by all of their texts together, the best first."""
        asked, most = set(question), self._most(question)
        mean = _mean(self._all)
        found: dict[str, float] = {}
        for subject, texts in self._all:
            length = 1 - B_OF_ALL + B_OF_ALL * texts.total() / mean
            if score := sum(self._gain(texts, term, length) for term in asked if term in texts):
                found[subject] = score / most
        return _ordered(found)

    def knows(self, question: Iterable[str]) -> bool:
        """Tell whether some text has each term of the question."""
        return all(term in self._weights for term in question)

    def share(self, subject: str, question: Collection[str]) -> float:
        """Return which share of the question, by weight, the texts of a subject have among them."""
        said, most = self.terms_of(subject), self._most(question)
        return sum(self._weight(term) for term in set(question) if term in said) / most if most else 0.0

    def terms_of(self, subject: str) -> Collection[str]:
        """Return the terms that the texts of a subject have among them."""
        return next((terms for one, terms in self._all if one == subject), Counter[str]())

    def _weight(self, term: str) -> float:
        return self._weights.get(term, self._unknown)

    def _most(self, question: Iterable[str]) -> float:
        return sum(self._weight(term) for term in set(question))

    def _gain(self, text: Counter[str], term: str, length: float) -> float:
        return self._weight(term) * text[term] * (K1 + 1) / (text[term] + K1 * length)


def lead(found: Sequence[Found]) -> float:
    """Return how far the first subject is before the second; 0 when there is none."""
    first, second, *_rest = [*(one.score for one in found), 0.0, 0.0]
    return first - second


def _mean(texts: Sequence[tuple[str, Counter[str]]]) -> float:
    return sum(text.total() for _subject, text in texts) / max(len(texts), 1)


def _ordered(scores: Mapping[str, float]) -> list[Found]:
    found = (Found(subject, score) for subject, score in scores.items())
    return sorted(found, key=lambda one: (-one.score, one.subject))
