"""The sixteen ways in which others lost or doubled money of bank statements. Each test bears its pitfall."""

import re
import zipfile
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO

import pytest

from banking import details, proof
from banking.matching import deciding
from banking.models import AccountDay, BankLine, Statement, StatementFile
from banking.statements import chain
from banking.statements.known import Known
from billing import ledger
from billing.models import StaffTask
from tests import factories
from tests.banking import lines, mt940_files
from tests.banking.camt_files import MONDAY, TUESDAY, WEDNESDAY, Pay, Shape, balance, document, statement
from tests.banking.importing import amounts, hand_in, texts
from tests.banking.matching.payments import held

pytestmark = pytest.mark.django_db

ONE = Pay("10.00", MONDAY, "een", "NL02ABNA0123456789", "J. de Vries")
TWO = Pay("25.00", MONDAY, "twee", "NL44RABO0123456789", "P. Bakker")
THREE = Pay("-5.00", TUESDAY, "drie")
FOUR = Pay("40.00", WEDNESDAY, "vier")


def camt(*pays, opening="0.00", on=None, **options) -> bytes:
    return document(statement(list(pays), opening, on or pays[0].on, until=pays[-1].on, **options))


def mt940(*pays, opening="0.00") -> bytes:
    return mt940_files.statement(list(pays), opening, pays[0].on).encode()


def zipped(*contents: bytes) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, content in enumerate(contents):
            archive.writestr(f"{number}.xml", content)
    return packed.getvalue()


def test_1_the_same_file_again(tmp_path):
    content = camt(ONE, TWO)
    first = hand_in(tmp_path, content)
    again = hand_in(tmp_path, content)
    assert (first.statements[0].new, first.statements[0].known) == (2, 0)
    assert again.read_before_on is not None
    assert (again.statements[0].new, again.statements[0].known) == (0, 2)
    assert (StatementFile.objects.count(), Statement.objects.count(), len(amounts())) == (1, 1, 2)


@pytest.mark.parametrize("again", [mt940(ONE, TWO), zipped(camt(ONE, TWO)), camt(ONE, TWO, number="99"),
                                   camt(TWO, ONE)])  # fmt: skip
def test_2_the_same_days_in_another_file_zip_format_or_order(tmp_path, again):
    hand_in(tmp_path, camt(ONE, TWO))
    outcome = hand_in(tmp_path, again)
    assert (outcome.statements[0].new, outcome.statements[0].known) == (0, 2)
    assert (sorted(texts()), AccountDay.objects.count()) == (["een", "twee"], 1)


def test_3_the_number_of_a_statement_comes_back_each_year(tmp_path):
    hand_in(tmp_path, camt(Pay("10.00", MONDAY.replace(year=2025), "een"), number="1"))
    hand_in(tmp_path, camt(Pay("10.00", MONDAY, "een"), opening="10.00", number="1"))
    assert len(amounts()) == 2


def test_4_one_day_downloaded_twice_and_longer_the_second_time(tmp_path):
    hand_in(tmp_path, camt(TWO))
    outcome = hand_in(tmp_path, camt(ONE, TWO, THREE))
    assert (outcome.statements[0].new, outcome.statements[0].known) == (2, 1)
    shorter = hand_in(tmp_path, camt(ONE))
    assert shorter.statements[0].new == 0
    assert (amounts(), chain.gaps(lines.account())) == (["10.00", "25.00", "-5.00"], [])


def test_4_a_day_that_says_otherwise_is_refused_whole(tmp_path):
    hand_in(tmp_path, camt(ONE, TWO))
    outcome = hand_in(
        tmp_path, document(statement([FOUR], "7.00", WEDNESDAY), statement([Pay("11.00", MONDAY)], "0.00", MONDAY))
    )
    assert "says something else about 2026-11-23" in outcome.refused_because
    assert (amounts(), Statement.objects.count()) == (["10.00", "25.00"], 1)
    assert StaffTask.objects.filter(kind="statement_refused").count() == 1


def test_5_two_equal_payments_of_one_day_are_two(tmp_path):
    hand_in(tmp_path, camt(ONE, ONE))
    assert amounts() == ["10.00", "10.00"]
    hand_in(tmp_path, camt(ONE, ONE, ONE))
    assert len(amounts()) == 3


