"""Pictures that honest people send and that are odd in some way. Every one is made here; none is kept.

Each shows a black mark in its upper left quarter, upright, on white.
"""

import io
import zlib
from collections.abc import Callable
from typing import Any

import pillow_heif
from PIL import Image

from tests.guests.files import hostile
from tests.guests.files.hostile import chunk

pillow_heif.register_heif_opener()
SIZE = (400, 300)


def sheet(size: tuple[int, int] = SIZE, mode: str = "RGB") -> Image.Image:
    page = Image.new("RGB", size, "white")
    page.paste("black", (size[0] // 8, size[1] // 8, size[0] // 3, size[1] // 3))
    return page.convert(mode)


def saved(name: str, page: Image.Image | None = None, **options: Any) -> bytes:
    out = io.BytesIO()
    (page or sheet()).save(out, name, **options)
    return out.getvalue()


def photo(size: tuple[int, int]) -> Image.Image:
    """A sheet with the noise of a camera, so that it does not pack well."""
    noise = Image.effect_noise((size[0] // 4, size[1] // 4), 60).resize(size).convert("RGB")
    return Image.blend(sheet(size), noise, 0.25)


def standing(number: int, name: str = "JPEG") -> bytes:
    """A picture that is stored turned, with the EXIF that says how to turn it back."""
    exif = Image.Exif()
    exif[0x0112] = number
    stored = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[number]
    return saved(name, sheet().transpose(stored), exif=exif.tobytes())


def before_the_pixels(png: bytes, *chunks: bytes) -> bytes:
    return png[:33] + b"".join(chunks) + png[33:]


def text_packed(size: int) -> bytes:
    return chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(b"<x/>" * (size // 4)))


def segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(data) + 2).to_bytes(2, "big") + data


def after_the_start(jpeg: bytes, *segments: bytes) -> bytes:
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def of_many(name: str, mode: str = "RGB", **options: Any) -> bytes:
    pages = [sheet(mode=mode) for _ in range(3)]
    out = io.BytesIO()
    pages[0].save(out, name, save_all=True, append_images=pages[1:], **options)
    return out.getvalue()


def transparent() -> Image.Image:
    page = sheet(mode="RGBA")
    page.putalpha(page.convert("L").point(lambda v: 255 - v))
    return page


def sixteen_bits() -> Image.Image:
    return sheet(mode="L").convert("I").point(lambda v: v * 257).convert("I;16")


def with_one_colour_transparent() -> bytes:
    page = sheet().quantize(4)
    white = page.getpixel((399, 299))
    return saved("PNG", page, transparency=white)


ODD: dict[str, Callable[[], bytes]] = {
    "a photo without its last two bytes": lambda: saved("JPEG")[:-2],
    "a photo without its last hundred bytes": lambda: saved("JPEG", photo((800, 600)))[:-100],
    "a photo whose EXIF is broken": lambda: after_the_start(
        saved("JPEG"), segment(0xE1, b"Exif\0\0II*\0\xff\xff\xff\xff")
    ),
    "a photo with 1.3 MB of remarks": lambda: after_the_start(saved("JPEG"), *[segment(0xFE, b"x" * 65_000)] * 20),
    "a photo with a broken colour profile": lambda: saved("JPEG", icc_profile=b"\0" * 100_000),
    "a photo with a broken list of pictures": lambda: after_the_start(saved("JPEG"), segment(0xE2, b"MPF\0II*\0\xff")),
    "a photo on its side": lambda: standing(6),
    "a photo on its other side": lambda: standing(8),
    "a photo upside down": lambda: standing(3),
    "a photo in the mirror": lambda: standing(2),
    "a photo on its side in the mirror": lambda: standing(5),
    "a photo of a printing press": lambda: saved("JPEG", sheet(mode="CMYK")),
    "a photo in grey": lambda: saved("JPEG", sheet(mode="L")),
    "a photo that appears in steps": lambda: saved("JPEG", progressive=True),
    "a photo with a second one behind": lambda: of_many("MPO"),
    "a photo with a film behind": lambda: saved("JPEG") + b"\0\0\0\x18ftypmp42" + b"\0" * 50_000,
    "a screenshot with 1.8 MB about itself": lambda: before_the_pixels(saved("PNG"), text_packed(1_800_000)),
    "a screenshot with a wrong checksum of a remark": lambda: before_the_pixels(
        saved("PNG"), chunk(b"tEXt", b"a\0b")[:-4] + b"\0\0\0\0"
    ),
    "a screenshot without its end": lambda: saved("PNG")[:-12],
    "a screenshot without its last bytes": lambda: saved("PNG", photo((400, 300)))[:-200],
    "a screenshot with a broken colour profile": lambda: before_the_pixels(
        saved("PNG"), chunk(b"iCCP", b"x\0\0rubbish")
    ),
    "a screenshot of few colours": with_one_colour_transparent,
    "a screenshot of 16 bits": lambda: saved("PNG", sixteen_bits()),
    "a screenshot of one bit": lambda: saved("PNG", sheet(mode="1")),
    "a screenshot that is transparent": lambda: saved("PNG", transparent()),
    "a screenshot of a whole page, 20,000 pixels high": lambda: saved("PNG", sheet((1170, 20_000)), compress_level=1),
    "a scan of 600 dots per inch": lambda: saved("PNG", sheet((4960, 7016), "L"), compress_level=1),
    "a film as a picture": lambda: of_many("PNG"),
    "a photo of an iPhone": lambda: saved("HEIF"),
    "a photo of an iPhone on its side": lambda: standing(6, "HEIF"),
    "a photo of an iPhone in the general brand": lambda: saved("HEIF").replace(b"ftypheic", b"ftypmif1", 1),
    "photos of an iPhone in one file": lambda: of_many("HEIF"),
    "a photo of WhatsApp": lambda: saved("WEBP"),
    "a photo of WhatsApp on its side": lambda: standing(6, "WEBP"),
    "a sticker": lambda: saved("WEBP", transparent(), lossless=True),
    "a moving sticker": lambda: of_many("WEBP"),
    "a photo of a new Android": lambda: saved("AVIF", speed=10),
    "a photo of a new Android on its side": lambda: standing(6, "AVIF"),
    "a fax": lambda: saved("TIFF", sheet(mode="1"), compression="group4"),
    "a scan": lambda: saved("TIFF", compression="tiff_lzw"),
    "a scan as a photo": lambda: saved("TIFF", compression="jpeg"),
    "a scan on its side": lambda: saved("TIFF", sheet().transpose(Image.Transpose.ROTATE_90), tiffinfo={274: 6}),
    "a scan of three pages": lambda: of_many("TIFF", compression="tiff_deflate"),
    "a fax of three pages": lambda: of_many("TIFF", "1", compression="group4"),
    "an old picture": lambda: saved("GIF"),
    "an old moving picture": lambda: of_many("GIF"),
    "a bitmap": lambda: saved("BMP"),
    "a bitmap of few colours": lambda: saved("BMP", sheet().quantize(16)),
}

# Refused, with advice that helps.
TOLD: dict[str, tuple[str, Callable[[], bytes]]] = {
    "half a photo": ("incomplete", lambda: (whole := saved("JPEG", photo((800, 600))))[: len(whole) // 2]),
    "half a screenshot": ("incomplete", lambda: (whole := saved("PNG", photo((400, 300))))[: len(whole) // 2]),
    "half a screenshot of few colours": (
        "incomplete",
        lambda: (whole := saved("PNG", photo((400, 300)).quantize(16)))[: len(whole) // 2],
    ),
    "most of a screenshot of few colours": (
        "incomplete",
        lambda: (whole := saved("PNG", photo((400, 300)).quantize(16)))[: len(whole) * 8 // 10],
    ),
    "half a scan in the colours of a printer": (
        "incomplete",
        lambda: (whole := saved("JPEG", photo((800, 600)).convert("CMYK")))[: len(whole) // 2],
    ),
    "half a photo of an iPhone": ("damaged", lambda: (whole := saved("HEIF"))[: len(whole) // 2]),
    "half a photo of WhatsApp": ("damaged", lambda: (whole := saved("WEBP"))[: len(whole) // 2]),
    "a poster of 300 megapixels": ("too_complex", lambda: hostile.png_flood(20_000, 15_000)),
    "a scan of 101 pages": (
        "too_long",
        lambda: saved("TIFF", sheet((8, 8)), save_all=True, append_images=[sheet((8, 8))] * 100),
    ),
}
