"""Amounts in sentences, of several treatments beside each other, and the signs that forbid a proposal."""

import pytest

from coulance.reading import lists, sheet, vetoes
from guests.files.words import Word


def rows_of(*lines, letters=False):
    """Rows of words of ten points high; two spaces are a wide gap."""
    words = []
    for number, line in enumerate(lines):
        left = 0
        for part in line.split("  "):
            for text in part.split():
                words.append(Word(text, left, 18 * number, left + 6 * len(text), 18 * number + 10))
                left += 6 * len(text) + 4
            left += 30
    return sheet.rows(words, 1, letters=letters)


def said(*lines):
    return [("".join(sorted(fact.meanings)), fact.cents) for fact in lists.sentences(rows_of(*lines))]


def test_the_verb_of_a_sentence_may_end_behind_the_amount():
    assert said("U krijgt € 12,50 vergoed. U krijgt € 2,50 niet vergoed.") == [("GP", 1250), ("N", 250)]


def test_what_is_kept_is_the_deductible_where_the_sentence_before_names_it():
    assert said("U had nog eigen risico. Daarom houden wij € 5,00 in.") == [("E", 500)]
    assert said("Daarom houden wij € 5,00 in.") == [("EO", 500)]
    assert said("U had eigen risico en achterstand. Daarom houden wij € 5,00 in.") == [("EO", 500)]


def test_a_sentence_about_the_year_says_nothing_of_this_bill():
    assert said("Na deze declaratie is van uw eigen risico nog over: € 285,00.") == [("Y", 28500)]


def test_of_treatments_beside_each_other_the_sum_counts():
    (fact,) = lists.beside(rows_of("Vergoeding  10,00  5,00  15,00"), after=False)
    assert fact.cents == 1500
    (fact,) = lists.beside(rows_of("Vergoeding  10,00  5,00  16,00"), after=False)
    assert fact.cents == 1000


def test_an_amount_that_sank_below_its_row_is_taken_back():
    words = [Word("Kosten", 0, 0, 40, 10), Word("5,00", 100, 0, 130, 10), Word("7,50", 200, 9, 230, 19)]
    assert [[piece.cents for piece in row.amounts] for row in sheet.rows(words, 1)] == [[500, 750]]


def test_a_dash_in_a_cell_is_nothing():
    (row,) = rows_of("Eigen risico  –  12,50")
    assert [piece.cents for piece in row.amounts] == [0, 1250]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("Wij hebben uw nota opnieuw beoordeeld", "correction"),
        ("Eerder aan u betaald € 20,00", "correction"),
        ("Al als voorschot ontvangen", "correction"),
        ("Dit bedrag is overgemaakt aan uw zorgverlener", "paid_to_provider"),
        ("Voor 1 behandeling volgt later een besluit", "not_final"),
        ("This is an estimate", "not_final"),
        ("Wat krijg ik terug?", "not_final"),
        ("Dit is een berekening vooraf", "not_final"),
        ("Wij beoordelen de nota opnieuw", "not_final"),
        ("De vergoeding kan daardoor nog veranderen", "not_final"),
    ],
)
def test_signs_of_danger(line, reason):
    assert reason in vetoes.of(rows_of(line), [])


@pytest.mark.parametrize(
    "line",
    [
        "Bent u het niet eens met ons? U kunt bezwaar maken",
        "U betaalt de rekening zelf aan uw zorgverlener",
        "Is uw rekeningnummer gewijzigd? Geef dat door",
        "Wat u al betaald heeft van uw eigen risico staat in de app",
    ],
)
def test_what_every_letter_says_is_none(line):
    assert list(vetoes.of(rows_of(line), [])) == []
