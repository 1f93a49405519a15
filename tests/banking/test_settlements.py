"""What Mollie paid out, read through its API: costs are booked, lines are found, and each difference is said."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from banking import proof, settlements
from banking.matching import deciding
from banking.matching.lines import match_new
from banking.models import BankLine, LineDecision, Settlement
from billing.channels import mollie, mollie_settlements
from billing.errors import GatewayUnknown
from billing.models import Comparison, StaffTask
from sandbox import current_account as at_gateway
from sandbox.models import Settlement as GatewaySettlement
from tests import factories
from tests.banking.matching.payments import held, paid
from tests.billing.payments import bank

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sandbox")]
GATEWAY = "NL08DEUT0319809633"


@pytest.fixture(autouse=True)
def gateway(settings):
    settings.BANK_GATEWAY_IBANS = (GATEWAY,)


def settled(amount="100.00", *, days_ago=0):
    """What the gateway pays out of one payment that the product knows."""
    bank.paid(factories.invoice(amount=amount))
    row = at_gateway.settle(now=timezone.now() - timedelta(days=days_ago))
    assert row
    return row


def arrives(row: GatewaySettlement, cents: int = 0) -> BankLine:
    """The line of a statement that shows it, and the matching of it."""
    day = timezone.localdate(row.created_at)
    line = paid(
        str(Decimal(cents or row.amount_cents) / 100), row.number, told={"iban": GATEWAY}, booked_on=day, value_on=day
    )
    match_new()
    line.refresh_from_db()
    return line


def test_costs_are_booked_and_the_line_is_found_once():
    row = settled()
    line = arrives(row)
    for _night in range(2):
        settlements.run_day(timezone.localdate())
    assert (row.costs_cents, row.vat_cents) == (39, 7)
    stored = Settlement.objects.get()
    assert (stored.amount, stored.line) == (Decimal("99.61"), line)
    sums = held()
    assert "gateway" not in sums, "what came in through Mollie is at the bank, but for its costs"
    assert (sums["fees"], sums["bank"]) == (Decimal("0.32"), Decimal("99.61"))
    assert [sentence for sentence in proof.contradictions() if "settlement" in sentence] == []


def test_what_no_statement_shows_and_what_mollie_does_not_know_become_tasks():
    missing = settled(days_ago=12)
    strange = arrives(settled(days_ago=11), cents=12_300)
    settlements.run_day(timezone.localdate())
    proof.run_day(timezone.localdate())
    notes = set(StaffTask.objects.filter(kind=proof.NOT_PROVEN).values_list("note", flat=True))
    assert f"settlement {missing.number}: Mollie paid 99.61, and no statement shows it" in notes
    assert f"bank line {strange.pk}: Mollie knows no settlement of 123.00 on {strange.booked_on}" in notes


def test_a_line_that_was_no_settlement_after_all_leaves_the_settlement_open_again():
    row = settled(days_ago=10)
    line = arrives(row)
    settlements.run_day(timezone.localdate())
    deciding.undo(LineDecision.objects.get(line=line), by=factories.staff(role="operations"), reason="another firm")
    assert any(row.number in sentence for sentence in proof.contradictions())


def test_reading_has_no_most_of_pages_and_goes_on_where_it_was_stopped(monkeypatch):
    monkeypatch.setattr(mollie, "PAGE_SIZE", 1)
    made = [settled(days_ago=days) for days in (90, 60, 40, 2)]
    pages, fetch = [], mollie_settlements.settlements_page

    def breaks(start=""):
        pages.append(start)
        if len(pages) == 3:
            raise GatewayUnknown("list")
        return fetch(start)

    monkeypatch.setattr(mollie_settlements, "settlements_page", breaks)
    assert not settlements.read()
    assert Settlement.objects.count() == 2
    assert settlements.read()
    assert pages[2] == pages[3] == made[1].reference, "not from the beginning"
    assert Settlement.objects.count() == 4
    pages.clear()
    settlements.read()
    assert len(pages) == 2, "those of the last month, and the first older one"
    assert Comparison.objects.get(what="settlements").is_complete


def test_one_that_our_bank_did_not_take_is_expected_no_more_and_a_strange_one_is_told():
    failed, strange = settled(days_ago=12), settled(days_ago=11)
    settlements.read()
    assert len([sentence for sentence in proof.contradictions() if "no statement shows it" in sentence]) == 2
    GatewaySettlement.objects.filter(pk=failed.pk).update(status="failed")
    GatewaySettlement.objects.filter(pk=strange.pk).update(amount_cents=0)
    settlements.read()
    assert Settlement.objects.get(reference=failed.reference).failed
    assert StaffTask.objects.filter(kind="payment_mismatch", note__contains=strange.reference).count() == 1
    (said,) = [sentence for sentence in proof.contradictions() if "no statement shows it" in sentence]
    assert strange.number in said


def test_without_a_right_token_nothing_is_read_and_staff_are_told(settings):
    settings.MOLLIE_ACCESS_TOKEN = "no token"
    assert not settlements.read()
    assert StaffTask.objects.filter(kind="gateway_alarm").count() == 1
    settings.MOLLIE_ACCESS_TOKEN = ""
    settlements.run_day(timezone.localdate())
    assert not Settlement.objects.exists()
