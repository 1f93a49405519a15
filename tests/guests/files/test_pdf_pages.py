"""What becomes of an honest PDF: a picture of each page as a viewer shows it, sharp enough to read."""

import codecs
import io

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Stream
from pypdf import PdfReader
from pypdfium2 import PdfDocument

from coulance.models import Specification
from guests.files import cleaning
from guests.files.sanitizer import pdf
from tests.guests.files import hostile

Kind = Specification.Kind
PICTURE = {"/Type", "/Subtype", "/Width", "/Height", "/ColorSpace", "/BitsPerComponent", "/Filter", "/Length"}


def only_pictures(out):
    """Every object is one that a picture on a page needs; an allow-list, so nothing that acts can hide in it."""
    with pikepdf.open(io.BytesIO(out)) as opened:
        assert set(opened.Root.keys()) == {"/Type", "/Pages"}
        assert set(opened.trailer.keys()) <= {"/Root", "/Size", "/ID", "/Info"}
        assert set(opened.trailer.Info.keys()) <= {"/CreationDate", "/Creator"}
        assert opened.trailer.Info.Creator == "PDFium"
        for page in opened.pages:
            assert set(page.keys()) == {"/Type", "/Parent", "/MediaBox", "/Resources", "/Contents", "/Rotate"}
            assert set(page.Resources.keys()) == {"/ExtGState", "/XObject"}
            (picture,) = page.Resources.XObject.values()
            assert set(picture.keys()) - {"/DecodeParms"} == PICTURE
            assert set(picture.get("/DecodeParms", {}).keys()) <= {"/ColorTransform"}
            assert picture.Filter == "/DCTDecode"
            drawn = page.Contents.read_bytes().split()
            assert drawn.count(b"Do") == 1
            assert b"Tj" not in drawn
        kept = {"/Catalog", "/Page", "/Pages", "/XObject", "None"}  # "None": states of drawing, contents, the date
        assert {str(found.get("/Type")) for found in opened.objects if isinstance(found, Dictionary | Stream)} <= kept
    assert PdfReader(io.BytesIO(out)).pages[0].extract_text() == ""


def test_twin_what_came_in_is_more_than_pictures():
    for content in (
        hostile.pdf(),
        hostile.CORPUS["pdf open action javascript"](),
        hostile.CORPUS["pdf embedded file"](),
    ):
        with pytest.raises((AssertionError, AttributeError)):
            only_pictures(content)


def shown(out):
    """Each page of a PDF as a viewer shows it, a pixel for a point."""
    with PdfDocument(out) as opened:
        return [page.render().to_pil().convert("RGB") for page in opened]


def cleaned(content):
    out = cleaning.clean(content, Kind.PDF)
    only_pictures(out)
    return shown(out)


def has_ink(page, box):
    return page.convert("L").crop(box).getextrema()[0] < 128


LINE = (72, 100, 140, 130)  # where hostile.pdf() writes its word, seen from the top
FIELD = (72, 222, 300, 262)


def test_a_page_keeps_its_drawing_and_its_size():
    (page,) = cleaned(hostile.pdf())
    assert page.size == (595, 842)
    assert has_ink(page, LINE)
    assert not has_ink(page, (0, 140, 595, 842))


def test_small_letters_stay_sharp_and_many_pages_small():
    def pixels(pages):
        out = cleaning.clean(hostile.pdf(lambda new, page: [new.add_blank_page() for _ in range(pages - 1)]), Kind.PDF)
        with pikepdf.open(io.BytesIO(out)) as opened:
            return [(p.Width, p.Height) for page in opened.pages for p in page.Resources.XObject.values()]

    assert pixels(1) == [(1653, 2339)], "200 dpi on A4"
    many = pixels(pdf.MAX_PAGES)
    assert min(many[0]) > 800, "100 dpi"
    assert sum(width * height for width, height in many) <= pdf.MAX_PIXELS * 1.01


def test_a_photo_as_a_page_of_a_metre_is_made_smaller():
    out = cleaning.clean(hostile.put("page", "MediaBox", Array([0, 0, 3000, 4000])), Kind.PDF)
    with pikepdf.open(io.BytesIO(out)) as opened:
        (picture,) = opened.pages[0].Resources.XObject.values()
        assert (picture.Width, picture.Height) == (2625, pdf.MAX_SIDE)
    assert shown(out)[0].size == (3000, 4000)


