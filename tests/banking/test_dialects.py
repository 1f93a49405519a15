"""MT940 in the dialects of Dutch banks: each with what makes it hard."""

from datetime import date
from pathlib import Path

import pytest

from banking.details import Details
from banking.models import BankLine
from banking.reading import tags
from banking.reading.facts import Entry, Sheet
from banking.reading.files import documents

FOLDER = Path(__file__).parent / "dialects"
Kind = BankLine.Kind
MONDAY = date(2026, 11, 23)


def read(name: str) -> tuple[list[Entry], list[Sheet]]:
    (document,) = documents(FOLDER / f"{name}.940")
    facts = list(document.read())
    return [f for f in facts if isinstance(f, Entry)], [f for f in facts if isinstance(f, Sheet)]


def told(entry: Entry) -> Details:
    (part,) = entry.parts
    return part.details


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.940")), ids=lambda path: path.stem)
def test_each_statement_adds_up(path):
    (document,) = documents(path)
    total, sheets = 0, 0
    for fact in document.read():
        if isinstance(fact, Entry):
            total += fact.cents
            continue
        assert (fact.opening or 0) + total == fact.closing
        total, sheets = 0, sheets + 1
    assert sheets == (2 if path.stem == "two-accounts" else 1)


def test_ing_writes_the_payment_reference_in_the_text_or_beside_the_amount_alone():
    (first, second, third), (sheet,) = read("ing")
    assert (sheet.account, sheet.number) == ("NL69INGB0123456789", "00227")
    assert (told(first).issuer, told(first).structured) == ("CUR", "9001123412341234")
    assert (told(first).name, told(first).iban) == ("J. DE VRIES", "NL02ABNA0123456789")
    assert told(second).text == "22-08 rekening 2026-14 DEC- 16"
    assert told(third).entry_reference == "8001123412341238\n26112300000003"
    assert (third.booked_on, third.value_on) == (MONDAY, date(2026, 11, 22))


def test_old_ing_counts_three_cents():
    (entry,), (sheet,) = read("ing-old")
    assert (entry.cents, sheet.account) == (2503, "0123456789")


def test_abn_cuts_a_payment_reference_in_two():
    (cut, labelled, sepa, costs), (sheet,) = read("abn")
    assert (told(cut).issuer, told(cut).structured) == ("CUR", "4420043232693268")
    assert told(cut).name == "J DE VRIES EN OF P"
    assert told(labelled).structured == "4420043232693268"
    assert (told(sepa).iban, told(sepa).name) == ("NL02ABNA0123456789", "A B C JANSEN")
    assert (told(sepa).text, told(sepa).end_to_end) == ("NOTA 1234", "77-88")
    assert (costs.cents, sheet.account) == (-235, "417164300")


def test_rabobank_cuts_the_tags_themselves_and_writes_a_dash_on_a_line():
    (structured, dashed, returned), (sheet,) = read("rabobank")
    assert sheet.account == "NL44RABO0123456789"
    assert (told(structured).issuer, told(structured).structured) == ("CUR", "1234567899874563")
    assert (told(structured).name, told(structured).iban) == ("J DE VRIES", "NL02ABNA0123456789")
    assert told(dashed).text == "NOTA 12-34 EN 5"
    assert returned.parts[0].kind == Kind.RETURNED
    assert (told(returned).return_code, told(returned).end_to_end) == ("MS03", "ZR-77")
    assert structured.booked_on is None
    assert sheet.to_on == MONDAY


def test_sns_writes_an_iban_and_the_payment_reference_beside_the_amount():
    (entry, costs), _sheets = read("sns")
    assert told(entry).entry_reference == "NL02ABNA0123456789\n1234432112344321"
    assert (told(entry).iban, told(entry).name) == ("NL02ABNA0123456789", "j. de vries")
    assert told(entry).text == "Omschrijving betaling nota\n1234432112344321"
    assert costs.parts[0].kind == Kind.CHARGES


def test_asn_books_in_the_old_year_what_counts_from_the_new_one():
    (entry,), _sheets = read("asn")
    assert (entry.value_on, entry.booked_on) == (date(2027, 1, 1), date(2026, 12, 29))
    assert told(entry).iban == "NL47INGB9999999999"


def test_regiobank_counts_nothing_without_decimals():
    (entry,), (sheet,) = read("regiobank")
    assert (entry.cents, sheet.skipped, sheet.opens_between, sheet.closes_between) == (200, 1, True, True)


