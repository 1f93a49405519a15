"""A photo of a sheet as the sheet itself: cut out, from straight above, in even light, with level rows."""

import math
from dataclasses import dataclass
from itertools import pairwise

from PIL import Image, ImageChops, ImageFilter, ImageOps

from guests.files.reader import plane
from guests.files.reader.plane import Matrix, Point

_SMALL = 240  # pixels of the longest side in which a sheet is looked for
_MIDDLE = 900  # in which rows are
_MOST_SKEW = 6.0  # degrees
_LEAST_SHEET, _MOST_SHEET = 0.25, 0.97  # of the picture
_STEP, _RISE = 8, 0.1  # of brightness, and of itself: what is steeper is an edge
_ROOM = 0.02  # of a sheet, around it: what stands at its edge is not cut off
_DARK = 90  # a median below it: light letters on a dark screen


@dataclass(frozen=True)
class Sheet:
    """A sheet in grey, and the map from it to the picture that it was on."""

    picture: Image.Image
    to_shown: Matrix


def straightened(shown: Image.Image, quarter: int = 0) -> tuple[Matrix, tuple[float, float], Image.Image]:
    """Return the map from the level sheet to the picture, the size of that sheet, and the picture in grey.

    `quarter`: how often the sheet is turned to the right first.
    """
    grey = shown.convert("L")
    found = _corners(grey)
    room = _ROOM if found else 0.0
    across, down = grey.size
    corners = found or ((0.0, 0.0), (across, 0.0), (across, down), (0.0, down))
    corners = (*corners[-quarter % 4 :], *corners[: -quarter % 4]) if quarter else corners
    width = (math.dist(corners[0], corners[1]) + math.dist(corners[3], corners[2])) / 2
    height = (math.dist(corners[0], corners[3]) + math.dist(corners[1], corners[2])) / 2
    matrix = plane.product(
        plane.of_corners(corners, width, height), ((1, 0, -room * width), (0, 1, -room * height), (0, 0, 1))
    )
    width, height = width * (1 + 2 * room), height * (1 + 2 * room)
    angle = _skew(_drawn(grey, matrix, (width, height), _MIDDLE / max(width, height)))
    return plane.product(matrix, _rotation(angle, width / 2, height / 2)), (width, height), grey


def drawn(grey: Image.Image, matrix: Matrix, size: tuple[float, float], scale: float) -> Sheet:
    """Return the sheet, this much larger than it was found, in even light."""
    sheet = _even(_drawn(grey, matrix, size, scale))
    return Sheet(sheet, plane.product(matrix, plane.scaled(1 / scale)))


def _drawn(grey: Image.Image, matrix: Matrix, size: tuple[float, float], scale: float) -> Image.Image:
    to_shown = plane.product(matrix, plane.scaled(1 / scale))
    whole = round(size[0] * scale), round(size[1] * scale)
    if scale < 0.7:
        # Pillow takes single points: what becomes much smaller is made so first, or letters fall apart.
        by = max(1, int(1 / scale))
        grey, to_shown = grey.reduce(by), plane.product(plane.scaled(1 / by), to_shown)
    return grey.transform(
        whole, Image.Transform.PERSPECTIVE, plane.coefficients(to_shown), Image.Resampling.BICUBIC, fillcolor=255
    )


def _rotation(degrees: float, x: float, y: float) -> Matrix:
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return ((c, -s, x - c * x + s * y), (s, c, y - s * x - c * y), (0, 0, 1))


def _even(sheet: Image.Image) -> Image.Image:
    """Return the sheet as if the light fell on it evenly: each point beside the lightest around it."""
    if _median(sheet) < _DARK:
        sheet = ImageOps.invert(sheet)
    small = sheet.reduce(8)
    ground = small.filter(ImageFilter.MaxFilter(5)).filter(ImageFilter.MedianFilter(5)).filter(ImageFilter.BoxBlur(3))
    ground = ground.resize(sheet.size, Image.Resampling.BILINEAR)
    darker = ImageChops.invert(ImageChops.subtract(ground, sheet))
    return ImageOps.autocontrast(darker, cutoff=(0.3, 0))


def _median(picture: Image.Image) -> int:
    counts = picture.histogram()
    half, seen = sum(counts) / 2, 0
    for value, count in enumerate(counts):
        seen += count
        if seen >= half:
            return value
    return 255


def _skew(sheet: Image.Image) -> float:
    """Return by how many degrees the rows climb: turned back, they and the space between them differ most."""
    ink = ImageChops.invert(_even(sheet)).point(lambda value: 255 if value > 90 else 0)
    angles = [step / 2 for step in range(-int(2 * _MOST_SKEW), int(2 * _MOST_SKEW) + 1)]
    coarse = max(angles, key=lambda angle: _sharpness(ink, angle))
    return max((coarse + step / 10 for step in range(-4, 5)), key=lambda angle: _sharpness(ink, angle))


def _sharpness(ink: Image.Image, angle: float) -> float:
    turned = ink.rotate(angle, Image.Resampling.NEAREST)
    rows = list(turned.resize((1, turned.height), Image.Resampling.BOX).tobytes())
    return sum((one - other) ** 2 for one, other in pairwise(rows))


def _corners(grey: Image.Image) -> tuple[Point, ...] | None:
    """Return the corners of a sheet that lies on something else; None when the picture is the sheet.

    What lies around it is what can be reached from the edge of the picture without a crossing where it suddenly gets
    brighter: a shadow over the sheet is no edge of it.
    """
    scale = _SMALL / max(grey.size)
    size = max(8, round(grey.width * scale)), max(8, round(grey.height * scale))
    small = grey.resize(size, Image.Resampling.BOX).filter(ImageFilter.MedianFilter(3))
    sheet = _inside(small)
    if not sheet:
        return None
    found = (
        min(sheet, key=lambda p: p[0] + p[1]),
        max(sheet, key=lambda p: p[0] - p[1]),
        max(sheet, key=lambda p: p[0] + p[1]),
        min(sheet, key=lambda p: p[0] - p[1]),
    )
    part = len(sheet) / (size[0] * size[1])
    area = abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(found, (*found[1:], found[0]), strict=True))) / 2
    is_sheet = _LEAST_SHEET < part < _MOST_SHEET and 0.92 < area / len(sheet) < 1.08
    return tuple(((x + 0.5) / scale, (y + 0.5) / scale) for x, y in found) if is_sheet else None


def _inside(small: Image.Image) -> set[tuple[int, int]]:
    """Return the points that can't be reached from the edge."""
    width, height = small.size
    # The edge of a sheet that does not lie straight is a slope within its own line, but a step to the lines beside it.
    highest, lowest = small.filter(ImageFilter.MaxFilter(3)).tobytes(), small.filter(ImageFilter.MinFilter(3)).tobytes()
    is_open = [high - low < _STEP + high * _RISE for high, low in zip(highest, lowest, strict=True)]
    edge = [n for n in range(width * height) if n % width in (0, width - 1) or n // width in (0, height - 1)]
    outside = set(edge)
    while edge:
        n = edge.pop()
        for other in (n - 1, n + 1, n - width, n + width):
            if 0 <= other < len(is_open) and other not in outside and is_open[other]:
                outside.add(other)
                edge.append(other)
    return {(n % width, n // width) for n in range(len(is_open)) if n not in outside}