def test_5_of_two_equal_amounts_the_other_one_is_new(tmp_path):
    other = Pay("10.00", MONDAY, "voor mijn moeder", ONE.iban, ONE.name)
    hand_in(tmp_path, camt(ONE))
    hand_in(tmp_path, camt(other, ONE))
    assert sorted(texts()) == ["een", "voor mijn moeder"]


def test_6_the_parts_of_a_batch_share_the_reference_of_the_bank(tmp_path):
    batch = Pay("35.00", MONDAY, reference="SHARED", parts=[ONE, TWO])
    hand_in(tmp_path, camt(batch))
    hand_in(tmp_path, camt(batch, number="2"))
    rows = list(BankLine.objects.all())
    assert [(row.part, row.parts, row.bank_reference) for row in rows] == [(1, 2, "SHARED"), (2, 2, "SHARED")]
    assert len({row.fingerprint for row in rows}) == 2


def test_7_a_reference_of_the_bank_is_not_unique(tmp_path):
    same = {"reference": "TAX2026"}
    hand_in(tmp_path, camt(Pay("10.00", MONDAY, "een", **same), Pay("10.00", MONDAY, "twee", **same),
                           Pay("10.00", TUESDAY, "drie", **same)))  # fmt: skip
    assert texts() == ["een", "twee", "drie"]


def test_8_what_is_left_out_counts_in_the_balance(tmp_path):
    hand_in(tmp_path, camt(ONE))
    longer = hand_in(tmp_path, camt(ONE, THREE))
    assert longer.refused_because == ""
    wrong = hand_in(tmp_path, camt(ONE, THREE, number="3", closing="-5.00"))  # adds up without what is known
    assert "does not add up" in wrong.refused_because
    assert len(amounts()) == 2


def test_9_a_missing_day_is_seen_told_and_later_filled(tmp_path):
    hand_in(tmp_path, camt(ONE))
    hand_in(tmp_path, camt(FOUR, opening="5.00"))
    (gap,) = chain.gaps(lines.account())
    assert (gap.after, gap.before, str(gap.missing)) == (MONDAY, WEDNESDAY, "-5.00")
    assert not chain.is_unbroken(lines.account(), MONDAY, WEDNESDAY)
    task = StaffTask.objects.get(kind="statement_gap", closed_at=None)
    assert "2026-11-23 – 2026-11-25" in task.note
    hand_in(tmp_path, camt(THREE, opening="10.00"))
    assert chain.gaps(lines.account()) == []
    assert chain.is_unbroken(lines.account(), MONDAY, WEDNESDAY)
    assert not StaffTask.objects.filter(kind="statement_gap", closed_at=None).exists()


def test_10_a_batch_without_details_is_one_line_of_its_total(tmp_path):
    batch = Pay("30.00", MONDAY, more_details="", text="verzamel")
    content = camt(batch).replace(b"<NtryDtls>", b"<NtryDtls><Btch><NbOfTxs>3</NbOfTxs></Btch>")
    hand_in(tmp_path, content)
    (line,) = BankLine.objects.all()
    assert (str(line.amount), line.kind) == ("30.00", "batch")


def test_11_costs_that_came_off_a_batch_go_to_staff_with_it(tmp_path):
    hand_in(tmp_path, camt(Pay("34.00", MONDAY, parts=[ONE, TWO])))
    (line,) = BankLine.objects.all()
    assert (str(line.amount), line.kind, line.parts) == ("34.00", "batch", 1)


def test_12_the_balance_decides_about_the_sign_of_a_reversal(tmp_path):
    undone = Pay("-10.00", TUESDAY, "een", more="<RvslInd>true</RvslInd>")
    turned = camt(ONE, undone, closing="20.00")  # a bank that means the sign the other way round
    assert "does not add up" in hand_in(tmp_path, turned).refused_because
    hand_in(tmp_path, camt(ONE, undone))
    assert amounts() == ["10.00", "-10.00"]


