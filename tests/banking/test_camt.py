"""CAMT.053 of every version, and what other documents of XML get."""

from datetime import date

import pytest

from banking.models import BankLine
from banking.reading import camt
from banking.reading.facts import Entry, Sheet
from billing.errors import Refused
from tests.banking.camt_files import IBAN, MONDAY, Pay, Shape, balance, document, statement

Kind = BankLine.Kind
PAYER = Pay(
    "38.74", MONDAY, "nota 12\ntweede regel", "NL02ABNA0123456789", "J. de Vries", "1234432112344321",
    reference="REF1", end_to_end="E2E", value_on=date(2026, 11, 22),
)  # fmt: skip


def read(content: bytes) -> tuple[list[Entry], list[Sheet]]:
    facts = list(camt.read([content]))
    return [f for f in facts if isinstance(f, Entry)], [f for f in facts if isinstance(f, Sheet)]


def one(pay: Pay, **options) -> Entry:
    (entry,), _sheets = read(document(statement([pay], "0.00", MONDAY, **options)))
    return entry


@pytest.mark.parametrize("prefix", ["", "ns0"])
@pytest.mark.parametrize("version", [f"{number:02}" for number in range(2, 14)])
def test_every_version_tells_the_same(version, prefix):
    shape = Shape(version, prefix)
    (entry,), (sheet,) = read(document(statement([PAYER], "100.00", MONDAY, shape=shape, number="7"), shape=shape))
    (part,) = entry.parts
    assert (entry.cents, entry.booked_on, entry.value_on) == (3874, MONDAY, date(2026, 11, 22))
    told = part.details
    assert (told.name, told.iban, told.structured, told.issuer) == (PAYER.name, PAYER.iban, PAYER.structured, "CUR")
    assert (told.text, told.end_to_end, part.bank_reference) == (PAYER.text, "E2E", "REF1")
    assert (sheet.account, sheet.number, sheet.opening, sheet.closing) == (IBAN, "7", 10000, 13874)


def test_the_balance_of_the_day_before_opens_with_some_banks():
    _entries, (sheet,) = read(document(statement([], "12.00", MONDAY, shape=Shape(opening="PRCD"))))
    assert sheet.opening == 1200


def test_what_is_not_booked_yet_is_counted_and_left_out():
    pays = [PAYER, Pay("9.00", MONDAY, status="PDNG"), Pay("0.00", MONDAY)]
    entries, (sheet,) = read(document(statement(pays, "0.00", MONDAY)))
    assert (len(entries), sheet.skipped, sheet.closing) == (1, 2, 3874)


def test_an_amount_may_begin_with_zeros_and_never_has_parts_of_a_cent():
    content = document(statement([Pay("87.71", MONDAY)], "0.00", MONDAY))
    entries, _sheets = read(content.replace(b">87.71<", b">000000000000087.710<"))
    assert entries[0].cents == 8771
    for wrong in (b"87.715", b"8,7,1", b"-87.71", b"1e5", b"NaN", b""):
        with pytest.raises(Refused, match="amount"):
            read(content.replace(b">87.71<", b">" + wrong + b"<"))


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-11-22T23:00:00Z", MONDAY),
        ("2026-11-23T00:00:00+01:00", MONDAY),
        ("2026-11-23T12:00:00.123456789", MONDAY),
        ("2026-11-22T24:00:00", MONDAY),
    ],
)
def test_a_moment_is_the_day_in_amsterdam(moment, day):
    content = document(statement([PAYER], "0.00", MONDAY))
    old = f"<BookgDt><Dt>{MONDAY}</Dt></BookgDt>"
    (entry,), _sheets = read(content.replace(old.encode(), f"<BookgDt><DtTm>{moment}</DtTm></BookgDt>".encode()))
    assert entry.booked_on == day


def test_a_batch_is_its_parts_when_they_add_up_and_else_one_line():
    parts = [Pay("10.00", MONDAY, "een", reference=""), Pay("20.00", MONDAY, "twee")]
    split = one(Pay("30.00", MONDAY, parts=parts, reference="SHARED"))
    assert [(p.cents, p.details.text, p.bank_reference) for p in split.parts] == [
        (1000, "een", "SHARED"), (2000, "twee", "SHARED"),
    ]  # fmt: skip
    short = one(Pay("29.00", MONDAY, parts=parts))  # a euro of costs came off, and whose it is nobody knows
    (whole,) = short.parts
    assert (whole.cents, whole.kind) == (2900, Kind.BATCH)


def test_costs_that_came_off_one_payment_leave_what_came_in():
    pay = Pay("1474.00", MONDAY, "nota", more_details='<AmtDtls><TxAmt><Amt Ccy="EUR">1500.00</Amt></TxAmt></AmtDtls>')
    (part,) = one(pay).parts
    assert (part.cents, part.details.text) == (147400, "nota")


