"""What the page of an invoice costs at the desk does not grow with what is on it; `tests/costs` says what it costs."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing import audit, ledger
from billing.adjustments import credit_notes
from billing.adjustments.credit_notes import NewCreditNote
from billing.invoices import holds
from billing.models import Hold, Invoice, LedgerTransaction, StaffTask
from tests import factories
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db


def filled(number: str, times: int, **fields) -> Invoice:
    """An invoice on which each of several things happened so many times."""
    invoice = factories.invoice(number=number, **fields)
    for time in range(times):
        happened = {"external_id": f"{number}{time}", "occurred_at": timezone.now(), "by": "mollie"}
        ledger.post(invoice, LedgerTransaction.Kind.PAYMENT, Decimal("-5.00"), **happened)
        audit.open_task(StaffTask.Kind.SURPLUS, dedupe_key=f"{number}{time}", invoice=invoice)
        audit.record("note_written", by="staff:an", invoice=invoice, written=f"notitie {time}")
        note = {"issued_on": timezone.localdate(), "reason": "te veel", "amount": Decimal("1.00")}
        credit_notes.take(invoice, NewCreditNote(number=f"{number}C{time}", **note), by="staff:an")
    holds.place_hold(invoice, Hold.STAFF, by="staff:an", until=date(2027, 1, 1), written="klacht")
    return invoice


def queries(client, invoice) -> list[str]:
    with CaptureQueriesContext(connection) as caught:
        assert client.get(f"/beheer/billing/invoice/{invoice.pk}/change/").status_code == 200
    return [query["sql"] for query in caught.captured_queries if "SAVEPOINT" not in query["sql"]]


def test_the_page_of_an_invoice_takes_no_more_queries_however_much_is_on_it():
    little = filled("WEINIG", 1)
    client = signed_in(factories.staff(provider=little.provider, role="approver"))
    queries(client, little)
    first = queries(client, little)
    much = filled("VEEL", 4, provider=little.provider)
    assert len(queries(client, much)) <= len(first)