def test_13_our_own_refund_that_came_back_is_no_payment_of_a_patient(tmp_path):
    back = Pay("12.50", MONDAY, "Terugbetaling 1234432112344321", end_to_end="ZR-77",
               more_details="<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>")  # fmt: skip
    hand_in(tmp_path, camt(back))
    (line,) = BankLine.objects.all()
    assert (line.kind, details.of_line(line).end_to_end) == ("returned", "ZR-77")


def test_14_costs_and_interest_of_the_bank_are_told_apart(tmp_path):
    content = camt(Pay("-2.35", MONDAY, "kosten"), Pay("0.12", MONDAY, "rente"))
    first, second = content.split(b"ESCT", 1)
    hand_in(tmp_path, first + b"CHRG" + second.replace(b"ESCT", b"INTR"))
    assert list(BankLine.objects.values_list("kind", flat=True)) == ["charges", "interest"]


def test_15_several_accounts_in_one_file_and_one_is_not_ours(tmp_path):
    lines.account("NL69INGB0123456789")
    outcome = hand_in(tmp_path, document(
        statement([ONE], "0.00", MONDAY),
        statement([TWO], "0.00", MONDAY, iban="NL15KNAB0123456789"),
        statement([THREE], "9.00", TUESDAY, iban="NL69INGB0123456789"),
    ))  # fmt: skip
    assert [told.new for told in outcome.statements] == [1, 0, 1]
    assert "6789 is not ours" in (outcome.statements[1].refused_because or "")
    assert sorted(texts()) == ["drie", "een"]
    assert StaffTask.objects.filter(kind="statement_refused").count() == 1


def test_16_letters_in_another_way_than_the_file_says_and_a_hyphen_inside_a_number(tmp_path):
    content = camt(Pay("10.00", MONDAY, "caf\xe9 1234\xad4321", "NL02ABNA0123456789")).decode()
    hand_in(tmp_path, content.encode("cp1252"))
    assert texts() == ["caf\xe9 1234\xad4321"]
    again = hand_in(tmp_path, content.encode())
    assert again.statements[0].new == 0


def test_pages_of_one_statement_are_one(tmp_path):
    first = statement([ONE], "0.00", MONDAY, number="5",
                      balances=balance("OPBD", "0.00", MONDAY) + balance("ITBD", "10.00", MONDAY))  # fmt: skip
    last = statement([TWO], "10.00", MONDAY, number="5",
                     balances=balance("ITBD", "10.00", MONDAY) + balance("CLBD", "35.00", MONDAY))  # fmt: skip
    for pages in ((first, last), (last, first)):
        outcome = hand_in(tmp_path, document(*pages, shape=Shape("08")))
        (told,) = outcome.statements
        assert (told.opening, told.closing, told.lines) == ("0.00", "35.00", 2)
    assert amounts() == ["10.00", "25.00"]


@pytest.mark.parametrize("looked_at", [True, False])
def test_a_batch_that_came_as_one_line_gives_way_to_its_parts(tmp_path, looked_at):
    other = Pay("10.00", MONDAY, "een", "NL20INGB0001234567", "J. de Vries")
    batch = Pay("35.00", MONDAY, reference="R", parts=[other, TWO])
    hand_in(tmp_path, mt940(batch), match=looked_at)
    hand_in(tmp_path, camt(batch))
    assert sorted(amounts()) == ["10.00", "25.00"]
    assert held() == {"bank": Decimal("35.00"), "unmatched": Decimal("-35.00")}
    hand_in(tmp_path, mt940(batch) + b"\n")
    assert sorted(amounts()) == ["10.00", "25.00"]
    assert list(proof.contradictions()) == []


def test_parts_of_a_day_that_end_where_it_began_are_told_apart_by_the_accounts(tmp_path):
    """As on an account that is swept during the day: the balances are the same, and the lines are not."""
    other = Pay("25.00", MONDAY, "een ander", "NL20INGB0001234567", "C. Mulder")
    swept = Pay("-25.00", MONDAY, "naar spaarrekening")
    hand_in(tmp_path, camt(TWO, swept, opening="100.00"))
    assert hand_in(tmp_path, camt(TWO, swept, opening="100.00", number="7")).statements[0].known == 2
    assert "something else" in hand_in(tmp_path, camt(other, swept, opening="100.00")).refused_because
    assert amounts() == ["25.00", "-25.00"]


