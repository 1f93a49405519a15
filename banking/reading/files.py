"""Opens a file of the bank, whatever it is: XML, MT940, or a zip of those; with limits against files made to hurt."""

import codecs
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from django.utils.translation import gettext as _

from banking.reading import camt, mt940
from banking.reading.facts import Entry, Sheet
from billing.errors import Refused

CHUNK = 1 << 16
MAX_BYTES = 1 << 30  # of all that is read of one file: some 700,000 movements
KEPT = 5_000  # movements, their parts and sheets that are kept once they were read
MAX_MEMBERS = 1_000  # files in a zip
_LIST_BYTES = 1 << 20  # of the list of the files in a zip: zipfile reads it whole
MAX_RATIO = 200  # unpacked against packed; XML of banks packs to a tenth or a fortieth
_BEGIN = 4096
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_CODES = ("utf-8-sig", "cp1252", "latin-1")  # of MT940, the first that fits; never cp852, which fits everything


@dataclass(slots=True)
class Document:
    """One document of the bank: a file, or a file in a zip. It can be read again and again."""

    path: Path
    member: str = ""  # its name in the zip
    encoding: str | None = None  # once `find_out` has found out
    is_xml: bool = False
    is_alone: bool = False  # in its file
    _kept: list[Entry | Sheet] = field(default_factory=list, repr=False)

    def read(self) -> Iterator[Entry | Sheet]:
        """Yield the movements and sheets; of a short file that was read before, what was found. Raises Refused."""
        if self._kept:
            yield from self._kept
            return
        kept: list[Entry | Sheet] = []
        room = KEPT if self.is_alone else 0
        for fact in self._facts():
            room -= 1 + len(fact.parts) if isinstance(fact, Entry) else 1
            if room >= 0:
                kept.append(fact)
            elif kept:
                kept = []  # it is long, and is read again
            yield fact
        self._kept = kept

    def _facts(self) -> Iterator[Entry | Sheet]:
        with self._opened() as stream:
            if self.is_xml:
                yield from camt.read(_chunks(stream), encoding=self.encoding)
            else:
                yield from mt940.read(_lines(stream, self.encoding or "latin-1"))

    def find_out(self) -> None:
        """Find out what it is and how its letters are encoded. Raises Refused when it is neither XML nor MT940."""
        with self._opened() as stream:
            begin = next(_chunks(stream), b"")
            plain = begin.removeprefix(codecs.BOM_UTF8).lstrip()
            self.is_xml = plain.startswith(b"<") or begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
            if self.is_xml:
                return
            if not mt940.looks_like(plain[:_BEGIN].decode("latin-1")):
                raise Refused(_("This is no bank statement: we read CAMT.053 and MT940."))
        self.encoding = next(code for code in _CODES if self._fits(code))

    def read_as_cp1252(self) -> bool:
        """Read on as cp1252 when the bytes are not of the encoding that the XML declares; tell whether that is new."""
        is_new = self.is_xml and self.encoding is None
        self.encoding = "cp1252"
        return is_new

    def _fits(self, code: str) -> bool:
        decoder = codecs.getincrementaldecoder(code)()
        with self._opened() as stream:
            try:
                for chunk in _chunks(stream):
                    decoder.decode(chunk)
                decoder.decode(b"", True)
            except UnicodeDecodeError:
                return False
        return True

    @contextmanager
    def _opened(self) -> Iterator[IO[bytes]]:
        if not self.member:
            with self.path.open("rb") as plain:
                yield plain
            return
        with zipfile.ZipFile(self.path) as packed:
            try:
                stream = packed.open(self.member)
            except _BROKEN:  # its head is not what the list of the zip says
                raise Refused(_("The zip file is damaged, or it has a password.")) from None
            with stream:
                yield stream


# What zipfile raises for damaged files; the last three for places, methods and passwords that it can't follow.
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, struct.error, OSError, ValueError, RuntimeError)


def documents(path: Path) -> list[Document]:
    """Return the documents in a file. Raises Refused for an empty file, or a zip made to hurt."""
    if path.stat().st_size > MAX_BYTES:
        raise Refused(_("The file is too large. Download fewer days at a time."))
    with path.open("rb") as stream:
        begin = stream.read(4)
    if not begin:
        raise Refused(_("The file is empty."))
    found = _members(path) if begin.startswith(b"PK") else [Document(path)]
    for document in found:
        document.is_alone = len(found) == 1
        document.find_out()
    return found


def unpacked_bytes(path: Path) -> int:
    """Return how much a file holds once it is unpacked, as its zip announces. Raises Refused as `documents` does."""
    members = [document.member for document in documents(path) if document.member]
    if not members:
        return path.stat().st_size
    with zipfile.ZipFile(path) as packed:
        return sum(packed.getinfo(member).file_size for member in members)


def _list_bytes(path: Path) -> int:
    """Return how long the list of the files in a zip is, as the end of the zip says; 0 where it has no end."""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - (1 << 16) - 22))
        _before, mark, end = stream.read().rpartition(b"PK\x05\x06")
    return int.from_bytes(end[8:12], "little") if mark and len(end) >= 18 else 0


def _members(path: Path) -> list[Document]:
    if _list_bytes(path) > _LIST_BYTES:
        raise Refused(_("The zip file holds too many files."))
    try:
        with zipfile.ZipFile(path) as packed:
            entries = [entry for entry in packed.infolist() if not entry.is_dir() and not _is_litter(entry.filename)]
    except _BROKEN:
        raise Refused(_("The zip file is damaged, or it has a password.")) from None
    if any(
        entry.flag_bits & 0x61 or entry.compress_type not in _PACKED for entry in entries
    ):  # bits: a password, a patch
        raise Refused(_("The zip file is damaged, or it has a password."))
    names = [entry.filename for entry in entries]
    if not entries:
        raise Refused(_("The zip file is empty."))
    if len(entries) > MAX_MEMBERS or len(set(names)) < len(names):
        raise Refused(_("The zip file holds too many files."))
    for entry in entries:
        if entry.filename.lower().endswith(".zip"):
            raise Refused(_("There is a zip file in the zip file. Unpack it first."))
        if entry.file_size > MAX_RATIO * max(entry.compress_size, 1) and entry.file_size > CHUNK:
            raise Refused(_("The zip file unpacks to far more than a bank packs."))
    if sum(entry.file_size for entry in entries) > MAX_BYTES:
        raise Refused(_("The file is too large. Download fewer days at a time."))
    return [Document(path, name) for name in sorted(names)]


def _is_litter(name: str) -> bool:
    """Tell whether it is what a Mac adds to a zip."""
    return name.startswith("__MACOSX/") or name.rpartition("/")[2].startswith(".")


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield the bytes; zipfile itself stops at the size that the zip announces, which was looked at before."""
    while True:
        try:
            chunk = stream.read(CHUNK)
        except _BROKEN:
            raise Refused(_("The zip file is damaged, or it has a password.")) from None
        if not chunk:
            return
        yield chunk


def _lines(stream: IO[bytes], code: str) -> Iterator[str]:
    """Yield the lines, with no more than a chunk in memory, also of a file without line ends."""
    decoder, rest = codecs.getincrementaldecoder(code)(errors="replace"), ""
    for chunk in _chunks(stream):
        *lines, rest = (rest + decoder.decode(chunk)).replace("\r\n", "\n").replace("\r", "\n").split("\n")
        yield from lines
        if len(rest) > CHUNK:
            raise Refused(_("This is no bank statement: we read CAMT.053 and MT940."))
    yield rest
