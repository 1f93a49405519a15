"""What /metrics and the page of operations say: true numbers, to the right people, in a bounded number of queries."""

from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from billing import audit, ledger
from billing.models import DayFigure, LedgerTransaction, OutboxMessage, Payment, Staff, StaffTask, WebhookCall
from billing.statements import figures
from portal.staff import metrics
from tests import factories
from tests.portal.staff.running import all_ran
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db
TOKEN = "prometheus-may-read"


def a_payment(invoice, status, **fields):
    number = Payment.objects.count()
    secrets = {name: f"{name}-{number}" for name in ("token", "webhook_token", "idempotency_key")}
    return Payment.objects.create(invoice=invoice, amount=Decimal("10.00"), status=status, **secrets, **fields)


def a_message(status, **fields):
    content = {"kind": "receipt", "language": "nl", "recipient": "a@b.example", "subject": "s", "text": "t", "html": ""}
    return OutboxMessage.objects.create(
        **content, dedupe_key=str(OutboxMessage.objects.count()), status=status, **fields
    )


def read(client, **headers):
    text = client.get("/metrics", headers=headers).content.decode()
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_there_is_no_such_page_without_the_token(client, settings):
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404
    settings.METRICS_TOKEN = TOKEN
    for wrong in ({}, {"Authorization": TOKEN}, {"Authorization": f"Bearer {TOKEN}x"}):
        assert client.get("/metrics", headers=wrong).status_code == 404


def test_the_numbers_are_those_of_the_rows(client, settings):
    settings.METRICS_TOKEN = TOKEN
    now = timezone.now()
    invoice = factories.invoice()
    payment = a_payment(invoice, Payment.Status.PAID, paid_at=now)
    a_payment(invoice, Payment.Status.OPEN)
    a_payment(invoice, Payment.Status.EXPIRED, created_at=now - timedelta(days=2))
    WebhookCall.objects.create(payment=payment, mollie_id="tr_1", received_at=now - timedelta(minutes=3))
    a_message(OutboxMessage.Status.QUEUED, next_try_at=now - timedelta(minutes=5))
    a_message(OutboxMessage.Status.QUEUED, next_try_at=now + timedelta(minutes=5))
    a_message(OutboxMessage.Status.IN_DOUBT)
    audit.record("code_sent", by="patient", invoice=invoice)
    audit.open_task(StaffTask.Kind.SURPLUS, dedupe_key="1", invoice=invoice)
    found = read(client, Authorization=f"Bearer {TOKEN}")
    assert found["zorgrekening_payments_last_day", "paid"] == 1
    assert found["zorgrekening_payments_last_day", "open"] == 1
    assert found["zorgrekening_payments_last_day", "expired"] == 0
    assert found["zorgrekening_webhooks_waiting",] == 1
    assert 170 < found["zorgrekening_webhooks_oldest_seconds",] < 240
    assert found["zorgrekening_outbox_messages", "queued"] == 2
    assert found["zorgrekening_outbox_messages", "in_doubt"] == 1
    assert 290 < found["zorgrekening_outbox_oldest_seconds",] < 360
    assert found["zorgrekening_codes_last_hour", "sent"] == 1
    assert found["zorgrekening_codes_last_hour", "verified"] == 0
    assert found["zorgrekening_staff_tasks_open", "surplus"] == 1
    queues = {key[1] for key in found if key[0] == "zorgrekening_queue_messages"}
    if settings.REDIS_URL:
        assert found["zorgrekening_broker_up",] == 1
        assert queues == {"celery", "files", "mail"}
    else:  # there is none
        assert not queues
        assert ("zorgrekening_broker_up",) not in found


def test_a_broker_that_is_down_is_a_reading_and_no_error(client, settings, monkeypatch):
    settings.METRICS_TOKEN = TOKEN
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(metrics, "app", metrics.app.__class__("elsewhere", broker="redis://127.0.0.1:1/0"))
    metrics.app.conf.broker_transport_options = {"socket_connect_timeout": 0.2}
    found = read(client, Authorization=f"Bearer {TOKEN}")
    assert found["zorgrekening_broker_up",] == 0
    assert not any(key[0] == "zorgrekening_queue_messages" for key in found)