def test_a_batch_that_somebody_decided_about_stays_as_it_is(tmp_path):
    batch = Pay("35.00", MONDAY, reference="R", parts=[ONE, TWO])
    hand_in(tmp_path, mt940(batch))
    deciding.note(BankLine.objects.get(), "Gebeld met de bank.", by=factories.staff(role="operations"))
    hand_in(tmp_path, camt(batch))
    assert amounts() == ["35.00"]


def test_a_line_that_waits_is_booked_once_another_statement_names_its_invoice(tmp_path):
    invoice = factories.invoice(amount="10.00")
    cut = Pay("10.00", MONDAY, "betreft uw rekening", TWO.iban, "J. de Vries")
    hand_in(tmp_path, mt940(cut))
    assert BankLine.objects.get().status == "unmatched"
    hand_in(tmp_path, camt(Pay("10.00", MONDAY, "", TWO.iban, "J. de Vries", structured=invoice.payment_reference)))
    assert BankLine.objects.get().status == "booked"
    assert ledger.balance(invoice.pk) == 0


@pytest.mark.parametrize("more", [[], [Pay("3.00", MONDAY, "drie")]])
def test_pages_in_the_wrong_order_are_one_statement_and_known_again(tmp_path, more):
    first = balance("OPBD", "0.00", MONDAY) + balance("ITBD", "10.00", MONDAY)
    second = balance("ITBD", "10.00", MONDAY) + balance("CLBD", "35.00", MONDAY)
    pages = [
        statement([ONE], "0", MONDAY, balances=first, number="1"),
        statement([TWO], "0", MONDAY, balances=second, number="1"),
    ]
    outcome = hand_in(tmp_path, document(*reversed(pages)))
    assert not outcome.refused_because
    rest = document(statement([TWO, *more], "10.00", MONDAY))
    assert not hand_in(tmp_path, rest).refused_because
    assert amounts() == ["10.00", "25.00", *(pay.amount for pay in more)]


def test_the_details_of_camt_take_the_place_of_those_of_mt940(tmp_path):
    told = Pay("10.00", MONDAY, "een\ntwee", ONE.iban, "J. de Vries-van der Berg")
    cut = Pay("10.00", MONDAY, "een twee", ONE.iban, "J. de Vries-van d")
    hand_in(tmp_path, mt940(cut))
    before = BankLine.objects.get().fingerprint
    hand_in(tmp_path, camt(told))
    line = BankLine.objects.get()
    assert (line.fingerprint, line.format, details.of_line(line).name) == (before, "camt053", told.name)


def test_of_days_that_come_again_one_is_kept_in_memory_at_a_time(tmp_path, monkeypatch):
    pays = [Pay(f"{euros}.00", MONDAY + timedelta(days=day), "x", TWO.iban) for day in range(3) for euros in (5, 7)]
    hand_in(tmp_path, camt(*pays))
    read, kept, beside = Known.read, [], []

    def noted(known):
        beside.append(sum(len(rows) for one in kept for rows in one._rows.values()))
        read(known)
        assert sum(len(rows) for rows in known._rows.values()) == 2, "they wait, so this reading may say more"
        kept.append(known)

    monkeypatch.setattr(Known, "read", noted)
    hand_in(tmp_path, camt(*pays, number="2"))
    assert beside == [0, 0, 0]
    assert BankLine.objects.count() == 6


def test_days_before_the_first_one_of_an_account_are_left_out(tmp_path):
    account = lines.account()
    account.starts_on = TUESDAY
    account.save()
    assert "before 2026-11-24" in hand_in(tmp_path, camt(ONE)).refused_because
    outcome = hand_in(tmp_path, camt(ONE, THREE))
    assert (outcome.statements[0].lines, outcome.statements[0].opening) == (1, "10.00")
    assert amounts() == ["-5.00"]


