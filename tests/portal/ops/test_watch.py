"""Operators are told what does not run: once for a cause, by mail and webhook, and again when it is right."""

import base64
import hashlib
import hmac
import json
import os
import signal
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from django.utils import timezone

from billing import alerts, audit
from billing.channels.alerts import key_of, signature
from billing.models import Alert, AlertNotice, LastRun, StaffTask
from portal.management.commands import serve, watch
from portal.ops.watching import causes
from portal.ops.watching.checks import check_alerts
from portal.ops.watching.round import Watch
from portal.staff import last_runs
from tests import factories
from tests.portal.staff.running import all_ran
from tests.smtp_sink import Sink

pytestmark = pytest.mark.django_db
SECRET = "whsec_" + base64.b64encode(bytes(range(7, 39))).decode()


class Receiver:
    """A program of operators that takes webhooks, and answers as it is told."""

    def __init__(self):
        self.taken, self.asked, self.status = [], [], 204
        receiver = self

        class Answer(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.taken.append((dict(self.headers.items()), body))
                self.send_response(receiver.status)
                self.end_headers()

            def do_GET(self):
                receiver.asked.append(self.path)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Answer)

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    @property
    def facts(self):
        return [json.loads(body) for _headers, body in self.taken]


@pytest.fixture
def told(settings):
    with Sink() as sink, Receiver() as receiver:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.ALERT_EMAIL = "wacht@rekening.example"
        settings.ALERT_WEBHOOK_URL = f"http://127.0.0.1:{receiver.server.server_port}/alarm"
        settings.ALERT_WEBHOOK_SECRET = SECRET
        yield sink, receiver


def test_one_cause_is_told_once_and_once_more_when_it_is_right_again(told):
    sink, receiver = told
    now, watch = timezone.now(), Watch()
    all_ran(now)
    watch.round(now)
    assert (sink.mails, receiver.taken) == ([], [])
    LastRun.record(LastRun.BACKUP, at=now - timedelta(hours=27))
    for minutes in range(3):
        watch.round(now + timedelta(seconds=minutes))
    Watch().round(now + timedelta(seconds=5))  # another process knows it from the rows
    assert [mail["To"] for mail in sink.mails] == ["wacht@rekening.example"]
    assert "silent:backup" in sink.mails[0]["Subject"]
    assert [fact["type"] for fact in receiver.facts] == ["alert.raised"]
    LastRun.record(LastRun.BACKUP, at=now)
    watch.round(now + timedelta(seconds=9))
    assert [fact["type"] for fact in receiver.facts] == ["alert.raised", "alert.ended"]
    assert {fact["cause"] for fact in receiver.facts} == {"silent:backup"}
    assert len(sink.mails) == 2
    assert Alert.objects.get().ended_at is not None


def test_the_webhook_is_signed_over_its_id_moment_and_body(told):
    _sink, receiver = told
    LastRun.record(LastRun.BEAT, at=timezone.now() - timedelta(days=1))
    Watch().round()
    for headers, body in receiver.taken:
        lower = {name.lower(): value for name, value in headers.items()}
        signed = f"{lower['webhook-id']}.{lower['webhook-timestamp']}.".encode() + body
        right = base64.b64encode(hmac.new(bytes(range(7, 39)), signed, hashlib.sha256).digest()).decode()
        assert lower["webhook-signature"] == f"v1,{right}"
        assert abs(int(lower["webhook-timestamp"]) - timezone.now().timestamp()) < 60
    assert len({headers["webhook-id"] for headers, _body in receiver.taken}) == len(receiver.taken) > 1