def test_our_own_payment_that_came_back_is_told_apart():
    pay = Pay(
        "12.50", MONDAY, "Terugbetaling rekening 7", "NL02ABNA0123456789", "J. de Vries", end_to_end="ZR-77",
        more="<RvslInd>true</RvslInd>", more_details="<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>",
    )  # fmt: skip
    (part,) = one(pay).parts
    assert (part.kind, part.details.return_code, part.details.end_to_end) == (Kind.RETURNED, "AC04", "ZR-77")
    assert part.cents == 1250  # RvslInd turns no sign


def test_a_reversal_keeps_its_own_sign():
    (part,) = one(Pay("-12.50", MONDAY, "hersteld", more="<RvslInd>true</RvslInd>")).parts
    assert (part.kind, part.cents) == (Kind.REVERSAL, -1250)


def test_abn_tells_everything_in_the_additional_information():
    (part,) = one(
        Pay("5.00", MONDAY, extra="/TRTP/SEPA OVERBOEKING/IBAN/NL02ABNA0123456789/NAME/J JANSEN/REMI/nota 7")
    ).parts
    assert (part.details.iban, part.details.name, part.details.text) == ("NL02ABNA0123456789", "J JANSEN", "nota 7")


def test_the_additional_information_behind_the_details_is_read_too():
    said = "/TRTP/SEPA/PREF/ZR-B-1/IBAN/NL20INGB0001234567/REMI/1234123412341234/EREF/NOTPROVIDED"
    pay = Pay("50.00", MONDAY, "", "NL44RABO0123456789", "J. de Vries", extra=said)
    (entry, *_sheet) = camt.read([document(statement([pay], "0", MONDAY))])
    told = entry.parts[0].details
    assert (told.iban, told.text, told.batch) == ("NL44RABO0123456789", "1234123412341234", "ZR-B-1")
    parts = [Pay("20.00", MONDAY, "een"), Pay("30.00", MONDAY, "twee")]
    (batch, *_sheet) = camt.read([document(statement([Pay("50.00", MONDAY, parts=parts, extra=said)], "0", MONDAY))])
    assert [part.details.extra for part in batch.parts] == ["", ""], "of several parts it says nothing of any one"


@pytest.mark.parametrize(("kind", "root"), [("052", "BkToCstmrAcctRpt"), ("054", "BkToCstmrDbtCdtNtfctn")])
def test_news_of_the_day_is_refused_with_advice(kind, root):
    with pytest.raises(Refused, match=rf"CAMT\.{kind}.*Hand in the CAMT.053"):
        read(document(statement([PAYER], "0.00", MONDAY), root=root, kind=kind))


@pytest.mark.parametrize(
    "begin",
    [
        '<!DOCTYPE Document [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>',
        '<!DOCTYPE Document SYSTEM "http://127.0.0.1:9/evil.dtd">',
        '<!DOCTYPE Document [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        "<!DOCTYPE Document>",
    ],
)
def test_a_document_type_is_refused_before_anything_is_made_of_it(begin):
    content = document(statement([PAYER], "0.00", MONDAY)).replace(b"?>\n", b"?>\n" + begin.encode(), 1)
    with pytest.raises(Refused, match="document type"):
        read(content)


@pytest.mark.parametrize(
    "content",
    [
        b"<html></html>",
        b"<Document><A>" + b"<x>" * 60,
        b"<Document><BkToCstmrStmt><Stmt>" + b"<x/>" * 30_000,
        b"<Document><BkToCstmrStmt><Stmt><Id>" + b"a" * 50_000,
        document(statement([PAYER], "0.00", MONDAY))[:-40],
        document(statement([PAYER], "0.00", MONDAY)).replace(b"nota", b"&unknown;"),
        document(statement([PAYER], "0.00", MONDAY)).replace(b'encoding="UTF-8"', b'encoding="bogus"'),
    ],
    ids=["other", "deep", "wide", "long", "cut", "entity", "encoding"],
)
def test_what_is_no_statement_is_refused(content):
    with pytest.raises(Refused):
        read(content)


def test_another_currency_is_refused():
    content = document(statement([PAYER], "0.00", MONDAY)).replace(b'<Ntry><Amt Ccy="EUR">', b'<Ntry><Amt Ccy="USD">')
    with pytest.raises(Refused, match="USD"):
        read(content)


def test_balances_between_pages_are_told_apart():
    first = statement([], "0.00", MONDAY, balances=balance("OPBD", "1.00", MONDAY) + balance("ITBD", "2.00", MONDAY))
    last = statement([], "0.00", MONDAY, balances=balance("ITBD", "2.00", MONDAY) + balance("CLBD", "3.00", MONDAY))
    _entries, (one_page, other) = read(document(first, last))
    assert (one_page.opens_between, one_page.closes_between, one_page.closing) == (False, True, 200)
    assert (other.opens_between, other.closes_between, other.opening) == (True, False, 200)


@pytest.mark.parametrize("amount", ["", "x", "1.234,50", "NaN", "1e99999", "9" * 30])
def test_an_odd_amount_in_another_currency_is_left_out_and_refuses_no_file(amount):
    odd = f'<AmtDtls><InstdAmt><Amt Ccy="USD">{amount}</Amt></InstdAmt></AmtDtls>'
    (part,) = one(Pay("55.00", MONDAY, "nota", more_details=odd)).parts
    assert part.details.original == ""
