"""Whoever falls silent is seen: on the page of operations, in /metrics, and by the alert rules that are shipped."""

import math
import re
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from django.core.management import call_command
from django.utils import timezone

from banking import accounts
from billing.models import BounceIntake, LastRun, OutboxMessage, Staff
from portal import celery, daily
from portal.staff import last_runs, metrics
from tests import factories
from tests.portal.staff.running import all_ran
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db
RULES = Path(__file__).resolve().parents[3] / "deploy" / "prometheus" / "alerts.yml"


def page():
    return signed_in(factories.staff(role=Staff.Role.OPERATIONS)).get("/beheer/toestand/").content.decode()


def too_long(now):
    return {one.what for one in last_runs.silences(now) if one.is_too_long}


def test_calm_while_all_work(settings):
    settings.BOUNCE_ADDRESS = "bounces@example.org"
    all_ran(timezone.now())
    assert too_long(timezone.now()) == set()
    assert "badge-alarm" not in page()


def test_what_never_ran_is_red(settings):
    settings.BOUNCE_ADDRESS = "bounces@example.org"
    silent = {one.what: one.seconds for one in last_runs.silences(timezone.now())}
    own = {"beat", "worker", "day", "retention", "ledger", "backup", "digests", "bounce_probe"}
    assert own | {"billing.sweep_outbox"} <= set(silent)
    assert "bank_statements" not in silent, "there is no account at a bank"
    assert "watch" not in silent, "there is nobody to tell"
    assert set(silent.values()) == {math.inf}
    assert page().count("badge-alarm") == len(silent)


@pytest.mark.parametrize(
    ("what", "seconds"),
    [
        ("beat", 120), ("worker", 300), ("day", 12 * 3600), ("retention", 26 * 3600), ("ledger", 2 * 86400),
        ("backup", 26 * 3600), ("digests", 26 * 3600), ("bounce_probe", 2 * 86400), ("bank_statements", 5 * 86400),
        ("billing.sweep_outbox", 600), ("billing.sweep_payments", 600), ("billing.sweep_storage", 900), ("watch", 300),
    ],
)  # fmt: skip
def test_each_is_red_past_its_own_limit_and_not_before(what, seconds, settings):
    settings.BOUNCE_ADDRESS, settings.ALERT_EMAIL = "bounces@example.org", "wacht@rekening.example"
    accounts.add("NL91ABNA0417164300", name="Zorgrekening B.V.", by="command:anna")
    now = timezone.now()
    all_ran(now)
    for age, expected in ((seconds - 5, set()), (seconds + 5, {what})):
        moment = now - timedelta(seconds=age)
        if what == "bounce_probe":
            BounceIntake.objects.update(seen_at=moment)
        else:
            LastRun.record(what, at=moment)
        assert too_long(now) == expected
    assert page().count("badge-alarm") == 1


def test_dead_processes_and_a_hundred_thousand_unsent_announcements_are_not_calm(client, settings):
    settings.METRICS_TOKEN = "prometheus"
    now = timezone.now()
    ago = now - timedelta(hours=2)
    all_ran(ago)
    rows = (
        OutboxMessage(
            kind="invoice_ready", language="nl", recipient="a@b.example", subject="s", text="t", html="",
            dedupe_key=f"{n}", created_at=ago, next_try_at=ago,
        )
        for n in range(100_000)
    )  # fmt: skip
    OutboxMessage.objects.bulk_create(rows, batch_size=5_000)
    text = client.get("/metrics", headers={"Authorization": "Bearer prometheus"}).content.decode()
    value = {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line[0] != "#"}
    for what in ("beat", "billing.sweep_outbox"):
        age, limit = (value[f'zorgrekening_last_run{part}_seconds{{what="{what}"}}'] for part in ("", "_limit"))
        assert age > limit, what
    assert value["zorgrekening_outbox_oldest_seconds"] > value['zorgrekening_waiting_limit_seconds{what="work"}']
    assert value['zorgrekening_outbox_messages{state="queued"}'] == 100_000
    shown = page()
    assert shown.count("badge-alarm") >= 3
    assert "billing.sweep_outbox" in shown


def test_a_message_tried_again_and_again_is_seen(settings):
    all_ran(timezone.now())
    now = timezone.now()
    OutboxMessage.objects.create(
        kind="receipt", language="nl", recipient="a@b.example", subject="s", text="t", html="", dedupe_key="1",
        created_at=now - timedelta(hours=25), next_try_at=now + timedelta(hours=1),
    )  # fmt: skip
    assert page().count("badge-alarm") == 1


def test_a_sweep_that_fails_is_not_one_that_ran(monkeypatch):
    @celery.app.task(name="tests.sweep")
    def sweep(*, fails):
        if fails:
            raise ValueError("no")

    for fails in (True, False):
        monkeypatch.setattr(celery, "_written", {})
        sweep.apply(kwargs={"fails": fails})
        assert LastRun.objects.filter(what="tests.sweep").exists() is not fails
    celery.app.tasks.pop("tests.sweep")


@pytest.mark.django_db(transaction=True)  # a backup of PostgreSQL begins a transaction of its own
def test_the_days_work_the_digests_and_a_backup_are_written_down(tmp_path):
    before = timezone.now()
    daily.run_now(before)
    call_command("backup", str(tmp_path / "one.age"))
    call_command("verify_ledger")
    found = dict(LastRun.objects.values_list("what", "at"))
    assert {LastRun.DAY, LastRun.RETENTION, LastRun.LEDGER, LastRun.BACKUP, LastRun.DIGESTS} <= set(found)
    assert min(found.values()) >= before


class TestAlertRules:
    EXPRESSIONS = {
        rule["alert"]: rule["expr"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]
    }

    def test_each_name_and_label_is_one_of_the_metrics(self, settings):
        known = {f"zorgrekening_{one.name}": one for one in metrics.readings(timezone.now())}
        known.setdefault("zorgrekening_broker_up", metrics.Reading("broker_up", "", {"": 1}))  # only with Redis
        for alert, expression in self.EXPRESSIONS.items():
            named = re.findall(r"(zorgrekening_\w+)(?:\{(\w+)=~?\"([^\"]+)\"\})?", expression)
            assert named or 'job="zorgrekening"' in expression or expression == "vector(1)", alert
            for name, label, values in named:
                assert name in known, alert
                if label:
                    assert known[name].label == label, alert
                    assert set(values.split("|")) <= set(known[name].values), alert

    def test_every_reading_with_a_limit_has_an_alert(self):
        text = " ".join(self.EXPRESSIONS.values())
        for name in ("last_run", "outbox_oldest", "outbox_unsent", "webhooks_oldest"):
            assert f"zorgrekening_{name}_seconds" in text
