"""What the words beside an amount can mean. A label has a set of meanings; the sums decide which (see meaning.py).

The names of what an insurer tells: D declared = G granted + N not reimbursed; P paid out = G − E deductible;
R transferred = P − O set off; S for the patient = N + E; C own contribution; Y something that is not about this bill.
The words themselves are in vocabulary.py.
"""

import re
from functools import lru_cache

from coulance.reading.language.notation import plain
from coulance.reading.language.vocabulary import ABBREVIATIONS, PATTERNS

_COMPILED = tuple((re.compile(pattern, re.VERBOSE), frozenset(meanings)) for meanings, pattern in PATTERNS)
# says nothing more
_BARE = re.compile(r"((het|een)?(totaal|totale)?bedrag(van|in)?(euro|eur)?|totaal|totaalbedrag|(total)?amount|total)")
Meanings = frozenset[str]
NONE: Meanings = frozenset()
PARTS: Meanings = frozenset("abcef")
_ELSEWHERE = frozenset("Y")


@lru_cache(maxsize=4096)
def phrases(text: str) -> tuple[tuple[int, int, Meanings], ...]:
    """Return the phrases in a label: where each begins and ends in its plain letters, and what it can mean."""
    letters = plain(text)
    if letters in ABBREVIATIONS:
        return ((0, len(letters), frozenset(ABBREVIATIONS[letters])),)
    found = [
        (match.start(), match.end(), meanings)
        for pattern, meanings in _COMPILED
        for match in pattern.finditer(letters)
        if match.end() > match.start()
    ]
    taken: list[tuple[int, int, Meanings]] = []
    for begin, end, meanings in sorted(found, key=lambda f: (f[0] - f[1], f[0])):
        if all(end <= first or last <= begin for first, last, _ in taken):
            taken.append((begin, end, meanings))
    return tuple(sorted(((b, e, m) for b, e, m in taken if m), key=lambda f: f[0]))


def meanings(text: str) -> Meanings:
    """Return what a label can mean; nothing for words that are no label."""
    found = [phrase[2] for phrase in phrases(text)]
    if not found:
        return frozenset("DY") if _BARE.fullmatch(plain(text)) else NONE
    if _ELSEWHERE in found:
        return _ELSEWHERE
    parts = [phrase for phrase in found if phrase <= PARTS]
    others = [phrase for phrase in found if not phrase <= PARTS]
    common = frozenset.intersection(*others) if others else NONE
    if parts and (not others or common & frozenset("GPE")):
        return parts[-1]  # by one of several policies, or one kind of deductible: they are added up
    return common or frozenset.union(*(others or found))


def is_total(text: str) -> bool:
    """Tell whether a label says that its row adds up the rows above it."""
    letters = plain(text)
    return ("totaal" in letters or "totals" in letters or letters.startswith("total")) and not is_carried(text)


def is_carried(text: str) -> bool:
    """Tell whether a row repeats what the page before it added up to."""
    letters = plain(text)
    return any(word in letters for word in ("subtotaal", "transport", "vorigepagina", "overbrengen", "carriedforward"))
