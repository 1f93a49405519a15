"""How a case of coulance begins, and the graph of what may become of it."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from billing.invoices.state import look_at
from billing.models import AuditEvent, Hold
from billing.transitions import advance
from coulance import intake
from coulance.models import CoulanceCase
from tests import factories

TODAY = date(2026, 11, 16)
Status = CoulanceCase.Status


@pytest.mark.django_db
@pytest.mark.both_databases
def test_an_offer_starts_the_case_and_puts_the_invoice_on_hold():
    invoices = [factories.invoice() for _ in range(3)]
    cases = intake.offer(invoices, today=TODAY, by="test")
    assert len(cases) == 3
    for invoice in invoices:
        case = CoulanceCase.objects.get(invoice=invoice)
        assert (case.status, case.specification_due_on) == (Status.OFFERED, TODAY + timedelta(days=30))
        hold = Hold.objects.get(invoice=invoice)
        assert (hold.reason, hold.until, hold.released_at) == (
            "awaiting_decision",
            case.specification_due_on,
            None,
        )
        assert look_at(invoice.token, today=TODAY).status == "on_hold"
        event = AuditEvent.objects.get(invoice=invoice)
        assert (event.action, event.by, event.details) == ("hold_placed", "test", {"reason": "awaiting_decision"})


@pytest.mark.django_db
def test_the_time_for_the_specification_is_a_house_rule(settings):
    settings.COULANCE_SPECIFICATION_DAYS = 45
    (case,) = intake.offer([factories.invoice()], today=TODAY, by="test")
    assert case.specification_due_on == TODAY + timedelta(days=45)


@pytest.mark.django_db
def test_an_offer_to_nobody_is_nothing():
    assert intake.offer([], today=TODAY, by="test") == []


@pytest.mark.django_db
def test_an_invoice_has_one_case_at_most():
    invoice = factories.invoice()
    intake.offer([invoice], today=TODAY, by="test")
    with pytest.raises(IntegrityError), transaction.atomic():
        intake.offer([invoice], today=TODAY, by="test")
    assert Hold.objects.count() == 1


def test_every_state_stands_in_the_graph_and_can_be_reached():
    assert set(CoulanceCase.TRANSITIONS) == set(Status)
    assert {to for targets in CoulanceCase.TRANSITIONS.values() for to in targets} == set(Status) - {Status.OFFERED}


@pytest.mark.django_db
@pytest.mark.parametrize("before", Status)
@pytest.mark.parametrize("after", Status)
def test_a_case_moves_along_the_graph_only(before, after):
    (case,) = intake.offer([factories.invoice()], today=TODAY, by="test")
    CoulanceCase.objects.update(status=before)
    case.refresh_from_db()
    if after in CoulanceCase.TRANSITIONS[before]:
        assert advance(case, after)
        assert CoulanceCase.objects.get().status == after
    else:
        with pytest.raises(ValueError, match="not a transition"):
            advance(case, after)
        assert CoulanceCase.objects.get().status == before
