"""Reading a batch file as a stream: never more than one invoice of it is in memory.

JSON allows duplicate keys and sets no limits; both can be used to get something past a check. The reader reports
duplicate keys and refuses nesting and repetition beyond any real invoice.
"""

import re
from collections.abc import Iterator
from typing import IO, Any

import ijson
from django.utils.translation import gettext as _

from billing.submission.fields import Report, printable
from portal.intake import diagnosis

MAX_BYTES = 1 << 30
MAX_DEPTH = 6  # the format itself needs four below an invoice
MAX_MEMBERS = 500  # keys of an object, items of a list inside one invoice
MAX_PARTS = 50_000  # of one invoice together: the format itself has room for some 10,000
BUFFER_BYTES = 64 * 1024
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Python refuses to convert a number of more than 4,300 digits, and ijson raises that error in whatever runs next. So
# such a number must not reach it; half the limit, because a chunk may end in the middle of the number.
MAX_DIGITS = 2000
_DIGITS_AS_ZERO = bytes.maketrans(b"123456789", b"0" * 9)

# Characters beyond U+FFFF are escaped as a pair of surrogates. ijson silently turns a lone high surrogate into "?", and
# one followed by another escape into a different character.
_LONE_SURROGATE = re.compile(rb"\\u[dD][89abAB](?!..\\u[dD][c-fC-F])", re.DOTALL)
_ESCAPE_BYTES, _BACKSLASH = 6, 0x5C

# What the parser raises on bad input: ValueError also for invalid UTF-8 and numbers of thousands of digits,
# ArithmeticError for exponents beyond any Decimal.
_PARSE_ERRORS = (ijson.JSONError, ValueError, ArithmeticError)

LISTS = ("invoices", "patients", "credit_notes")  # read item by item


