"""Letters recognised in a picture by Tesseract, in Dutch: in three ways and sizes, for each has its own errors."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tesserocr
from PIL import Image, ImageFilter

from guests.files.reader import MOST_WORDS, level, plane, straighten
from guests.files.reader.straighten import Sheet

LANGUAGE = "nld"
DATA = "/usr/share/tesseract-ocr"  # of Debian's tesseract-ocr-nld, one folder below
_WIDTH = 1700  # pixels of a sheet at first
_TALL = 27  # pixels of a capital letter, at which Tesseract errs least
_LARGE, _SMALL = 1.1, 0.88  # times that, in the second and the third way
_SOFT = 0.9  # pixels: noise is blurred away in the second way
_FEW = 12  # words: then the sheet is upside down, or lies on its side
_SURE = 55  # of a hundred, of Tesseract itself: only to find out which way is up
_MOST_PIXELS = 14_000_000
Found = list[list[Any]]


def data_folder() -> str | None:
    """Return where the letters of Dutch are described, or None when they are not installed."""
    found = sorted(Path(DATA).glob(f"*/tessdata/{LANGUAGE}.traineddata"))
    return str(found[-1].parent) if found else None


def prepared() -> Callable[[bytes], list[dict[str, Any]]]:
    """Return the function that reads a picture, with all that it needs of the machine already there."""
    Image.preinit()
    api = tesserocr.PyTessBaseAPI(path=data_folder(), lang=LANGUAGE)
    api.SetVariable("debug_file", "")  # it would open /dev/null, and fall over where it can't
    trial = io.BytesIO()
    Image.new("RGB", (400, 300), "white").save(trial, "PNG")
    _page(api, trial.getvalue())
    return lambda content: [_page(api, content)]


def _page(api: Any, content: bytes) -> dict[str, Any]:
    with Image.open(io.BytesIO(content), formats=["JPEG", "PNG"]) as opened:
        shown = opened.convert("RGB")
    best: tuple[int, list[Found]] = (-1, [])
    for quarter in (0, 2, 1, 3):
        sure, passes = _looks(api, shown, quarter)
        if sure > best[0]:
            best = sure, passes
        if best[0] >= _FEW:
            break
    return {"width": shown.width, "height": shown.height, "seen": True, "passes": best[1]}


def _looks(api: Any, shown: Image.Image, quarter: int) -> tuple[int, list[Found]]:
    """Return how many words are certain, and the words of each way of looking."""
    matrix, size, grey = straighten.straightened(shown, quarter)
    scale = _WIDTH / size[0] if size[0] < size[1] else _WIDTH / size[1]
    rough = straighten.drawn(grey, matrix, size, _limited(scale, size))
    sparse, sure, tall = _words(api, rough, tesserocr.PSM.SPARSE_TEXT, shown.size)
    if sure < _FEW:
        return sure, [sparse, [], []]
    again = _limited(scale * _TALL / tall, size)
    if not 0.75 < again / scale < 1.4:
        rough = straighten.drawn(grey, matrix, size, again)
        sparse, sure, tall = _words(api, rough, tesserocr.PSM.SPARSE_TEXT, shown.size)
    large = straighten.drawn(grey, matrix, size, _limited(again * _LARGE, size))
    soft = Sheet(large.picture.filter(ImageFilter.GaussianBlur(_SOFT)), large.to_shown)
    small = straighten.drawn(grey, matrix, size, _limited(again * _SMALL, size))
    blocks = [_words(api, sheet, tesserocr.PSM.SINGLE_BLOCK, shown.size)[0] for sheet in (soft, small)]
    return sure, [sparse, *blocks]


def _limited(scale: float, size: tuple[float, float]) -> float:
    return min(scale, (_MOST_PIXELS / (size[0] * size[1])) ** 0.5)


def _words(api: Any, sheet: Sheet, way: int, shown: tuple[int, int]) -> tuple[Found, int, float]:
    """Return the words on a sheet, how many of them are certain, and how tall a capital is."""
    api.SetPageSegMode(way)
    api.SetImage(sheet.picture)
    api.Recognize()
    found: Found = []
    heights: list[float] = []
    slopes: list[level.Slope] = []
    whole = tesserocr.RIL.WORD
    words = api.GetIterator()
    for word in tesserocr.iterate_level(words, whole) if words else ():
        if word.Empty(whole) or len(found) >= MOST_WORDS:
            continue
        text = word.GetUTF8Text(whole).strip()
        box, base = word.BoundingBox(whole), word.Baseline(whole)
        if not text or not box:
            continue
        row = word.RowAttributes()
        tall = max(4.0, row["row_height"] - abs(row["descenders"]))
        bottom = (base[0][1] + base[1][1]) / 2 if base else box[3]
        place = (box[0], bottom - tall, box[2], bottom)
        found.append([text, *(round(value, 1) for value in place), *_shown(sheet, place, shown)])
        if word.Confidence(whole) >= _SURE and len(text) > 2:
            heights.append(tall)
            if base and base[1][0] > base[0][0]:
                (x0, y0), (x1, y1) = base
                slopes.append(((x0 + x1) / 2, (y0 + y1) / 2, (y1 - y0) / (x1 - x0), x1 - x0))
    return _level(found, slopes, sheet), len(heights), sorted(heights)[len(heights) // 2] if heights else float(_TALL)


def _level(found: Found, slopes: list[level.Slope], sheet: Sheet) -> Found:
    """Return the words on level rows; where they are on the picture that is shown stays as it is."""
    points = [((left + right) / 2, bottom) for _, left, _, right, bottom, *_ in found]
    up = level.shifts(slopes, points, sheet.picture.width)
    return [
        [text, left, round(top - by, 1), right, round(bottom - by, 1), *place]
        for (text, left, top, right, bottom, *place), by in zip(found, up, strict=True)
    ]


def _shown(sheet: Sheet, box: tuple[float, float, float, float], shown: tuple[int, int]) -> list[int]:
    """Return the box around a word on the picture as it was sent, in thousandths."""
    left, top, right, bottom = box
    corners = [
        plane.mapped(sheet.to_shown, point) for point in ((left, top), (right, top), (right, bottom), (left, bottom))
    ]
    across, down = [x / shown[0] for x, _ in corners], [y / shown[1] for _, y in corners]
    found = (min(across), min(down), max(across), max(down))
    return [max(0, min(1000, round(1000 * value))) for value in found]
