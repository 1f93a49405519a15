"""A case whose invoice is withdrawn: it ends, nothing reopens it, and no mail but that about the invoice is sent."""

from datetime import timedelta

import pytest
from django.utils import timezone

from billing import ledger
from billing.adjustments import credit_notes
from billing.adjustments.credit_notes import NewCreditNote
from billing.errors import Refused
from billing.models import Hold, OutboxMessage
from coulance import cases, deadlines, decisions, intake, specifications
from coulance.models import CoulanceCase
from tests import factories
from tests.coulance.desk.desk_cases import REASON, at_desk, staff_of
from tests.guests.files import hostile

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
Status = CoulanceCase.Status


def withdraw(case):
    given = NewCreditNote(number="C-1", issued_on=timezone.localdate(), reason="dubbel")
    credit_notes.take(case.invoice, given, by="staff:els")
    return CoulanceCase.objects.get(pk=case.pk)


def test_the_case_ends_and_what_is_being_checked_is_erased():
    case = intake.offer([factories.invoice(amount="200.00")], today=timezone.localdate(), by="test")[0]
    specifications.receive(case.pk, [specifications.Upload("x.pdf", hostile.pdf())])
    row = withdraw(case)
    assert row.status == Status.WITHDRAWN
    assert [file.stored_name for file in row.specifications.all()] == [""]
    assert not Hold.objects.filter(released_at=None).exists()
    assert case.invoice.audit_events.filter(action="case_ended_with_invoice").count() == 1
    with pytest.raises(Refused):
        cases.write_message(case.pk, "nog iets")
    specifications.sweep()
    deadlines.run_day(case.specification_due_on + timedelta(days=1))
    assert CoulanceCase.objects.get().status == Status.WITHDRAWN
    assert not OutboxMessage.objects.filter(kind__startswith="coulance").exists()


def test_a_decision_that_was_taken_stays():
    case = at_desk(factories.provider())
    decisions.refuse(case, reason=REASON, version=case.version, by=staff_of(case))
    assert withdraw(case).status == Status.REJECTED
    assert ledger.balance(case.invoice_id) == 0


def test_its_page_leads_to_the_one_that_says_withdrawn(client):
    case = intake.offer([factories.invoice(amount="200.00")], today=timezone.localdate(), by="test")[0]
    client.post("/", {"reference": case.invoice.payment_reference})
    withdraw(case)
    at = f"/rekening/{case.invoice.token}/"
    assert client.get(f"{at}coulance/")["Location"] == at
    assert "U hoeft deze rekening niet te betalen." in client.get(at).content.decode()
