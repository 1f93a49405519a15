"""Words of a sheet that is not quite flat, moved up or down until the rows are level.

How steep the rows are is taken from the words themselves. On a sheet seen at an angle it changes from top to bottom,
and on one that is bent from left to right: steepness = a + b · x + c · y. The picture need not be drawn again.
"""

from collections.abc import Sequence

Slope = tuple[float, float, float, float]  # where a word stands, how steep it is, and how long
_LEAST_WORDS = 8
_ROUNDS = 4
_STEEP = 0.08  # steeper than any row of a straightened sheet
_FAR = 2.5  # times the usual error: not counted in the next round


def shifts(slopes: Sequence[Slope], points: Sequence[tuple[float, float]], width: float) -> list[float]:
    """Return by how much each point has to move up, so that the rows on the sheet are level."""
    found = _fitted([slope for slope in slopes if abs(slope[2]) < _STEEP], width)
    if found is None:
        return [0.0] * len(points)
    a, b, c = found
    middle = width / 2
    return [(x - middle) * (a + c * y / width + b * (x - middle) / (2 * width)) for x, y in points]


def _fitted(slopes: Sequence[Slope], width: float) -> tuple[float, float, float] | None:
    """Return the plane through the slopes, by least squares; without those far from it, it is tried anew."""
    kept = list(slopes)
    found: tuple[float, float, float] | None = None
    for _ in range(_ROUNDS):
        if len(kept) < _LEAST_WORDS:
            return None
        found = _least_squares([((x - width / 2) / width, y / width, steep, long) for x, y, steep, long in kept])
        if found is None:
            return None
        a, b, c = found
        errors = [abs(s - a - b * (x - width / 2) / width - c * y / width) for x, y, s, _ in kept]
        usual = max(sorted(errors)[len(errors) // 2], 0.0005)
        kept = [slope for slope, error in zip(kept, errors, strict=True) if error <= _FAR * usual]
    return found


def _least_squares(rows: Sequence[Slope]) -> tuple[float, float, float] | None:
    matrix = [[0.0] * 4 for _ in range(3)]
    for x, y, steep, weight in rows:
        terms = (1.0, x, y)
        for i in range(3):
            for j in range(3):
                matrix[i][j] += weight * terms[i] * terms[j]
            matrix[i][3] += weight * terms[i] * steep
    total = sum(row[3] for row in rows)
    for i in (1, 2):
        matrix[i][i] += 0.002 * total  # words in one place tell nothing of the rest of the sheet
    for i in range(3):
        pivot = matrix[i][i]
        if abs(pivot) < 1e-9:
            return None
        for j in range(3):
            if j != i:
                factor = matrix[j][i] / pivot
                matrix[j] = [one - factor * other for one, other in zip(matrix[j], matrix[i], strict=True)]
    return matrix[0][3] / matrix[0][0], matrix[1][3] / matrix[1][1], matrix[2][3] / matrix[2][2]
