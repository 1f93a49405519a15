"""A small rest, or a claim past enforcing, is written off by a person, in the books, and undone by the mirror."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from billing import ledger
from billing.adjustments import write_offs
from billing.dunning import staff_acts
from billing.errors import Refused
from billing.ledger.breakdown import parts_of
from billing.ledger.verification import discrepancies
from billing.models import AuditEvent, Invoice, LedgerTransaction, StaffTask
from tests import factories
from tests.billing.invoices.schedule_walk import COSTS_ON, MONDAY, REMINDED, live, new_invoice, pay, until

pytestmark = pytest.mark.django_db
D, BY, Kind = Decimal, "staff:els", LedgerTransaction.Kind


def test_a_small_rest_is_left_to_a_person_who_writes_it_off_and_may_undo_it(sink, settings):
    settings.NOTICE_HOURS = (7, 22)
    invoice = until(new_invoice(), MONDAY)
    pay(invoice, "96.00", MONDAY)
    live(REMINDED)
    assert StaffTask.objects.get(closed_at=None).kind == StaffTask.Kind.SMALL_REST
    invoice.refresh_from_db()
    assert "write_off" in staff_acts.staff_acts(invoice)
    staff_acts.write_off(invoice, by=BY, note="bellen kost meer")
    invoice.refresh_from_db()
    assert (ledger.balance(invoice.pk), invoice.settled_at is not None) == (D(0), True)
    assert not StaffTask.objects.filter(closed_at=None).exists()
    entry = write_offs.standing(invoice)
    assert (entry.amount, entry.kind) == (D("-4.00"), Kind.WRITTEN_OFF)
    accounts = {p.account: p.amount for p in entry.transaction.postings.all()}
    assert accounts == {"principal": D("-4.00"), "claims": D("4.00")}, "the practice claims less: no money came"
    assert staff_acts.staff_acts(invoice) == ("undo_write_off",)
    staff_acts.undo_write_off(invoice, by=BY, note="toch gebeld")
    invoice.refresh_from_db()
    assert ledger.balance(invoice.pk) == D("4.00")
    assert invoice.due_on >= timezone.localdate() + timedelta(days=14)
    staff_acts.write_off(invoice, by=BY, note="en weer")
    assert list(discrepancies()) == []
    acts = AuditEvent.objects.filter(action__startswith="writ").order_by("pk").values_list("action", flat=True)
    assert list(acts) == ["written_off", "write_off_undone", "written_off"]


def test_what_is_left_of_costs_after_they_were_paid_in_part_makes_no_credit(sink, settings):
    settings.NOTICE_HOURS = (7, 22)
    invoice = until(new_invoice(), COSTS_ON)
    owed = ledger.outstanding(invoice.pk)
    pay(invoice, str(owed - D("3.00")), COSTS_ON)
    assert parts_of(invoice).total == D("3.00")
    write_offs.write_off(invoice, by=BY, note="x")
    assert (ledger.balance(invoice.pk), parts_of(invoice).total) == (D(0), D(0))
    assert list(discrepancies()) == []


@pytest.mark.parametrize(("amount", "age", "may"), [("4.99", 0, True), ("5.00", 0, False), ("900.00", 7, True)])
def test_only_what_is_small_or_past_enforcing(amount, age, may):
    day = timezone.localdate() - timedelta(days=366 * age)
    invoice = factories.invoice(amount=amount, issued_on=day, due_on=day)
    assert ("write_off" in staff_acts.staff_acts(invoice)) == may
    if may:
        write_offs.write_off(invoice, by=BY, note="x")
        assert Invoice.objects.get(pk=invoice.pk).settled_at
        return
    with pytest.raises(Refused, match="5,00"):
        write_offs.write_off(invoice, by=BY, note="x")
    assert ledger.balance(invoice.pk) == D(amount)


def test_without_a_reason_or_anything_to_undo_nothing_happens():
    invoice = factories.invoice(amount="4.00")
    for act, note in ((staff_acts.write_off, " "), (staff_acts.undo_write_off, "x")):
        with pytest.raises(Refused):
            act(invoice, by=BY, note=note)
    assert not LedgerTransaction.objects.filter(kind=Kind.WRITTEN_OFF).exists()
