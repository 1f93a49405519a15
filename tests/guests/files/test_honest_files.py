"""What honest people send: odd in some way, and taken. The provider sees what the sender saw, or both are told."""

import io

import pytest
from PIL import Image, ImageChops, ImageFilter, ImageStat
from pypdfium2 import PdfDocument

from coulance.models import Specification
from guests.files import cleaning
from guests.files.sanitizer import MEMORY_BYTES
from tests.guests.files import odd_list, odd_pictures
from tests.guests.files.measuring import measured, measured_with_one_start
from tests.guests.files.test_pdf_pages import only_pictures, shown
from tests.guests.files.test_sanitizer import MAX_SECONDS, plain_picture

PICTURES = {f"picture: {name}": make for name, make in odd_pictures.ODD.items()}
MAKERS = {name: odd.make for name, odd in odd_list.ODD.items()} | PICTURES
TOLD = odd_list.TOLD | odd_pictures.TOLD
TILE = 30  # points
SAME = 5  # of 255, on average in the worst tile; half of what a lost amount makes


@pytest.fixture(scope="module")
def contents():
    return {name: make() for name, make in MAKERS.items()}


@pytest.fixture(scope="module")
def outcomes(contents, tmp_path_factory):
    """What became of every file."""
    shared = measured_with_one_start(contents.values(), tmp_path_factory.mktemp("files"))
    return dict(zip(contents, shared, strict=True))


def test_there_are_sixty_of_documents_and_forty_of_pictures():
    assert len(odd_list.ODD) >= 60
    assert len(odd_pictures.ODD) >= 40


@pytest.mark.parametrize("name", MAKERS)
def test_it_is_taken_within_time_and_memory(outcomes, name):
    outcome = outcomes[name]
    assert outcome.status == 0, outcome.result[:80]
    assert outcome.seconds <= MAX_SECONDS
    assert outcome.memory <= MEMORY_BYTES
    (only_pictures if outcome.result.startswith(b"%PDF-") else plain_picture)(outcome.result)


@pytest.mark.parametrize("name", odd_list.ODD)
def test_what_must_be_seen_is_seen(outcomes, name):
    odd = odd_list.ODD[name]
    pages = shown(outcomes[name].result)
    assert len(pages) == odd.pages
    first = pages[0].convert("L")
    for box in odd.ink:
        assert first.crop(box).getextrema()[0] < 170, ("nothing at", box)
    for box in odd.blank:
        assert first.crop(box).getextrema()[0] > 200, ("something at", box)


def viewed(content):
    """Each page as Chrome's viewer shows it: with its forms, in a process that may use what it likes."""
    with PdfDocument(content) as opened:
        opened.init_forms()
        return [page.render().to_pil().convert("RGB") for page in opened]


def difference(before, after):
    """The greatest difference of two pages in one tile: 0 (the same) to 255 (black for white)."""
    assert before.size == after.size
    blurred = (
        page.convert("L").filter(ImageFilter.BoxBlur(2)) for page in (before, after)
    )  # past the edges of letters
    apart = ImageChops.difference(*blurred)
    tiles = ((x, y) for x in range(0, before.width, TILE) for y in range(0, before.height, TILE))
    return max(ImageStat.Stat(apart.crop((x, y, x + TILE, y + TILE))).mean[0] for x, y in tiles)


# pdfium alone does not open it: its viewer shows nothing.
UNSEEN = ("without its last line",)


@pytest.mark.parametrize("name", [name for name in odd_list.ODD if name not in UNSEEN])
def test_the_provider_sees_what_a_viewer_shows(outcomes, contents, name):
    for before, after in zip(viewed(contents[name])[:3], shown(outcomes[name].result)[:3], strict=True):
        assert difference(before, after) < SAME


def test_twin_a_field_that_was_lost_is_a_difference(outcomes, contents):
    name = "a filled-in field without a drawing"
    (before,) = viewed(contents[name])
    (without,) = viewed(contents["a field that was left empty"])
    assert difference(before, without) > SAME


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_stands_upright_with_its_mark(outcomes, name):
    out = outcomes[name].result
    page = shown(out)[0] if out.startswith(b"%PDF-") else Image.open(io.BytesIO(out))
    grey, (width, height) = page.convert("L"), page.size

    def at(x, y):
        return grey.getpixel((int(width * x), int(height * y)))

    assert at(0.22, 0.22) < 110
    assert min(at(0.78, 0.22), at(0.22, 0.78), at(0.78, 0.78)) > 140
    assert max(page.size) <= 3500


@pytest.mark.parametrize("name", ["picture: a scan of three pages", "picture: a fax of three pages"])
def test_a_scan_keeps_its_pages(outcomes, name):
    assert len(shown(outcomes[name].result)) == 3


@pytest.mark.parametrize("name", TOLD)
def test_what_would_not_be_seen_is_refused_with_advice(name):
    reason, make = TOLD[name]
    content = make()
    kind = cleaning.kind_of(content)
    with pytest.raises(cleaning.FileRejected) as refused:
        cleaning.clean(content, kind)
    assert refused.value.reason == reason
    assert len(str(Specification.Reason(reason).label)) > 40


@pytest.mark.parametrize(
    ("name", "size", "options"),
    [("JPEG", (8064, 6048), {"quality": 100}), ("HEIF", (4032, 3024), {"enc_params": {"preset": "ultrafast"}})],
)
def test_the_photo_of_a_phone_is_made_small(name, size, options):
    """The largest that phones make as JPEG, over 20 MB, and the usual one of an iPhone."""
    content = odd_pictures.saved(name, odd_pictures.photo(size), **options)
    assert len(content) > {"JPEG": 20_000_000, "HEIF": 500_000}[name]
    outcome = measured(content)
    assert outcome.status == 0, outcome.result[:80]
    assert outcome.memory <= MEMORY_BYTES
    assert len(outcome.result) < 3_000_000
    with Image.open(io.BytesIO(outcome.result)) as picture:
        assert max(picture.size) == 3500
