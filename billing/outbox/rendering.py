"""Rendering of messages: one HTML template per kind and language is the only source of subject, HTML and text."""

import re
from dataclasses import dataclass
from html import unescape
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from billing import office_hours, rooms
from billing.outbox import explaining

TEXT_WIDTH = 72
# What our messages are made of; values in them are escaped. An HTML parser for everybody's pages takes twice the time.
_PIECE = re.compile(  # whole, end, tag, attributes, words behind it
    r"((?:<(/?)([a-z][a-z0-9]*)([^<>]*)>|<!--.*?-->|<!doctype [^<>]*>)([^<]*))", re.DOTALL
)
_BLANKS = re.compile(r"[ \t\r\n]{2,}|[\t\r\n]")  # made one space; not `\s`: that in an amount must not break
_HREF = re.compile(r'\shref="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Rendered:
    subject: str
    text: str
    html: str


def render(kind: str, *, language: str, context: dict[str, Any]) -> Rendered:
    """Render the message `kind` in `language`, with dates and amounts as that language writes them; in Dutch, with a
    short explanation below it, for who reads a language that our letters are not in.

    Raises ValueError for a kind that no room announces, and when a fact is missing: it would leave a gap in a mail that
    can't be recalled.
    """
    announced = rooms.message_kinds().get(kind)
    if announced is None:
        raise ValueError(f"no room announces the message {kind}")
    if missing := announced.needs - context.keys():
        raise ValueError(f"message {kind} lacks {', '.join(sorted(missing))}")
    written = explaining.letter_language(language)
    shared = {
        "language": written,
        "portal_address": settings.PUBLIC_URL.partition("://")[2],
        "operator": settings.OPERATOR,
    }
    facts = {"represented": None, "initials": "", "patients": (), "message_code": "", **context, **shared}
    facts["explanation"] = explaining.explanation(kind, language, facts)
    with translation.override(written):
        facts["office_hours"] = office_hours.week_in_words()
        html = render_to_string(f"messages/{kind}.{written}.html", facts)
    plain = _PlainText()
    plain.read(html)
    return Rendered(subject=explaining.subject(plain.subject, language), text=plain.text, html=html)


class _PlainText:
    """Converts one of our own messages to plain text.

    It knows the few elements that messages use and refuses others, so that nothing in a template can get lost in the
    plain version. The title is the subject.
    """

    BLOCKS = frozenset({"p", "h1", "h2", "li", "dt", "dd", "div", "ul", "ol", "dl", "header", "main", "footer"})
    TIGHT = frozenset({"li", "dt", "dd"})  # no empty line before these, except before the first of a list
    INLINE = frozenset({"strong", "em", "span", "a", "bdi", "br"})
    FRAME = frozenset({"html", "head", "body", "meta", "title", "style"})
    KNOWN = BLOCKS | INLINE | FRAME

    def __init__(self) -> None:
        self.subject = ""
        self._paragraphs: list[str] = []
        self._line = ""
        self._glue = "\n\n"  # the separator between the previous paragraph and the next one
        self._first, self._rest = "", ""  # indents of the first line and of the other lines of the paragraph
        self._inside: list[str] = []
        self._counters: list[int | None] = []
        self._href = ""

    def read(self, html: str) -> None:
        """Convert a whole message. Raises ValueError for what none of ours has."""
        html = html.lstrip()
        pieces = _PIECE.findall(html)
        if "".join(piece[0] for piece in pieces) != html:
            raise ValueError("a message holds what is no element and no text of one")
        for _whole, end, tag, attributes, words in pieces:
            if end:
                self._close(tag)
            elif tag:
                self._open(tag, attributes)
            if words and (self._line or not words.isspace()):  # between most tags stands the end of a line
                self._add(unescape(words))
        if self._inside:
            raise ValueError("a message ends where nothing ends")

    def _open(self, tag: str, attributes: str) -> None:
        if tag not in self.KNOWN:
            raise ValueError(f"a message has no place for <{tag}>")
        if tag == "br":
            self._line += "\n"
            return
        if tag == "meta":
            return
        self._inside.append(tag)
        if tag == "a":
            found = _HREF.search(attributes)
            self._href = unescape(found[1]) if found else ""
        elif tag in self.BLOCKS:
            self._start_block(tag)

    def _start_block(self, tag: str) -> None:
        if tag == "dd":  # "label: value" on one line
            self._line = f"{self._line.rstrip()}: "
            return
        self._flush()
        if tag in ("ul", "ol"):
            self._counters.append(0 if tag == "ol" else None)
        if tag == "li":
            number = self._counters[-1]
            if number is not None:
                self._counters[-1] = number + 1
            self._first = "- " if number is None else f"{number + 1}. "
            self._rest = " " * len(self._first)
        self._glue = "\n" if tag in self.TIGHT and self._glue == "\n" else "\n\n"

    def _close(self, tag: str) -> None:
        if not self._inside or self._inside.pop() != tag:
            raise ValueError(f"</{tag}> closes nothing")
        if tag == "a" and self._href and not self._line.endswith(self._href):
            self._line += f" ({self._href})"
        if tag in ("dt", "title") or tag not in self.BLOCKS:
            return
        self._flush()
        if tag in ("ul", "ol"):
            self._counters.pop()
        self._glue = "\n" if tag in self.TIGHT else "\n\n"

    def _add(self, data: str) -> None:
        if "body" in self._inside:
            words = _BLANKS.sub(" ", data)
            self._line += words.lstrip() if self._line[-1:] in ("", " ", "\n") else words
        elif "title" in self._inside:
            self.subject = f"{self.subject}{_BLANKS.sub(' ', data)}".strip()

    def _flush(self) -> None:
        """End the current paragraph, if there is one."""
        paragraph, self._line = self._line.strip(), ""
        if not paragraph:  # as after most tags
            return
        lines: list[str] = []
        indent = self._first
        for line in paragraph.split("\n"):
            lines += _wrapped(line, indent, self._rest)
            indent = self._rest
        glue = self._glue if self._paragraphs else ""
        self._paragraphs.append(glue + "\n".join(lines))
        self._first = self._rest = ""

    @property
    def text(self) -> str:
        return "".join(self._paragraphs) + "\n"


def _wrapped(line: str, first: str, rest: str) -> list[str]:
    """Return a line in lines of TEXT_WIDTH, the first of them and the others with these indents; none when it is empty.

    A word that is longer stands alone in its line.
    """
    lines, indent, line = [], first, line.rstrip(" ")
    while len(indent) + len(line) > TEXT_WIDTH and " " in line:
        end = line.rfind(" ", 0, TEXT_WIDTH - len(indent) + 1)
        end = line.index(" ") if end == -1 else end
        lines.append(indent + line[:end].rstrip(" "))
        line, indent = line[end:].lstrip(" "), rest
    return [*lines, indent + line] if line else lines
