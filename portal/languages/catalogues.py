"""The catalogues of the core: kept in step with the source, and held to what a machine can say of a translation."""

import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import write_po
from django.conf import settings

from portal.languages import EASY, OF_THE_CORE, core, invariants
from portal.languages.compiling import catalogue_path, read, state_of, strings

GUIDED = (*OF_THE_CORE, EASY)
_HEADER = r"""# The core in %(name)s: each text with its state, see portal/languages/compiling.py.
msgid ""
msgstr ""
"Language: %(code)s\n"
"Plural-Forms: %(plurals)s\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=utf-8\n"
"Content-Transfer-Encoding: 8bit\n"

"""


def locale() -> Path:
    """Return the folder of all catalogues."""
    return Path(settings.LOCALE_PATHS[0])


def of_the_core(extracted: Catalog) -> list[Message]:
    """Return the texts of the core among all texts of the source."""
    return [m for m in extracted if m.id and (_stands_in_the_core(m) or source_of(m) in core.texts())]


def _stands_in_the_core(message: Message) -> bool:
    return any(core.holds(location) for location, _line in message.locations)


def source_of(message: Message) -> str:
    """Return the English text of a message, in the singular."""
    return message.id if isinstance(message.id, str) else str(message.id[0])


def update(code: str, wanted: list[Message]) -> None:
    """Rewrite a catalogue: keep what is known, add what is new without a translation, drop what left the core."""
    known = read(locale(), code)
    catalog = Catalog(locale=known.locale, domain="django")
    for message in wanted:
        before = known.get(message.id, message.context)
        if before is None and code == EASY and source_of(message) not in core.weighty():
            continue  # only what weighs has to be easier than it is
        kept = before.string if before else ("",) * catalog.num_plurals if message.pluralizable else ""
        flags = message.flags & {"python-format"}
        comments = before.user_comments if before else []
        catalog.add(message.id, kept, context=message.context, flags=flags, user_comments=comments)
    path = catalogue_path(locale(), code)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = io.BytesIO()
    write_po(text, catalog, width=110, sort_output=True, omit_header=True)
    facts = {"name": OF_THE_CORE.get(code, "easy Dutch"), "code": catalog.locale, "plurals": catalog.plural_forms}
    path.write_bytes((_HEADER % facts).encode() + text.getvalue())


def lacking(code: str, wanted: list[Message]) -> list[str]:
    """Return the texts that a language does not have. One is enough not to offer it."""
    catalog = read(locale(), code)
    needed = [m for m in wanted if code != EASY or source_of(m) in core.weighty()]
    found = []
    for message in needed:
        known = catalog.get(message.id, message.context)
        if known is None or not all(strings(known)):
            found.append(source_of(message))
    return found


def states(code: str, dutch: Catalog) -> Counter[str]:
    """Return how many texts of a language are in which state."""
    return Counter(state_of(message, dutch).name for message in read(locale(), code) if message.id)


def problems(code: str, wanted: list[Message], dutch: Catalog) -> Iterator[str]:
    """Yield what is wrong with what a language has."""
    catalog, keys = read(locale(), code), {(m.id, m.context) for m in wanted}
    for message in catalog:
        if not message.id:
            continue
        name = f"{code}: {source_of(message)!r}"
        if (message.id, message.context) not in keys:
            yield f"{name}: left the core"
        try:
            state_of(message, dutch)
        except ValueError as error:
            yield f"{name}: {error}"
        if all(strings(message)):
            yield from (f"{name}: {why}" for why in _wrong(code, message, dutch))


def _wrong(code: str, message: Message, dutch: Catalog) -> Iterator[str]:
    source = [message.id] if isinstance(message.id, str) else list(message.id)
    original = dutch.get(message.id, message.context)
    for form in strings(message):
        yield from invariants.broken(code, source[-1], strings(original)[-1] if original else "", form)
