"""What a viewer shows of a PDF and pdfium would not draw, so that nothing gets lost without a word.

pdfium draws pages, filled-in fields and most annotations. It does not draw what only a program of Adobe draws, files in
the file, a few annotations without a drawing of their own, and letters that neither the file nor pdfium brings: once
isolated the process can read no font of the machine, and its result must not depend on which ones there are.
"""

import ctypes
import unicodedata
from collections.abc import Iterator

from pypdfium2 import PdfDocument, PdfPage, PdfTextPage, raw

from guests.files.sanitizer import Unacceptable
from guests.files.sanitizer.kinds import kind_of

_ENCODING = "utf-16-le"
"".encode(_ENCODING)  # Python imports a codec when needed; once isolated, the process can open no file any more
# What the fonts in pdfium hold, tried letter by letter: Windows-1252 and a few more.
_DRAWN = frozenset(bytes(range(0x21, 0x100)).decode("cp1252", "ignore")) | frozenset("ıŁł−ﬁﬂμ")
_HOLD_THEIR_OWN = ("Symbol", "ZapfDingbats")  # pdfium has these two whole
_NOT_SEEN = raw.FPDF_ANNOT_FLAG_HIDDEN | raw.FPDF_ANNOT_FLAG_NOVIEW
# A viewer draws these without a drawing in the file; pdfium does not.
_UNDRAWN = (raw.FPDF_ANNOT_LINE, raw.FPDF_ANNOT_POLYGON, raw.FPDF_ANNOT_POLYLINE, raw.FPDF_ANNOT_STAMP)
# A mark on the page, with words that a viewer shows beside it.
_NOTES = (
    raw.FPDF_ANNOT_TEXT,
    raw.FPDF_ANNOT_CARET,
    raw.FPDF_ANNOT_POPUP,
    raw.FPDF_ANNOT_HIGHLIGHT,
    raw.FPDF_ANNOT_UNDERLINE,
    raw.FPDF_ANNOT_SQUIGGLY,
    raw.FPDF_ANNOT_STRIKEOUT,
    raw.FPDF_ANNOT_SQUARE,
    raw.FPDF_ANNOT_CIRCLE,
    raw.FPDF_ANNOT_LINE,
    raw.FPDF_ANNOT_POLYGON,
    raw.FPDF_ANNOT_POLYLINE,
    raw.FPDF_ANNOT_INK,
)
_OFFICE = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"{\\rtf")  # documents of a word processor, and archives
_MOST_ATTACHMENTS = 50


def check_document(source: PdfDocument) -> None:
    """Raise Unacceptable where the pages are not all of it: not_drawn (a form of Adobe's own), bundle (files in it).

    Call it before `init_forms`, after which every field has a drawing.
    """
    form = source.get_formtype()
    if form == raw.FORMTYPE_XFA_FULL:
        raise Unacceptable("not_drawn")
    count = source.count_attachments()
    if count > _MOST_ATTACHMENTS or any(_is_document(_content(source, number)) for number in range(count)):
        raise Unacceptable("bundle")
    if form != raw.FORMTYPE_NONE:
        for page in source:
            _check_annotations(page, has_form=True)
            page.close()


def _content(source: PdfDocument, number: int) -> bytes:
    try:
        return bytes(source.get_attachment(number).get_data())
    except (RuntimeError, ValueError):  # a name without a file
        return b""


def _is_document(content: bytes) -> bool:
    """Tell whether an attached file is one that somebody would read, unlike the XML inside an electronic invoice."""
    return kind_of(content) is not None or content.startswith(_OFFICE)


def check_page(source: PdfDocument, page: PdfPage) -> None:
    """Raise Unacceptable when a viewer shows something on the page that would not be drawn: not_drawn, bundle."""
    if source.formenv is None:
        _check_annotations(page, has_form=False)
    text_page = page.get_textpage()
    try:
        if any(_lacks_letters(found, text_page) for found in _texts(page)):
            raise Unacceptable("not_drawn")
    finally:
        text_page.close()


def _check_annotations(page: PdfPage, *, has_form: bool) -> None:
    for number in range(raw.FPDFPage_GetAnnotCount(page)):
        annotation = raw.FPDFPage_GetAnnot(page, number)
        if annotation:
            try:
                _check_annotation(annotation, page, has_form=has_form)
            finally:
                raw.FPDFPage_CloseAnnot(annotation)


def _check_annotation(annotation: raw.FPDF_ANNOTATION, page: PdfPage, *, has_form: bool) -> None:
    if raw.FPDFAnnot_GetFlags(annotation) & _NOT_SEEN:
        return
    kind = raw.FPDFAnnot_GetSubtype(annotation)
    words = _string(annotation, b"V" if kind == raw.FPDF_ANNOT_WIDGET else b"Contents")
    if kind == raw.FPDF_ANNOT_FILEATTACHMENT:
        raise Unacceptable("bundle")
    if kind in _NOTES and words.strip() and not _stand_on(page, words):
        raise Unacceptable("not_drawn")
    if raw.FPDFAnnot_GetAP(annotation, raw.FPDF_ANNOT_APPEARANCEMODE_NORMAL, None, 0) > len("\0".encode(_ENCODING)):
        return
    orphan = kind == raw.FPDF_ANNOT_WIDGET and not has_form and words.strip()
    if kind in _UNDRAWN or orphan or not _can_draw(words):
        raise Unacceptable("not_drawn")


def _stand_on(page: PdfPage, words: str) -> bool:
    """Tell whether the page says the same words: some programs copy what was marked into the note of the mark."""
    text_page = page.get_textpage()
    try:
        return " ".join(words.split()) in " ".join(text_page.get_text_bounded().split())
    finally:
        text_page.close()


def _string(annotation: raw.FPDF_ANNOTATION, key: bytes) -> str:
    size = raw.FPDFAnnot_GetStringValue(annotation, key, None, 0)
    buffer = ctypes.create_string_buffer(max(size, 2))
    raw.FPDFAnnot_GetStringValue(annotation, key, ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR)), size)
    return buffer.raw.decode(_ENCODING, "replace").rstrip("\0")


def _texts(page: PdfPage) -> Iterator[raw.FPDF_PAGEOBJECT]:
    """Yield the texts on the page that are seen: not the layer of a scan that only a search finds."""
    for found in page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT]):
        if raw.FPDFTextObj_GetTextRenderMode(found) != raw.FPDF_TEXTRENDERMODE_INVISIBLE:
            yield found


def _lacks_letters(text: raw.FPDF_PAGEOBJECT, text_page: PdfTextPage) -> bool:
    """Tell whether a text needs letters of a font that the file does not bring."""
    font = raw.FPDFTextObj_GetFont(text)
    if not font or raw.FPDFFont_GetIsEmbedded(font) != 0 or _font_name(font).endswith(_HOLD_THEIR_OWN):
        return False
    size = raw.FPDFTextObj_GetText(text, text_page, None, 0)
    buffer = ctypes.create_string_buffer(max(size, 2))
    raw.FPDFTextObj_GetText(text, text_page, ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR)), size)
    return not _can_draw(buffer.raw.decode(_ENCODING, "replace").rstrip("\0"))


def _font_name(font: raw.FPDF_FONT) -> str:
    buffer = ctypes.create_string_buffer(80)
    raw.FPDFFont_GetBaseFontName(font, buffer, len(buffer))
    return buffer.value.decode("ascii", "replace")


def _can_draw(words: str) -> bool:
    """Tell whether pdfium's own fonts hold every letter of `words`; spaces and marks of direction have none."""
    return all(letter in _DRAWN or unicodedata.category(letter)[0] in "ZC" for letter in set(words))
