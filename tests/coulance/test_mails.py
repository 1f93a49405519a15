"""What the mails about a case say is true when it is written, and again when it leaves."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from billing.invoices import holds
from billing.law import calendar
from billing.models import Hold, OutboxMessage, Patient
from billing.outbox import delivery
from billing.plans import agreements
from coulance import cases, deadlines, intake, specifications
from coulance.models import CoulanceCase
from tests import factories
from tests.billing.conftest import sink  # noqa: F401
from tests.coulance.desk.desk_cases import at_desk, picture_of, staff_of
from tests.coulance.test_reopened import case, decide, last_mail, reopen  # noqa: F401

pytestmark = pytest.mark.django_db(transaction=True)
PAY = {
    "nl": "Betaal uiterlijk op|Betaal € [\\d.,]+ uiterlijk|Laatste dag om te betalen",
    "en": "[Pp]ay (by|€ ?[\\d.,]+ )|Last day to pay",
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
    holds.place_hold(row.invoice, Hold.STAFF, by="staff:els", written="klacht")


@pytest.mark.parametrize("language", ["nl", "en"])
class TestAnotherHold:
    """A complaint puts the invoice on hold too: the end of coulance is no reason to pay."""

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
        specifications.check(row.pk)
        self.asks_for_nothing("coulance_file_refused", language)


def page(client, row):
    token = row.invoice.token
    link = factories.link(row.invoice, days=9)
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
        plan = agreements.agree_installments(
            case.invoice_id, count=3, first_on=today + timedelta(days=10), by="patient"
        )
        reopen(case)
        decide("approve", case, staff_of(case), "600.00")
        progress = agreements.progress(case.invoice_id, today=today)
        text = words(last_mail())
        assert plan.status == "active"
        assert "Uw betalingsregeling gaat door" in text
        assert f"uiterlijk op {progress.next.installment.due_on.day} " in text
        assert "Betaal € 600,00" not in text
        assert "Betaal uiterlijk op" not in text
        assert "Uw betalingsregeling gaat door" in page(client, case)


@pytest.mark.parametrize("language", ["nl", "en"])
class TestWhatIsWaitedFor:
    """A specification that the provider has is not called missing, and no day is named that is over."""

    def test_more_was_asked(self, language, client):
        missing = {"nl": "geen specificatie|specificatie van uw zorgverzekeraar", "en": "specification"}[language]
        row = offered()
        Patient.objects.update(language=language)
        reopen(row)
        decide("ask_more", row, staff_of(row))
        row.refresh_from_db()
        deadlines.run_day(row.specification_due_on - timedelta(days=1))
        assert last_mail().kind == "coulance_nudge"
        assert not re.search(missing, words(last_mail()) + last_mail().subject)
        deadlines.run_day(row.specification_due_on + timedelta(days=1))
        assert last_mail().kind == "coulance_expired"
        assert not re.search(missing, words(last_mail()))
        assert {"nl": "Waar uw zorgaanbieder om vroeg", "en": "What your care provider asked for"}[language] in page(
            client, row
        )

    def test_a_file_refused_after_the_last_day(self, language):
        row = offered()
        Patient.objects.update(language=language)
        (file,) = specifications.receive(row.pk, [BROKEN])
        CoulanceCase.objects.update(specification_due_on=timezone.localdate() - timedelta(days=2))
        specifications.check(file.pk)
        text = words(last_mail())
        assert last_mail().kind == "coulance_file_refused"
        assert not re.search("uiterlijk op|[Ss]end it by|last day to send", text), text
        assert {"nl": "geen nieuw bestand meer", "en": "no new file any more"}[language] in text


DAY = datetime(2026, 11, 25, 12, tzinfo=UTC)  # a Wednesday


class TestLastCheck:
    """A mail that waited is not sent when what it says is no longer true."""

    def sent(self, mail, now=DAY):
        delivery.deliver(mail.pk, now=now)
        mail.refresh_from_db()
        return mail

    def nudged(self):
        row = offered()
        deadlines.run_day(row.specification_due_on - timedelta(days=1))
        mail = last_mail()
        OutboxMessage.objects.update(next_try_at=DAY - timedelta(days=9))
        assert mail.kind == "coulance_nudge"
        return row, mail

    def test_what_is_true_goes_out(self, sink):  # noqa: F811
        assert self.sent(self.nudged()[1]).status == "sent"

    def test_a_nudge_after_the_patient_stopped(self, sink):  # noqa: F811
        row, mail = self.nudged()
        cases.withdraw(row.pk, today=timezone.localdate())
        assert (self.sent(mail).status, mail.error) == ("canceled", "changed")

    def test_a_nudge_after_a_file_came(self, sink):  # noqa: F811
        row, mail = self.nudged()
        specifications.receive(row.pk, [BROKEN])
        assert self.sent(mail).status == "canceled"

    def test_no_nudge_on_a_sunday(self, sink):  # noqa: F811
        mail = self.sent(self.nudged()[1], now=datetime(2026, 11, 29, 5, 7, tzinfo=UTC))
        assert mail.status == "queued"
        assert calendar.is_sending_moment(mail.next_try_at)

    def test_the_end_of_the_scheme_comes_by_day(self, sink):  # noqa: F811
        row = offered()
        deadlines.run_day(row.specification_due_on + timedelta(days=1))
        OutboxMessage.objects.update(next_try_at=DAY - timedelta(days=9))
        mail = self.sent(last_mail(), now=datetime(2026, 11, 29, 5, 7, tzinfo=UTC))
        assert (mail.kind, mail.status) == ("coulance_expired", "queued")
        assert self.sent(mail, now=datetime(2026, 11, 30, 12, tzinfo=UTC)).status == "sent"

    @pytest.mark.parametrize("kind", ["received", "more_needed", "answered", "taken_back"])
    def test_do_not_pay_is_not_said_after_the_end(self, kind, sink):  # noqa: F811
        row = offered()
        file = reopen(row)
        if kind in ("more_needed", "answered"):
            decide("ask_more", row, staff_of(row))
        if kind == "answered":
            cases.write_message(row.pk, "Dat heb ik niet.")
        if kind == "taken_back":
            specifications.take_back(file, today=timezone.localdate())
        mail = last_mail()
        assert mail.kind == f"coulance_{kind}"
        cases.withdraw(row.pk, today=timezone.localdate())
        OutboxMessage.objects.update(next_try_at=DAY - timedelta(days=9))
        assert self.sent(mail).status == "canceled"

    def test_a_refused_file_that_says_to_pay_after_another_came(self, case, sink):  # noqa: F811
        (file,) = specifications.receive(case.pk, [BROKEN])
        specifications.check(file.pk)
        mail = last_mail()
        OutboxMessage.objects.update(next_try_at=DAY - timedelta(days=9))
        specifications.receive(case.pk, [specifications.Upload("weer.pdf", b"%PDF-1.7\n\n")])
        assert (mail.kind, self.sent(mail).status) == ("coulance_file_refused", "canceled")
