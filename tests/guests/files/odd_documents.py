"""Makers of PDFs that are odd in some way: fields, annotations, layers, colours, letters (listed in odd_list)."""

import io
from collections.abc import Callable
from typing import Any, NamedTuple

import pikepdf
from pikepdf import Array, Dictionary, Encryption, Name, Permissions, Stream
from PIL import Image, ImageDraw

from tests.guests.files.hostile import pdf

Box = tuple[int, int, int, int]
WORD: Box = (72, 100, 140, 130)  # where `pdf` writes its word
PLACE: Box = (72, 222, 300, 262)  # RECTANGLE as seen from the top
RECTANGLE = (72, 580, 300, 620)
SHOWN = 4  # the flag "print", which every editor sets


class Odd(NamedTuple):
    make: Callable[[], bytes]
    ink: tuple[Box, ...] = (WORD,)
    blank: tuple[Box, ...] = ()
    pages: int = 1


def annotated(subtype: str, **entries: Any) -> bytes:
    """A page with one annotation; a drawing is made of the bytes under `drawn`."""

    def change(new: Any, page: Any) -> None:
        drawn = entries.pop("drawn", None)
        note = Dictionary(Type=Name.Annot, Subtype=Name(f"/{subtype}"), Rect=Array(RECTANGLE), C=Array([1, 0, 0]))
        note.F = entries.pop("flags", SHOWN)
        for key, value in entries.items():
            note[f"/{key}"] = value
        if drawn is not None:
            note.AP = Dictionary(N=drawing(new, drawn))
        page.Annots = Array([new.make_indirect(note)])

    return pdf(change)


def drawing(new: Any, content: bytes, **entries: Any) -> Any:
    box = Array([0, 0, 228, 40])
    return Stream(
        new, content, Type=Name.XObject, Subtype=Name.Form, BBox=box, Resources=new.pages[0].obj.Resources, **entries
    )


def words(text: bytes) -> bytes:
    return b"BT /F1 12 Tf 2 5 Td (" + text + b") Tj ET"


QUADS = Array([72, 620, 300, 620, 72, 580, 300, 580])
CORNERS = Array([80, 590, 290, 610, 290, 590])


def field(*, drawn: bytes | None = None, anew: bool = False, listed: bool = True, **entries: Any) -> bytes:
    """A form with one field of RECTANGLE."""

    def change(new: Any, page: Any) -> None:
        one = Dictionary(Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, T="bedrag", DA="/F1 12 Tf 0 g", F=SHOWN)
        one.Rect, one.P = Array(RECTANGLE), page
        for key, value in entries.items():
            one[f"/{key}"] = value
        if drawn is not None:
            one.AP = Dictionary(N=drawing(new, drawn))
        page.Annots = Array([new.make_indirect(one)])
        fields = Array([page.Annots[0]]) if listed else Array()
        new.Root.AcroForm = Dictionary(Fields=fields, DR=page.Resources, DA="/F1 12 Tf 0 g", NeedAppearances=anew)

    return pdf(change)


def field_below_another() -> bytes:
    def change(new: Any, page: Any) -> None:
        parent = new.make_indirect(Dictionary(FT=Name.Tx, T="bedrag", V="63,00", DA="/F1 12 Tf 0 g"))
        child = Dictionary(Type=Name.Annot, Subtype=Name.Widget, Rect=Array(RECTANGLE), Parent=parent, F=SHOWN, P=page)
        page.Annots = Array([new.make_indirect(child)])
        parent.Kids = Array([page.Annots[0]])
        new.Root.AcroForm = Dictionary(Fields=Array([parent]), DR=page.Resources, DA="/F1 12 Tf 0 g")

    return pdf(change)


def checkbox(*, drawn: bool) -> bytes:
    def change(new: Any, page: Any) -> None:
        box = Dictionary(Type=Name.Annot, Subtype=Name.Widget, FT=Name.Btn, T="ja", V=Name.Yes, AS=Name.Yes, F=SHOWN)
        box.Rect, box.P, box.MK, box.DA = Array(RECTANGLE), page, Dictionary(CA="4"), "/ZaDb 0 Tf 0 g"
        page.Resources.Font["/ZaDb"] = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.ZapfDingbats)
        if drawn:
            box.AP = Dictionary(N=Dictionary(Yes=drawing(new, b"5 5 30 30 re f"), Off=drawing(new, b"")))
        page.Annots = Array([new.make_indirect(box)])
        new.Root.AcroForm = Dictionary(Fields=Array([page.Annots[0]]), DR=page.Resources, NeedAppearances=not drawn)

    return pdf(change)


