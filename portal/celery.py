"""The Celery application and the timetable of beat."""

import os
import sys
from typing import Any

from celery import Celery
from celery import Task as CeleryTask
from celery.schedules import crontab
from celery.signals import beat_init, worker_init
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from structlog.contextvars import bound_contextvars

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")


class Task(CeleryTask):
    """What a task logs carries the id of the request that rang for it (see billing/outbox/wakeup.py), or its own."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with bound_contextvars(request_id=(self.request.id or "").partition(".")[0]):
            return super().__call__(*args, **kwargs)


app = Celery("zorgrekening", task_cls=Task)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["billing", "coulance", "portal"])


@worker_init.connect
@beat_init.connect
def refuse_to_start_wrong(**kwargs: Any) -> None:
    """Celery runs Django's checks and ignores what they find. It also swallows what a receiver raises, but not this."""
    try:
        call_command("check")
    except SystemCheckError as error:
        sys.exit(str(error))


# Beat only wakes things up; the database decides what is due. `expires` keeps a worker that was down
# from finding a heap of the same bell.
app.conf.beat_schedule = {
    "sweep-outbox": {"task": "billing.sweep_outbox", "schedule": 10.0, "options": {"expires": 10}},
    "sweep-reminders": {"task": "billing.sweep_reminders", "schedule": 15.0, "options": {"expires": 15}},
    # Once a day is enough; every hour catches up after a night in which nothing ran.
    "run-daily": {
        "task": "portal.run_daily",
        "schedule": crontab(hour="5-19", minute=7),
        "options": {"expires": 3600},
    },
    "sweep-payments": {"task": "billing.sweep_payments", "schedule": 20.0, "options": {"expires": 20}},
    "sweep-specifications": {"task": "coulance.sweep_specifications", "schedule": 30.0, "options": {"expires": 30}},
    "watch-codes": {"task": "portal.watch_codes", "schedule": 600.0, "options": {"expires": 600}},
    "compare-with-gateway": {
        "task": "billing.compare_with_gateway",
        "schedule": crontab(hour=4, minute=15),
        "options": {"expires": 3600},
    },
}
