"""The text that a PDF brings itself, word by word, as far as it is drawn on the page."""

import ctypes
from collections.abc import Iterator
from typing import Any

from pypdfium2 import PdfDocument, PdfPage, PdfTextPage, raw

from guests.files.reader import MOST_PAGES, MOST_WORDS

"".encode("utf-16-le")  # Python imports a codec when needed; once isolated, the process can open no file any more
_WORD_GAP = 0.28  # of the height of the letters
_FONT_TOP, _FONT_BOTTOM = 0.24, 0.22  # of a font's height, where its letters have nothing
_HYPHENS = {"\ufffe": "-", "\xad": "-", "\u2010": "-", "\u2011": "-", "\xa0": " ", "\u202f": " ", "\u2009": " "}
Letter = tuple[str, float, float, float, float]


def pages(content: bytes) -> list[dict[str, Any]]:
    """Return the words of each page that somebody sees; no words for a page that is a picture."""
    with PdfDocument(content) as source:
        source.init_forms()
        return [_page(source[number]) for number in range(min(len(source), MOST_PAGES))]


def _page(page: PdfPage) -> dict[str, Any]:
    width, height = page.get_size()
    text_page = page.get_textpage()
    words = list(_words(_letters(page, text_page)))[:MOST_WORDS]
    shown = [[text, *map(_rounded, box), *_thousandths(box, width, height)] for text, *box in words]
    return {"width": width, "height": height, "seen": False, "passes": [shown]}


def _rounded(value: float) -> float:
    return round(value, 2)


def _thousandths(box: list[float], width: float, height: float) -> list[int]:
    left, top, right, bottom = box
    found = (left / width, top / height, right / width, bottom / height)
    return [max(0, min(1000, round(1000 * value))) for value in found]


def _letters(page: PdfPage, text_page: PdfTextPage) -> Iterator[Letter]:
    """Yield each letter with its box, from the top left of the page as it is shown; a space where a word ends."""
    box = raw.FS_RECTF()
    for number in range(text_page.count_chars()):
        code = raw.FPDFText_GetUnicode(text_page, number)
        letter = chr(code) if 0 < code < 0xD800 or 0xE000 <= code < 0x110000 else " "
        letter = _HYPHENS.get(letter, letter)
        if letter.isspace() or _is_invisible(text_page, number):
            yield " ", 0, 0, 0, 0
        elif raw.FPDFText_GetLooseCharBox(text_page, number, box):
            first, second = _point(page, box.left, box.top), _point(page, box.right, box.bottom)
            (left, right), (top, bottom) = sorted((first[0], second[0])), sorted((first[1], second[1]))
            tall = bottom - top
            yield letter, left, top + _FONT_TOP * tall, right, bottom - _FONT_BOTTOM * tall


def _is_invisible(text_page: PdfTextPage, number: int) -> bool:
    """Tell whether only a search finds this letter: the layer of a scan, in which somebody else's machine guessed."""
    found = raw.FPDFText_GetTextObject(text_page, number)
    return bool(found) and raw.FPDFTextObj_GetTextRenderMode(found) == raw.FPDF_TEXTRENDERMODE_INVISIBLE


def _point(page: PdfPage, x: float, y: float) -> tuple[float, float]:
    """Return a point of the file on the page as it is shown: turned and cropped."""
    across, down = ctypes.c_int(), ctypes.c_int()
    width, height = page.get_size()
    scale = 100  # the function answers in whole pixels
    size = int(width * scale), int(height * scale)
    raw.FPDF_PageToDevice(page, 0, 0, *size, 0, x, y, ctypes.byref(across), ctypes.byref(down))
    return across.value / scale, down.value / scale


def _words(letters: Iterator[Letter]) -> Iterator[tuple[str, float, float, float, float]]:
    word: list[Letter] = []
    for letter in letters:
        if word and (letter[0] == " " or _begins_anew(word[-1], letter)):
            yield _joined(word)
            word = []
        if letter[0] != " ":
            word.append(letter)
    if word:
        yield _joined(word)


def _begins_anew(last: Letter, letter: Letter) -> bool:
    tall = max(last[4] - last[2], letter[4] - letter[2], 0.1)
    apart = letter[1] - last[3]
    return apart > _WORD_GAP * tall * 2 or apart < -tall or abs(letter[4] - last[4]) > 0.6 * tall


def _joined(word: list[Letter]) -> tuple[str, float, float, float, float]:
    text = "".join(letter[0] for letter in word)
    return text, word[0][1], min(w[2] for w in word), max(w[3] for w in word), max(w[4] for w in word)
