"""Files that somebody with bad intentions could send. Every one is made here; none is kept."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream
from PIL import Image, PngImagePlugin

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
SCRIPT = b"<html><script>alert(1)</script></html>"
JS = Dictionary(S=Name.JavaScript, JS="app.alert(1)")
LAUNCH = Dictionary(S=Name.Launch, F="/bin/sh")


def pdf(change: Callable[[Pdf, Any], object] = lambda pdf, page: None, **options: Any) -> bytes:
    """A page with a line of text, changed by `change(pdf, page)`."""
    new = Pdf.new()
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    new.add_blank_page(page_size=(595, 842))
    page = new.pages[0].obj
    page.Resources = Dictionary(Font=Dictionary(F1=font))
    page.Contents = Stream(new, b"BT /F1 12 Tf 72 720 Td (Specificatie) Tj ET")
    change(new, page)
    out = io.BytesIO()
    new.save(out, **options)
    return out.getvalue()


def put(where: str, name: str, value: Any) -> bytes:
    """A PDF with `value` in the catalogue or on the page."""

    def change(new: Pdf, page: Any) -> None:
        (new.Root if where == "root" else page)["/" + name] = value

    return pdf(change)


def annotation(**entries: Any) -> bytes:
    def change(new: Pdf, page: Any) -> None:
        rectangle = Array([0, 0, 200, 200])
        page.Annots = Array([new.make_indirect(Dictionary(Type=Name.Annot, Rect=rectangle, **entries))])

    return pdf(change)


def attachment() -> bytes:
    def change(new: Pdf, page: Any) -> None:
        new.attachments["evil.exe"] = b"MZ" + b"\x00" * 100

    return pdf(change)


def xfa() -> bytes:
    def change(new: Pdf, page: Any) -> None:
        form = Stream(new, b"<xdp:xdp><script>app.alert(1)</script></xdp:xdp>")
        new.Root.AcroForm = Dictionary(Fields=Array(), XFA=form, NeedAppearances=True)

    return pdf(change)


def names_javascript() -> bytes:
    tree = Dictionary(JavaScript=Dictionary(Names=Array(["a", JS])))
    return put("root", "Names", tree)


def hidden_in_resources() -> bytes:
    def change(new: Pdf, page: Any) -> None:
        page.Resources.Font["/JS"] = Dictionary(Type=Name.Action, S=Name.JavaScript, JS="app.alert(1)")
        page.Resources["/Properties"] = Dictionary(MC0=LAUNCH)
        page.Resources["/ExtGState"] = Dictionary(G0=Dictionary(AA=JS, Metadata=LAUNCH))

    return pdf(change)


def parent_of_a_font() -> bytes:
    def change(new: Pdf, page: Any) -> None:
        page.Resources.Font.F1.Parent = new.make_indirect(Dictionary(JS="app.alert(1)", Next=JS))

    return pdf(change)


def font_called_parent() -> bytes:
    def change(new: Pdf, page: Any) -> None:
        page.Resources.Font["/Parent"] = Dictionary(Type=Name.Font, Next=Dictionary(JS="app.alert(1)"), AA=JS)

    return pdf(change)


def script_in_nested_lists() -> bytes:
    def change(new: Pdf, page: Any) -> None:
        page.Resources.ExtGState = Dictionary(G0=Dictionary(Font=Array([Array([JS])]), Next=Array([Array([JS])])))

    return pdf(change)


def page_as_a_font() -> bytes:
    def change(new: Pdf, page: Any) -> None:
        page.Resources.Font.F2 = page
        page.Parent = Dictionary(JS="app.alert(1)")

    return pdf(change)


def outside_stream() -> bytes:
    def change(new: Pdf, page: Any) -> None:
        page.Contents = Stream(new, b"", F=Dictionary(Type=Name.Filespec, FS=Name.URL, F="http://evil.example/x"))

    return pdf(change)


def zeros(size: int) -> bytes:
    """A zlib stream of `size` zeros, out of one packed megabyte: packing them all takes seconds."""
    part = 1_000_000
    packer = zlib.compressobj(9)
    first = packer.compress(b"\x00" * part) + packer.flush(zlib.Z_FULL_FLUSH)  # two bytes of head, then a whole block
    checksum = struct.pack(">I", size % 65521 << 16 | 1)  # Adler-32 of zeros
    return first + first[2:] * (size // part - 1) + b"\x03\x00" + checksum


def flate_bomb(layers: int, size: int) -> bytes:
    packed = zeros(size)
    for _layer in range(layers - 1):
        packed = zlib.compress(packed, 9)

    def change(new: Pdf, page: Any) -> None:
        page.Contents = Stream(new, packed)
        page.Contents.Filter = Array([Name.FlateDecode] * layers)

    return pdf(change, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)


def picture_bomb() -> bytes:
    def change(new: Pdf, page: Any) -> None:
        picture = Stream(new, zlib.compress(b"\x00" * 1000), Type=Name.XObject, Subtype=Name.Image)
        picture.Width, picture.Height, picture.BitsPerComponent = 60_000, 60_000, 8
        picture.ColorSpace, picture.Filter = Name.DeviceRGB, Name.FlateDecode
        page.Resources.XObject = Dictionary(Im0=picture)
        page.Contents = Stream(new, b"q 500 0 0 500 0 0 cm /Im0 Do Q")

    return pdf(change, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)


def drawings_in_drawings() -> bytes:
    """A drawing of ten drawings of ten drawings, and so on: what is cheap to copy is dear to draw."""

    def change(new: Pdf, page: Any) -> None:
        drawing = None
        for _level in range(12):
            inner = drawing
            drawing = Stream(new, b"/Fm0 Do " * 10 if inner else b"0 0 500 500 re f")
            drawing.Type, drawing.Subtype, drawing.BBox = Name.XObject, Name.Form, Array([0, 0, 595, 842])
            drawing.Resources = Dictionary(XObject=Dictionary(Fm0=new.make_indirect(inner))) if inner else Dictionary()
        page.Resources.XObject = Dictionary(Fm0=drawing)
        page.Contents = Stream(new, b"/Fm0 Do")

    return pdf(change)


def lzw_bomb() -> bytes:
    def change(new: Pdf, page: Any) -> None:
        page.Contents = Stream(new, b"\x80" * 400_000)
        page.Contents.Filter = Name.LZWDecode

    return pdf(change, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)


def many_pages() -> bytes:
    return pdf(lambda new, page: [new.add_blank_page() for _number in range(150)])


def nested_arrays() -> bytes:
    return b"%PDF-1.7\n1 0 obj\n" + b"[" * 200_000 + b"]" * 200_000 + b"\nendobj\ntrailer<</Root 1 0 R>>\n%%EOF"


def looping_pages() -> bytes:
    return (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        b"2 0 obj<</Type/Pages/Kids[2 0 R]/Count 1>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"
    )


def zipped(content: bytes = b"MZ") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("evil.js", content)
    return out.getvalue()


def picture(name: str, size: tuple[int, int] = (40, 30), mode: str = "RGB", **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size).save(out, name, **options)
    return out.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_flood(width: int, height: int) -> bytes:
    """A PNG that says it is huge, with almost nothing behind it."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    rows = zlib.compress(b"\x00" * 1_000_000)
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def png_text_bomb() -> bytes:
    data = b"Comment\x00\x00" + zeros(80_000_000)
    whole = picture("PNG")
    return whole[:33] + chunk(b"zTXt", data) + whole[33:]


