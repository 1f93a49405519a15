"""A housemate shares the surname, the practice and perhaps the day of care: the initials tell them apart."""

from dataclasses import replace
from datetime import date

import pytest

from coulance.reading import names, ours, sheet
from coulance.reading.ours import Ours
from guests.files.words import Word
from tests.coulance.reading.test_lists import rows_of

OURS = Ours("2026-28316", 16341, (), date(2026, 8, 12), date(1985, 10, 12), "Vries", "Praktijk Vries", "J.P.")


def other(*lines, **known):
    words = [word for row in rows_of(*lines, letters=True) for piece in row.pieces for word in piece.words]
    return names.are_of_another(sheet.rows(words, 1, letters=True), replace(OURS, **known))


@pytest.mark.parametrize(
    "line",
    ["K. de Vries", "Voor: Kim de Vries", "Beste K.J. de Vries,", "VERZEKERDE : K. DE VRIES", "Vries, K. de",
     "De heer K de Vries", "K. de Vries-Bakker", "J.K. de Vries", "Kim Petra de Vries", "K. de Vrles",
     "Voorletters: K.  Naam: de Vries", "Voornaam  Kim"],
)  # fmt: skip
def test_other_initials_are_somebody_else(line):
    assert other(line)


@pytest.mark.parametrize(
    "line",
    ["J. de Vries", "J.P. de Vries", "JP de Vries", "J.P.M. de Vries", "Jan de Vries", "Jan-Peter de Vries",
     "Geachte mevrouw De Vries,", "Verzekerde: de Vries", "de Vries, J.P.", "Beste mevrouw De Vries, U ontvangt",
     "Praktijk Vries", "VERZEKERDE : J. DE VRIES", "K. Jansen", "J. P. de Vries-Bakker",
     "Voorletters: J.P.", "Voornaam  Achternaam"],
)  # fmt: skip
def test_the_same_or_none_are_not(line):
    assert not other(line)


def test_the_person_above_our_number_counts():
    housemate, mine, number = "Verzekerde K. de Vries", "Verzekerde J. de Vries", "Nota 2026-28316"
    assert not other(housemate, mine, number)
    assert other(mine, housemate, number)
    assert other(mine, housemate), "and without our number it may be either"


def test_in_letters_of_one_width_a_name_stays_together():
    words = [Word("K.", 0, 0, 8, 6), Word("DE", 15, 0, 25, 6), Word("VRIES", 32, 0, 60, 6)]
    assert len(sheet.rows(words, 1, letters=True)[0].pieces) > 1
    assert names.are_of_another(sheet.rows(words, 1, letters=True), OURS)


def test_the_patient_is_named_with_initials_only():
    assert names.has_patient(rows_of("Mevrouw J. de Vries", letters=True), OURS)
    assert not names.has_patient(rows_of("Mevrouw De Vries", letters=True), OURS)
    assert not names.has_patient(rows_of("K. de Vries", letters=True), OURS)


def test_an_insured_person_in_a_cell_of_its_own_may_be_somebody_else():
    assert ours.is_somebody_else(rows_of("J. de Vries", "Verzekerde  P. Bakker"), OURS)
    assert not ours.is_somebody_else(rows_of("Verzekerde  J. de Vries"), OURS)
    assert not ours.is_somebody_else(rows_of("Verzekerde  Geb.datum  Zorg", "J. de Vries  12-10-1985  Kort"), OURS)


def test_without_initials_of_our_own_nobody_is_told_apart():
    assert not other("K. de Vries", initials="")


def test_a_day_below_a_date_of_birth_with_its_own_value_is_no_birth():
    letter = ["Geboortedatum: 12-10-1985", "Datum: 01-04-2026"]
    assert not ours.is_somebody_else(rows_of(*letter), OURS)
    assert not ours.is_somebody_else(rows_of("Geboortedatum  12-10-1985", "Datum nota  01-04-2026"), OURS)
    assert ours.is_somebody_else(rows_of("Geboortedatum  Naam", "01-04-2011  Kim"), OURS)


def test_half_a_label_waits_for_its_other_half():
    """In letters of one width a space is a wide gap: "NIET VERG." is one label, not "granted"."""
    words = [Word("NIET", 0, 0, 24, 7), Word("VERG.", 31, 0, 61, 7), Word("EIG.", 90, 0, 114, 7)]
    words += [Word("RISICO", 121, 0, 157, 7)]
    (row,) = sheet.rows(words, 1)
    assert [piece.text for piece in row.texts] == ["NIET VERG.", "EIG. RISICO"]
