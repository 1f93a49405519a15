"""The pages of a checked PDF as pictures, so that a reader needs no viewer of PDF.

The sanitizer wrote the file: a JPEG for each page, in the order of the pages. Reading them back takes no library that
could fall for a hostile file: it is looking for the marks of a picture, and a copy of the bytes behind them. Whatever
they are, they are served as a picture and run no code.
"""

import re

from guests.files.row import GuestFile

_PICTURE = re.compile(rb"<<[^<>]{0,200}/Filter/DCTDecode[^<>]{0,200}/Length (\d{1,9})[^<>]{0,200}>>stream\r?\n")
_JPEG = b"\xff\xd8\xff"
Kind = GuestFile.Kind


def count(content: bytes, kind: GuestFile.Kind) -> int:
    """Return how many pages a checked file shows as pictures: a photo is one; zero for a PDF that is not of pictures.

    A PDF counts only when it has one picture for each page.
    """
    if kind != Kind.PDF:
        return 1
    pictures = _pictures(content)
    said = re.search(rb"/Count (\d{1,4})\b", content)
    return len(pictures) if said and int(said[1]) == len(pictures) else 0


def picture(content: bytes, kind: GuestFile.Kind, number: int) -> bytes:
    """Return the page `number`, from 1, of a checked file. Raises LookupError when it has no such page."""
    pages = [(0, len(content))] if kind != Kind.PDF else _pictures(content)
    if not 1 <= number <= len(pages):
        raise LookupError(number)
    begin, end = pages[number - 1]
    return content[begin:end]


def content_type(kind: GuestFile.Kind) -> str:
    """Return the content type of the pictures of a file of this kind."""
    return GuestFile.CONTENT_TYPES[Kind.JPEG if kind == Kind.PDF else kind]


def _pictures(content: bytes) -> list[tuple[int, int]]:
    """Return where the JPEGs of a PDF begin and end."""
    found, position = [], 0
    while mark := _PICTURE.search(content, position):
        begin, position = mark.end(), mark.end() + int(mark[1])
        if content.startswith(_JPEG, begin) and position <= len(content):
            found.append((begin, position))
    return found
