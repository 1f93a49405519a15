"""Letters recognised in a picture by Tesseract, in Dutch: twice, in two ways and sizes, for each has its own errors."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tesserocr
from PIL import Image

from guests.files.reader import MOST_WORDS, plane, straighten
from guests.files.reader.straighten import Sheet

LANGUAGE = "nld"
DATA = "/usr/share/tesseract-ocr"  # of Debian's tesseract-ocr-nld, one folder below
_WIDTH = 1700  # pixels of a sheet at first
_TALL = 30  # pixels of a capital letter, at which Tesseract errs least
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
    best: tuple[int, Found, Found] = (-1, [], [])
    for quarter in (0, 2, 1, 3):
        sure, *passes = _both(api, shown, quarter)
        if sure > best[0]:
            best = (sure, passes[0], passes[1])
        if best[0] >= _FEW:
            break
    return {"width": shown.width, "height": shown.height, "seen": True, "passes": list(best[1:])}


def _both(api: Any, shown: Image.Image, quarter: int) -> tuple[int, Found, Found]:
    """Return how many words are certain, and the words of both ways of looking."""
    matrix, size, grey = straighten.straightened(shown, quarter)
    scale = _WIDTH / size[0] if size[0] < size[1] else _WIDTH / size[1]
    rough = straighten.drawn(grey, matrix, size, _limited(scale, size))
    sparse, sure, tall = _words(api, rough, tesserocr.PSM.SPARSE_TEXT, shown.size)
    if sure < _FEW:
        return sure, sparse, []
    again = _limited(scale * _TALL / tall, size)
    if not 0.75 < again / scale < 1.4:
        rough = straighten.drawn(grey, matrix, size, again)
        sparse, sure, tall = _words(api, rough, tesserocr.PSM.SPARSE_TEXT, shown.size)
    fine = straighten.drawn(grey, matrix, size, _limited(again * 1.15, size))
    block, *_ = _words(api, fine, tesserocr.PSM.SINGLE_BLOCK, shown.size)
    return sure, sparse, block


def _limited(scale: float, size: tuple[float, float]) -> float:
    return min(scale, (_MOST_PIXELS / (size[0] * size[1])) ** 0.5)


def _words(api: Any, sheet: Sheet, way: int, shown: tuple[int, int]) -> tuple[Found, int, float]:
    """Return the words on a sheet, how many of them are certain, and how tall a capital is."""
    api.SetPageSegMode(way)
    api.SetImage(sheet.picture)
    api.Recognize()
    found: Found = []
    sure, heights = 0, []
    level = tesserocr.RIL.WORD
    words = api.GetIterator()
    for word in tesserocr.iterate_level(words, level) if words else ():
        if word.Empty(level) or len(found) >= MOST_WORDS:
            continue
        text = word.GetUTF8Text(level).strip()
        box, base = word.BoundingBox(level), word.Baseline(level)
        if not text or not box:
            continue
        row = word.RowAttributes()
        tall = max(4.0, row["row_height"] - abs(row["descenders"]))
        bottom = (base[0][1] + base[1][1]) / 2 if base else box[3]
        place = (box[0], bottom - tall, box[2], bottom)
        found.append([text, *(round(value, 1) for value in place), *_shown(sheet, place, shown)])
        if word.Confidence(level) >= _SURE and len(text) > 2:
            sure += 1
            heights.append(tall)
    return found, sure, sorted(heights)[len(heights) // 2] if heights else float(_TALL)


def _shown(sheet: Sheet, box: tuple[float, float, float, float], shown: tuple[int, int]) -> list[int]:
    """Return the box around a word on the picture as it was sent, in thousandths."""
    left, top, right, bottom = box
    corners = [
        plane.mapped(sheet.to_shown, point) for point in ((left, top), (right, top), (right, bottom), (left, bottom))
    ]
    across, down = [x / shown[0] for x, _ in corners], [y / shown[1] for _, y in corners]
    found = (min(across), min(down), max(across), max(down))
    return [max(0, min(1000, round(1000 * value))) for value in found]