class Broken(Exception):
    """The file can't be read any further: the path reached, a stable code and a translated sentence."""

    def __init__(self, path: str, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.path, self.code, self.sentence = path, code, sentence


def parts(file: IO[bytes], report: Report) -> Iterator[tuple[str, int | None, Any]]:
    """Yield (key, None, value) for every member of the root object; of LISTS first [], then each item with its index.

    Calls `report(path, code, sentence)` for a duplicate key. Raises Broken for a file that is no JSON object.
    """
    reader = _Reader(file, report)
    event, value = reader.first()
    if event != "start_map":
        raise Broken("", "not-an-object", _("The file must hold one JSON object, between { and }."))
    seen: set[str] = set()
    for event, key in reader.events:
        if event == "end_map":
            break
        reader.path = shown = printable(key)
        if key in seen:
            report(shown, "field-twice", _("This field stands here twice. Keep one of them."))
        seen.add(key)
        event, value = next(reader.events)
        if key in LISTS and event == "start_array":
            yield key, None, []
            yield from reader.items(key)
        else:
            yield key, None, reader.value(event, value, shown, 1)
    next(reader.events, None)  # lets the parser find anything after the last brace


class _LoneSurrogate(Exception):
    """A surrogate without its pair is at this byte of the file."""

    def __init__(self, at: int) -> None:
        super().__init__(at)
        self.at = at


class _Reader:
    """One pass over the parser events of a file."""

    def __init__(self, file: IO[bytes], report: Report) -> None:
        self.chunks = _Chunks(file)
        self.report = report
        self.path = ""
        self.count = 0  # parts of the item that is being read
        self.events = self._events()

    def _events(self) -> Iterator[tuple[str, Any]]:
        try:
            yield from ijson.basic_parse(self.chunks, buf_size=BUFFER_BYTES)
        except _LoneSurrogate as lone:
            raise Broken(self.path, *_half_character(self.chunks.file, lone.at)) from None
        except _PARSE_ERRORS:
            raise Broken(self.path, *_what_breaks(self.chunks)) from None

    def first(self) -> tuple[str, Any]:
        """Return the first event."""
        return next(self.events)

    def items(self, key: str) -> Iterator[tuple[str, int, Any]]:
        """Yield the items of the list `key` of the root."""
        for index, (event, value) in enumerate(self.events):
            if event == "end_array":
                return
            path = self.path = f"{key}[{index}]"
            yield key, index, self.value(event, value, path, 1)

    def value(self, event: str, value: Any, path: str, depth: int) -> Any:
        """Return the value that begins with this event."""
        if depth == 1:
            self.count = 0
        if event == "start_map":
            return self._object(path, depth)
        if event == "start_array":
            return self._list(path, depth)
        return value

    def _object(self, path: str, depth: int) -> dict[str, Any]:
        self._limit(path, depth, 0)
        found: dict[str, Any] = {}
        events = self.events
        for event, key in events:
            if event == "end_map":
                self.count += len(found)
                return found
            event, value = next(events)
            if event == "start_map" or event == "start_array":
                value = self.value(event, value, f"{path}.{printable(key)}", depth + 1)
            if key in found:
                sentence = _("This field stands here twice. Keep one of them.")
                self.report(f"{path}.{printable(key)}", "field-twice", sentence)
            found[key] = value
            if len(found) > MAX_MEMBERS:
                self._limit(path, depth, len(found))
        return found

    def _list(self, path: str, depth: int) -> list[Any]:
        self._limit(path, depth, 0)
        found: list[Any] = []
        for event, value in self.events:
            if event == "end_array":
                self.count += len(found)
                return found
            found.append(self.value(event, value, f"{path}[{len(found)}]", depth + 1))
            if len(found) > MAX_MEMBERS:
                self._limit(path, depth, len(found))
        return found

    def _limit(self, path: str, depth: int, members: int) -> None:
        self.path = path
        self.count += 1
        if depth > MAX_DEPTH:
            raise Broken(path[:120], "too-deep", _("The file is nested more deeply than an invoice can be."))
        if members > MAX_MEMBERS or self.count > MAX_PARTS:
            most = MAX_MEMBERS if members > MAX_MEMBERS else MAX_PARTS
            sentence = _("There is more in here than in any invoice (limit: %d).") % most
            raise Broken(path[:120], "too-many", sentence)


class _Chunks:
    """The file as the parser reads it, remembering where the last chunk begins."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        file.seek(0)
        begin = file.read(4)
        if wrong := diagnosis.of_beginning(begin):
            raise Broken("", *wrong)
        self.start = self.end = len(BYTE_ORDER_MARK) if begin.startswith(BYTE_ORDER_MARK) else 0
        file.seek(self.start)
        self.tail = b""
        self.lone_at: int | None = None

    def read(self, size: int) -> bytes:
        """Return the next chunk. Raises Broken, or _LoneSurrogate once the parser has read everything before it."""
        if self.lone_at is not None:
            raise _LoneSurrogate(self.lone_at)
        chunk = self.file.read(size)
        self.start, self.end = self.end, self.end + len(chunk)
        if b"0" * MAX_DIGITS in chunk.translate(_DIGITS_AS_ZERO):
            raise Broken("", "number-too-long", _("There is a number of thousands of digits in this file."))
        return self._up_to_lone_surrogate(chunk)

    def _up_to_lone_surrogate(self, chunk: bytes) -> bytes:
        """Return the chunk up to the first lone surrogate; the next read raises."""
        text = self.tail + chunk
        self.lone_at = self._lone_surrogate(text, is_last=not chunk)
        if self.lone_at is not None:
            before = chunk[: max(0, self.lone_at - self.start)]
            if not before:
                raise _LoneSurrogate(self.lone_at)
            return before
        # A pair may have begun in the last bytes; of the backslashes before them only the parity matters.
        rest = text[-2 * _ESCAPE_BYTES :]
        slashes = len(text) - len(rest)
        slashes -= len(text[:slashes].rstrip(b"\\"))
        self.tail = b"\\" * (slashes % 2) + rest
        return chunk

    def _lone_surrogate(self, text: bytes, *, is_last: bool) -> int | None:
        """Return where in the file the first surely lone surrogate is; `text` ends where reading has got to."""
        for found in _LONE_SURROGATE.finditer(text):
            start = found.start()
            if is_last or start + 2 * _ESCAPE_BYTES <= len(text):
                slashes = start
                while slashes and text[slashes - 1] == _BACKSLASH:
                    slashes -= 1
                if (start - slashes) % 2 == 0:  # else the backslash itself is escaped
                    return self.end - len(text) + start
        return None


def _advance(line: int, column: int, text: bytes) -> tuple[int, int]:
    """Return line and column after `text`."""
    lines = text.count(b"\n")
    return line + lines, len(text) - text.rfind(b"\n") - 1 if lines else column + len(text)


def _half_character(file: IO[bytes], at: int) -> tuple[str, str]:
    file.seek(0)
    line, column, left = 1, 0, at
    while left and (chunk := file.read(min(BUFFER_BYTES, left))):
        line, column = _advance(line, column, chunk)
        left -= len(chunk)
    return diagnosis.half_character(line=line, column=column + 1)


def _what_breaks(chunks: _Chunks) -> tuple[str, str]:
    """Return code and sentence of where the JSON breaks, found by parsing again: byte by byte in the last chunk.

    The parser's own message quotes the file, so it could contain personal data and is not shown.
    """
    broken_from, fresh = chunks.start, _Chunks(chunks.file)
    parser = ijson.basic_parse_coro(events := ijson.sendable_list())
    line, column = 1, 0
    try:
        while chunk := fresh.read(min(BUFFER_BYTES, broken_from - fresh.end) if fresh.end < broken_from else 1):
            line, column = _advance(line, column, chunk)
            parser.send(chunk)
            events.clear()
    except _PARSE_ERRORS as error:
        return diagnosis.of_break(chunks.file, error, at=fresh.end, line=line, column=column)
    return "incomplete", _("The file ends too early: it is not complete JSON (line %d).") % line
