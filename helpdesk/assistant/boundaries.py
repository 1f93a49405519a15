"""What the assistant never answers itself: health, despair, and what a person should not have typed here.

These come before the FAQ, and miss rather too little than too much: who wrote “I can't go on” reads where help is, and
not how to pay in instalments. Nothing of such a question is kept.
"""

import re
import tomllib
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from helpdesk.assistant.words import without_accents


class Boundary(StrEnum):
    """Why no entry of the FAQ is looked for."""

    DESPAIR = "despair"
    MEDICAL = "medical"


_OF_HEALTH = ("health", "always", "medical_unless_money", "body", "trouble")
_READ = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())


def _any(patterns: Sequence[str]) -> re.Pattern[str]:
    whole = "|".join(rf"\b(?:{pattern})\b" for pattern in patterns)
    return re.compile(without_accents(whole), re.IGNORECASE)


def _near(trouble: Sequence[str]) -> list[str]:
    """Return patterns of a part of the body within some words of a trouble."""
    body, wrong = "|".join(_READ["body"]), "|".join(trouble)
    return [rf"(?:{body})\b.{{0,40}}\b(?:{wrong})", rf"(?:{wrong})\b.{{0,40}}\b(?:{body})"]


_DESPAIR, _MONEY = _any(_READ["despair"]), _any(_READ["money"])
_ALWAYS = _any([*_near(_READ["trouble"]), *_READ["always"]])
_UNLESS_MONEY = _any([*_near(_READ["trouble_unless_money"]), *_READ["medical_unless_money"]])
_HEALTH = _any([word for name in _OF_HEALTH for word in _READ[name]])

# Digits as a BSN, a card or a code has them. A payment reference looks the same: it is no secret, and not needed here.
_SECRET = re.compile(r"(?:\d[ .-]?){6,}|\b(?:pincode|pin|bsn|wachtwoord|password|code)\b\D{0,8}\d{4,}", re.IGNORECASE)


def crossed(question: str) -> Boundary | None:
    """Return why this question is not for a machine; None when it may be.

    A bare word of health counts for nothing beside one of money or of messages: “is this link dangerous?”
    """
    plain = _plain(question)
    if _DESPAIR.search(plain):
        return Boundary.DESPAIR
    if _ALWAYS.search(plain) or (_UNLESS_MONEY.search(plain) and not _MONEY.search(plain)):
        return Boundary.MEDICAL
    return None


def says_health(question: str) -> bool:
    """Tell whether any word of health stands in a question, whatever it asks."""
    plain = _plain(question)
    return bool(_HEALTH.search(plain) or crossed(question))


def _plain(question: str) -> str:
    return " ".join(without_accents(question).replace("’", "'").split())


def has_secret(question: str) -> bool:
    """Tell whether somebody typed digits that nobody should ask them for here."""
    return bool(_SECRET.search(question))