def test_what_could_not_be_told_is_tried_again_later_and_the_end_waits_for_the_begin(told):
    sink, receiver = told
    now, watch = timezone.now(), Watch()
    all_ran(now)
    LastRun.record(LastRun.BACKUP, at=now - timedelta(hours=27))
    receiver.status = 500
    sink.answers["RCPT"] = ["450 4.2.1 later", "450 4.2.1 later"]
    watch.round(now)
    LastRun.record(LastRun.BACKUP, at=now)
    watch.round(now + timedelta(seconds=30))  # too early for another try
    assert len(receiver.taken) == 1
    assert AlertNotice.objects.filter(told_at=None, tries=1).count() == 2
    receiver.status, sink.answers["RCPT"] = 204, []
    for minutes in (2, 3):
        watch.round(now + timedelta(minutes=minutes))
    told_of = [fact["type"] for fact in receiver.facts if fact["cause"] == "silent:backup"]
    assert told_of == ["alert.raised", "alert.raised", "alert.ended"]
    assert receiver.taken[0][0]["webhook-id"] == receiver.taken[1][0]["webhook-id"]
    assert len([mail for mail in sink.mails if "silent:backup" in mail["Subject"]]) == 2
    assert not AlertNotice.objects.filter(told_at=None, alert__cause="silent:backup").exists()


def test_waiting_grows_to_an_hour_and_ends_after_a_week():
    now = timezone.now()
    alerts.look({"x": "X"}, channels=["mail"], now=now)
    waits = []
    for tries in range(9):
        notice = AlertNotice.objects.get()
        alerts.failed(notice, error="no", now=now)
        waits.append((AlertNotice.objects.get().next_try_at - now).total_seconds() / 60)
        assert AlertNotice.objects.get().tries == tries + 1
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    alerts.failed(AlertNotice.objects.get(), error="no", now=now + timedelta(days=8))
    assert AlertNotice.objects.get().told_at is not None


def test_its_heart_beats_outside_while_it_looks_and_everything_is_told(told, settings, monkeypatch):
    sink, receiver = told
    settings.ALERT_HEARTBEAT_URL = f"http://127.0.0.1:{receiver.server.server_port}/hart/geheim"
    now, watch = timezone.now(), Watch()
    all_ran(now - timedelta(hours=1))
    silent = {one.what for one in last_runs.silences(now) if one.is_too_long}
    assert LastRun.WATCH in silent
    assert "silent:watch" not in causes.found(now), "whoever looks is alive"
    sink.answers["RCPT"] = ["550 5.1.1 no"] * 50
    watch.round(now)
    assert LastRun.objects.get(what=LastRun.WATCH).at == now
    assert receiver.asked == [], "the mailbox was not told"
    sink.answers["RCPT"] = []
    watch.round(now + timedelta(minutes=2))
    assert receiver.asked == ["/hart/geheim"]

    def away(_now):
        raise DatabaseError

    monkeypatch.setattr(causes, "found", away)
    watch.round(now + timedelta(minutes=3))
    assert receiver.asked == ["/hart/geheim"]


def test_a_heartbeat_that_does_not_arrive_stops_nothing_and_its_address_is_not_logged(told, settings, caplog):
    settings.ALERT_HEARTBEAT_URL = "http://127.0.0.1:9/hart/geheim"
    now = timezone.now()
    all_ran(now)
    Watch().round(now)
    assert LastRun.objects.get(what=LastRun.WATCH).at == now
    assert "the heartbeat did not arrive: no connection" in caplog.text
    assert "geheim" not in caplog.text


def test_a_cause_that_comes_back_is_another_alert():
    now = timezone.now()
    for found in ({"x": "X"}, {}, {"x": "X"}, {"x": "X"}):
        alerts.look(found, channels=[], now=now)
    assert Alert.objects.filter(cause="x").count() == 2
    assert Alert.objects.filter(ended_at=None).count() == 1