def layered(*, off: bool, how: str = "drawing") -> bytes:
    """A layer that is on or off, on a drawing, on a part of the page, or by membership."""

    def change(new: Any, page: Any) -> None:
        layer = new.make_indirect(Dictionary(Type=Name.OCG, Name="laag"))
        new.Root.OCProperties = Dictionary(OCGs=Array([layer]), D=Dictionary(OFF=Array([layer] if off else [])))
        member = new.make_indirect(Dictionary(Type=Name.OCMD, OCGs=Array([layer]), P=Name.AllOn))
        black = b"72 580 228 40 re f"
        if how == "part":
            page.Resources.Properties = Dictionary(L0=layer)
            page.Contents = Stream(new, page.Contents.read_bytes() + b" /OC /L0 BDC " + black + b" EMC")
            return
        shown = drawing(new, black, OC=member if how == "member" else layer)
        shown.BBox = Array([0, 0, 595, 842])
        page.Resources.XObject = Dictionary(Fm0=shown)
        page.Contents = Stream(new, page.Contents.read_bytes() + b" /Fm0 Do")

    return pdf(change)


def drawn(content: bytes, **resources: Any) -> bytes:
    """A page with its word and more."""

    def change(new: Any, page: Any) -> None:
        for kind, of in resources.items():
            page.Resources[f"/{kind}"] = of(new) if callable(of) else of
        page.Contents = Stream(new, page.Contents.read_bytes() + b"\n" + content)

    return pdf(change)


def pictured(data: bytes, **entries: Any) -> bytes:
    """A page with a picture in RECTANGLE."""

    def pictures(new: Any) -> Any:
        shown = Stream(new, data, Type=Name.XObject, Subtype=Name.Image, BitsPerComponent=8)
        for key, value in entries.items():
            shown[f"/{key}"] = value(new) if callable(value) else value
        return Dictionary(Im0=shown)

    return drawn(b"q 228 0 0 40 72 580 cm /Im0 Do Q", XObject=pictures)


def coded(name: str, mode: str = "RGB", **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new(mode, (20, 20), (0, 0, 0, 255) if mode == "CMYK" else 0).save(out, name, **options)
    return out.getvalue()


def fax() -> bytes:
    """The strip of a fax: CCITT group 4, black."""
    out = io.BytesIO()
    Image.new("1", (64, 8), 0).save(out, "TIFF", compression="group4", strip_size=1 << 20)
    with Image.open(io.BytesIO(out.getvalue())) as tiff:
        start, size, white_is_zero = tiff.tag_v2[273][0], tiff.tag_v2[279][0], tiff.tag_v2[262] == 0
    settings = Dictionary(K=-1, Columns=64, Rows=8, BlackIs1=white_is_zero is False)
    data = out.getvalue()[start : start + size]
    return pictured(
        data,
        Width=64,
        Height=8,
        BitsPerComponent=1,
        ColorSpace=Name.DeviceGray,
        Filter=Name.CCITTFaxDecode,
        DecodeParms=settings,
    )


def in_colour(space: Callable[[Any], Any], paint: bytes) -> bytes:
    return drawn(b"/C0 cs " + paint + b" scn 72 580 228 40 re f", ColorSpace=lambda new: Dictionary(C0=space(new)))


def tint(new: Any, components: int) -> Any:
    """A function from one or two inks to RGB: the first one makes it darker."""
    code = b"{ " + b"pop " * (components - 1) + b"1 exch sub dup dup }"
    domain, into = Array([0, 1] * components), Array([0, 1] * 3)
    return new.make_indirect(Stream(new, code, FunctionType=4, Domain=domain, Range=into))


def fonted(show: bytes, **font: Any) -> bytes:
    made = Dictionary(Type=Name.Font, **font)
    return drawn(b"BT /F9 20 Tf 80 590 Td " + show + b" Tj ET", Font=lambda new: Dictionary(F1=BASE, F9=made))


BASE = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)


