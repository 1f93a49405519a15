"""Leaving out what is no picture, before a library reads it: metadata never decides whether a picture is taken."""

import struct
import zlib
from collections.abc import Iterator

_EXIF = b"Exif\0\0"
_START, _SCAN, _END = 0xD8, 0xDA, 0xD9
_WITHOUT_LENGTH = (0x01, *range(0xD0, 0xD8))
_LEFT_OUT = (*range(0xE1, 0xEE), 0xEF, 0xFE)  # all but the two that say how colours are stored: JFIF and Adobe
_CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_PNG_MAGIC = 8
_VALUES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of a pixel, by the kind of colours that a PNG names
_AT_ONCE = 1 << 20


def of_jpeg(content: bytes) -> tuple[bytes, bytes]:
    """Return a JPEG without comments, profiles and second pictures, and its EXIF data; the rest stays as it is."""
    kept, exif, at = [content[:2]], b"", 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker in (_SCAN, _END):
            break
        if marker == 0xFF or marker in _WITHOUT_LENGTH:
            at += 1 if marker == 0xFF else 2
            continue
        segment = content[at : at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")]
        if len(segment) < 4:
            break
        if marker == 0xE1 and segment[4:10] == _EXIF and not exif:
            exif = segment[4:]
        if marker not in _LEFT_OUT:
            kept.append(segment)
        at += len(segment)
    return b"".join([*kept, content[at:]]), exif


def of_png(content: bytes) -> tuple[bytes, bytes]:
    """Return a PNG of nothing but its pixels, and its EXIF data."""
    chunks = list(_chunks(content))
    pixels = [chunk for kind, chunk in chunks if kind in _CHUNKS]
    exif = next((_EXIF + chunk[8:-4] for kind, chunk in chunks if kind == b"eXIf"), b"")
    return b"".join([content[:_PNG_MAGIC], *pixels]), exif


def missing_of_png(content: bytes) -> float:
    """Return which share of the rows of a PNG is not there, from 0 to 1, whatever colour a reader fills in."""
    chunks = list(_chunks(content))
    width, height, depth, colours = struct.unpack_from(">IIBB", chunks[0][1], 8)
    wanted = height * (1 + (width * depth * _VALUES[colours] + 7) // 8)
    unpacker, found = zlib.decompressobj(), 0
    for kind, chunk in chunks:
        packed = chunk[8:-4] if kind == b"IDAT" else b""
        while packed and found < wanted:
            try:
                found += len(unpacker.decompress(packed, _AT_ONCE))
            except zlib.error:
                return 1 - found / wanted
            packed = unpacker.unconsumed_tail
    return max(1 - found / wanted, 0.0)


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = _PNG_MAGIC
    while at + 8 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        yield kind, content[at : at + 12 + size]
        at += 12 + size
