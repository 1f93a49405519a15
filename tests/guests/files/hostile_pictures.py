"""Pictures of the newer kinds that somebody with bad intentions could send. Every one is made here; none is kept."""

import struct
from collections.abc import Callable

from tests.guests.files import hostile
from tests.guests.files.odd_pictures import after_the_start, before_the_pixels, saved, segment, sheet, standing


def with_size(content: bytes, place: int, form: str, width: int, height: int) -> bytes:
    """The picture with another size written in its head."""
    size = struct.calcsize(form)
    return content[:place] + struct.pack(form, width, height) + content[place + size :]


def heic_of_size(width: int, height: int) -> bytes:
    whole = saved("HEIF")
    return with_size(whole, whole.index(b"ispe") + 8, ">II", width, height)


def avif_of_size(width: int, height: int) -> bytes:
    whole = saved("AVIF", speed=10)
    return with_size(whole, whole.index(b"ispe") + 8, ">II", width, height)


def tiff_that_points_to_itself() -> bytes:
    whole = bytearray(saved("TIFF"))
    start = struct.unpack_from("<I", whole, 4)[0]
    entries = struct.unpack_from("<H", whole, start)[0]
    struct.pack_into("<I", whole, start + 2 + 12 * entries, start)
    return bytes(whole)


def tiff_of_size(width: int, height: int) -> bytes:
    """A TIFF whose first two entries, width and height, say that it is huge."""
    whole = bytearray(saved("TIFF", compression="tiff_lzw"))
    start = struct.unpack_from("<I", whole, 4)[0]
    for number, value in ((0, width), (1, height)):
        struct.pack_into("<HII", whole, start + 2 + 12 * number + 2, 4, 1, value)
    return bytes(whole)


def gif_of_many(frames: int) -> bytes:
    return saved("GIF", sheet((4, 4)), save_all=True, append_images=[sheet((4, 4 + n % 2)) for n in range(frames)])


def nested_boxes(depth: int) -> bytes:
    inner = b""
    for _level in range(depth):
        inner = struct.pack(">I4s", len(inner) + 12, b"meta") + b"\0\0\0\0" + inner
    return b"\0\0\0\x18ftypheic\0\0\0\0heicmif1" + inner


def changed_everywhere(content: bytes, step: int) -> bytes:
    """The picture with every so manieth byte after its head turned over."""
    whole = bytearray(content)
    for place in range(40, len(whole), step):
        whole[place] ^= 0xFF
    return bytes(whole)


SCRIPT = hostile.SCRIPT
CORPUS: dict[str, Callable[[], bytes]] = {
    "heic of nothing": lambda: b"\0\0\0\x18ftypheic\0\0\0\0heicmif1",
    "heic flood": lambda: heic_of_size(60_000, 60_000),
    "heic without size": lambda: heic_of_size(0, 0),
    "heic larger than it is": lambda: heic_of_size(4000, 4000),
    "heic of boxes in boxes": lambda: nested_boxes(5_000),
    "heic with script in its exif": lambda: saved("HEIF", exif=b"Exif\0\0II*\0" + SCRIPT * 20),
    "heic with script in its xmp": lambda: saved("HEIF", xmp=SCRIPT * 1000),
    "heic and html": lambda: saved("HEIF") + SCRIPT,
    "heic with damage everywhere": lambda: changed_everywhere(saved("HEIF"), 23),
    "avif flood": lambda: avif_of_size(60_000, 60_000),
    "avif with damage everywhere": lambda: changed_everywhere(saved("AVIF", speed=10), 17),
    "avif with script in its xmp": lambda: saved("AVIF", speed=10, xmp=SCRIPT * 100),
    "webp of nothing": lambda: b"RIFF\x00\x00\x00\x00WEBPVP8 ",
    "webp with script in its xmp": lambda: saved("WEBP", xmp=SCRIPT),
    "webp with damage everywhere": lambda: changed_everywhere(saved("WEBP"), 11),
    "webp and zip": lambda: saved("WEBP") + hostile.zipped(),
    "tiff that points to itself": tiff_that_points_to_itself,
    "tiff flood": lambda: tiff_of_size(60_000, 60_000),
    "tiff of nothing": lambda: b"II*\0\x08\0\0\0",
    "tiff with script in its description": lambda: saved("TIFF", description=SCRIPT.decode()),
    "tiff with damage everywhere": lambda: changed_everywhere(saved("TIFF", compression="tiff_lzw"), 19),
    "gif of nothing": lambda: b"GIF89a\x01\x00\x01\x00",
    "gif flood": lambda: with_size(saved("GIF"), 6, "<HH", 65_000, 65_000),
    "gif of three thousand pictures": lambda: gif_of_many(3_000),
    "gif and script": lambda: saved("GIF") + b"/*" + SCRIPT,
    "bmp flood": lambda: with_size(saved("BMP"), 18, "<ii", 60_000, 60_000),
    "bmp and html": lambda: saved("BMP") + SCRIPT,
    "jpeg with script in each of its heads": lambda: after_the_start(
        saved("JPEG"), *(segment(marker, SCRIPT) for marker in (*range(0xE1, 0xEE), 0xEF, 0xFE))
    ),
    "jpeg whose segment never ends": lambda: after_the_start(saved("JPEG"), b"\xff\xe1\xff\xff"),
    "jpeg of a million fill bytes": lambda: after_the_start(saved("JPEG"), b"\xff" * 1_000_000),
    "jpeg that is turned nine times": lambda: standing(6).replace(b"\x12\x01", b"\x12\x09", 1),
    "png with a chunk larger than itself": lambda: before_the_pixels(saved("PNG"), b"\x7f\xff\xff\xfftEXt"),
    "png of a hundred thousand chunks": lambda: before_the_pixels(saved("PNG"), hostile.chunk(b"tEXt", b"") * 100_000),
    "pdf after 900 bytes of html": lambda: SCRIPT.ljust(900) + hostile.put("root", "OpenAction", hostile.JS),
    "pdf and jpeg at once": lambda: after_the_start(saved("JPEG"), segment(0xFE, hostile.pdf()[:900])),
}
