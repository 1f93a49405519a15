"""Reading a batch file piece by piece: at no time is more than one invoice of it in memory.

JSON says nothing about duplicate keys and sets no limits; both are ways to smuggle something past a check,
so the reader reports the first and refuses what is nested or repeated beyond any real invoice.
"""

import re
from collections.abc import Callable, Iterator
from typing import IO, Any

import ijson
from django.utils.translation import gettext as _

from billing.invoices.fields import printable

MAX_BYTES = 1 << 30
MAX_DEPTH = 6  # the format itself needs four below an invoice
MAX_MEMBERS = 500  # keys of an object, items of a list inside one invoice
BUFFER_BYTES = 64 * 1024
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Python refuses to make a number of more than 4,300 digits, and ijson lets that error fall on whatever runs next.
# So such a number must not get that far; half the limit, because a piece may end in the middle of it.
MAX_DIGITS = 2000
_DIGITS_AS_ZERO = bytes.maketrans(b"123456789", b"0" * 9)

# Characters beyond U+FFFF are written as two halves. ijson makes a "?" of a first half that stands alone, and of one
# with something else behind it another character, without a word.
_LONE_HALF = re.compile(rb"\\u[dD][89abAB](?!..\\u[dD][c-fC-F])", re.DOTALL)
_ESCAPE_BYTES, _BACKSLASH = 6, 0x5C

# What the parser raises on bad input: ValueError also for bytes that are no text and numbers of thousands of digits,
# ArithmeticError for exponents beyond any Decimal.
_PARSE_ERRORS = (ijson.JSONError, ValueError, ArithmeticError)

Report = Callable[[str, str], None]


class Broken(Exception):
    """A file that can't be read further: the path reached and a translated sentence."""

    def __init__(self, path: str, sentence: str) -> None:
        super().__init__(sentence)
        self.path, self.sentence = path, sentence


def parts(file: IO[bytes], report: Report) -> Iterator[tuple[str, int | None, Any]]:
    """(key, None, value) of every member of the root object; of `invoices` each item by itself, with its index.

    Calls `report(path, sentence)` for a key that stands twice. Raises Broken for what is no JSON object at all.
    """
    reader = _Reader(file, report)
    event, value = reader.first()
    if event != "start_map":
        raise Broken("", _("The file must hold one JSON object, between { and }."))
    seen: set[str] = set()
    for event, key in reader.events:
        if event == "end_map":
            break
        reader.path = shown = printable(key)
        if key in seen:
            report(shown, _("This field stands here twice."))
        seen.add(key)
        event, value = next(reader.events)
        if key == "invoices" and event == "start_array":
            yield from reader.items()
        else:
            yield key, None, reader.value(event, value, shown, 1)
    next(reader.events, None)  # lets the parser find what stands behind the last brace


class _HalfCharacter(Exception):
    """Half of a character stands alone at this byte of the file."""

    def __init__(self, at: int) -> None:
        super().__init__(at)
        self.at = at


class _Reader:
    """One walk over the events of a file."""

    def __init__(self, file: IO[bytes], report: Report) -> None:
        self.pieces = _Pieces(file)
        self.report = report
        self.path = ""
        self.events = self._events()

    def _events(self) -> Iterator[tuple[str, Any]]:
        try:
            yield from ijson.basic_parse(self.pieces, buf_size=BUFFER_BYTES)
        except _HalfCharacter as half:
            raise Broken(self.path, _sentence_of_half(self.pieces.file, half.at)) from None
        except _PARSE_ERRORS:
            raise Broken(self.path, _sentence_of_break(self.pieces)) from None

    def first(self) -> tuple[str, Any]:
        return next(self.events)

    def items(self) -> Iterator[tuple[str, int, Any]]:
        for index, (event, value) in enumerate(self.events):
            if event == "end_array":
                return
            path = self.path = f"invoices[{index}]"
            yield "invoices", index, self.value(event, value, path, 1)

    def value(self, event: str, value: Any, path: str, depth: int) -> Any:
        """The value that begins with this event."""
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
                return found
            event, value = next(events)
            if event == "start_map" or event == "start_array":
                value = self.value(event, value, f"{path}.{printable(key)}", depth + 1)
            if key in found:
                self.report(f"{path}.{printable(key)}", _("This field stands here twice."))
            found[key] = value
            if len(found) > MAX_MEMBERS:
                self._limit(path, depth, len(found))
        return found

    def _list(self, path: str, depth: int) -> list[Any]:
        self._limit(path, depth, 0)
        found: list[Any] = []
        for event, value in self.events:
            if event == "end_array":
                return found
            found.append(self.value(event, value, f"{path}[{len(found)}]", depth + 1))
            if len(found) > MAX_MEMBERS:
                self._limit(path, depth, len(found))
        return found

    def _limit(self, path: str, depth: int, members: int) -> None:
        self.path = path
        if depth > MAX_DEPTH:
            raise Broken(path[:120], _("The file is nested more deeply than an invoice can be."))
        if members > MAX_MEMBERS:
            raise Broken(path[:120], _("There is more in here than in any invoice (limit: %d).") % MAX_MEMBERS)


