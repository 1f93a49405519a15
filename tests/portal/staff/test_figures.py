"""The figures add up to the ledger, stay as they were, and show one practice its own."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import openpyxl
import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from banking.models import Payout
from billing import ledger
from billing.adjustments import reallocation
from billing.desk.books import figures
from billing.models import AuditEvent, LedgerTransaction, Posting, Receipt, Staff
from billing.models.ledger import OF_INVOICE, Account
from billing.payments import receipts
from billing.payments.receipts import Received
from billing.statements import booked
from complaints import filing
from portal.staff.pictures import Picture
from tests import factories
from tests.billing.ledger import histories
from tests.portal.staff.staff_client import signed_in

Kind = LedgerTransaction.Kind
pytestmark = pytest.mark.django_db


@pytest.fixture
def practice():
    return factories.provider()


@pytest.fixture
def clerk(practice):
    return factories.staff(provider=practice, role=Staff.Role.CLERK)


@pytest.fixture
def booked_at(monkeypatch):
    """Let what is booked from now on be booked at `moment`."""

    def at(moment):
        monkeypatch.setattr(LedgerTransaction._meta.get_field("created_at"), "_get_default", lambda: moment)

    return at


def book(invoice, kind, amount, event):
    return ledger.post(invoice, kind, Decimal(amount), external_id=event, occurred_at=timezone.now(), by="test")


def test_lines_lead_from_the_balance_before_to_the_balance_after(practice, clerk, booked_at):
    booked_at(datetime(2026, 10, 31, 22, 59, tzinfo=UTC))  # 23:59 in Amsterdam, on the last day of October
    old = factories.invoice(provider=practice, amount="100.00")
    booked_at(datetime(2026, 10, 31, 23, 0, tzinfo=UTC))  # November has begun
    new = factories.invoice(provider=practice, amount="80.00", insurer_paid="30.00")
    costs = book(old, Kind.COSTS, "40.00", "c")
    book(old, Kind.PAYMENT, "-60.00", "tr_1")
    ledger.reverse(old, costs, external_id="c:waived", occurred_at=timezone.now(), by="test")
    month = booked.of_period(clerk, date(2026, 11, 1), date(2026, 11, 30))
    assert dict(month.lines) == {
        "in rekening gebracht": Decimal("80.00"),
        "betaald door de verzekeraar": Decimal("-30.00"),
        "betaling ontvangen: iDEAL": Decimal("-60.00"),
        "incassokosten": Decimal("40.00"),
        "incassokosten: teruggedraaid": Decimal("-40.00"),
    }
    assert (month.opening, month.closing) == (Decimal("100.00"), Decimal("90.00"))
    assert month.opening + sum(amount for _what, amount in month.lines) == month.closing
    assert month.closing == ledger.balance(old.pk) + ledger.balance(new.pk)
    october = booked.of_period(clerk, date(2026, 10, 1), date(2026, 10, 31))
    assert (october.opening, october.closing) == (Decimal("0.00"), Decimal("100.00"))


def test_another_practice_is_not_in_it(clerk):
    factories.invoice(amount="999.00")
    month = booked.of_period(clerk, timezone.localdate(), timezone.localdate())
    assert (month.lines, month.closing) == ([], Decimal("0.00"))


def test_what_is_open_by_age(practice, clerk):
    today = timezone.localdate()
    for late, amount in ((-5, "1.00"), (0, "2.00"), (1, "4.00"), (30, "8.00"), (31, "16.00"), (91, "32.00")):
        due_on = today - timedelta(days=late)
        factories.invoice(provider=practice, amount=amount, issued_on=due_on - timedelta(days=30), due_on=due_on)
    paid = factories.invoice(provider=practice, amount="64.00")
    book(paid, Kind.PAYMENT, "-64.00", "tr_1")
    assert [amount for _name, amount in booked.open_by_age(clerk, today)] == [
        Decimal("3.00"), Decimal("12.00"), Decimal("16.00"), Decimal("0.00"), Decimal("32.00"), Decimal("0.00"),
    ]  # fmt: skip


def test_what_staff_moved_keeps_the_road_by_which_it_came(practice, clerk):
    first = factories.invoice(provider=practice, amount="100.00")
    second = factories.invoice(provider=practice, amount="100.00", patient=first.patient)
    today = timezone.localdate()
    received = Received(
        Decimal("100.00"), received_on=today, road=Receipt.Road.CASH, reference="", reason="kas", by=clerk, key="a"
    )
    receipts.report(first, received, today=today)
    booking = LedgerTransaction.objects.get(kind=Kind.RECEIPT)
    reallocation.ask(booking, {second.pk: Decimal("100.00")}, reason="x", by=clerk, key="m")
    month = booked.of_period(clerk, today, today)
    assert [(name, amount) for name, amount in month.lines if "manier" in name] == [
        ("op een andere manier ontvangen: contant bij de praktijk", Decimal("-200.00")),
        ("op een andere manier ontvangen: contant bij de praktijk: teruggedraaid", Decimal("100.00")),
    ]


def test_what_came_is_told_apart_by_its_road(practice, clerk):
    row = factories.invoice(provider=practice, amount="100.00")
    book(row, Kind.PAYMENT, "-10.00", "tr_1")
    now = timezone.now()
    ledger.post(
        row, Kind.PAYMENT, Decimal("-20.00"), external_id="bank:1", occurred_at=now, by="t", through=Account.BANK
    )
    for road, amount in ((Receipt.Road.CASH, "5.00"), (Receipt.Road.CARD, "6.00")):
        received = Received(
            Decimal(amount), received_on=timezone.localdate(), road=road, reference="", reason="kas", by=clerk,
            key=f"key-{road}",
        )  # fmt: skip
        last = receipts.report(row, received, today=timezone.localdate())
    receipts.undo(last, by=clerk)
    month = booked.of_period(clerk, timezone.localdate(), timezone.localdate())
    assert dict(month.lines) == {
        "in rekening gebracht": Decimal("100.00"),
        "betaling ontvangen: iDEAL": Decimal("-10.00"),
        "betaling ontvangen: overboeking naar onze bankrekening": Decimal("-20.00"),
        "op een andere manier ontvangen: contant bij de praktijk": Decimal("-5.00"),
        "op een andere manier ontvangen: pin bij de praktijk": Decimal("-6.00"),
        "op een andere manier ontvangen: pin bij de praktijk: teruggedraaid": Decimal("6.00"),
    }


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=15)
@given(st.integers(1, 10**6))
def test_for_any_history_lines_and_ages_add_up_to_the_ledger(seed):
    with transaction.atomic():
        who = factories.patient()
        clerk = factories.staff(provider=who.provider, role=Staff.Role.CLERK)
        balances = {}
        for number in (seed, seed + 1):
            model, _invoices = histories.play(number, who)
            balances |= model.balances
        month = booked.of_period(clerk, timezone.localdate(), timezone.localdate())
        assert month.closing == month.opening + sum(amount for _what, amount in month.lines)
        assert month.closing == sum(balances.values())
        today = timezone.localdate()
        received = Posting.objects.filter(
            provider=who.provider, account__in=OF_INVOICE, transaction__kind__in=LedgerTransaction.RECEIVED
        )
        in_figure = figures.came_in(clerk, today, today)
        total = -sum(posting.amount for posting in received)
        assert total == sum(sum(row[1:]) for row in in_figure.rows) == booked.received(clerk, today, today)
        ages = dict(booked.open_by_age(clerk, timezone.localdate()))
        assert ages.pop("tegoed van patiënten") == sum(min(amount, 0) for amount in balances.values())
        assert sum(ages.values()) == sum(max(amount, 0) for amount in balances.values())
        transaction.set_rollback(True)


def test_page_and_spreadsheets_say_the_same(practice, clerk):
    factories.invoice(provider=practice, amount="12.34")
    client = signed_in(clerk)
    page = client.get("/beheer/cijfers/").content.decode().replace("\xa0", " ")
    assert page.count("€ 12,34") == 4  # invoiced, at the end, not late, and what is open together
    content = client.get("/beheer/cijfers/geboekt.csv").getvalue().decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(content), delimiter=";"))
    assert rows == [
        ["Wat", "Bedrag"], ["open aan het begin", "0,00"], ["in rekening gebracht", "12,34"],
        ["open aan het einde", "12,34"],
    ]  # fmt: skip
    book = openpyxl.load_workbook(io.BytesIO(client.get("/beheer/cijfers/open.xlsx").getvalue()))
    assert [cell.value for cell in list(book.active.rows)[1]] == ["niet te laat", 12.34]
    assert AuditEvent.objects.filter(action="list_exported").count() == 2


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"van": "x"}, "Typ een dag als 31-12-2026."),
        ({"van": "2026-02-01", "tot": "2026-01-01"}, "“Van” is later dan “tot en met”."),
        ({"tot": "9999-12-31"}, "Kies hoogstens vijf jaar, tot vandaag."),
        ({"van": "0001-01-01"}, "Kies hoogstens vijf jaar, tot vandaag."),
        ({"van": "\u0662\u0660\u0662\u0666-01-01"}, "Typ een dag als 31-12-2026."),
    ],
)
def test_days_that_there_are_none_of_are_a_sentence(clerk, asked, sentence):
    client = signed_in(clerk)
    answer = client.get("/beheer/cijfers/", asked)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert client.get("/beheer/cijfers/open.csv", asked).status_code == 404


@pytest.mark.parametrize("name", ["niets.csv", "open.pdf"])
def test_another_figure_is_not_found(clerk, name):
    assert signed_in(clerk).get(f"/beheer/cijfers/{name}").status_code == 404


def test_days_and_months_of_what_came_in_are_those_of_amsterdam(practice, clerk, booked_at):
    row = factories.invoice(provider=practice, amount="100.00")
    booked_at(datetime(2026, 10, 31, 22, 59, tzinfo=UTC))
    book(row, Kind.PAYMENT, "-10.00", "tr_1")
    booked_at(datetime(2026, 10, 31, 23, 0, tzinfo=UTC))
    book(row, Kind.PAYMENT, "-20.00", "tr_2")
    figure = figures.came_in(clerk, date(2026, 10, 31), date(2026, 11, 1))
    assert figure.rows == [(date(2026, 10, 31), Decimal("10.00")), (date(2026, 11, 1), Decimal("20.00"))]
    assert figure.heads == ("Dag", "iDEAL")
    year = figures.came_in(clerk, date(2026, 1, 1), date(2026, 11, 29))
    assert year.rows[8:] == [
        ("september 2026", Decimal("0.00")), ("oktober 2026", Decimal("10.00")), ("november 2026", Decimal("20.00")),
    ]  # fmt: skip


def test_what_an_agency_received_is_a_road_of_its_own(practice, clerk):
    book(factories.invoice(provider=practice), Kind.RECEIPT, "-10.00", "agency:1:x")
    today = timezone.localdate()
    assert figures.came_in(clerk, today, today).heads[1:] == ("via een incassobureau",)


def test_bars_are_in_proportion_and_have_a_pattern_besides_their_colour(practice, clerk):
    row = factories.invoice(provider=practice, amount="100.00")
    book(row, Kind.PAYMENT, "-30.00", "tr_1")
    book(row, Kind.RECEIPT, "-10.00", "agency:1:x")
    today = timezone.localdate()
    picture = Picture("in", figures.came_in(clerk, today - timedelta(days=1), today))
    assert [(bar.part, bar.height) for bar in picture.bars] == [(0, 120.0), (1, 40.0)]
    assert picture.totals == [Decimal("30.00"), Decimal("10.00")]
    page = signed_in(clerk).get("/beheer/cijfers/").content.decode()
    assert 'role="img"' in page
    assert page.count('fill="url(#ontvangen-1)"') == 2  # the bar, and its name in the legend
    assert 'id="ontvangen-1"' in page
    assert '<th scope="col" class="amount">iDEAL</th>' in page


def test_a_stranger_has_to_sign_in():
    assert Client().get("/beheer/cijfers/").status_code == 302


def test_payouts_and_complaints_of_the_practice_alone_are_figures_too(practice, clerk):
    for provider in (practice, factories.provider()):
        fields = {"number": f"U-{provider.pk}", "amount": Decimal("50.00"), "status": "ordered"}
        Payout.objects.create(provider=provider, run_on=timezone.localdate(), **fields)
        complaint = filing.Said(story="x", email="a@post.example")
        filing.file(complaint, subject="price", invoice_id=factories.invoice(provider=provider).pk)
    client = signed_in(clerk)
    rows = client.get("/beheer/cijfers/uitbetaald.csv").getvalue().decode("utf-8-sig").splitlines()
    assert rows[1:] == [f"{timezone.localdate()};50,00;U-{practice.pk};onderweg;;"]
    rows = client.get("/beheer/cijfers/klachten.csv").getvalue().decode("utf-8-sig").splitlines()
    assert rows[:3] == ["Wat;Aantal", "ontvangen;1", "beantwoord;0"]


@pytest.mark.parametrize("address", ["/beheer/maanden/", "/beheer/maanden/cijfers.csv"])
def test_the_former_page_of_months_leads_to_the_figures(address, clerk):
    desk = signed_in(clerk)
    assert desk.get(f"{address}?maand=2026-02")["Location"] == "/beheer/cijfers/?van=2026-02-01&tot=2026-02-28"
    assert desk.get(f"{address}?maand=nooit")["Location"] == "/beheer/cijfers/"
    assert desk.get(f"{address}?maand=2026-02", follow=True).status_code == 200
