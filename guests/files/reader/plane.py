"""Maps of a plane onto another, as a matrix of three rows: straightening a page, and the way back to the picture."""

from collections.abc import Sequence

Matrix = tuple[tuple[float, float, float], ...]
Point = tuple[float, float]
IDENTITY: Matrix = ((1, 0, 0), (0, 1, 0), (0, 0, 1))


def product(one: Matrix, other: Matrix) -> Matrix:
    """Return the map that does `other` first, and then `one`."""
    return tuple(
        (
            sum(one[row][k] * other[k][0] for k in range(3)),
            sum(one[row][k] * other[k][1] for k in range(3)),
            sum(one[row][k] * other[k][2] for k in range(3)),
        )
        for row in range(3)
    )


def mapped(matrix: Matrix, point: Point) -> Point:
    """Return where a point comes."""
    x, y = point
    across, down, scale = (row[0] * x + row[1] * y + row[2] for row in matrix)
    return across / scale, down / scale


def of_corners(corners: Sequence[Point], width: float, height: float) -> Matrix:
    """Return the map of a sheet of this size onto four corners: top left, top right, bottom right, bottom left."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = corners
    dx1, dx2, dx3 = x1 - x2, x3 - x2, x0 - x1 + x2 - x3
    dy1, dy2, dy3 = y1 - y2, y3 - y2, y0 - y1 + y2 - y3
    below = dx1 * dy2 - dx2 * dy1
    g, h = (dx3 * dy2 - dx2 * dy3) / below, (dx1 * dy3 - dx3 * dy1) / below
    unit = ((x1 - x0 + g * x1, x3 - x0 + h * x3, x0), (y1 - y0 + g * y1, y3 - y0 + h * y3, y0), (g, h, 1.0))
    return product(unit, ((1 / width, 0, 0), (0, 1 / height, 0), (0, 0, 1)))


def scaled(factor: float) -> Matrix:
    """Return the map that makes everything this much larger."""
    return ((factor, 0, 0), (0, factor, 0), (0, 0, 1))


def coefficients(matrix: Matrix) -> tuple[float, ...]:
    """Return what Pillow wants to know of a map from the new picture to the old one."""
    last = matrix[2][2]
    flat = [value / last for row in matrix for value in row]
    return tuple(flat[:8])
