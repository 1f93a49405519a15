"""A new picture from the pixels of an untrusted one: the right way up, in plain colours, without metadata."""

import io
from collections.abc import Callable
from importlib import import_module

from PIL import Image, ImageFile

from guests.files.sanitizer import BROKEN_FILE, Unacceptable, metadata

FORMATS = {
    "jpeg": "JPEG",
    "png": "PNG",
    "webp": "WEBP",
    "heic": "HEIF",
    "avif": "AVIF",
    "tiff": "TIFF",
    "gif": "GIF",
    "bmp": "BMP",
}
AS_PNG = ("PNG", "GIF")  # drawn, with few colours: letters stay sharp
MAX_SIDE = 3500  # pixels: an A4 sheet at 300 dpi, more than anybody needs to read it
MAX_PIXELS = {"JPEG": 220_000_000}  # it can be read smaller than it is; the others can't
MAX_READ_PIXELS = 50_000_000  # 48 megapixels is the largest photo of a phone; an A4 sheet at 600 dpi has 35
JPEG_QUALITY = 88
MOST_MISSING = 0.1  # of a picture that was cut off: every viewer shows the rest
_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_CUT_OFF = ("JPEG", "PNG")  # every viewer shows what there is of these
_FILLED_WITH = (127, 128)  # in each band, where a JPEG ends too early
Image.MAX_IMAGE_PIXELS = None  # our own limit is checked before anything is unpacked


def rewrite_for(kind: str) -> Callable[[bytes], bytes]:
    """Return the function that makes a new picture of one of `FORMATS`, importing what it needs for that.

    Once isolated, the process can open no file any more, and Pillow imports modules when a picture needs them.
    """
    name = FORMATS[kind]
    Image.preinit()
    import_module("PIL.TiffImagePlugin")  # it reads the EXIF data of all kinds
    if name == "HEIF":
        heif = import_module("pillow_heif")
        heif.options.DECODE_THREADS = 0  # the tiles one after the other; the decoder below still needs one thread
        heif.register_heif_opener(thumbnails=False)
    elif name == "AVIF":
        vars(import_module("PIL.AvifImagePlugin"))["DEFAULT_MAX_THREADS"] = 1
    else:
        _try_out(name)
    return lambda content: rewrite(content, name)


def _try_out(name: str) -> None:
    """Rewrite a picture of our own, so that all that Pillow needs for this kind is there."""
    if name == "WEBP":
        import_module("PIL.WebPImagePlugin")
    one, two = Image.new("L", (2, 2)), Image.new("L", (2, 2))
    made = io.BytesIO()
    if name == "TIFF":
        one.save(made, name, save_all=True, append_images=[two])
    else:
        one.save(made, name)
    rewrite(made.getvalue(), name)


def rewrite(content: bytes, name: str) -> bytes:
    """Return a new picture: PNG of what was drawn, JPEG of a photo, PDF of a TIFF with many pages.

    Raises Unacceptable: damaged, incomplete, too_complex, too_long.
    """
    try:
        content, orientation = _pixels_of(content, name)
        try:
            return _new_from(content, name, orientation)
        except OSError:
            if name not in _CUT_OFF:
                raise
        if name == "PNG" and metadata.missing_of_png(content) > MOST_MISSING:
            raise Unacceptable("incomplete")
        ImageFile.LOAD_TRUNCATED_IMAGES = True
        try:
            return _new_from(content, name, orientation, cut_off=True)
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = False
    except RecursionError:
        raise Unacceptable("too_complex") from None
    except BROKEN_FILE:
        raise Unacceptable("damaged") from None  # the library's own message adds nothing


def _new_from(content: bytes, name: str, orientation: int, *, cut_off: bool = False) -> bytes:
    with Image.open(io.BytesIO(content), formats=[name]) as source:
        if name == "TIFF" and getattr(source, "n_frames", 1) > 1:
            return _pages(source)
        return _written(_picture(source, name, orientation, cut_off=cut_off), name)


