"""A new picture from the pixels of a stranger's: the right way up, in plain colours, without a word beside them."""

import io
from collections.abc import Callable

from PIL import Image, ImageOps, MpoImagePlugin, TiffImagePlugin

from coulance.files.sanitizer import BROKEN_FILE, Unacceptable

LONGEST_SIDE = 3500  # pixels: an A4 sheet at 300 dpi, more than anybody needs to read it
MAX_PIXELS = {"JPEG": 220_000_000, "PNG": 25_000_000}  # a JPEG can be read smaller than it is, a PNG can't
JPEG_QUALITY = 88
# Pillow reads these modules when a picture needs them; behind the wall no file can be opened any more.
Image.preinit()
_READ_BEFORE_THE_WALL = (MpoImagePlugin, TiffImagePlugin)


def rewrite_for(kind: str) -> Callable[[bytes], bytes]:
    """The function that makes a new picture of `kind` (jpeg or png)."""
    name = {"jpeg": "JPEG", "png": "PNG"}[kind]
    return lambda content: rewrite(content, name)


def rewrite(content: bytes, name: str) -> bytes:
    """The picture in the same format. Raises Unacceptable: damaged, too_complex."""
    Image.MAX_IMAGE_PIXELS = None  # our own limit comes before anything is unpacked
    try:
        with Image.open(io.BytesIO(content), formats=[name]) as source:
            if source.width * source.height == 0:
                raise Unacceptable("damaged")
            if source.width * source.height > MAX_PIXELS[name]:
                raise Unacceptable("too_complex")
            longest = max(source.size)
            source.draft("RGB", (source.width * LONGEST_SIDE // longest, source.height * LONGEST_SIDE // longest))
            if source.width * source.height > MAX_PIXELS["PNG"]:
                raise Unacceptable("too_complex")
            source.load()
            return _drawn_again(source, name)
    except RecursionError:
        raise Unacceptable("too_complex") from None
    except BROKEN_FILE:
        raise Unacceptable("damaged") from None  # what a library says about a broken file has no more to tell


def _drawn_again(source: Image.Image, name: str) -> bytes:
    orientation = source.getexif().get(0x0112, 1)
    picture = _plain_colours(source)
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture.info = {"exif": exif.tobytes()}
    picture = ImageOps.exif_transpose(picture)
    new = Image.frombytes(picture.mode, picture.size, picture.tobytes())  # pixels, and nothing that hung on them
    out = io.BytesIO()
    if name == "JPEG":
        new.save(out, "JPEG", quality=JPEG_QUALITY)
    else:
        new.save(out, "PNG")
    return out.getvalue()


def _plain_colours(source: Image.Image) -> Image.Image:
    """Grey or RGB; what is transparent becomes white paper."""
    if source.mode in ("L", "1", "I", "F", "I;16", "I;16B"):
        return source.convert("L") if not source.mode.startswith("I") else source.point(lambda v: v / 256).convert("L")
    if source.mode in ("RGBA", "LA", "PA") or "transparency" in source.info:
        see_through = source.convert("RGBA")
        paper = Image.new("RGB", source.size, "white")
        paper.paste(see_through, mask=see_through.getchannel("A"))
        return paper
    return source.convert("RGB")
