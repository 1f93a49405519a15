"""Amounts, days and labels in every Dutch way of writing."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coulance.reading.language import insurers, labels, notation
from tests.coulance.specimens.cases import day, euro


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("€ 1.234,56", [123456]),
        ("1 234,56", [123456]),
        ("EUR 12,50", [1250]),
        ("12,50 euro", [1250]),
        ("385,-", [38500]),
        ("€ 385", [38500]),
        ("€\t163,16", [16316]),
        ("163 ,16", [16316]),
        ("-€ 5,00", [-500]),
        ("€ -5,00", [-500]),
        ("5,00-", [-500]),
        ("100,00 -/-", [-10000]),
        ("(€ 63,16).", [6316]),
        ("1,00\t217,54", [100, 21754]),
    ],
)
def test_amounts(text, cents):
    assert [amount for amount, _, _ in notation.amounts(text)] == cents


@pytest.mark.parametrize("text", ["03-05-2026", "12.05.2026", "75,00%", "10.30 uur", "2026-00115", "1234 AB", "E03"])
def test_what_is_no_amount(text):
    assert not list(notation.amounts(text))


@pytest.mark.parametrize("text", ["3 mei 2026,", "03-05-'26", "2026-05-03", "3-5-26", "3.5.2026", "3 MEI 2026"])
def test_days(text):
    assert notation.days(text) == [date(2026, 5, 3)]


@given(st.integers(0, 9_999_999), st.sampled_from(["plain", "sign", "eur", "tight", "dash", "behind"]))
def test_an_amount_that_is_printed_is_read(cents, style):
    assert [amount for amount, _, _ in notation.amounts(euro(cents, style))] == [cents]


@given(st.dates(date(1930, 1, 1), date(2049, 12, 31)), st.sampled_from(["digits", "words", "slash", "dots", "iso"]))
def test_a_day_that_is_printed_is_read(value, style):
    assert notation.days(day(value, style)) == [value]


@pytest.mark.parametrize(
    ("label", "meanings"),
    [
        ("Gedeclareerd bedrag", "D"),
        ("Vergoed volgens uw polis", "G"),
        ("Hiervan vergoeden wij", "GP"),
        ("Vergoeding na aftrek van eigen risico", "P"),
        ("Af: eigen risico", "E"),
        ("Eigenrisico", "E"),
        ("Nietvergoed", "N"),
        ("Voor uw rekening", "NS"),
        ("Aan u uitbetaald", "PR"),
        ("Verrekend met openstaande premie", "O"),
        ("Nog te gebruiken eigen risico", "Y"),
        ("Eigen risico 2026", "EY"),
        ("Wettelijke eigen bijdrage", "C"),
        ("Vergoed aanvullende verzekering", "b"),
        ("Niet vergoed aanvullende verzekering", "N"),
        ("Totaal", "DY"),
        ("Behandeling", ""),
    ],
)
def test_what_a_label_can_mean(label, meanings):
    assert labels.meanings(label) == frozenset(meanings)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Zilveren Kruis, Postbus 1", "Zilveren Kruis"),
        ("Mijn CZ", "CZ"),
        ("Onderlinge Kade", ""),
        ("Uw verzekeraar is VGZ of IZA", ""),
        ("NCZ-code", ""),
        ("Menzis en nog eens MENZIS", "Menzis"),
    ],
)
def test_the_insurer_is_known_by_one_name(text, name):
    assert insurers.on_paper([text]) == name


def test_an_insurer_has_a_name_by_its_code_where_it_is_known():
    assert (insurers.name_of("3311"), insurers.name_of("0000"), insurers.name_of("")) == ("Zilveren Kruis", "", "")