def _pixels_of(content: bytes, name: str) -> tuple[bytes, int]:
    """Return the file without what is no picture, and how it has to be turned."""
    exif = b""
    if name in ("JPEG", "PNG"):
        content, exif = (metadata.of_jpeg if name == "JPEG" else metadata.of_png)(content)

    def told() -> Image.Exif:
        known = Image.Exif()
        known.load(exif)
        return known

    return content, _orientation_of(told)


def _pages(source: Image.Image) -> bytes:
    """Return the pages of a scan as PDF."""
    from guests.files.sanitizer import pdf  # imported before the isolation

    count: int = getattr(source, "n_frames", 1)
    if count > pdf.MAX_PAGES:
        raise Unacceptable("too_long")
    pages = []
    for number in range(count):
        source.seek(number)
        pages.append(_written(_picture(source, "TIFF", 1), "TIFF"))
    return pdf.of_pictures(pages)


def _picture(source: Image.Image, name: str, orientation: int, *, cut_off: bool = False) -> Image.Image:
    """Return one picture of a file, small enough and upright."""
    if source.width * source.height == 0:
        raise Unacceptable("damaged")
    if source.width * source.height > MAX_PIXELS.get(name, MAX_READ_PIXELS):
        raise Unacceptable("too_complex")
    longest = max(source.size)
    source.draft("RGB", (source.width * MAX_SIDE // longest, source.height * MAX_SIDE // longest))
    if source.width * source.height > MAX_READ_PIXELS:
        raise Unacceptable("too_complex")
    source.load()
    if cut_off and name == "JPEG" and _lacks_much(source):
        raise Unacceptable("incomplete")
    if name in ("WEBP", "AVIF", "TIFF"):  # some are upright once they are read
        orientation = _orientation_of(source.getexif)
    picture = _full_colours(source)
    picture.thumbnail((MAX_SIDE, MAX_SIDE))
    picture = _on_white(picture)
    return picture.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else picture


def _orientation_of(exif: Callable[[], Image.Exif]) -> int:
    """Return how a picture has to be turned; what is broken in that data is no reason to refuse the picture."""
    try:
        return int(exif().get(_ORIENTATION, 1))
    except BROKEN_FILE:
        return 1


def _lacks_much(source: Image.Image) -> bool:
    """Tell whether the lowest part of a JPEG is what a reader fills in, in grey, in colours and in those of print."""
    rows = max(int(source.height * MOST_MISSING), 1)
    below = source.crop((0, source.height - rows, source.width, source.height))
    filled = (below.getchannel(band).point(lambda value: value in _FILLED_WITH and 1) for band in below.getbands())
    return all(band.getcolors(1) == [(source.width * rows, 1)] for band in filled)


def _full_colours(source: Image.Image) -> Image.Image:
    """Return the picture in a mode in which it can be made smaller: grey, RGB or RGBA."""
    if source.mode.startswith("I"):
        return source.point(lambda v: v / 256).convert("L")
    if source.mode in ("1", "F"):
        return source.convert("L")
    if source.mode in ("LA", "PA", "La", "RGBa") or "transparency" in source.info:
        return source.convert("RGBA")
    return source if source.mode in ("L", "RGB", "RGBA") else source.convert("RGB")


def _on_white(picture: Image.Image) -> Image.Image:
    """Return the picture with a white background where it is transparent."""
    if picture.mode != "RGBA":
        return picture
    background = Image.new("RGB", picture.size, "white")
    background.paste(picture, mask=picture.getchannel("A"))
    return background


def _written(picture: Image.Image, name: str) -> bytes:
    new = Image.frombytes(picture.mode, picture.size, picture.tobytes())  # the pixels alone, without metadata
    out = io.BytesIO()
    if name in AS_PNG:
        new.save(out, "PNG")
    else:
        new.save(out, "JPEG", quality=JPEG_QUALITY)
    return out.getvalue()
