"""PDFs that honest people send and that are odd in some way. Every one is made here; none is kept.

For each: what makes it, where something must be seen on the first page, and where nothing may be (boxes from the top
left in points).
"""

import codecs
from collections.abc import Callable

import pikepdf
from pikepdf import Array, Dictionary, Encryption, Name, Stream

from tests.guests.files import hostile
from tests.guests.files.hostile import pdf
from tests.guests.files.odd_documents import (
    CORNERS,
    PLACE,
    QUADS,
    WORD,
    Odd,
    annotated,
    checkbox,
    coded,
    drawn,
    electronic_invoice,
    fax,
    field,
    field_below_another,
    fonted,
    in_colour,
    inherited,
    layered,
    letters_drawn_in_the_file,
    locked,
    pictured,
    scanned,
    searchable_scan,
    tagged,
    tint,
    updated,
    with_form_of_adobe_beside,
    words,
)

LAB = Dictionary(WhitePoint=Array([0.95, 1, 1.09]), Range=Array([-100, 100, -100, 100]))
SOFT = Dictionary(Type=Name.ExtGState, ca=0.6, BM=Name.Multiply)
BOTH = (WORD, PLACE)

FORMS: dict[str, Odd] = {
    "a filled-in field with a drawing": Odd(lambda: field(V="63,00", drawn=words(b"63,00")), BOTH),
    "a filled-in field without a drawing": Odd(lambda: field(V="63,00"), BOTH),
    "a filled-in field to be drawn anew": Odd(lambda: field(V="63,00", anew=True), BOTH),
    "a filled-in field whose drawing is empty": Odd(lambda: field(V="63,00", drawn=b"", anew=True), BOTH),
    "a field of several lines": Odd(lambda: field(V="63,00\r12,50", Ff=1 << 12), BOTH),
    "a field of boxes for letters": Odd(lambda: field(V="63", Ff=1 << 24, MaxLen=4), BOTH),
    "a field aligned to the right": Odd(lambda: field(V="63,00", Q=2), (WORD, (200, 222, 300, 262))),
    "a turned field": Odd(lambda: field(V="63", MK=Dictionary(R=90)), BOTH),
    "a field that only the page lists": Odd(lambda: field(V="63,00", listed=False), BOTH),
    "a field whose value is that of its parent": Odd(field_below_another, BOTH),
    "a field that was left empty": Odd(lambda: field(V=""), (WORD,), (PLACE,)),
    "a hidden field": Odd(lambda: field(V="63,00", drawn=words(b"63,00"), F=2), (WORD,), (PLACE,)),
    "a ticked box without a drawing": Odd(lambda: checkbox(drawn=False), BOTH),
    "a ticked box with a drawing": Odd(lambda: checkbox(drawn=True), BOTH),
    "a choice from a list": Odd(lambda: field(FT=Name.Ch, Ff=1 << 17, V="63", Opt=Array(["63", "90"])), BOTH),
    "a form that is there for Adobe too": Odd(with_form_of_adobe_beside, BOTH),
}
NOTES: dict[str, Odd] = {
    "words on the page with a drawing": Odd(lambda: annotated("FreeText", drawn=words(b"63,00"), Contents="63"), BOTH),
    "words on the page without a drawing": Odd(
        lambda: annotated("FreeText", Contents="63,00 euro", DA="/Helv 12 Tf 0 g"), BOTH
    ),
    "a highlight without a drawing": Odd(lambda: annotated("Highlight", QuadPoints=QUADS), BOTH),
    "a highlight that repeats what it marks": Odd(
        lambda: annotated("Highlight", QuadPoints=QUADS, Contents="Specificatie"), BOTH
    ),
    "an underline without a drawing": Odd(lambda: annotated("Underline", QuadPoints=QUADS), (WORD,)),
    "a rectangle without a drawing": Odd(lambda: annotated("Square"), BOTH),
    "a circle without a drawing": Odd(lambda: annotated("Circle"), BOTH),
    "a pen stroke without a drawing": Odd(lambda: annotated("Ink", InkList=Array([CORNERS])), BOTH),
    "a line with a drawing": Odd(lambda: annotated("Line", L=CORNERS, drawn=b"0 0 200 20 re f"), BOTH),
    "a stamp with a drawing": Odd(lambda: annotated("Stamp", drawn=b"0 0 200 20 re f"), BOTH),
    "a hidden remark": Odd(lambda: annotated("FreeText", drawn=words(b"63"), flags=2), (WORD,), (PLACE,)),
    "a link to a website": Odd(lambda: annotated("Link", A=Dictionary(S=Name.URI, URI="https://verzekeraar.example"))),
}
LAYERS: dict[str, Odd] = {
    "a layer that is on": Odd(lambda: layered(off=False), BOTH),
    "a layer that is off": Odd(lambda: layered(off=True), (WORD,), (PLACE,)),
    "a part of the page that is on": Odd(lambda: layered(off=False, how="part"), BOTH),
    "a part of the page that is off": Odd(lambda: layered(off=True, how="part"), (WORD,), (PLACE,)),
    "a layer that is off by membership": Odd(lambda: layered(off=True, how="member"), (WORD,), (PLACE,)),
}
DRAWN: dict[str, Odd] = {
    "something transparent": Odd(lambda: drawn(b"/G0 gs 72 580 228 40 re f", ExtGState=Dictionary(G0=SOFT)), BOTH),
    "an ink of a printer": Odd(
        lambda: in_colour(lambda n: Array([Name.Separation, Name.Zwart, Name.DeviceRGB, tint(n, 1)]), b"1"), BOTH
    ),
    "two inks of a printer": Odd(
        lambda: in_colour(
            lambda n: Array([Name.DeviceN, Array([Name.A, Name.B]), Name.DeviceRGB, tint(n, 2)]), b"1 0.2"
        ),
        BOTH,
    ),
    "colours as the eye sees them": Odd(lambda: in_colour(lambda n: Array([Name.Lab, LAB]), b"10 0 0"), BOTH),
    "colours of a printing press": Odd(lambda: drawn(b"0 0 0 1 k 72 580 228 40 re f"), BOTH),
    "a photo of a printing press": Odd(
        lambda: pictured(
            coded("JPEG", "CMYK"),
            Width=20,
            Height=20,
            ColorSpace=Name.DeviceCMYK,
            Filter=Name.DCTDecode,
            Decode=Array([1, 0] * 4),
        ),
        BOTH,
    ),
    "a picture of JPEG 2000": Odd(
        lambda: pictured(coded("JPEG2000"), Width=20, Height=20, ColorSpace=Name.DeviceRGB, Filter=Name.JPXDecode), BOTH
    ),
    "a picture of a few colours": Odd(
        lambda: pictured(
            b"\x00" * 4, Width=2, Height=2, ColorSpace=Array([Name.Indexed, Name.DeviceRGB, 0, b"\x00\x00\x80"])
        ),
        BOTH,
    ),
    "a fax": Odd(fax, BOTH),
    "a picture in the page itself": Odd(
        lambda: drawn(b"q 228 0 0 40 72 580 cm BI /W 1 /H 1 /BPC 8 /CS /G ID \x00 EI Q"), BOTH
    ),
    "letters drawn in the file": Odd(letters_drawn_in_the_file, BOTH),
    "letters of Windows that are not in the file": Odd(
        lambda: fonted(b"(\x80 63,00 \xe9)", Subtype=Name.TrueType, BaseFont=Name.Arial, Encoding=Name.WinAnsiEncoding),
        BOTH,
    ),
    "signs that are not in the file": Odd(
        lambda: fonted(b"(433)", Subtype=Name.Type1, BaseFont=Name.ZapfDingbats), BOTH
    ),
    "a scan that can be searched": Odd(searchable_scan, (WORD,), (PLACE,)),
    "a scan": Odd(scanned, (WORD,)),
}
PAGES: dict[str, Odd] = {
    "a page on its side": Odd(lambda: hostile.put("page", "Rotate", 90), ((842 - 130, 72, 842 - 100, 140),)),
    "a page upside down": Odd(lambda: hostile.put("page", "Rotate", 180), ((455, 712, 523, 742),)),
    "a cropped page": Odd(lambda: hostile.put("page", "CropBox", Array([50, 700, 250, 800])), ((22, 60, 90, 90),)),
    "a page that begins below zero": Odd(
        lambda: hostile.put("page", "MediaBox", Array([-100, -100, 495, 742])), ((172, 0, 240, 30),)
    ),
    "a page in another unit": Odd(lambda: hostile.put("page", "UserUnit", 2), (WORD,)),
    "a page as large as its parent says": Odd(inherited, (WORD,)),
    "a hundred pages": Odd(lambda: pdf(lambda new, page: [new.add_blank_page() for _ in range(99)]), (WORD,), (), 100),
}
WRITTEN: dict[str, Odd] = {
    "locked by its owner, AES of 256 bits": Odd(lambda: locked(R=6)),
    "locked by its owner, AES of 128 bits": Odd(lambda: locked(R=4)),
    "locked by its owner, RC4 of 1999": Odd(lambda: locked(R=2, aes=False, metadata=False)),
    "behind a byte-order mark": Odd(lambda: codecs.BOM_UTF8 + pdf()),
    "behind empty lines": Odd(lambda: b"\r\n\r\n" + pdf()),
    "behind the headers of a website": Odd(lambda: b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n\r\n" + pdf()),
    "behind 900 bytes of a page that tells of an error": Odd(lambda: b"<b>Warning</b>".ljust(900) + pdf()),
    "before five thousand empty bytes": Odd(lambda: pdf() + b"\x00" * 5000),
    "without its table of objects": Odd(lambda: pdf().replace(b"startxref", b"startxxxx")),
    "without its last line": Odd(lambda: pdf()[:-30]),
    "in packed objects": Odd(lambda: pdf(object_stream_mode=pikepdf.ObjectStreamMode.generate)),
    "for a fast website": Odd(lambda: pdf(linearize=True)),
    "changed afterwards": Odd(updated, (WORD, (90, 230, 140, 260))),
    "of the oldest kind": Odd(lambda: pdf(force_version="1.0")),
    "of the newest kind": Odd(lambda: pdf(force_version="2.0")),
    "of 20,500 elements for screen readers": Odd(lambda: tagged(20_500)),
    "with three megabytes about itself": Odd(
        lambda: pdf(lambda new, page: new.Root.__setattr__("Metadata", Stream(new, b"<x/>" * 800_000)))
    ),
    "an invoice with its figures as XML": Odd(electronic_invoice),
}
ODD: dict[str, Odd] = FORMS | NOTES | LAYERS | DRAWN | PAGES | WRITTEN


# What a viewer shows and pdfium does not draw, or what is no page: refused, with advice that helps.
TOLD: dict[str, tuple[str, Callable[[], bytes]]] = {
    "a form that only Adobe's program shows": (
        "not_drawn",
        lambda: pdf(
            lambda new, page: new.Root.update(
                {
                    "/AcroForm": Dictionary(Fields=Array(), XFA=Stream(new, b"<xdp:xdp/>")),
                    "/NeedsRendering": True,
                }
            )
        ),
    ),
    "a line without a drawing": ("not_drawn", lambda: annotated("Line", L=CORNERS)),
    "a polygon without a drawing": ("not_drawn", lambda: annotated("Polygon", Vertices=CORNERS)),
    "a stamp without a drawing": ("not_drawn", lambda: annotated("Stamp", Name=Name.Approved)),
    "a sticky note": ("not_drawn", lambda: annotated("Text", Contents="Het moet 63,00 zijn")),
    "a sticky note with a drawing": ("not_drawn", lambda: annotated("Text", Contents="63,00", drawn=words(b"x"))),
    "a highlight with words of a reader": (
        "not_drawn",
        lambda: annotated("Highlight", QuadPoints=QUADS, Contents="Het moet 12 zijn"),
    ),
    "a rectangle with words of a reader": (
        "not_drawn",
        lambda: annotated("Square", Contents="Het moet 12 zijn", drawn=words(b"x")),
    ),
    "a filled-in field outside any form": ("not_drawn", lambda: annotated("Widget", FT=Name.Tx, V="63,00", T="x")),
    "words in letters that nobody brings": (
        "not_drawn",
        lambda: annotated("FreeText", Contents="шестьдесят", DA="/Helv 12 Tf 0 g"),
    ),
    "a field in letters that nobody brings": ("not_drawn", lambda: field(V="şestьдесят")),
    "a text in Cyrillic without its font": (
        "not_drawn",
        lambda: fonted(
            b"(AB)",
            Subtype=Name.TrueType,
            BaseFont=Name.Arial,
            Encoding=Dictionary(Type=Name.Encoding, Differences=Array([65, Name("/afii10017"), Name("/afii10018")])),
        ),
    ),
    "a bundle of PDFs": ("bundle", lambda: pdf(lambda n, page: n.attachments.__setitem__("deel.pdf", pdf()))),
    "a letter in the file": (
        "bundle",
        lambda: pdf(lambda n, page: n.attachments.__setitem__("a.docx", hostile.zipped())),
    ),
    "a file pinned to the page": (
        "bundle",
        lambda: annotated("FileAttachment", FS=Dictionary(Type=Name.Filespec, F="x")),
    ),
    "a password": ("password", lambda: pdf(encryption=Encryption(owner="o", user="u"))),
    "a hundred and one pages": ("too_long", lambda: pdf(lambda n, page: [n.add_blank_page() for _ in range(100)])),
}
