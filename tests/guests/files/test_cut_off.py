"""A picture that arrived in part: little missing is nothing, much missing is refused, however its colours are kept."""

import io

import pytest
from PIL import Image, ImageDraw, ImageFile

from guests.files.sanitizer import Unacceptable, image

KINDS = [("PNG", mode) for mode in ("P", "RGB", "RGBA", "L", "1")] + [("JPEG", mode) for mode in ("RGB", "L", "CMYK")]


def page(kind, mode):
    """A white page with fifty lines to its foot, as screenshots (few colours) and scanners (CMYK) store it."""
    sheet = Image.new("RGB", (600, 800), "white")
    draw = ImageDraw.Draw(sheet)
    for line in range(50):
        draw.text((20, 15 + 15 * line), f"{line} V92 tooth {line + 11} EUR {line * 13}.45", fill=(line * 5 % 255, 0, 0))
    out = io.BytesIO()
    (sheet.quantize(16) if mode == "P" else sheet.convert(mode)).save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize(("kind", "mode"), KINDS)
def test_half_a_page_is_refused_and_a_lost_end_is_not(kind, mode, monkeypatch):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", False)  # WeasyPrint sets it; the sanitizer runs without
    content = page(kind, mode)
    for share in (0.3, 0.5, 0.85):
        with pytest.raises(Unacceptable, match="incomplete"):
            image.rewrite(content[: int(len(content) * share)], kind)
    for whole in (content[:-12], content):
        with Image.open(io.BytesIO(image.rewrite(whole, kind))) as picture:
            assert picture.size == (600, 800)
