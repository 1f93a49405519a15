"""A new picture from the pixels of an untrusted one: the right way up, in plain colours, without metadata."""

import io
from collections.abc import Callable

from PIL import Image, ImageOps, MpoImagePlugin, TiffImagePlugin

from coulance.files.sanitizer import BROKEN_FILE, Unacceptable

MAX_SIDE = 3500  # pixels: an A4 sheet at 300 dpi, more than anybody needs to read it
MAX_PIXELS = {"JPEG": 220_000_000, "PNG": 25_000_000}  # a JPEG can be read smaller than it is, a PNG can't
JPEG_QUALITY = 88
# Pillow imports these modules when a picture needs them; once isolated, the process can open no file any more.
Image.preinit()
_IMPORTED_BEFORE_ISOLATION = (MpoImagePlugin, TiffImagePlugin)


def rewrite_for(kind: str) -> Callable[[bytes], bytes]:
    """Return the function that makes a new picture of `kind` (jpeg or png)."""
    name = {"jpeg": "JPEG", "png": "PNG"}[kind]
    return lambda content: rewrite(content, name)


def rewrite(content: bytes, name: str) -> bytes:
    """Return a new picture in the same format. Raises Unacceptable: damaged, too_complex."""
    Image.MAX_IMAGE_PIXELS = None  # our own limit is checked before anything is unpacked
    try:
        with Image.open(io.BytesIO(content), formats=[name]) as source:
            if source.width * source.height == 0:
                raise Unacceptable("damaged")
            if source.width * source.height > MAX_PIXELS[name]:
                raise Unacceptable("too_complex")
            longest = max(source.size)
            source.draft("RGB", (source.width * MAX_SIDE // longest, source.height * MAX_SIDE // longest))
            if source.width * source.height > MAX_PIXELS["PNG"]:
                raise Unacceptable("too_complex")
            source.load()
            return _redrawn(source, name)
    except RecursionError:
        raise Unacceptable("too_complex") from None
    except BROKEN_FILE:
        raise Unacceptable("damaged") from None  # the library's own message adds nothing


def _redrawn(source: Image.Image, name: str) -> bytes:
    orientation = source.getexif().get(0x0112, 1)
    picture = _plain_colours(source)
    picture.thumbnail((MAX_SIDE, MAX_SIDE))
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture.info = {"exif": exif.tobytes()}
    picture = ImageOps.exif_transpose(picture)
    new = Image.frombytes(picture.mode, picture.size, picture.tobytes())  # the pixels alone, without metadata
    out = io.BytesIO()
    if name == "JPEG":
        new.save(out, "JPEG", quality=JPEG_QUALITY)
    else:
        new.save(out, "PNG")
    return out.getvalue()


def _plain_colours(source: Image.Image) -> Image.Image:
    """Return the picture in grey or RGB, with a white background where it is transparent."""
    if source.mode in ("L", "1", "I", "F", "I;16", "I;16B"):
        return source.convert("L") if not source.mode.startswith("I") else source.point(lambda v: v / 256).convert("L")
    if source.mode in ("RGBA", "LA", "PA") or "transparency" in source.info:
        transparent = source.convert("RGBA")
        background = Image.new("RGB", source.size, "white")
        background.paste(transparent, mask=transparent.getchannel("A"))
        return background
    return source.convert("RGB")
