"""A paper as it reaches us: a PDF with text, a scan, a photo, a screenshot."""

import io
import random

from PIL import Image, ImageChops, ImageDraw, ImageFilter
from pypdfium2 import PdfDocument
from weasyprint import HTML

SHEET = "@page{size:A4;margin:18mm} body{font:10pt 'DejaVu Sans';color:#111}"
SCREEN = "@page{size:100mm 210mm;margin:6mm} body{font:10pt 'Open Sans';color:#1c2530}"
TABLE = "table{border-collapse:collapse;width:100%} td,th{padding:1.2mm 1.5mm;text-align:left;font-weight:inherit}"
TABLE += " .r{text-align:right} h1{font-size:15pt} h2{font-size:11.5pt}"
KINDS = ("text", "scan", "photo")


def page(body: str, *, style: str = "", screen: bool = False) -> str:
    """Return a whole HTML page."""
    return f"<html lang=nl><style>{SCREEN if screen else SHEET}{TABLE}{style}</style><body>{body}</body></html>"


def pdf(html: str) -> bytes:
    """Return a PDF with text."""
    return HTML(string=html).write_pdf()


def pictures(content: bytes, dpi: int) -> list[Image.Image]:
    """Return each page of a PDF."""
    with PdfDocument(content) as document:
        return [sheet.render(scale=dpi / 72).to_pil().convert("RGB") for sheet in document]


def scan(picture: Image.Image, lot: random.Random) -> bytes:
    """Return a sheet that lay on a scanner: a little turned, with noise, as JPEG."""
    turned = picture.rotate(lot.uniform(-1.5, 1.5), expand=True, fillcolor="white", resample=Image.Resampling.BICUBIC)
    noisy = _noise(turned.convert("L"), lot, 8).filter(ImageFilter.GaussianBlur(lot.uniform(0.2, 0.6)))
    return _jpeg(noisy, lot.randrange(50, 80))


def photo(picture: Image.Image, lot: random.Random) -> bytes:
    """Return a sheet that lay on a table: from an angle, with a shadow, a fold, blur and light that falls off."""
    sheet = _fold(picture, lot)
    width, height = sheet.size
    room = round(0.06 * width)
    table = Image.new("RGB", (width + 2 * room, height + 2 * room), lot.choice(["#6b4a2f", "#3d4348", "#8a8f94"]))
    table.paste(sheet, (room, room))
    table = _angle(table, lot, 0.03)
    table = _light(table, lot)
    table = table.filter(ImageFilter.GaussianBlur(lot.uniform(0.4, 1.0)))
    return _jpeg(_noise(table, lot, 10), lot.randrange(60, 85))


def screenshot(picture: Image.Image, lot: random.Random) -> bytes:
    """Return what a telephone keeps of its screen, or what a chat makes of that."""
    out = io.BytesIO()
    if lot.random() < 0.5:
        picture.save(out, "PNG")
        return out.getvalue()
    smaller = picture.resize((round(picture.width * 0.7), round(picture.height * 0.7)), Image.Resampling.BICUBIC)
    return _jpeg(smaller, 60)


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return out.getvalue()


def _noise(picture: Image.Image, lot: random.Random, sigma: float) -> Image.Image:
    noise = Image.effect_noise(picture.size, sigma)
    noise = noise if picture.mode == "L" else Image.merge("RGB", [noise] * 3)
    return ImageChops.add(picture, noise, scale=1, offset=-128)


def _fold(picture: Image.Image, lot: random.Random) -> Image.Image:
    """Return the sheet with the shades of a letter that was folded in three."""
    shade = Image.new("L", picture.size, 255)
    draw = ImageDraw.Draw(shade)
    for part in (1, 2):
        y = picture.height * part // 3 + lot.randrange(-20, 20)
        draw.rectangle((0, y - 3, picture.width, y + 3), fill=lot.randrange(190, 225))
        draw.rectangle((0, y + 3, picture.width, y + picture.height // 12), fill=lot.randrange(225, 245))
    shade = shade.filter(ImageFilter.GaussianBlur(8))
    return ImageChops.multiply(picture, Image.merge("RGB", [shade] * 3))


def _angle(picture: Image.Image, lot: random.Random, most: float) -> Image.Image:
    width, height = picture.size
    moved = [(x + lot.uniform(-most, most) * width, y + lot.uniform(-most, most) * height)
             for x, y in ((0, 0), (0, height), (width, height), (width, 0))]  # fmt: skip
    corners = tuple(value for corner in moved for value in corner)
    return picture.transform(
        picture.size, Image.Transform.QUAD, corners, resample=Image.Resampling.BICUBIC, fillcolor="#55504a"
    )


def _light(picture: Image.Image, lot: random.Random) -> Image.Image:
    small = Image.linear_gradient("L").rotate(lot.choice([0, 90, 180, 270])).point(lambda v: 150 + v * 105 // 255)
    light = small.resize(picture.size, Image.Resampling.BICUBIC)
    shadow = Image.new("L", (64, 64), 255)
    x, y = lot.randrange(10, 50), lot.randrange(10, 50)
    ImageDraw.Draw(shadow).polygon([(x, 64), (64, y), (64, 64)], fill=lot.randrange(150, 200))
    shadow = shadow.filter(ImageFilter.GaussianBlur(2)).resize(picture.size, Image.Resampling.BICUBIC)
    both = ImageChops.multiply(light, shadow)
    return ImageChops.multiply(picture, Image.merge("RGB", [both] * 3))
