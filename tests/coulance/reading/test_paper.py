"""A paper as a whole: what is left without a meaning speaks against the meaning of the rest."""

from datetime import date

import pytest

from coulance.reading import paper, reader
from coulance.reading.ours import Ours
from guests.files.words import Page, Word

OURS = Ours("2026-28316", 16341, ((date(2026, 8, 8), 16341),), date(2026, 8, 12), date(1985, 10, 12), "Idrissi", "Zand")
ROWS = (
    ("12-10-1985", "2026-28316"),
    ("", "", "Bedrag", "Vergoed", "E.R.", "Uitbet."),
    ("080826", "Kort", "42,75", "29,92", "29,92", "0,00"),
    ("120826", "Lang", "46,08", "32,26", "32,26", "0,00"),
    ("120826", "Lang", "74,58", "52,21", "52,21", "0,00"),
    ("Totaal", "", "163,41", "114,39", "114,39", "0,00"),
)


def read(tall):
    """Read rows 35 points apart, in which a look at a picture took the letters to be so tall."""
    words = [
        Word(text, 200 * column, 35 * row, 200 * column + 80, 35 * row + tall)
        for row, texts in enumerate(ROWS)
        for column, text in enumerate(texts)
        if text
    ]
    return reader.read([Page(1, 1400, 500, True, (tuple(words), tuple(words)))], OURS)


def test_a_table_is_read():
    proposal = read(20).proposal
    assert proposal is not None
    assert (proposal.granted, proposal.deductible) == (11439, 11439)


def test_one_line_of_a_table_that_was_not_seen_as_one_is_not_the_whole():
    assert read(37).proposal is None


def test_a_paper_that_names_nobody_gets_no_proposal(monkeypatch):
    monkeypatch.setitem(globals(), "ROWS", (("Nota", "2026-28316"), *ROWS[1:]))
    reading = read(20)
    assert (reading.proposal, reading.reasons) == (None, ("patient_not_named",))


def test_without_that_check_it_is(monkeypatch):
    monkeypatch.setattr(paper, "_leaves_rows", lambda way, rest: False)
    proposal = read(37).proposal
    assert proposal is not None
    assert proposal.granted == 2992


LETTER_SAYS = [
    ("Wij", "vergoeden", "80,00", "van uw nota."), ("Van uw nota", "vergoeden wij", "80,00", "."),
    ("U krijgt", "", "80,00", "vergoed."), ("Wij betalen u", "", "80,00", "."),
]  # fmt: skip


@pytest.mark.parametrize("sentence", LETTER_SAYS)
def test_a_sentence_that_grants_another_amount_than_the_table(monkeypatch, sentence):
    monkeypatch.setitem(globals(), "ROWS", (*ROWS, ("",), ("",), ("", *sentence)))
    reading = read(20)
    assert (reading.proposal, reading.reasons) == (None, ("two_answers",))


def test_a_sentence_that_grants_the_same_is_no_other_answer(monkeypatch):
    monkeypatch.setitem(globals(), "ROWS", (*ROWS, ("",), ("",), ("", "Wij", "vergoeden", "114,39", "van uw nota.")))
    assert read(20).proposal is not None


@pytest.mark.parametrize("written", ["Datum: 07-08-2026", "Datum brief 7 augustus 2026", "Arnhem, 7 augustus 2026"])
def test_a_paper_from_before_the_care_decides_nothing(monkeypatch, written):
    rows = ROWS
    monkeypatch.setitem(globals(), "ROWS", ((*rows[0], "", written), *rows[1:]))
    assert read(20).reasons == ("older_than_care",)
    later = written.replace("07-08", "13-08").replace("7 aug", "13 aug")
    monkeypatch.setitem(globals(), "ROWS", ((*rows[0], "", later), *rows[1:]))
    assert read(20).proposal is not None
