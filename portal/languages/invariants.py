"""What must hold of every translation, whatever it says: a machine sees it, without knowing the language."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator

from portal.languages import EASY
from portal.languages.glossary import FORBIDDEN, LAST_DAY, SAME, TERMS, THAT_DAY_TOO

_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd%]")
_TAG = re.compile(r"</?[a-z]+[^>]*>")
_ADDRESS = re.compile(r"https?://\S+")
_WORD = re.compile(r"[^\W\d_]+")
_NUMBER = re.compile(r"\d+(?:[ ,.-]?\d+)*")
_END = {"?": "?", "؟": "?", ".": ".", "!": "!", ":": ":"}
_SCRIPTS = {"tr": "LATIN", "pl": "LATIN", "ar": "ARABIC", "uk": "CYRILLIC", EASY: "LATIN"}
SHORT = 20  # characters: a word says nothing by its length
SHORTEST, LONGEST = 0.4, 2.2
RIGHT_SCRIPT = 0.9


def broken(code: str, source: str, dutch: str, text: str) -> Iterator[str]:
    """Yield why `text` can't be the translation of `source`; `dutch` is what our own catalogue says."""
    for what, pattern in (("placeholders", _PLACEHOLDER), ("tags", _TAG), ("addresses", _ADDRESS)):
        if Counter(pattern.findall(text)) != Counter(pattern.findall(source)):
            yield f"other {what} than the source"
    if sorted(_numbers(text)) not in (sorted(_numbers(source)), sorted(_numbers(dutch))):
        yield "a number that the source does not have, or one less"
    if any(unicodedata.category(letter) == "Nd" and letter not in "0123456789" for letter in text):
        yield "other digits than 0 to 9"
    if _END.get(text.strip()[-1:]) != _END.get(source.strip()[-1:]):
        yield "another end of the sentence"
    if re.search(LAST_DAY, source) and not any(word in text.casefold() for word in THAT_DAY_TOO[code]):
        yield "does not say that the last day counts"
    if code == EASY:
        return
    if text in (source, dutch) and source.rstrip(":") not in SAME:
        yield "not translated"
    if len(_words(source)) >= SHORT and not SHORTEST <= len(_words(text)) / len(_words(source)) <= LONGEST:
        yield "too short or too long"
    if _share(_words(text), _SCRIPTS[code], names=_names(source, dutch)) < RIGHT_SCRIPT:
        yield f"not in the {_SCRIPTS[code].lower()} script"
    yield from _terms(code, source, text)


def _terms(code: str, source: str, text: str) -> Iterator[str]:
    source, said = _words(source), text.casefold()
    for term, words in TERMS.items():
        asked = re.search(rf"\b{term}\b", source, re.IGNORECASE)
        if asked and not any(word in said for word in words[code]):
            yield f"no word for {asked[0]}"
    for word in FORBIDDEN[code] if "bailiff" not in source else ():
        if re.search(rf"(?<!\w){word}", said):
            yield f"says {word}"


def _numbers(text: str) -> list[str]:
    return _NUMBER.findall(_PLACEHOLDER.sub("", text))


def _words(text: str) -> str:
    return _TAG.sub("", _PLACEHOLDER.sub("", text))


def _names(source: str, dutch: str) -> set[str]:
    """Return the words that the English and the Dutch share: names, and what a reader has to know in Dutch."""
    return set(_WORD.findall(_words(source))) & set(_WORD.findall(_words(dutch)))


def _share(text: str, script: str, *, names: set[str]) -> float:
    """Return which part of the letters is of a script, without names that are the same everywhere."""
    own = _WORD.sub(lambda word: "" if word[0] in names else word[0], re.sub("|".join(SAME), "", text))
    letters = [letter for letter in own if letter.isalpha()]
    right = sum(unicodedata.name(letter, "").startswith(script) for letter in letters)
    return right / len(letters) if letters else 1.0
