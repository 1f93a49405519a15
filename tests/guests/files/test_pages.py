"""A checked PDF, page by page as pictures: those of the sanitizer in its order, nothing of what is no such file."""

import io

import pytest
from PIL import Image

from guests.files import pages
from guests.files.row import GuestFile
from guests.files.sanitizer import pdf

Kind = GuestFile.Kind
COLOURS = ["red", "lime", "blue", "white", "black", "yellow", "cyan", "magenta", "grey", "orange", "brown", "navy"]


def jpeg(colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (210, 297), colour).save(out, "JPEG")
    return out.getvalue()


def test_each_page_of_what_the_sanitizer_writes_is_there_in_its_order():
    clean = pdf.rewrite(pdf.of_pictures(map(jpeg, COLOURS)))
    assert pages.count(clean, Kind.PDF) == len(COLOURS)
    for number, colour in enumerate(COLOURS, start=1):
        shown = Image.open(io.BytesIO(pages.picture(clean, Kind.PDF, number))).convert("RGB")
        wanted = Image.new("RGB", (1, 1), colour).getpixel((0, 0))
        assert all(abs(a - b) < 12 for a, b in zip(shown.getpixel((50, 50)), wanted, strict=True)), number


def test_a_photo_is_its_own_page():
    photo = jpeg("red")
    assert pages.count(photo, Kind.JPEG) == 1
    assert pages.picture(photo, Kind.JPEG, 1) == photo


@pytest.mark.parametrize("number", [0, 3, -1, 10**9])
def test_there_are_no_other_pages(number):
    clean = pdf.of_pictures([jpeg("red"), jpeg("blue")])
    with pytest.raises(LookupError):
        pages.picture(clean, Kind.PDF, number)


MARK = b"<</Filter/DCTDecode/Height 1/Length %d/Width 1>>stream\r\n"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"%PDF-1.7 /Count 1",
        MARK % 3 + b"\xff\xd8\xff",  # no count
        b"/Count 2 " + MARK % 3 + b"\xff\xd8\xff",  # a page of which the picture is missing
        b"/Count 1 " + MARK % 9 + b"\xff\xd8\xff",  # cut off
        b"/Count 1 " + MARK % 3 + b"GIF",
        b"/Count 1 " + b"<<" * 100_000,
    ],
)
def test_a_file_that_is_not_made_so_is_only_downloaded(content):
    assert pages.count(content, Kind.PDF) == 0
