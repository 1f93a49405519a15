"""What a careful person would see as no decision on this bill; and what every letter says, which is none of that."""

import re
from dataclasses import replace
from html import unescape

import pytest

from coulance.reading import vetoes
from tests.coulance.reading.test_lists import rows_of
from tests.coulance.specimens import case_of, layouts

DANGER = {
    "not_final": [
        "Wat krijg ik terug?", "Verwachte uitbetaling", "Dit is een berekening vooraf",
        "Onze verwachting", "Voorlopig bedrag",
        "Dien de rekening in. Daarna hoor je wat je echt krijgt.", "Uw offerte", "Antwoord op uw begroting",
        "Machtiging aangevraagd", "Aanvraag voor een machtiging", "Het bedrag is een indicatie", "nog niet definitief",
        "Onder voorbehoud van controle", "Uw nota is in behandeling", "Uw declaratie wordt nog beoordeeld",
        "De vergoeding kan daardoor nog veranderen", "Het bedrag kan nog wijzigen", "De rekenhulp", "Een simulatie",
        "U krijgt binnen 6 weken onze beslissing", "Wij beslissen uiterlijk 3 mei", "Waarschijnlijk vergoeden wij dit",
        "This amount is subject to change", "Concept", "Vergoedingencheck",
        "Status: in beoordeling", "Raming", "Nog geen besluit",
        "Akkoordverklaring", "Wij gaan akkoord.", "Met deze behandeling gaan wij akkoord", "Wij geven toestemming",
        "Stuur ons dan de nota.", "Stuur de nota daarna naar ons", "Daarna stuurt u ons de rekening",
        "Daarover krijgt u nog bericht.", "U krijgt hierover nog een brief", "Bericht krijgt u later",
        "Over 3 mei hebben wij uw zorgverlener een vraag gesteld", "Wij stelden uw tandarts een vraag",
        "Hierover stellen wij nog vragen", "Wij hebben nog een vraag",
        "Wij hebben uw bezwaar ontvangen", "Wij beoordelen de nota opnieuw", "We received your objection",
    ],
    "correction": [
        "Wij hebben uw nota opnieuw beoordeeld", "Uw bezwaar is gegrond", "Na herziening",
        "Herziene beslissing", "Na herbeoordeling", "Dit bedrag is teruggevorderd", "De vergoeding is gecorrigeerd",
        "De eerdere beslissing vervalt", "Beslissing vervallen", "Uw declaratie is geannuleerd",
        "Uitbetaling teruggeboekt",
        "Naar aanleiding van uw bezwaar", "U moet dit bedrag aan ons terugbetalen.",
        "Dit komt in de plaats van ons overzicht van 3 maart", "Ons overzicht van 3 maart vervalt.",
        "Teruggedraaid", "Er is een fout gemaakt in het vorige overzicht", "Gewijzigd overzicht",
    ],
    "no_decision": [
        "Herinnering", "Betalingsherinnering", "Tweede aanmaning", "Dit is een voorbeeld", "Voorbeeldnota", "Voorbeeld",
        "Fictieve bedragen", "SPECIMEN",
    ],
    "nothing_granted": [
        "Wij wijzen uw declaratie af", "Uw nota is afgewezen", "Wij vergoeden deze nota niet", "Volledig afgewezen",
    ],
}  # fmt: skip
MISREAD = {
    "Verwachle uitbetaling": "not_final", "Voor1opig": "not_final", "0fferte": "not_final", "Beqroting": "not_final",
    "Herzlening": "correction", "Herinnerlng": "no_decision",
}  # fmt: skip
HARMLESS = [
    "Bent u het niet eens met onze beslissing? U kunt bezwaar maken. Stuur uw bezwaar tegen deze beslissing naar ons.",
    "Bijvoorbeeld als uw rekeningnummer verandert", "Zorgverzekeraar Voorbeeld", "Verwerkt op 3 mei",
    "Uw beslissing op de nota",
    "U hoeft de nota niet opnieuw te sturen", "U moet opnieuw inloggen", "Vergoeding voor aftrek van eigen risico",
    "U diende de declaratie in op 3 mei", "Een deel van de rekening wordt niet vergoed", "Medische indicatie ontbreekt",
    "Wij vergoeden deze nota niet volledig", "Afgewezen bedrag", "Gaat u niet akkoord? Dan kunt u bezwaar maken.",
    "Veelgestelde vragen", "Heeft u vragen? Bel ons.", "Wij hebben uw vraag beantwoord", "Polisblad 2026",
    "Zie pagina 12 van de polisvoorwaarden", "Pagina 1 van 1",
]  # fmt: skip
A_PAGE_MISSING = [
    "Pagina 1 van 2", "Blad 1 van 3", "pag. 1/2", "1 van 2 pagina's", "Page 1 of 2", "1/2", "Pagina 2 van 2",
    "De rest leest u op pagina 2.", "Zie blad 2", "Op bladzijde 2 leest u meer", "Zie vervolg",
    "Lees verder op de volgende pagina", "Op de tweede pagina staat uw vergoeding", "Zie ommezijde",
]  # fmt: skip
GOOD = ("worked_on", "worked_on_more", "unseen", "unseen_second")


