"""Keeping the Dutch catalogue in step with the source, without the gettext tools of the system.

Python sources and Jinja2 templates are read by Babel; a template of the staff site is first turned into what Django's
own extraction makes of it.
"""

import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message, TranslationError
from babel.messages.checkers import python_format
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

CATALOGUE = "nl/LC_MESSAGES/django.po"
_KEYWORDS = DEFAULT_KEYWORDS | {
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
_OPTIONS = {"newstyle_gettext": "true", "silent": "false"}  # of Jinja2: as in portal/jinja.py; an error is raised
# Without dates and names of tools: two updates of the same source write the same file.
_HEADER = r"""# Dutch, for patients: plain words (B1), short sentences, "u"; what happens next is always said.
msgid ""
msgstr ""
"Language: nl\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=utf-8\n"
"Content-Transfer-Encoding: 8bit\n"

"""


def catalogue_path() -> Path:
    """Return the path of the Dutch catalogue."""
    return Path(settings.LOCALE_PATHS[0]) / CATALOGUE


def read() -> Catalog:
    """Return the catalogue in the repository; an empty one when there is none yet."""
    path = catalogue_path()
    if not path.exists():
        return _empty()
    with path.open("rb") as file:
        return read_po(file, locale="nl", domain="django")


def extracted() -> Catalog:
    """Return all strings of the sources and templates that need a translation."""
    catalog = _empty()
    for path, method, source in _sources():
        name = str(path.relative_to(settings.ROOT))
        found = extract(method, source, keywords=_KEYWORDS, options=_OPTIONS)
        for _line, strings, _comments, context in found:
            catalog.add(strings, locations=[(name, 0)], context=context, flags=_flags(strings))
    return catalog


def update() -> Catalog:
    """Rewrite the catalogue: keep known translations, add new strings without one, drop unused ones."""
    catalog, known = extracted(), read()
    for message in catalog:
        before = known.get(message.id, message.context) if message.id else None
        if before is not None:
            message.string = _said_before(before, message)
    path = catalogue_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    text = io.BytesIO()
    write_po(text, catalog, width=110, include_lineno=False, sort_output=True, omit_header=True)
    path.write_bytes(_HEADER.encode() + text.getvalue())
    return catalog


def _said_before(before: Message, message: Message) -> str | tuple[str, ...]:
    """Return the known translation, also of a word that got a plural since, or has none any more."""
    known = before.string
    if message.pluralizable and isinstance(known, str):
        return (known, "")  # to be completed: a string would be taken for a list of its letters
    if isinstance(known, (tuple, list)):
        return tuple(known) if message.pluralizable else known[0]
    return known or ""


def problems() -> list[str]:
    """Return the reasons why the catalogue is incomplete or differs from the source; empty when there are none."""
    catalog, wanted = read(), extracted()
    found = [f"missing: {m.id!r}" for m in wanted if m.id and catalog.get(m.id, m.context) is None]
    for message in catalog:
        if not message.id:
            continue
        if wanted.get(message.id, message.context) is None:
            found.append(f"no longer used: {message.id!r}")
        if message.fuzzy:
            found.append(f"fuzzy: {message.id!r}")
        found.extend(f"{error}: {message.id!r}" for error in _errors(catalog, message))
    found.extend(f"obsolete: {message.id!r}" for message in catalog.obsolete.values())
    return found


def _errors(catalog: Catalog, message: Message) -> Iterator[str]:
    strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
    if not all(strings) or (message.pluralizable and len(strings) != catalog.num_plurals):
        yield "untranslated"
        return
    if message.python_format:
        try:
            python_format(catalog, message)
        except TranslationError as error:
            yield str(error)


def _sources() -> Iterator[tuple[Path, str, io.BytesIO]]:
    """Yield each source, the method by which Babel reads it, and its text."""
    packages = [path.parent for path in settings.ROOT.glob("*/__init__.py") if path.parent.name != "tests"]
    for path in sorted(path for package in packages for path in package.rglob("*.py")):
        if "migrations" not in path.parts:
            yield path, "python", io.BytesIO(path.read_bytes())
    for path in sorted((settings.ROOT / "templates").rglob("*")):
        if path.suffix not in (".html", ".txt"):
            continue
        if path.is_relative_to(settings.ROOT / "templates" / "staff"):
            yield path, "python", _as_python(path)
        else:
            yield path, "jinja2", io.BytesIO(path.read_bytes())


def _as_python(template: Path) -> io.BytesIO:
    """Return what Django makes of its template for xgettext. Babel reads it as Python, so no line may be indented."""
    lines = templatize(template.read_text(), origin=str(template)).splitlines()
    return io.BytesIO("\n".join(line.lstrip() for line in lines).encode())


def _flags(strings: object) -> set[str]:
    texts = strings if isinstance(strings, tuple | list) else (strings,)
    return {"python-format"} if any("%(" in str(text) for text in texts) else set()


def _empty() -> Catalog:
    return Catalog(locale="nl", domain="django")
