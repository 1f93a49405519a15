"""Metrics of the product, read from its rows.

Every number is read from the database or the broker when it is requested, so that all processes give the same and
nothing is lost when one is killed. Each query uses a partial index or covers the last day only.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Min
from kombu.exceptions import OperationalError
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST as CONTENT_TYPE
from prometheus_client.registry import Collector

from billing import rooms
from billing.models import Letter, OutboxMessage, Payment, ReminderStep, StaffTask, WebhookCall
from guests import sms_code
from portal.celery import app
from portal.staff import last_runs

__all__ = ["CONTENT_TYPE", "Reading", "exposition", "readings"]

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Reading:
    """A gauge: `values` by the value of its label; a gauge without a label has the single key ""."""

    name: str
    help: str
    values: Mapping[str, float]
    label: str = field(default="")

    @property
    def value(self) -> float:
        """Return the sum over all labels."""
        return sum(self.values.values())


def readings(now: datetime) -> list[Reading]:
    """Return all gauges. Ages are in seconds, and 0 when nothing waits."""
    return [*_payments(now), *_outbox(now), *_codes(now), *_dunning(), *_people(), *_silences(now), *_broker()]


def exposition(found: Iterable[Reading]) -> bytes:
    """Return `found` in the text format of Prometheus."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Snapshot(list(found)))
    return generate_latest(registry)


class _Snapshot(Collector):
    def __init__(self, found: list[Reading]) -> None:
        self.found = found

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the gauges."""
        for reading in self.found:
            labels = [reading.label] if reading.label else []
            family = GaugeMetricFamily(f"zorgrekening_{reading.name}", reading.help, labels=labels)
            for key, value in reading.values.items():
                family.add_metric([key] if labels else [], value)
            yield family


def _payments(now: datetime) -> Iterator[Reading]:
    begun = Payment.objects.filter(created_at__gte=now - DAY).values_list("status").annotate(Count("pk"))
    states = dict.fromkeys(Payment.Status.values, 0) | dict(begun)
    yield Reading("payments_last_day", "Payments begun in the last 24 hours, by state.", states, "state")
    quarantined = Payment.objects.filter(created_at__gte=now - DAY, quarantined_at__isnull=False).count()
    yield Reading(
        "payments_quarantined_last_day", "Payments begun in the last 24 hours and quarantined.", {"": quarantined}
    )
    waiting = WebhookCall.objects.filter(done_at=None).aggregate(count=Count("pk"), oldest=Min("received_at"))
    yield Reading("webhooks_waiting", "Webhook calls that were not processed yet.", {"": waiting["count"]})
    yield Reading("webhooks_oldest_seconds", "Age of the oldest of them.", {"": _age(waiting["oldest"], now)})


def _outbox(now: datetime) -> Iterator[Reading]:
    Status = OutboxMessage.Status  # noqa: N806
    # One query each: SQLite uses the partial index for `=`, but not for IN.
    standing = (Status.QUEUED, Status.SENDING, Status.FAILED, Status.IN_DOUBT)
    counts = {status.value: OutboxMessage.objects.filter(status=status).count() for status in standing}
    yield Reading("outbox_messages", "Messages that were not sent, by state.", counts, "state")
    oldest = [
        OutboxMessage.objects.filter(status=status).aggregate(oldest=Min("created_at"))["oldest"]
        for status in (Status.QUEUED, Status.SENDING)
    ]
    unsent = min((moment for moment in oldest if moment), default=None)
    yield Reading("outbox_unsent_seconds", "Age of the oldest message queued or under way.", {"": _age(unsent, now)})
    due = OutboxMessage.objects.filter(status=Status.QUEUED, next_try_at__lte=now).aggregate(oldest=Min("next_try_at"))
    yield Reading(
        "outbox_oldest_seconds", "How long the oldest queued message has been due.", {"": _age(due["oldest"], now)}
    )


def _codes(now: datetime) -> Iterator[Reading]:
    sent, right = sms_code.of_the_hour(now)
    shown = {"sent": sent, "verified": right}
    yield Reading("codes_last_hour", "Codes by SMS in the last hour, sent and verified.", shown, "what")


def _dunning() -> Iterator[Reading]:
    planned = ReminderStep.objects.filter(status="planned").values_list("step").annotate(Count("pk"))
    by_step = dict.fromkeys((step.name.lower() for step in ReminderStep.Step), 0)
    by_step |= {ReminderStep.Step(step).name.lower(): count for step, count in planned}
    yield Reading("dunning_steps_planned", "Steps of the dunning schedule without a letter yet.", by_step, "step")
    under_way = Letter.objects.filter(sent_on=None, voided_at=None).count()
    yield Reading("letters_under_way", "Letters made and not delivered.", {"": under_way})


def _people() -> Iterator[Reading]:
    tasks = StaffTask.objects.filter(closed_at=None).values_list("kind").annotate(Count("pk"))
    by_kind = dict.fromkeys((name for name, _label in rooms.staff_task_choices()), 0) | dict(tasks)
    yield Reading("staff_tasks_open", "Open staff tasks, by kind.", by_kind, "kind")


def _silences(now: datetime) -> Iterator[Reading]:
    found = last_runs.silences(now)
    ages, limits = {one.what: one.seconds for one in found}, {one.what: one.limit for one in found}
    yield Reading("last_run_seconds", "Seconds since it last reached its end; +Inf: never.", ages, "what")
    yield Reading("last_run_limit_seconds", "After how many seconds of silence a person must look.", limits, "what")
    limits = {"work": settings.WORK_WAITS_SECONDS, "message": settings.MESSAGE_UNSENT_SECONDS}
    yield Reading("waiting_limit_seconds", "After how many seconds of waiting a person must look.", limits, "what")


def _broker() -> Iterator[Reading]:
    """Yield the state of the broker, if there is one. It only wakes workers, so a broker that is down is no error."""
    if not settings.REDIS_URL:
        return
    try:
        with app.connection_for_read() as connection:
            channel: Any = connection.default_channel
            depths = {name: channel.queue_declare(queue=name, passive=False).message_count for name in app.amqp.queues}
    except (OperationalError, OSError):
        yield Reading("broker_up", "Whether the broker answers.", {"": 0})
        return
    yield Reading("broker_up", "Whether the broker answers.", {"": 1})
    yield Reading("queue_messages", "Tasks that no worker has taken yet, by queue.", depths, "queue")


def _age(moment: datetime | None, now: datetime) -> float:
    return max(0.0, (now - moment).total_seconds()) if moment else 0.0
