"""Make a new PDF from a picture of every page of an untrusted one: what a viewer shows of it, and nothing else.

No object, font, packed picture, form, annotation, script or metadata of the original gets into the new file. pdfium is
chosen because it is what Chrome shows the original with, in a build without JavaScript and XFA, and because it both
draws the pages and writes the new file.
"""

import io
import math
import re
from collections.abc import Iterable

from PIL import Image
from pypdfium2 import PdfDocument, PdfImage, PdfiumError, PdfMatrix, PdfPage, raw

from guests.files.sanitizer import BROKEN_FILE, Unacceptable, faithful

MAX_PAGES = 100
DPI = 200  # of the page on paper: 6 point letters are sharp on a screen
MAX_SIDE = 3500  # pixels: a photo is often a "page" of more than a metre
MAX_PIXELS = 100_000_000  # of all pages together; 25 sheets of A4 at full sharpness, 100 at 100 dpi
MAX_PICTURE_PIXELS = 52_000_000  # of all pictures on a page; without memory pdfium silently draws black
JPEG_QUALITY = 80
_POINTS_PER_INCH = 72
_CATALOGUE = re.compile(rb"\b(\d{1,9}) (\d{1,5}) obj\b[^/]{0,9}<<[^>]{0,500}?/Type\s{0,3}/Catalog\b")
_TABLE = re.compile(rb"endobj\s{1,9}xref\b")
_A4_HEIGHT = 842  # points
Image.preinit()  # Pillow imports its modules when needed; once isolated, the process can open no file any more


def rewrite(content: bytes) -> bytes:
    """Return a PDF with a picture of each page.

    Raises Unacceptable: damaged, password, too_complex, too_long, not_drawn, bundle.
    """
    try:
        with _opened(content) as source:
            return _new_from(source)
    except PdfiumError as error:
        is_locked = getattr(error, "err_code", None) in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY)
        raise Unacceptable("password" if is_locked else "damaged") from None
    except BROKEN_FILE:
        raise Unacceptable("damaged") from None  # the library's own message adds nothing


def _opened(content: bytes) -> PdfDocument:
    """Open the file, also one that lost its end: what pdfium looks for there is written anew behind it.

    Only where all objects are whole, so that no page is missing without a word.
    """
    try:
        return PdfDocument(content)
    except PdfiumError as error:
        catalogues = list(_CATALOGUE.finditer(content))
        lost_its_end = catalogues and _TABLE.match(content, content.rfind(b"endobj"))
        if getattr(error, "err_code", None) != raw.FPDF_ERR_FORMAT or not lost_its_end:
            raise
    number, generation = catalogues[-1].groups()
    # The first marks end what may have been cut off: a string, a list, an object.
    return PdfDocument(content + b"\n>]>>\nendobj\ntrailer\n<</Root %s %s R>>\n%%%%EOF" % (number, generation))


def _new_from(source: PdfDocument) -> bytes:
    if len(source) > MAX_PAGES:
        raise Unacceptable("too_long")
    if len(source) < 1:
        raise Unacceptable("damaged")
    faithful.check_document(source)
    source.init_forms()  # else what was filled in on a form is not drawn
    scale = _scale([source.get_page_size(number) for number in range(len(source))])
    out = io.BytesIO()
    with PdfDocument.new() as new:
        for page in source:
            if _picture_pixels(page) > MAX_PICTURE_PIXELS:
                raise Unacceptable("too_complex")
            faithful.check_page(source, page)
            _add(new, page.get_size(), _picture(page, scale))
            page.close()
        new.save(out)
    return out.getvalue()


def _scale(sizes: list[tuple[float, float]]) -> float:
    """Return how many pixels a point gets, so that all pages together stay within MAX_PIXELS."""
    area = sum(width * height for width, height in sizes)
    return min(DPI / _POINTS_PER_INCH, math.sqrt(MAX_PIXELS / area))


def _picture_pixels(page: PdfPage) -> int:
    """Return how many pixels the pictures on the page say they have; none of them is unpacked for that."""
    return sum(math.prod(picture.get_px_size()) for picture in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE]))


def _picture(page: PdfPage, scale: float) -> io.BytesIO:
    """Return the page as JPEG, as a screen shows it: turned, cropped, with its annotations and filled-in fields."""
    bitmap = page.render(scale=min(scale, MAX_SIDE / max(page.get_size())), rev_byteorder=True, prefer_bgrx=True)
    picture = io.BytesIO()
    bitmap.to_pil().convert("RGB").save(picture, "JPEG", quality=JPEG_QUALITY)
    bitmap.close()
    picture.seek(0)
    return picture


def _add(new: PdfDocument, size: tuple[float, float], picture: io.BytesIO) -> None:
    """Add a page of this size to the new file, filled by the picture."""
    image = PdfImage.new(new)
    image.load_jpeg(picture, inline=True)
    image.set_matrix(PdfMatrix().scale(*size))
    page = new.new_page(*size)
    page.insert_obj(image)
    page.gen_content()
    page.close()


def of_pictures(pictures: Iterable[bytes]) -> bytes:
    """Return a PDF with a page for each JPEG, as long as a sheet of A4."""
    out = io.BytesIO()
    with PdfDocument.new() as new:
        for picture in pictures:
            with Image.open(io.BytesIO(picture)) as opened:
                width, height = opened.size
            scale = _A4_HEIGHT / max(width, height)
            _add(new, (width * scale, height * scale), io.BytesIO(picture))
        new.save(out)
    return out.getvalue()
