"""Headings and the columns below them: what could belong to two headings is not certain."""

import pytest

from coulance.reading import sheet, tables
from guests.files.words import Word
from tests.coulance.specimens import layouts, reading

HEADS = ("Ingediend", "Uitgekeerd", "Eigendeel", "Eigenrisico")
AMOUNTS = ("426,47", "230,89", "195,58", "0,00")


def table_of(heads, amounts):
    """Return the table of one row of headings and one row of amounts, each given by where its words begin."""
    words = [Word(text, left, 0, left + 50, 10) for text, left in zip(HEADS, heads, strict=True)]
    words += [Word(text, left, 20, left + 30, 30) for text, left in zip(AMOUNTS, amounts, strict=False)]
    (table,) = tables.find(sheet.rows(words, 1))
    return table


@pytest.mark.parametrize("amounts", [(100, 200, 300, 400), (120, 220, 320, 420), (80, 180, 280, 380)])
def test_amounts_below_their_own_heading_are_certain(amounts):
    table = table_of((100, 200, 300, 400), amounts)
    assert [column.label for column in table.columns] == list(HEADS)
    assert table.is_sure


@pytest.mark.parametrize("amounts", [(160, 260, 360, 460), (65, 165, 265, 365), (100, 200, 360, 460)])
def test_amounts_between_two_headings_are_certain_when_each_has_one(amounts):
    table = table_of((100, 200, 300, 400), amounts)
    assert [column.label for column in table.columns] == list(HEADS)
    assert table.is_sure


@pytest.mark.parametrize("amounts", [(160, 260, 360), (165, 265, 365), (100, 260, 360)])
def test_amounts_between_two_headings_are_not_when_one_is_left_over(amounts):
    assert not table_of((100, 200, 300, 400), amounts).is_sure


def test_the_widest_amount_of_a_column_tells_where_it_stands():
    words = [Word(text, 100 + 100 * n, 0, 150 + 100 * n, 10) for n, text in enumerate(HEADS)]
    for row, wide in ((20, 15), (40, 40)):
        words += [Word("1,00", 173 + 100 * n - wide, row, 173 + 100 * n, row + 10) for n in range(4)]
    (table,) = tables.find(sheet.rows(words, 1))
    assert table.is_sure


@pytest.mark.parametrize("seed", [9, 106])
def test_what_is_not_reimbursed_is_not_taken_for_the_deductible(seed):
    layout = next(layout for layout in layouts("unseen") if layout.name == "own account, of which deductible")
    outcome = reading.outcome(layout, seed, "text")
    assert outcome.verdict == "right", outcome.reasons
