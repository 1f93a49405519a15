"""What a stemmer does not know of our words, out of `vocabulary.toml`: by language."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_READ: Mapping[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())


def _same(lines: str) -> dict[str, str]:
    """Return of each word the term that it is, the term itself too."""
    same: dict[str, str] = {}
    for line in lines.splitlines():
        term, words = line.split(": ")
        same |= dict.fromkeys([term, *words.split()], term)
    return same


SAME: Mapping[str, Mapping[str, str]] = {language: _same(read["same"]) for language, read in _READ.items()}
IGNORED: Mapping[str, frozenset[str]] = {
    language: frozenset(read["ignored"].split()) for language, read in _READ.items()
}
COMMON: Mapping[str, frozenset[str]] = {language: frozenset(read["common"].split()) for language, read in _READ.items()}
PARTIES: Mapping[str, frozenset[str]] = {
    language: frozenset(read["parties"].split()) for language, read in _READ.items()
}
COMPOUNDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    language: {word: tuple(parts.split()) for word, parts in read["compounds"].items()}
    for language, read in _READ.items()
}
TOGETHER: Mapping[str, Mapping[str, str]] = {language: read["together"] for language, read in _READ.items()}