class _Pieces:
    """The file as the parser reads it, remembering where the piece begins that it got last."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        file.seek(0)
        self.start = self.end = len(BYTE_ORDER_MARK) if file.read(3) == BYTE_ORDER_MARK else 0
        file.seek(self.start)
        self.tail = b""
        self.half_at: int | None = None

    def read(self, size: int) -> bytes:
        """The next piece. Raises Broken or _HalfCharacter, the latter once all before it was given to the parser."""
        if self.half_at is not None:
            raise _HalfCharacter(self.half_at)
        piece = self.file.read(size)
        self.start, self.end = self.end, self.end + len(piece)
        if b"0" * MAX_DIGITS in piece.translate(_DIGITS_AS_ZERO):
            raise Broken("", _("There is a number of thousands of digits in this file."))
        return self._up_to_a_half(piece)

    def _up_to_a_half(self, piece: bytes) -> bytes:
        """The piece, cut off where half of a character stands alone; the next read tells."""
        text = self.tail + piece
        self.half_at = self._lone_half(text, is_last=not piece)
        if self.half_at is not None:
            before = piece[: max(0, self.half_at - self.start)]
            if not before:
                raise _HalfCharacter(self.half_at)
            return before
        # What a pair may have begun in; of the backslashes in front of that only whether they are even counts.
        rest = text[-2 * _ESCAPE_BYTES :]
        slashes = len(text) - len(rest)
        slashes -= len(text[:slashes].rstrip(b"\\"))
        self.tail = b"\\" * (slashes % 2) + rest
        return piece

    def _lone_half(self, text: bytes, *, is_last: bool) -> int | None:
        """Where in the file the first one stands that surely is alone; `text` ends where the file was read to."""
        for found in _LONE_HALF.finditer(text):
            start = found.start()
            if is_last or start + 2 * _ESCAPE_BYTES <= len(text):
                slashes = start
                while slashes and text[slashes - 1] == _BACKSLASH:
                    slashes -= 1
                if (start - slashes) % 2 == 0:  # else the backslash itself is escaped
                    return self.end - len(text) + start
        return None


def _sentence_of_half(file: IO[bytes], at: int) -> str:
    file.seek(0)
    line, column, left = 1, 0, at
    while left and (piece := file.read(min(BUFFER_BYTES, left))):
        lines = piece.count(b"\n")
        line, column = line + lines, len(piece) - piece.rfind(b"\n") - 1 if lines else column + len(piece)
        left -= len(piece)
    return _("Half of a character stands alone at line %(line)d, character %(column)d. Write the whole character.") % {
        "line": line,
        "column": column + 1,
    }


def _sentence_of_break(pieces: _Pieces) -> str:
    """Where the JSON breaks, found by parsing again: in pieces up to the one that broke, in there byte by byte.

    The parser's own message quotes the file, so it could hold personal data and is not shown.
    """
    broken_from, fresh = pieces.start, _Pieces(pieces.file)
    parser = ijson.basic_parse_coro(events := ijson.sendable_list())
    line, column = 1, 0
    try:
        while piece := fresh.read(min(BUFFER_BYTES, broken_from - fresh.end) if fresh.end < broken_from else 1):
            lines = piece.count(b"\n")
            line, column = line + lines, len(piece) - piece.rfind(b"\n") - 1 if lines else column + len(piece)
            parser.send(piece)
            events.clear()
    except _PARSE_ERRORS:
        return _("This is not valid JSON: it breaks at line %(line)d, character %(column)d.") % {
            "line": line,
            "column": column,
        }
    return _("The file ends too early: it is not complete JSON (line %d).") % line
