"""Rows of a sheet that was seen at an angle are made level."""

from guests.files.reader import level


def test_rows_that_climb_differently_come_level():
    width = 1000
    words = [(x, y, 0.02 - 0.03 * y / width, 80) for y in range(0, 1400, 100) for x in range(50, 1000, 150)]
    moved = [(x, y + (x - width / 2) * steep) for x, y, steep, _ in words]
    up = level.shifts(words, moved, width)
    left = [abs(y - by - at) for (_, y), by, (_, at, _, _) in zip(moved, up, words, strict=True)]
    assert max(left) < 2
    assert max(abs(by) for by in up) > 8


def test_some_words_that_lie_wrong_change_little():
    words = [(x, y, 0.01, 80) for y in range(0, 1400, 100) for x in range(50, 1000, 150)]
    wrong = [(x, y, 0.07, 20) for x, y, _, _ in words[:6]]
    (by,) = level.shifts(words + wrong, [(900, 700)], 1000)
    assert abs(by - 4) < 1


def test_of_few_words_nothing_is_moved():
    assert level.shifts([(0, 0, 0.02, 50)] * 3, [(10, 10)], 1000) == [0.0]
