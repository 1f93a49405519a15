"""From what somebody typed to the terms by which an answer is found: the same on every database.

Before stemming come compounds, synonyms and the exceptions that a stemmer gets wrong; after it nothing is guessed. A
word that no question of the FAQ has is taken for the one that it is a slip of the pen of, when it is long enough.
"""

import re
import unicodedata
from collections.abc import Collection
from functools import cache

import snowballstemmer
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from helpdesk.assistant.vocabulary import COMMON, COMPOUNDS, IGNORED, SAME, TOGETHER

_STEMMERS = {"nl": "dutch", "en": "english"}
LIKE = 88  # percent, below which another spelling is another word
FORGIVEN_FROM = 5  # letters
# “…, and not a computer”, or “not a computer but …”
_NOT_MEANT = re.compile(
    r"\b(?:(?:en|maar|and|but) (?:niet|geen|not)|in plaats van|instead of|rather than)\b[^.?!]*"
    r"|\b(?:geen|not an?) [^.?!]*?(?=\b(?:maar|but)\b)",
    re.IGNORECASE,
)


def terms(text: str, language: str, known: Collection[str] = ()) -> list[str]:
    """Return the terms of a text, in order. With `known` words, what is none of them is read as one that it is like."""
    found = []
    for word in split(text, language):
        meant = _meant(word, language, known) if known else word
        found += _term(meant, language)
    return found


@cache
def _stem(word: str, language: str) -> str:
    return str(snowballstemmer.stemmer(_STEMMERS[language]).stemWord(word))


def plain(text: str) -> list[str]:
    """Return the words of a text in plain small letters, without what stands between them."""
    return re.findall(r"[a-z]+(?:'[a-z]+)?", without_accents(text.lower().replace("’", "'")))


def without_what_is_not_meant(text: str) -> str:
    """Return a text without what somebody says that it is not about: “a person, and not a computer”."""
    return _NOT_MEANT.sub("", text)


def without_accents(text: str) -> str:
    """Return a text in plain letters, of any alphabet."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def split(text: str, language: str) -> list[str]:
    """Return the words of a text that say something, compounds in their parts."""
    whole = " ".join(plain(text))
    for phrase, meant in TOGETHER[language].items():
        whole = re.sub(rf"\b(?:{phrase})\b", meant, whole)
    parts = [part for word in whole.split() for part in COMPOUNDS[language].get(word, (word,))]
    return [part for part in parts if part not in IGNORED[language]]


def _term(word: str, language: str) -> list[str]:
    same = SAME[language].get(word)
    if same is not None:
        return [same] if same else []
    return [_stem(word.replace("'", ""), language)]


def _meant(word: str, language: str, known: Collection[str]) -> str:
    """Return the known word that this one is a slip of; itself when it is a word as it stands, short, or like none."""
    if word in known or word in SAME[language] or word in COMMON[language] or len(word) < FORGIVEN_FROM:
        return word
    best = process.extractOne(word, known, scorer=fuzz.ratio, score_cutoff=LIKE)
    if best:
        return str(best[0])
    near = (one for one in known if one[0] == word[0] and len(one) > FORGIVEN_FROM and OSA.distance(word, one) == 1)
    return min(near, default=word)
