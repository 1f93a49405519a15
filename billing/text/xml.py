"""Reads XML of strangers part by part: no DOCTYPE, no entities, nothing from the network, never a whole tree.

On expat, which Python brings. A document type is refused as soon as it begins, so no entity is ever declared.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from xml.parsers import expat

from django.utils.translation import gettext as _

from billing.errors import Refused

MAX_DEPTH = 40  # CAMT.053 and GDS801 nest some 15 deep
MAX_NODES = 20_000  # kept at one time
MAX_TEXT = 20_000  # characters of one element; the longest of these has 500
MAX_QUIET = 1 << 20  # bytes in which no element begins or ends: expat keeps an unfinished one in memory
INVALID_TOKEN = 4  # expat's code, also for bytes that are not of the declared encoding


class NotWellFormed(Refused):
    """The XML ends early or breaks its own rules; `code` is expat's."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class Node:
    """An element with its local name, its text without that of its children, attributes and children."""

    __slots__ = ("attributes", "before", "children", "name", "text")

    def __init__(self, name: str, attributes: dict[str, str], before: int) -> None:
        self.name, self.attributes = name, attributes
        self.before = before  # how many elements were kept when it began
        self.text = ""
        self.children: list[Node] = []

    def all(self, path: str) -> list["Node"]:
        """Return the elements at a path such as `RmtInf/Ustrd`, in their order."""
        found = [self]
        for name in _names(path):
            found = [child for node in found for child in node.children if child.name == name]
            if not found:
                break
        return found

    def first(self, *paths: str) -> "Node | None":
        """Return the first element that one of the paths leads to."""
        return next((node for path in paths for node in self.all(path)), None)

    def read(self, *paths: str) -> str:
        """Return the text of the first element that has one at these paths, without blanks around it."""
        for path in paths:
            for node in self.all(path):
                if text := node.text.strip():
                    return text
        return ""


class Reader:
    """Builds elements and gives those named in `wanted` to `take` as soon as they end.

    `take` gets the names from the root down to the parent, and the element; what it took is not kept in its parent.
    """

    wanted: frozenset[str] = frozenset()

    def __init__(self, encoding: str | None = None) -> None:
        self.parser = expat.ParserCreate(encoding, namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = _refuse_doctype
        self.parser.EntityDeclHandler = _refuse_doctype
        self.parser.ExternalEntityRefHandler = _refuse_doctype
        self._open: list[Node] = []
        self._kept = 0
        self._names: dict[str, str] = {}
        self._quiet = 0

    def opened(self, name: str) -> None:
        """Look at the name of an element right below the root, to refuse another document early."""

    def take(self, path: list[Node], node: Node) -> None:
        """Take an element that has ended."""

    def feed(self, chunks: Iterable[bytes]) -> Iterator[None]:
        """Read the chunks; yield after each, so that what was taken can be handed on. Raises Refused."""
        try:
            for chunk in chunks:
                self._quiet += len(chunk)
                self.parser.Parse(chunk, False)
                if self._quiet > max(MAX_QUIET, 2 * len(chunk)):
                    raise Refused(_("The XML is nested or filled in a way that no such file is."))
                yield
            self.parser.Parse(b"", True)
        except (expat.ExpatError, ValueError, LookupError) as error:  # the last two: an encoding that is none
            code, line = getattr(error, "code", 0), getattr(error, "lineno", 0)
            sentence = _("The XML is damaged or cut off, at line %d. Make or download the file again.") % line
            raise NotWellFormed(sentence, code) from None
        yield

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._quiet = 0
        local = self._names.get(name)
        if local is None:
            local = self._names[name] = name.rpartition(" ")[2]
        self._open.append(Node(local, attributes, self._kept))
        self._kept += 1
        if len(self._open) > MAX_DEPTH or self._kept > MAX_NODES or len(self._names) > MAX_NODES:
            raise Refused(_("The XML is nested or filled in a way that no such file is."))
        if len(self._open) == 2:
            self.opened(local)

    def _text(self, text: str) -> None:
        if self._open:
            node = self._open[-1]
            node.text = node.text + text if node.text else text
            if len(node.text) > MAX_TEXT:
                if node.text.isspace():
                    node.text = ""
                    return
                raise Refused(_("The XML is nested or filled in a way that no such file is."))

    def _end(self, _name: str) -> None:
        self._quiet = 0
        node = self._open.pop()
        if node.name in self.wanted:
            self.take(self._open, node)
            self._kept = node.before
        elif self._open:
            self._open[-1].children.append(node)


@cache
def _names(path: str) -> tuple[str, ...]:
    return tuple(path.split("/"))


def _refuse_doctype(*_told: object) -> int:
    raise Refused(_("The XML has a document type, which no such file has. It was not read."))