def test_a_database_that_is_away_is_told_once_and_that_it_is_back(told, monkeypatch):
    _sink, receiver = told
    watch = Watch()
    all_ran(timezone.now())
    look = causes.found

    def away(_now):
        raise DatabaseError

    monkeypatch.setattr(causes, "found", away)
    for _ in range(3):
        watch.round()
    monkeypatch.setattr(causes, "found", look)
    for _ in range(2):
        watch.round()
    assert [(fact["type"], fact["cause"]) for fact in receiver.facts] == [
        ("alert.raised", "database"), ("alert.ended", "database"),
    ]  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_a_database_that_takes_no_rows_is_told_once_and_ends_no_watch(told):
    _sink, receiver = told
    watch, now = Watch(), timezone.now()
    all_ran(now)
    watch.round(now)
    switch = "PRAGMA query_only = %s" if connection.vendor == "sqlite" else "SET default_transaction_read_only = %s"
    with connection.cursor() as cursor:
        cursor.execute(switch % "on")
        try:
            watch.round(now)
            watch.round(now)
        finally:
            cursor.execute(switch % "off")
    watch.round(now)
    watch.round(now)
    assert [(fact["type"], fact["cause"]) for fact in receiver.facts] == [
        ("alert.raised", "database"), ("alert.ended", "database"),
    ]  # fmt: skip


def test_tasks_that_only_operations_see_are_causes_by_kind():
    now = timezone.now()
    all_ran(now)
    assert causes.found(now) == {}
    for number in range(2):
        audit.open_task(StaffTask.Kind.CLOCK_JUMPED, dedupe_key=str(number))
    patient = factories.patient()
    own = {"provider": patient.provider, "patient": patient}  # a question between colleagues is nobody else's
    StaffTask.objects.create(kind="asked_call", dedupe_key="asked_call:1", **own)
    (cause,) = causes.found(now)
    assert cause == "task:clock_jumped"


def test_nobody_to_tell_is_said(settings):
    settings.ALERT_EMAIL = settings.ALERT_WEBHOOK_URL = ""
    with pytest.raises(CommandError, match="ALERT_EMAIL"):
        call_command("watch", "--once")


def test_without_anybody_to_tell_it_goes_on_until_it_is_stopped_and_serve_starts_none(settings, caplog, monkeypatch):
    settings.ALERT_EMAIL = settings.ALERT_WEBHOOK_URL = ""
    monkeypatch.setattr(watch, "close_old_connections", lambda: None)  # the test's own
    before = {number: signal.signal(number, lambda *_signal: None) for number in (signal.SIGTERM, signal.SIGINT)}
    ended = threading.Event()

    def stop():
        while not ended.wait(0.1):  # the first may come before it listens
            os.kill(os.getpid(), signal.SIGTERM)

    stopping = threading.Thread(target=stop)
    stopping.start()
    try:
        call_command("watch")
    finally:
        ended.set()
        stopping.join()
        for number, handler in before.items():
            signal.signal(number, handler)
    assert "Nobody would be told" in caplog.text
    assert Alert.objects.exists()  # what it found is written down
    assert "watch" not in serve.processes()
    settings.ALERT_EMAIL = "beheer@zorgrekening-proef.nl"
    assert serve.processes()["watch"][-2:] == ["manage.py", "watch"]


def test_what_is_set_wrong_is_refused_with_a_sentence(settings):
    settings.ALERT_EMAIL, settings.ALERT_WEBHOOK_URL = "a@b.example, c@d.example", "http://elders.example/x"
    for secret, count in ((SECRET, 2), ("whsec_AAAA", 3), ("hello", 3), ("", 3)):
        settings.ALERT_WEBHOOK_SECRET = secret
        assert len(check_alerts()) == count
    settings.ALERT_EMAIL, settings.ALERT_WEBHOOK_URL = "a@b.example", "https://elders.example/x"
    settings.ALERT_WEBHOOK_SECRET = SECRET
    settings.ALERT_HEARTBEAT_URL = "https://elders.example/hart"
    assert check_alerts() == []
    settings.ALERT_HEARTBEAT_URL = "http://elders.example/hart"
    assert len(check_alerts()) == 1
    settings.ALERT_HEARTBEAT_URL, settings.ALERT_EMAIL, settings.ALERT_WEBHOOK_URL = (
        "https://elders.example/hart",
        "",
        "",
    )
    assert len(check_alerts()) == 1, "a heart that beats for nobody"


def test_the_example_of_the_scheme():
    """The values of the specification's own example."""
    secret, at = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "1614265330"
    body = b'{"test": 2432232314}'
    assert (
        signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, body) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )
    assert len(key_of(secret)) == 24
