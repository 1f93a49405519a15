"""Below a Dutch letter: a short explanation in the language of its reader. The letter is what counts.

A letter that puts somebody in default is Dutch, and a translation of all of it would be a second letter with a second
meaning. What it is about, how much, until when, how to pay and whom to ask are texts of the core of that language.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from markupsafe import Markup

from billing import rooms
from billing.models.parties import Language
from billing.rooms.languages import Explained

WRITTEN = ("nl", "en")  # the languages that our letters are in
EXPLAINED = tuple(code for code in Language.values if code not in WRITTEN)
_ISOLATED = "\u2068{}\u2069"  # so that a subject from right to left does not turn the Dutch around


def letter_language(language: str) -> str:
    """Return the language that the letter itself is in for who reads `language`."""
    return settings.LANGUAGE_CODE if language in EXPLAINED else language


def explanation(kind: str, language: str, facts: Mapping[str, Any]) -> Markup:
    """Return the explanation of a letter, marked with its language; empty for who reads the letter itself."""
    if language in WRITTEN or language not in dict(settings.LANGUAGES):
        return Markup("")
    with translation.override(language):
        named = {**facts, **_in_short(kind, facts)}
        text = render_to_string("messages/parts/explanation.html", named)
        way = "rtl" if translation.get_language_bidi() else "ltr"
    return Markup('<div class="own" lang="{}" dir="{}">\n{}</div>\n').format(language, way, Markup(text))  # noqa: S704  escaped


def _in_short(kind: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the letter is about, what it asks for and what comes next, in the active language."""
    letter = rooms.explained_letters().get(kind)
    provider = facts["provider"].name if facts.get("provider") else ""
    silent = facts.get("on_hold") or facts.get("plan") or facts.get("represented")
    asks = letter is not None and not silent
    return {
        "about": str(letter.about) % {"provider": provider} if letter else "",
        "otherwise": letter.otherwise if letter and not silent else "",
        "asked": facts.get(letter.amount) if letter and asks else None,
        "asked_by": _days(letter, facts) if letter and asks else [],
        "rests": bool(facts.get("on_hold")),
        "may_choose": letter is not None and not letter.has_chosen,
    }


def _days(letter: Explained, facts: Mapping[str, Any]) -> list[date]:
    """Return the last day to pay; of a letter about invoices with days of their own each of these."""
    if letter.day in facts:
        return [facts[letter.day]] if facts[letter.day] else []
    return sorted({line[letter.day] for line in facts.get("lines", ()) if line.get(letter.day)})


def subject(dutch: str, language: str) -> str:
    """Return the subject of a letter, with a word in the reader's language behind the Dutch one."""
    if language in WRITTEN or language not in dict(settings.LANGUAGES):
        return dutch
    with translation.override(language):
        return f"{dutch} {_ISOLATED.format(translation.gettext('In your language'))}"


def languages_of(language: str) -> str:
    """Return the languages that are in a letter for who reads `language`, as a header of a mail names them."""
    written = letter_language(language)
    return language if written == language else f"{written}, {language}"