def png_with_text() -> bytes:
    text = PngImagePlugin.PngInfo()
    text.add_text("XML:com.adobe.xmp", SCRIPT.decode())
    return picture("PNG", pnginfo=text)


def jpeg_with_exif() -> bytes:
    exif = Image.Exif()
    exif[0x010E], exif[0x8825] = SCRIPT.decode(), {1: "N", 2: (52.0, 5.0, 0.0)}
    return picture("JPEG", exif=exif, comment=SCRIPT)


def jpeg_of_size(width: int, height: int) -> bytes:
    """A JPEG that says it is so large, whatever there is behind it."""
    whole = bytearray(picture("JPEG"))
    place = whole.index(b"\xff\xc0") + 5
    whole[place : place + 4] = struct.pack(">HH", height, width)
    return bytes(whole)


SPRAYED = b"\xff\xd8\xff\xe0" + b"<?php system($_GET[0]); ?>" * 40

# (name, content): what a file says it is may be true, half true or a lie.
CORPUS: dict[str, Callable[[], bytes]] = {
    "pdf open action javascript": lambda: put("root", "OpenAction", JS),
    "pdf open action launch": lambda: put("root", "OpenAction", LAUNCH),
    "pdf additional actions": lambda: put("root", "AA", Dictionary(WC=JS)),
    "pdf page action": lambda: put("page", "AA", Dictionary(O=JS)),
    "pdf named javascript": names_javascript,
    "pdf link uri": lambda: annotation(Subtype=Name.Link, A=Dictionary(S=Name.URI, URI="http://evil.example/")),
    "pdf link javascript uri": lambda: annotation(Subtype=Name.Link, A=Dictionary(S=Name.URI, URI="javascript:x()")),
    "pdf link launch": lambda: annotation(Subtype=Name.Link, A=LAUNCH),
    "pdf go to remote": lambda: annotation(Subtype=Name.Link, A=Dictionary(S=Name.GoToR, F="//evil.example/x", D=1)),
    "pdf submit form": lambda: annotation(Subtype=Name.Widget, A=Dictionary(S=Name.SubmitForm, F="http://e.example")),
    "pdf import data": lambda: annotation(Subtype=Name.Widget, A=Dictionary(S=Name.ImportData, F="x.fdf")),
    "pdf rich media": lambda: annotation(Subtype=Name.RichMedia, RichMediaContent=Dictionary(Assets=Dictionary())),
    "pdf movie": lambda: annotation(Subtype=Name.Movie, A=Dictionary(S=Name.Movie)),
    "pdf file annotation": lambda: annotation(Subtype=Name.FileAttachment, FS=Dictionary(Type=Name.Filespec, F="x")),
    "pdf embedded file": attachment,
    "pdf xfa form": xfa,
    "pdf uri base": lambda: put("root", "URI", Dictionary(Base="http://evil.example/")),
    "pdf collection": lambda: put("root", "Collection", Dictionary(View=Name.H)),
    "pdf outlines": lambda: put("root", "Outlines", Dictionary(First=Dictionary(Title="x", A=JS))),
    "pdf hidden in resources": hidden_in_resources,
    "pdf script as the parent of a font": parent_of_a_font,
    "pdf font called parent": font_called_parent,
    "pdf script in nested lists": script_in_nested_lists,
    "pdf page as a font": page_as_a_font,
    "pdf stream of another file": outside_stream,
    "pdf and zip": lambda: pdf() + zipped(),
    "pdf and html": lambda: pdf() + SCRIPT,
    "pdf with eicar behind": lambda: pdf() + EICAR,
    "pdf with script in its comment": lambda: pdf().replace(b"%\xbf\xf7", b"%<script>alert(1)</script>\n%\xbf\xf7", 1),
    "pdf bomb": lambda: flate_bomb(1, 500_000_000),
    "pdf bomb in a bomb": lambda: flate_bomb(2, 500_000_000),
    "pdf bomb of three": lambda: flate_bomb(3, 400_000_000),
    "pdf picture flood": picture_bomb,
    "pdf lzw bomb": lzw_bomb,
    "pdf flood of drawings in drawings": drawings_in_drawings,
    "pdf page of a thousand kilometres": lambda: put("page", "MediaBox", Array([0, 0, 10**9, 10**9])),
    "pdf page without size": lambda: put("page", "MediaBox", Array([0, 0, 0, 0])),
    "pdf of many pages": many_pages,
    "pdf nested arrays": nested_arrays,
    "pdf looping pages": looping_pages,
    "pdf encrypted": lambda: pdf(encryption=pikepdf.Encryption(owner="o", user="u")),
    "pdf encrypted without a user password": lambda: pdf(encryption=pikepdf.Encryption(owner="o", user="")),
    "pdf cut off": lambda: pdf()[:200],
    "pdf of nothing": lambda: b"%PDF-1.7\n",
    "png flood": lambda: png_flood(60_000, 60_000),
    "png flood below the limit": lambda: png_flood(4_990, 5_000),
    "png text bomb": png_text_bomb,
    "png with script": png_with_text,
    "png and zip": lambda: picture("PNG") + zipped(),
    "png cut off": lambda: picture("PNG", (400, 400))[:200],
    "jpeg flood": lambda: jpeg_of_size(65_000, 65_000),
    "jpeg without size": lambda: jpeg_of_size(0, 0),
    "jpeg without height": lambda: jpeg_of_size(30, 0),
    "png without size": lambda: png_flood(0, 0),
    "jpeg with script and place": jpeg_with_exif,
    "jpeg and html": lambda: picture("JPEG") + SCRIPT,
    "jpeg and pdf": lambda: picture("JPEG") + pdf(lambda new, page: new.Root.update({"/OpenAction": JS})),
    "jpeg of php": lambda: SPRAYED,
}
# Refused by their first bytes: no parser is ever started.
NOT_TAKEN: dict[str, bytes] = {
    "eicar": EICAR,
    "html": SCRIPT,
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "zip": zipped(),
    "exe": b"MZ\x90\x00",
    "pdf after 1,100 bytes of html": SCRIPT.ljust(1100) + b"%PDF-1.7\n",
    "wave": b"RIFF\x00\x00\x00\x00WAVE",
    "film": b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom",
    "film of an iPhone": b"\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  ",
    "a text that begins with BM": b"BM is the first word of this line",
    "xml": b"<?xml version='1.0'?><a/>",
    "postscript": b"%!PS-Adobe-3.0",
}
NAMES: dict[str, str] = {
    "../../etc/passwd.pdf": "passwd.pdf",
    "..\\..\\windows\\system32\\x.pdf": "x.pdf",
    "a\r\nSet-Cookie: x=1.pdf": "aSet-Cookie_ x=1.pdf".replace("=", "_"),
    "spec\u202efdp.exe": "specfdp.pdf",
    "\u2066evil\u2069.pdf": "evil.pdf",
    "invoice.pdf.exe": "invoice_pdf.pdf",
    "<img src=x onerror=alert(1)>.pdf": "img src_x onerror_alert(1).pdf",
    "nul\x00l.pdf": "null.pdf",
    ".htaccess": "htaccess.pdf",
    "": "file.pdf",
    "x" * 500 + ".pdf": "x" * 60 + ".pdf",
    '"; filename="evil.exe': "filename__evil.pdf",
    "specificatie café 2026.PDF": "specificatie café 2026.pdf",
}