def signs(line):
    return list(vetoes.of(rows_of(line), []))


@pytest.mark.parametrize("reason", DANGER)
def test_words_of_danger(reason):
    assert not [line for line in DANGER[reason] if reason not in signs(line)]


def test_a_page_is_missing():
    assert not [line for line in A_PAGE_MISSING if signs(line) != ["part_missing"]]


def test_of_two_pages_that_are_there_none_is():
    def found(first, last):
        rows = [*rows_of(first), *(replace(row, page=2) for row in rows_of(last))]
        return list(vetoes.of(rows, [], pages=2))

    assert not found("Pagina 1 van 2. Lees verder op de volgende pagina", "Pagina 2 van 2")
    assert not found("Zie vervolg op pagina 2", "Pagina 2 van 2")
    assert found("Pagina 1 van 2", "Algemene voorwaarden") == ["part_missing"]
    assert found("Pagina 1 van 3", "Pagina 2 van 3") == ["part_missing"]


PRACTICE = "Mondzorg De Brug"
PAID_TO_PROVIDER = [
    "Betaald aan: Mondzorg De Brug", "Wij betalen dit bedrag aan uw tandarts.", "Begunstigde: zorgverlener",
    "De betaling gaat naar uw behandelaar.", "Wij hebben de nota aan uw tandarts betaald.",
    "De vergoeding is naar de praktijk overgemaakt", "Wij maken € 80,00 over naar Mondzorg De Brug",
]  # fmt: skip
PAID_BY_PATIENT = [
    "Dit betaalt u zelf aan uw zorgverlener.", "Het bedrag voor uw rekening betaalt u aan Mondzorg De Brug.",
]  # fmt: skip


def test_the_insurer_paid_the_practice():
    def found(line):
        return list(vetoes.of(rows_of(line), [], PRACTICE))

    assert not [line for line in PAID_TO_PROVIDER if found(line) != ["paid_to_provider"]]
    assert not [line for line in PAID_BY_PATIENT if found(line)]
    below = rows_of("Uitbetaald aan  Bedrag", "Mondzorg De Brug  80,00")
    assert "paid_to_provider" in list(vetoes.of(below, [], PRACTICE))


def test_words_of_danger_that_a_picture_shows_with_one_letter_wrong():
    assert not [line for line, reason in MISREAD.items() if reason not in signs(line)]


def test_over_the_end_of_a_line_they_are_found_too():
    assert list(vetoes.of(rows_of("Dit bedrag is nog niet", "definitief"), [])) == ["not_final"]


def test_what_every_letter_says_is_none():
    assert not [(line, signs(line)) for line in HARMLESS if signs(line)]


def warned(layout):
    """The signs on a paper, by its words alone: without drawing it."""
    html = re.sub(r"<style>.*?</style>", "", layout.draw(case_of(1)), flags=re.DOTALL)
    lines = unescape(re.sub(r"<[^>]+>", "\n", html)).split("\n")
    found = vetoes.of([row for line in lines for row in rows_of(line)], [])
    # These depend on amounts, and on the pages there are.
    return [reason for reason in found if reason not in {"own_contribution", "part_missing"}]


def test_good_papers_have_none():
    found = {layout.name: signs for pile in GOOD for layout in layouts(pile) if (signs := warned(layout))}
    assert found.keys() == {"new decision beside the earlier one"}


@pytest.mark.parametrize("name", ["what you may expect", "objection not yet decided"])
def test_the_traps_of_a_second_writer_have(name):
    layout = next(layout for layout in layouts("unseen_second_traps") if layout.name == name)
    assert warned(layout)
