"""From catalogues to what the running site reads, and the state of each text.

Babel does it, so no gettext of the system is needed.

A text in a language of the core has its state in a comment above it:

    # machine                                   written by a computer
    # compared 1f3a5c7e                         who, must or may, what, when: compared with the Dutch, by a second pass
    # certified 1f3a5c7e by J. Kaya 2026-12-01  a sworn or professional translator vouches for it

The eight characters are a digest of the English and the Dutch text. When one of those changes, the state is `machine`
again. A certified text stands without the Dutch beside it.
"""

import hashlib
import io
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from portal.languages import EASY, FOLDERS, OF_THE_CORE

CERTIFIED = "certified"  # the context of an entry that says so to the running site
_STATE = re.compile(r"(machine|compared (?P<of>[0-9a-f]{8})|certified (?P<by_of>[0-9a-f]{8}) by .+ \d{4}-\d\d-\d\d)")


@dataclass(frozen=True, slots=True)
class State:
    """How far a text is: `name` is machine, compared or certified; `stale` when its source changed since."""

    name: str
    stale: bool = False


def catalogue_path(locale: Path, code: str) -> Path:
    """Return the path of the catalogue of a language."""
    return locale / FOLDERS[code] / "LC_MESSAGES" / "django.po"


def read(locale: Path, code: str) -> Catalog:
    """Return the catalogue of a language; an empty one when there is none yet."""
    path, tag = catalogue_path(locale, code), "nl" if code == EASY else code
    if not path.exists():
        return Catalog(locale=tag, domain="django")
    return read_po(io.BytesIO(path.read_bytes()), locale=tag, domain="django")


def strings(message: Message) -> tuple[str, ...]:
    """Return the forms of a translation."""
    string = message.string or ""
    return (string,) if isinstance(string, str) else tuple(string)


def digest(message: Message, dutch: Catalog) -> str:
    """Return what the state of a translation was given for: the English and the Dutch text."""
    source = dutch.get(message.id, message.context)
    texts = [message.id] if isinstance(message.id, str) else list(message.id)
    texts += strings(source) if source else []
    return hashlib.sha256("\n".join(str(text) for text in texts).encode()).hexdigest()[:8]


def state_of(message: Message, dutch: Catalog) -> State:
    """Return the state of a translation. Raises ValueError for a comment that is none."""
    for comment in message.user_comments:
        found = _STATE.fullmatch(comment.strip())
        if found is None:
            raise ValueError(f"not a state: {comment!r}")
        given_for = found["of"] or found["by_of"]
        if given_for and given_for != digest(message, dutch):
            return State("machine", stale=True)
        return State(found[0].partition(" ")[0])
    return State("machine")


def compile_all(locale: Path) -> None:
    """Compile each catalogue that is newer than what was made of it; of the core, only what is complete."""
    for code in FOLDERS:
        source = catalogue_path(locale, code)
        if source.exists():
            _compile(locale, code, source, source.with_suffix(".mo"))


def _compile(locale: Path, code: str, source: Path, target: Path) -> None:
    newest = max(path.stat().st_mtime for path in (source, catalogue_path(locale, "nl")))
    if target.exists() and target.stat().st_mtime >= newest:
        return
    catalog = read(locale, code)
    if code in (*OF_THE_CORE, EASY):
        if not catalog or any(_lacking(catalog)):
            target.unlink(missing_ok=True)
            return
        _mark_certified(catalog, read(locale, "nl"))
    compiled = io.BytesIO()
    write_mo(compiled, catalog, use_fuzzy=False)
    fresh = target.with_name(f"{target.name}.{os.getpid()}")
    fresh.write_bytes(compiled.getvalue())
    fresh.replace(target)  # atomic, so that a running server never reads half a file


def _lacking(catalog: Catalog) -> Iterator[Message]:
    """Yield the messages without a translation."""
    for message in catalog:
        if message.id and not all(strings(message)):
            yield message


def _mark_certified(catalog: Catalog, dutch: Catalog) -> None:
    certified = [m for m in catalog if m.id and state_of(m, dutch).name == "certified"]
    for message in certified:
        text = message.id if isinstance(message.id, str) else message.id[0]
        catalog.add(text, CERTIFIED, context=CERTIFIED)
