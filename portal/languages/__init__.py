"""The languages in which guests read: Dutch and English whole, a closed core in four others, and easy Dutch.

A language of the core is offered when every text of the core is there; its catalogue is compiled only then. Easy Dutch
is a way to read Dutch: `lang` stays nl, and nobody is written to in it. Its tag is one for private use (RFC 5646).
"""

from pathlib import Path

WHOLE = {"nl": "Nederlands", "en": "English"}
OF_THE_CORE = {"tr": "Türkçe", "ar": "العربية", "pl": "Polski", "uk": "Українська"}
EASY = "nl-x-easy"
EASY_NAME = "Makkelijk Nederlands"
FOLDERS = {**{code: code for code in (*WHOLE, *OF_THE_CORE)}, EASY: "nl_X-easy"}  # as Django names them


def offered(locale: Path) -> list[tuple[str, str]]:
    """Return each language that pages are in, with its own name: a language of the core only when it is complete."""
    complete = {code: name for code, name in OF_THE_CORE.items() if is_compiled(locale, code)}
    return [*WHOLE.items(), *complete.items()]


def for_readers(locale: Path) -> list[tuple[str, str]]:
    """Return what a reader can choose from: the languages, and easy Dutch behind Dutch."""
    easy = [(EASY, EASY_NAME)] if is_compiled(locale, EASY) else []
    dutch, *others = offered(locale)
    return [dutch, *easy, *others]


def is_compiled(locale: Path, code: str) -> bool:
    """Return whether the texts of a language are there to be shown."""
    return (locale / FOLDERS[code] / "LC_MESSAGES" / "django.mo").exists()


def as_tag(code: str) -> str:
    """Return the tag of the language that a text in `code` is in: easy Dutch is Dutch."""
    return "nl" if code == EASY else code
