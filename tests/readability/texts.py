"""Every Dutch text that patients read, as plain sentences: letters and mails, fixed pages, the catalogue, the FAQ."""

import re
import tomllib
from collections import defaultdict
from html import unescape
from pathlib import Path
from typing import Any

from babel.messages.pofile import read_po
from django.template import engines
from django.utils import translation
from jinja2 import Undefined

from tests.test_readable import MAILS_OF_OTHERS, OF_OTHERS, ROOT

FEWEST_SENTENCES = 5  # of a page; texts of fewer are told together, for LiNT-II says little about 2 sentences
PARAGRAPH = re.compile(r"<(?P<tag>p|li)\b[^>]*>(.*?)</(?P=tag)>", re.DOTALL)
VALUES = {
    "amount|total|costs|owed|paid|sum|balance|left|least|principal|euro": "€ 45,50",
    "day|date|due|first|last|until": "12 januari",
    "provider|practice|name|shop|operator|who|whose|whom|insurer": "Praktijk Jansen",
    "time|hour|opens|closes": "9.00 uur",
    "site|host|portal": "rekening.nl",
}


def value_of(name: str) -> str:
    """Return a value of the sort that stands there: a name has no frequency, and a day is a day."""
    return next((value for names, value in VALUES.items() if re.search(rf"(^|_)({names})", name)), "12")


class Sample(Undefined):
    """Stands for whatever a template wants to know: true, one of each list, and a likely value where it is printed."""

    true = True

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(self)(name=name)

    def __getitem__(self, name: object) -> Any:
        return type(self)(name=str(name))

    def __bool__(self) -> bool:
        return self.true

    def __str__(self) -> str:
        return value_of(self._undefined_name or "")

    def __iter__(self) -> Any:
        return iter([Pair(name=self._undefined_name)] if self.true else [])

    def __len__(self) -> int:
        return int(self.true)

    def __call__(self, *_arguments: object, **_named: object) -> Any:
        return type(self)(name=self._undefined_name)

    def compared(self, _other: object) -> bool:
        return self.true

    def __hash__(self) -> int:
        return id(type(self))

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = compared  # type: ignore[assignment]
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __call__


class Pair(Sample):
    """What a list holds: a template may take it apart."""

    def __iter__(self) -> Any:
        return iter([Sample(name="day"), Sample(name="amount")])


class NoSample(Sample):
    true = False


def drawn(template: str, block: str) -> list[str]:
    """Return the sentences of a template: with all that may be said, and after them what is said otherwise."""
    environment = engines["jinja2"].env  # type: ignore[attr-defined]
    found: dict[str, None] = {}
    for undefined in (Sample, NoSample):
        with translation.override("nl"):
            made = environment.overlay(undefined=undefined)
            made.language = "nl"  # as compiled for a reader of Dutch
            made.filters = made.filters | {
                "euro": lambda _value: "€ 45,50", "date": lambda *_: "12 januari", "time": lambda *_: "9.00 uur",
                "floatformat": lambda *_: "5", "email": lambda *_: "info@rekening.nl",
            }  # fmt: skip
            source = made.get_template(template)
            part = source.blocks.get(block, source.root_render_func)  # one that others include has no blocks
            html = "".join(part(source.new_context({})))
        for _tag, text in PARAGRAPH.findall(html):
            found |= dict.fromkeys(sentences_of(text))
    return list(found)


def sentences_of(text: str) -> list[str]:
    """Return the whole sentences of a paragraph: a label or a heading is none."""
    plain = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", text))).replace(" .", ".").replace(" ,", ",").strip()
    parts = re.split(r"(?<=[.!?:])[\s\xa0]+(?=[A-Z€“(])", plain)
    return [part for part in parts if re.search(r"[.!?:]\W?$", part) and len(part.split()) > 2]


def of_templates(folder: str, block: str) -> dict[str, list[str]]:
    paths = sorted((ROOT / "templates" / folder).glob("*.nl.html"))
    names = [path.name for path in paths if not path.name.startswith(("base", *MAILS_OF_OTHERS))]
    return {f"templates/{folder}/{name}": drawn(f"{folder}/{name}", block) for name in names}


def of_catalogue() -> dict[str, list[str]]:
    with (ROOT / "portal/locale/nl/LC_MESSAGES/django.po").open("rb") as file:
        catalogue = read_po(file, locale="nl")
    found: dict[str, list[str]] = defaultdict(list)
    for entry in catalogue:
        places = [place for place, _line in entry.locations if not OF_OTHERS.search(place)]
        if not entry.id or not places:
            continue
        text = entry.string if isinstance(entry.string, str) else entry.string[-1]
        text = re.sub(r"%\((\w+)\)[sd]", lambda name: value_of(name[1]), text).replace("%%", "%")
        found[places[0]] += sentences_of(text)
    return found


def of_answers() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "helpdesk/assistant/texts").glob("*.toml")):
        entries = tomllib.loads(path.read_text())["entry"]
        found[str(path.relative_to(ROOT))] = [
            sentence for entry in entries for sentence in sentences_of(re.sub(r"\{\w+\}", "12", entry["nl"]["answer"]))
        ]
    return found


def all_texts() -> dict[str, list[str]]:
    """Return the sentences of each text by the place where it is written."""
    texts: dict[str, list[str]] = defaultdict(list)
    whole = of_templates("messages", "body") | of_templates("about", "main") | of_answers() | of_catalogue()
    for folder in (ROOT / "templates").glob("*/answers"):
        whole |= of_templates(f"{folder.parent.name}/answers", "main")
    for place, sentences in whole.items():
        few = len(sentences) < FEWEST_SENTENCES and not place.startswith("templates/messages")
        texts[f"{Path(place).parent}/ (short ones)" if few else place] += sentences
    return {place: sentences for place, sentences in sorted(texts.items()) if sentences}
