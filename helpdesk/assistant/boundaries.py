"""What the assistant never answers itself: health, despair, and what a person should not have typed here.

These come before the FAQ, and miss rather too little than too much: who wrote “I can't go on” reads where help is, and
not how to pay in instalments. Nothing of such a question is kept.
"""

import re
import tomllib
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path


class Boundary(StrEnum):
    """Why no entry of the FAQ is looked for."""

    DESPAIR = "despair"
    MEDICAL = "medical"


_READ = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())


def _any(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(rf"\b(?:{pattern})\b" for pattern in patterns), re.IGNORECASE)


_BODY, _TROUBLE = "|".join(_READ["body"]), "|".join(_READ["trouble"])
_NEAR = r"\b.{0,40}\b"
_DESPAIR = _any(_READ["despair"])
_MEDICAL = _any([f"(?:{_BODY}){_NEAR}(?:{_TROUBLE})", f"(?:{_TROUBLE}){_NEAR}(?:{_BODY})", *_READ["medical"]])

# Digits as a BSN, a card or a code has them. A payment reference looks the same: it is no secret, and not needed here.
_SECRET = re.compile(r"(?:\d[ .-]?){6,}|\b(?:pincode|pin|bsn|wachtwoord|password|code)\b\D{0,8}\d{4,}", re.IGNORECASE)


def crossed(question: str) -> Boundary | None:
    """Return why this question is not for a machine; None when it may be."""
    plain = " ".join(question.split())
    if _DESPAIR.search(plain):
        return Boundary.DESPAIR
    return Boundary.MEDICAL if _MEDICAL.search(plain) else None


def has_secret(question: str) -> bool:
    """Tell whether somebody typed digits that nobody should ask them for here."""
    return bool(_SECRET.search(question))
