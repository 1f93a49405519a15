"""Data retention for all rooms together: sessions, codes and sign-ins, and what is recorded about it."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.utils import timezone

from billing import rooms
from billing.models import AuditEvent, Invoice, OutboxMessage, WebhookCall
from guests import retention as guests_retention
from guests.models import SmsDevice, Throttle
from portal.ops import retention
from sandbox.models import IdempotentCall, Message
from sandbox.models import Payment as BankPayment
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
TODAY = timezone.localdate()


def ago(**span):
    return timezone.now() - timedelta(**span)


@pytest.fixture
def rows():
    """Of each kind one that is over, and one that is not."""
    invoice = factories.invoice()
    for name, at in (("over", ago(minutes=1)), ("here", ago(hours=-1))):
        Session.objects.create(session_key=name, session_data="", expire_date=at)
        Throttle.objects.create(key=name, over_at_us=int(at.timestamp() * 1_000_000))
    for name, at in (("over", ago(days=4)), ("here", ago(days=1))):
        SmsDevice.objects.create(invoice=invoice, holder=name, purpose="document", valid_until=at)
    for name, at in (("over", ago(days=92)), ("here", ago(days=88))):
        who = {"username": name, "ip_address": "127.0.0.1", "user_agent": "x", "http_accept": "x", "path_info": "/"}
        AccessAttempt.objects.create(**who, failures_since_start=1, get_data="", post_data="")
        AccessFailureLog.objects.create(**who)
        AccessLog.objects.create(**who, session_hash="")
        for model in (AccessAttempt, AccessFailureLog, AccessLog):
            model.objects.filter(username=name).update(attempt_time=at)
    for name, at in (("over", ago(days=32)), ("here", ago(days=28))):
        Message.objects.create(kind="mail", sender="x", to=name, received_at=at)
        IdempotentCall.objects.create(key=name, fingerprint="x", started_at=at)
        moments = {"created_at": at, "expires_at": at}
        BankPayment.objects.create(reference=name, amount_cents=1, description="x", redirect_url="x", **moments)


def test_sessions_codes_and_sign_ins_are_deleted_in_time(rows):
    assert retention.delete_expired(TODAY) == {
        "sessions": 1,
        "sign_ins": 3,
        "invitations": 0,
        "sandbox_rows": 2,
        "submitted_files": 0,
        "api_answers": 0,
        "api_events": 0,
        "webhook_deliveries": 0,
    }
    assert guests_retention.run_day(TODAY) == {"codes": 1}
    left = {
        Session: "session_key", Throttle: "key", SmsDevice: "holder", AccessAttempt: "username",
        AccessFailureLog: "username", AccessLog: "username", Message: "to", IdempotentCall: "key",
    }  # fmt: skip
    for model, field in left.items():
        assert list(model.objects.values_list(field, flat=True)) == ["here"], model
    assert BankPayment.objects.count() == 2  # the product may ask about an old payment
    assert set(retention.delete_expired(TODAY).values()) == {0}


def test_one_event_has_the_counts_and_a_day_without_any_adds_none(rows, caplog):
    caplog.set_level("INFO", logger="portal.ops.retention")
    retention.run_day(TODAY)
    retention.run_day(TODAY)
    event = AuditEvent.objects.get(action="data_erased")
    assert event.details == {"sessions": 1, "codes": 1, "sign_ins": 3, "sandbox_rows": 2}
    assert (event.by, event.invoice) == ("system", None)
    assert "codes 1, sessions 1" in caplog.text
    assert "erased: nothing" in caplog.text


def test_after_it_only_the_digests_are_published():
    """They prove what the day's work has booked; nothing else may need what was erased."""
    rules = sorted((rule for room in rooms.announcements() for rule in room.daily), key=lambda rule: rule.place)
    after = rules[[rule.run for rule in rules].index(retention.run_day) + 1 :]
    assert [rule.place for rule in after] == [98, 99]  # the end of the access log, and the tables


def test_a_day_in_the_future_is_planned_and_nothing_is_erased(settings, tmp_path):
    """`run_daily --today` takes any day, and erasing can't be undone."""
    settings.MEDIA_ROOT = tmp_path
    invoice = factories.invoice(insurer_paid="100.00")
    assert invoice.settled_at
    call_command("run_daily", "--today", str(TODAY.replace(year=TODAY.year + 9, day=1)))
    assert Invoice.objects.get(pk=invoice.pk).erased_at is None
    assert not AuditEvent.objects.filter(action="invoice_erased").exists()
    assert OutboxMessage.objects.filter(erased_at__isnull=False).count() == WebhookCall.objects.count() == 0