def test_knab_writes_one_number_as_the_id_and_another_as_text():
    (entry,), _sheets = read("knab")
    assert (told(entry).end_to_end, told(entry).text) == ("1234432112344321", "9999 8888 7777 6666")


def test_triodos_numbers_its_fields():
    (entry,), (sheet,) = read("triodos")
    assert sheet.account == "0390123456"
    assert told(entry).text == "BETALING NOTA 1234 4321 1234 4321"
    assert (told(entry).iban, told(entry).name) == ("NL02ABNA0123456789", "J DE VRIES")


def test_bunq_writes_letters_beyond_the_alphabet_of_banks():
    (entry,), _sheets = read("bunq")
    assert told(entry).name == "J. de Vries – Müller"


def test_van_lanschot_undoes_a_debit_and_a_credit_by_their_own_sign():
    (debit, credit), (sheet,) = read("vanlanschot")
    assert (debit.cents, credit.cents, sheet.closing) == (3874, -874, 3000)
    assert {debit.parts[0].kind, credit.parts[0].kind} == {Kind.REVERSAL}
    assert told(debit).text == "7777 4444 2222 0000"
    assert "C38,74" not in told(credit).extra  # that is of the statement


def test_costs_of_a_bank_leave_the_amount_of_the_line_alone():
    (foreign, two, typed, costs), _sheets = read("costs")
    assert (foreign.cents, two.cents, typed.cents) == (5500, 5500, 1000)
    assert (told(foreign).sent, told(foreign).costs, told(foreign).original) == ("60.00", "5.00", "USD 65.00")
    assert (told(two).sent, told(two).costs, told(two).original) == ("60.00", "5.00", "")
    assert (told(typed).sent, told(typed).costs) == ("", "")
    assert (costs.cents, costs.parts[0].kind) == (-500, Kind.CHARGES)


def test_what_the_payer_types_names_no_account_and_nothing_that_came_back():
    typed = "/EREF/NOTPROVIDED/NAME/J DE VRIES/REMI/1234 /IBAN/NL08DEUT0319809633/ /RTRN/AC04/ dank/PURP/OTHR"
    said = tags.read([typed[:65], typed[65:]])
    assert (said.iban, said.return_code, said.name, said.purpose) == ("", "", "J DE VRIES", "OTHR")
    assert said.text.startswith("1234 /IBAN/NL08DEUT0319809633/")
    debit = tags.read(["/TRTP/SEPA Incasso/CSID/NL13ZZZ1/NAME/EEN BV/REMI/x/IBAN/NL08DEUT0319809633/BIC/DEUTNL2N"])
    assert (debit.iban, debit.text) == ("NL08DEUT0319809633", "x")


@pytest.mark.parametrize(("lines", "iban"), [
    (["/EREF/A/CNTP/NL08DEUT0319809633///CNTP/NL02ABNA0123456789/ABNANL2A/J. DE VRIES///REMI/USTD//x/"], ""),
    (["NL02ABNA0123456789 j. de vries", "", "nota 7 /IBAN/NL08DEUT0319809633/"], "NL02ABNA0123456789"),
    (["166?20nota?31NL08DEUT0319809633?31NL02ABNA0123456789?32J DE VRIES"], ""),
    (["SEPA OVERBOEKING                 NAAM: A B C JANSEN", "OMSCHRIJVING: 7 IBAN: NL08DEUT0319809633"], ""),
])  # fmt: skip
def test_an_account_that_may_have_been_typed_counts_as_none(lines, iban):
    assert tags.read(lines).iban == iban


def test_two_accounts_without_an_id_each_and_a_text_in_two_fields():
    (first, second), (one, other) = read("two-accounts")
    assert (one.account, other.account) == ("NL69INGB0123456789", "NL44RABO0123456789")
    assert (told(first).name, told(first).end_to_end) == ("EEN", "E1")
    assert (second.booked_on, second.cents, other.opening) == (None, -250, -1000)


@pytest.mark.parametrize("code", ["utf-8-sig", "utf-8", "cp1252", "latin-1"])
def test_letters_are_read_in_whatever_way_they_are_written(tmp_path, code):
    path = tmp_path / "statement.940"
    letters = "Müller é" + ("" if code == "latin-1" else " €")
    text = (FOLDER / "bunq.940").read_text().replace("J. de Vries – Müller", letters)
    path.write_bytes(text.encode(code))
    (document,) = documents(path)
    entry = next(fact for fact in document.read() if isinstance(fact, Entry))
    assert told(entry).name == letters