def letters_drawn_in_the_file() -> bytes:
    """A font whose letters are drawings (Type 3)."""

    def fonts(new: Any) -> Any:
        letter = new.make_indirect(Stream(new, b"1000 0 0 0 750 750 d1 0 0 750 750 re f"))
        font = Dictionary(Type=Name.Font, Subtype=Name.Type3, FontBBox=Array([0, 0, 750, 750]), FirstChar=97)
        font.FontMatrix, font.CharProcs = Array([0.001, 0, 0, 0.001, 0, 0]), Dictionary(square=letter)
        font.LastChar, font.Widths, font.Resources = 97, Array([1000]), Dictionary()
        font.Encoding = Dictionary(Type=Name.Encoding, Differences=Array([97, Name.square]))
        return Dictionary(F1=BASE, F9=font)

    return drawn(b"BT /F9 30 Tf 80 590 Td (aaa) Tj ET", Font=fonts)


def searchable_scan() -> bytes:
    """A scan with a text that is only found by a search, in letters that the file does not bring."""
    cyrillic = Dictionary(Type=Name.Encoding, Differences=Array([65, Name("/afii10017"), Name("/afii10018")]))
    return fonted(b"3 Tr (AB)", Subtype=Name.TrueType, BaseFont=Name.Arial, Encoding=cyrillic)


def tagged(elements: int) -> bytes:
    """A PDF for screen readers with so many elements of structure."""

    def change(new: Any, page: Any) -> None:
        root = new.make_indirect(Dictionary(Type=Name.StructTreeRoot))
        part = new.make_indirect(Dictionary(Type=Name.StructElem, S=Name.Document, P=root))
        one = (Dictionary(Type=Name.StructElem, S=Name.P, P=part, Alt="regel") for _ in range(elements))
        part.K = Array([new.make_indirect(element) for element in one])
        root.K, new.Root.StructTreeRoot, new.Root.MarkInfo = part, root, Dictionary(Marked=True)

    return pdf(change)


def with_form_of_adobe_beside() -> bytes:
    """A form that is there twice: as fields, and for Adobe's own program (XFA)."""

    def change(new: Any, page: Any) -> None:
        whole = pikepdf.open(io.BytesIO(field(V="63,00", drawn=words(b"63,00"))))
        copied = new.copy_foreign(whole.pages[0].obj.Annots[0])
        page.Annots = Array([copied])
        new.Root.AcroForm = Dictionary(Fields=Array([copied]), XFA=Stream(new, b"<xdp:xdp/>"))

    return pdf(change)


def electronic_invoice() -> bytes:
    """An invoice that brings its figures as XML too, as Factur-X does."""
    return pdf(lambda new, page: new.attachments.__setitem__("factur-x.xml", b"<?xml version='1.0'?><rsm/>"))


def updated() -> bytes:
    """A PDF to which a program appended a change: the word and a second one."""
    before = pdf(static_id=True)
    with pikepdf.open(io.BytesIO(before)) as opened:
        number = opened.pages[0].obj.Contents.objgen[0]
    content = b"BT /F1 12 Tf 72 720 Td (Specificatie) Tj 20 -130 Td (63,00) Tj ET"
    place = len(before) + 1
    added = b"\n%d 0 obj\n<</Length %d>>\nstream\n%s\nendstream\nendobj\n" % (number, len(content), content)
    size = before.rindex(b"startxref")
    old = int(before[size + 9 :].split()[0])
    table = b"xref\n%d 1\n%010d 00000 n \ntrailer\n<</Size 20/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n"
    return before + added + table % (number, place, old, len(before) + len(added))


def inherited() -> bytes:
    def change(new: Any, page: Any) -> None:
        new.Root.Pages.MediaBox, new.Root.Pages.Resources = page.MediaBox, page.Resources
        del page["/MediaBox"], page["/Resources"]

    return pdf(change)


def sheet(text: str = "63,00") -> Image.Image:
    page = Image.new("RGB", (620, 877), "white")
    ImageDraw.Draw(page).text((75, 105), text, fill="black", font_size=40)
    return page


def scanned() -> bytes:
    out = io.BytesIO()
    sheet().save(out, "PDF", resolution=75)
    return out.getvalue()


def locked(**options: Any) -> bytes:
    return pdf(encryption=Encryption(owner="geheim", user="", allow=Permissions(extract=False), **options))
