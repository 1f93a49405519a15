"""The figures of a month add up to the ledger, stay as they were, and show one practice its own."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing import ledger
from billing.adjustments import reallocation
from billing.models import LedgerTransaction, Receipt, Staff
from billing.models.ledger import Account
from billing.payments import receipts
from billing.payments.receipts import Received
from billing.statements import months
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
    month = months.of_month(clerk, datetime(2026, 11, 1, tzinfo=UTC).date())
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
    october = months.of_month(clerk, datetime(2026, 10, 1, tzinfo=UTC).date())
    assert (october.opening, october.closing) == (Decimal("0.00"), Decimal("100.00"))


def test_another_practice_is_not_in_it(clerk):
    factories.invoice(amount="999.00")
    month = months.of_month(clerk, timezone.localdate().replace(day=1))
    assert (month.lines, month.closing) == ([], Decimal("0.00"))


def test_what_is_open_by_age(practice, clerk):
    today = timezone.localdate()
    for late, amount in ((-5, "1.00"), (0, "2.00"), (1, "4.00"), (30, "8.00"), (31, "16.00"), (91, "32.00")):
        due_on = today - timedelta(days=late)
        factories.invoice(provider=practice, amount=amount, issued_on=due_on - timedelta(days=30), due_on=due_on)
    paid = factories.invoice(provider=practice, amount="64.00")
    book(paid, Kind.PAYMENT, "-64.00", "tr_1")
    assert [amount for _name, amount in months.open_by_age(clerk, today)] == [
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
    month = months.of_month(clerk, today.replace(day=1))
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
        booked = receipts.report(row, received, today=timezone.localdate())
    receipts.undo(booked, by=clerk)
    month = months.of_month(clerk, timezone.localdate().replace(day=1))
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
        month = months.of_month(clerk, timezone.localdate().replace(day=1))
        assert month.closing == month.opening + sum(amount for _what, amount in month.lines)
        assert month.closing == sum(balances.values())
        ages = dict(months.open_by_age(clerk, timezone.localdate()))
        assert ages.pop("tegoed van patiënten") == sum(min(amount, 0) for amount in balances.values())
        assert sum(ages.values()) == sum(max(amount, 0) for amount in balances.values())
        transaction.set_rollback(True)


def test_page_and_spreadsheet_say_the_same(practice, clerk):
    factories.invoice(provider=practice, amount="12.34")
    client = signed_in(clerk)
    page = client.get("/beheer/maanden/").content.decode().replace("\xa0", " ")
    assert page.count("€ 12,34") == 3  # invoiced, at the end of the month, and not late
    content = client.get(f"/beheer/maanden/cijfers.csv?maand={timezone.localdate():%Y-%m}").content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(content), delimiter=";"))
    figures = {row[0]: row[1] for row in rows[1:]}
    assert figures.pop("open aan het einde van de maand") == "12,34"
    assert figures == {
        "open aan het begin van de maand": "0,00", "in rekening gebracht": "12,34",
        "vandaag open: niet te laat": "12,34", "vandaag open: 1 tot 30 dagen te laat": "0,00",
        "vandaag open: 31 tot 60 dagen te laat": "0,00", "vandaag open: 61 tot 90 dagen te laat": "0,00",
        "vandaag open: meer dan 90 dagen te laat": "0,00", "vandaag open: tegoed van patiënten": "0,00",
    }  # fmt: skip


@pytest.mark.parametrize("month", ["2019-01", "x", "2026-13", "\u0662\u0660\u0662\u0666-\u0661\u0661"])
def test_a_month_that_is_not_offered_is_not_found(clerk, month):
    assert signed_in(clerk).get("/beheer/maanden/", {"maand": month}).status_code == 404


def test_a_stranger_has_to_sign_in():
    assert Client().get("/beheer/maanden/").status_code == 302
