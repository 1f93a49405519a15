"""The Celery application and the timetable of beat."""

import os
from typing import Any

from celery import Celery
from celery import Task as CeleryTask
from celery.schedules import crontab
from structlog.contextvars import bound_contextvars

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")


class Task(CeleryTask):
    """What a task logs carries the id of the request that rang for it, or the task's own when beat did."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with bound_contextvars(request_id=self.request.get("request_id") or self.request.id):
            return super().__call__(*args, **kwargs)


app = Celery("zorgrekening", task_cls=Task)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["billing", "coulance", "portal"])

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