def test_no_person_stands_in_them(client, settings):
    settings.METRICS_TOKEN = TOKEN
    factories.invoice()
    text = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).content.decode()
    for word in ("Vries", "Linde", "@", "P-"):
        assert word not in text


def test_the_queries_do_not_grow_with_the_rows(client, settings, django_assert_num_queries):
    settings.METRICS_TOKEN = TOKEN
    for _ in range(3):
        a_payment(factories.invoice(), Payment.Status.PAID, paid_at=timezone.now())
        a_message(OutboxMessage.Status.FAILED)
    with django_assert_num_queries(16):
        metrics.readings(timezone.now())


class TestFigures:
    TODAY = date(2026, 11, 16)

    @pytest.fixture(autouse=True)
    def _the_clock(self, monkeypatch):
        """The day before: figures are written for that one and for the next, never for a day in the past."""
        monkeypatch.setattr(figures, "timezone", SimpleNamespace(localdate=lambda: self.TODAY - timedelta(days=1)))

    def values(self, day=TODAY):
        return dict(DayFigure.objects.filter(day=day).values_list("name", "value"))

    def test_what_is_owed_is_shown_by_age(self):
        for late, amount in ((-5, "10.00"), (0, "20.00"), (1, "40.00"), (30, "80.00"), (31, "160.00"), (91, "320.00")):
            due_on = self.TODAY - timedelta(days=late)
            factories.invoice(amount=amount, issued_on=due_on - timedelta(days=30), due_on=due_on)
        paid = factories.invoice(amount="1000.00", issued_on=self.TODAY, due_on=self.TODAY)
        ledger.post(
            paid,
            LedgerTransaction.Kind.PAYMENT,
            Decimal("-1000.00"),
            external_id="x",
            occurred_at=timezone.now(),
            by="test",
        )
        figures.record_day(self.TODAY)
        found = self.values()
        assert (found["not_due"], found["due_30"], found["due_90"], found["due_older"]) == (3000, 12000, 16000, 32000)

    def test_yesterdays_late_money_is_added_and_twice_changes_nothing(self):
        noon = timezone.make_aware(timezone.datetime(2026, 11, 15, 23, 59))
        figures.record_day(self.TODAY - timedelta(days=1))
        a_payment(factories.invoice(), Payment.Status.PAID, paid_at=noon)
        for _ in range(2):
            figures.record_day(self.TODAY)
        assert self.values(self.TODAY - timedelta(days=1))["money_in"] == 1000
        assert self.values()["money_in"] == 0
        assert DayFigure.objects.filter(day=self.TODAY).count() == len(DayFigure.Name)

    def test_the_last_days_tell_a_day_without_figures_apart_from_nothing(self):
        figures.record_day(self.TODAY)
        money = figures.last_days(self.TODAY, days=3)["money_in"]
        assert money == [None, 0, 0]


class TestPage:
    def test_only_operations_see_it(self):
        assert signed_in(factories.staff()).get("/beheer/toestand/").status_code == 403
        assert Client().get("/beheer/toestand/").status_code == 302
        page = signed_in(factories.staff(role=Staff.Role.OPERATIONS)).get("/beheer/toestand/")
        assert page.status_code == 200

    def test_it_draws_what_was_counted_and_says_it_in_numbers(self):
        a_payment(factories.invoice(), Payment.Status.PAID, paid_at=timezone.now())
        a_message(OutboxMessage.Status.FAILED)
        figures.record_day(timezone.localdate())
        all_ran(timezone.now())
        page = signed_in(factories.staff(role=Staff.Role.OPERATIONS)).get("/beheer/toestand/").content.decode()
        assert page.count("<rect") > 2
        assert "€&nbsp;10,00" in page.replace("\xa0", "&nbsp;")
        assert page.count("badge-alarm") == 1