def test_what_a_bank_took_off_is_for_a_person_to_decide(tmp_path):
    invoice = factories.invoice(amount="100.00")
    sent = Pay("85.00", MONDAY, "", TWO.iban, "J", structured=invoice.payment_reference)
    part = Pay("100.00", MONDAY, "", TWO.iban, "J", structured=invoice.payment_reference)
    sent.parts = [part]
    hand_in(tmp_path, camt(sent))
    line = BankLine.objects.get()
    assert (line.amount, line.status, details.of_line(line).sent) == (Decimal("85.00"), "proposed", "100.00")
    assert ledger.balance(invoice.pk) == Decimal("100.00")


def test_so_are_costs_in_mt940_and_what_camt_calls_included_in_the_amount(tmp_path):
    one, two = factories.invoice(amount="100.00"), factories.invoice(amount="50.00")
    hand_in(tmp_path, mt940(
        Pay("85.00", MONDAY, "", TWO.iban, "J/CHGS/EUR15,00", structured=one.payment_reference, reference="A"),
        Pay("50.00", MONDAY, "", TWO.iban, "J/CHGS/EUR0,00", structured=two.payment_reference, reference="B"),
    ))  # fmt: skip
    assert [(line.status, details.of_line(line).sent) for line in BankLine.objects.order_by("amount")] == [
        ("booked", ""), ("proposed", "100.00"),
    ]  # fmt: skip
    charged = '<Chrgs><Rcrd><Amt Ccy="EUR">15.00</Amt><ChrgInclInd>true</ChrgInclInd></Rcrd></Chrgs>'
    more = Pay("85.00", TUESDAY, "", TWO.iban, "J", structured=one.payment_reference, more_details=charged)
    hand_in(tmp_path, camt(more, opening="135.00"))
    said = details.of_line(BankLine.objects.latest("pk"))
    assert (said.sent, said.costs) == ("100.00", "15.00")
    assert ledger.balance(one.pk) == Decimal("100.00")


@pytest.mark.parametrize("with_details", [True, False])
def test_so_are_costs_that_the_bank_says_of_the_entry(tmp_path, with_details):
    invoice = factories.invoice(amount="100.00")
    paid = Pay("85.00", TUESDAY, "", TWO.iban, "J", structured=invoice.payment_reference)
    charged = '<Chrgs><Rcrd><Amt Ccy="EUR">15.00</Amt><ChrgInclInd>true</ChrgInclInd></Rcrd></Chrgs>'
    content = camt(paid).decode().replace("<NtryDtls>", f"{charged}<NtryDtls>")
    if not with_details:
        content = re.sub(r"<NtryDtls>.*</NtryDtls>", "", content, flags=re.DOTALL)
    hand_in(tmp_path, content.encode())
    said = details.of_line(BankLine.objects.get())
    assert (said.sent, said.costs) == ("100.00", "15.00")


def test_a_statement_of_long_before_what_we_have_is_refused(tmp_path):
    hand_in(tmp_path, camt(ONE))
    old = camt(Pay("1.00", date(2024, 1, 8), "oud"))
    assert "long before 2026-11-23" in hand_in(tmp_path, old).refused_because
    assert amounts() == ["10.00"]


def test_a_statement_of_tomorrow_is_refused(tmp_path):
    outcome = hand_in(tmp_path, camt(TWO, THREE), today=MONDAY)
    assert "yet to come" in outcome.refused_because


def test_a_file_that_was_refused_is_read_when_the_account_is_there(tmp_path):
    content = camt(ONE, iban="NL69INGB0123456789")
    assert "not ours" in hand_in(tmp_path, content).refused_because
    lines.account("NL69INGB0123456789")
    assert hand_in(tmp_path, content).statements[0].new == 1


def test_a_dry_run_tells_all_and_changes_nothing(tmp_path):
    outcome = hand_in(tmp_path, camt(ONE, TWO), dry_run=True)
    (told,) = outcome.statements
    assert (told.new, told.booked + told.proposed + told.unmatched) == (2, 2)
    assert hand_in(tmp_path, camt(ONE, closing="7.00"), dry_run=True).refused_because
    assert (StatementFile.objects.count(), Statement.objects.count(), BankLine.objects.count()) == (0, 0, 0)
    assert StaffTask.objects.count() == 0
