"""What the mails about a case say is true when it is written, and again when it leaves."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from billing import invoices, links, plans
from billing.models import Hold, Patient
from coulance import cases, checking, deadlines, intake, specifications
from tests import factories
from tests.coulance.desk_cases import at_desk, picture_of, staff_of
from tests.coulance.test_reopened import case, decide, last_mail, reopen  # noqa: F401

pytestmark = pytest.mark.django_db(transaction=True)
PAY = {
    "nl": "Betaal voor of op|Betaal € [\\d.,]+ voor|Betalen voor of op",
    "en": "[Pp]ay (before or on|€ ?[\\d.,]+ )",
}
BROKEN = specifications.Upload("kapot.pdf", b"%PDF-1.7\n")
WAIT = {"nl": "Betaal nog niet", "en": "Do not pay yet"}


def words(mail):
    return re.sub(r"\s+", " ", mail.text)


def offered():
    (row,) = intake.offer([factories.invoice(amount="1000.00")], today=timezone.localdate(), by="test")
    row.refresh_from_db()
    return row


def pause(row, language="nl"):
    Patient.objects.update(language=language)
    invoices.place_hold(row.invoice, Hold.Reason.STAFF, by="staff:els", note="klacht")


@pytest.mark.parametrize("language", ["nl", "en"])
class TestAnotherHold:
    """A complaint lets the invoice rest too: the end of coulance is no reason to pay."""

    def asks_for_nothing(self, kind, language):
        mail = last_mail()
        assert mail.kind == kind
        assert WAIT[language] in words(mail)
        assert not re.search(PAY[language], words(mail)), words(mail)

    def test_decisions(self, language):
        row = at_desk()
        picture_of(row)
        pause(row, language)
        decide("approve", row, staff_of(row), "750.00")
        self.asks_for_nothing("coulance_adjusted", language)
        decide("correct", row, staff_of(row), "700.00")
        self.asks_for_nothing("coulance_corrected", language)
        reopen(row)
        decide("refuse", row, staff_of(row))
        self.asks_for_nothing("coulance_kept", language)
        reopen(row, 21)
        cases.withdraw(row.pk, today=timezone.localdate())
        self.asks_for_nothing("coulance_stands", language)

    def test_ends_without_one(self, language):
        first, second = offered(), offered()
        for row in (first, second):
            pause(row, language)
        cases.withdraw(first.pk, today=timezone.localdate())
        self.asks_for_nothing("coulance_withdrawn", language)
        deadlines.run_day(second.specification_due_on + timedelta(days=1))
        self.asks_for_nothing("coulance_expired", language)

    def test_a_refused_file(self, case, language):  # noqa: F811
        pause(case, language)
        (row,) = specifications.receive(case.pk, [BROKEN])
        checking.check(row.pk)
        self.asks_for_nothing("coulance_file_refused", language)


def page(client, row):
    token = row.invoice.token
    link = reverse("link", args=[links.sign(token, until=timezone.localdate() + timedelta(days=9))])
    client.get(link)
    client.post(link)
    return client.get(reverse("coulance", args=[token])).content.decode()


def test_the_page_asks_for_nothing_while_another_hold_stands(case, client):  # noqa: F811
    assert "Naar de rekening om te betalen" in page(client, case)
    pause(case)
    shown = page(client, case)
    assert "Naar de rekening om te betalen" not in shown
    assert "Betaal nog niet" in shown


class TestPlan:
    """A plan goes on after a decision: its next installment is due, not all at once on its last day."""

    def test_the_mail_names_the_next_installment(self, case, client):  # noqa: F811
        today = timezone.localdate()
        plan = plans.agree_installments(case.invoice_id, count=3, first_on=today + timedelta(days=10), by="patient")
        reopen(case)
        decide("approve", case, staff_of(case), "600.00")
        progress = plans.progress(case.invoice_id, today=today)
        text = words(last_mail())
        assert plan.status == "active"
        assert "Uw betalingsregeling gaat door" in text
        assert f"voor of op {progress.next.installment.due_on.day} " in text
        assert "Betaal € 600,00" not in text
        assert "Betaal voor of op" not in text
        assert "Uw betalingsregeling gaat door" in page(client, case)