def test_colours_gradients_and_pictures_are_drawn():
    def change(new, page):
        picture = Stream(new, bytes([200, 0, 0]), Type=Name.XObject, Subtype=Name.Image, Width=1, Height=1)
        picture.BitsPerComponent, picture.ColorSpace = 8, Name.DeviceRGB
        blue = Dictionary(FunctionType=2, Domain=[0, 1], C0=[0, 0, 1], C1=[0, 0, 0.5], N=1)
        fade = Dictionary(ShadingType=2, ColorSpace=Name.DeviceRGB, Coords=[0, 0, 100, 0], Function=blue)
        page.Contents = Stream(new, b"q 99 0 0 99 200 0 cm /Im0 Do Q /Pattern cs /P0 scn 0 0 99 99 re f")
        page.Resources.XObject = Dictionary(Im0=picture)
        page.Resources.Pattern = Dictionary(P0=Dictionary(PatternType=2, Shading=fade))

    (page,) = cleaned(hostile.pdf(change))
    red, left, right = (page.getpixel((x, 800)) for x in (250, 10, 90))
    assert red[0] > 190 > 20 > max(red[1:])
    assert left[2] > right[2] > 120 > 20 > max(left[:2])


def drawing_of(new, word):
    drawing = Stream(new, b"BT /F1 12 Tf 2 5 Td (" + word + b") Tj ET", Type=Name.XObject, Subtype=Name.Form)
    drawing.BBox, drawing.Resources = Array([0, 0, 228, 40]), new.pages[0].obj.Resources
    return Dictionary(N=drawing)


def form(*, drawn=b"", draw_anew=False, value="Ingevuld"):
    """A form with one field, filled in with `value`; its drawing is there, missing or out of date."""

    def change(new, page):
        field = Dictionary(Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, T="naam", V=value, DA="/F1 12 Tf 0 g", F=4)
        field.Rect = Array([72, 580, 300, 620])
        if drawn:
            field.AP = drawing_of(new, drawn)
        page.Annots = Array([new.make_indirect(field)])
        new.Root.AcroForm = Dictionary(Fields=Array([page.Annots[0]]), DR=page.Resources, DA="/F1 12 Tf 0 g")
        new.Root.AcroForm.NeedAppearances = draw_anew

    return hostile.pdf(change)


@pytest.mark.parametrize("options", [{"drawn": b"Ingevuld"}, {}, {"draw_anew": True}], ids=str)
def test_what_was_filled_in_on_a_form_is_drawn(options):
    (page,) = cleaned(form(**options))
    assert has_ink(page, FIELD)


def test_twin_a_form_that_was_not_filled_in_is_empty():
    (page,) = cleaned(form(value=""))
    assert not has_ink(page, FIELD)


def test_a_field_whose_drawing_is_out_of_date_is_drawn_anew():
    (page,) = cleaned(form(drawn=b"", draw_anew=True))
    assert cleaned(form(drawn=b"Iets heel anders", draw_anew=True)) == [page]


@pytest.mark.parametrize(("flags", "drawn", "is_seen"), [(4, b"Tekst", True), (4, b"", True), (2, b"Tekst", False)])
def test_free_text_on_a_page_is_drawn_unless_it_is_hidden(flags, drawn, is_seen):
    def change(new, page):
        note = Dictionary(Type=Name.Annot, Subtype=Name.FreeText, Contents="Vrije tekst", DA="/Helv 12 Tf 0 g", F=flags)
        note.Rect = Array([72, 580, 300, 620])
        if drawn:
            note.AP = drawing_of(new, drawn)
        page.Annots = Array([new.make_indirect(note)])

    (page,) = cleaned(hostile.pdf(change))
    assert has_ink(page, FIELD) == is_seen


def test_a_layer_that_is_off_stays_off():
    def change(new, page):
        off = new.make_indirect(Dictionary(Type=Name.OCG, Name="off"))
        new.Root.OCProperties = Dictionary(OCGs=Array([off]), D=Dictionary(OFF=Array([off])))
        drawing = Stream(new, b"0 580 595 40 re f", Type=Name.XObject, Subtype=Name.Form, OC=off)
        drawing.BBox = Array([0, 0, 595, 842])
        page.Resources.XObject = Dictionary(Fm0=drawing)
        page.Contents = Stream(new, b"/Fm0 Do BT /F1 12 Tf 72 720 Td (Specificatie) Tj ET")

    (page,) = cleaned(hostile.pdf(change))
    assert has_ink(page, LINE)
    assert not has_ink(page, FIELD)


def test_a_page_is_turned_and_cropped_as_a_viewer_does():
    (turned,) = cleaned(hostile.put("page", "Rotate", 90))
    assert turned.size == (842, 595)
    assert has_ink(turned, (842 - 130, 72, 842 - 100, 140))
    (cropped,) = cleaned(hostile.put("page", "CropBox", Array([50, 700, 250, 800])))
    assert cropped.size == (200, 100)
    assert has_ink(cropped, (22, 60, 90, 90))


def test_a_file_that_everybody_may_open_is_taken_whatever_its_owner_forbids():
    (page,) = cleaned(hostile.CORPUS["pdf encrypted without a user password"]())
    assert has_ink(page, LINE)


def test_a_byte_order_mark_is_no_reason_to_refuse():
    content = codecs.BOM_UTF8 + hostile.pdf()
    assert cleaning.kind_of(content) == Kind.PDF
    (page,) = cleaned(content)
    assert has_ink(page, LINE)
