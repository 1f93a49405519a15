"""The Celery application and the timetable of beat."""

import os
import sys
from typing import Any

from celery import Celery
from celery import Task as CeleryTask
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
app.autodiscover_tasks()


@worker_init.connect
@beat_init.connect
def refuse_to_start_wrong(**kwargs: Any) -> None:
    """Celery runs Django's checks and ignores what they find. It also swallows what a receiver raises, but not this."""
    try:
        call_command("check")
    except SystemCheckError as error:
        sys.exit(str(error))


@app.on_after_finalize.connect
def set_timetable(sender: Celery, **kwargs: Any) -> None:
    """Let beat start what the rooms announce. It only wakes things up; the rows say what is due.

    `expires` keeps a worker that was down from finding a heap of the same task.
    """
    from billing import rooms

    sender.conf.beat_schedule = {
        name: {"task": beat.task, "schedule": beat.schedule, "options": {"expires": beat.expires}}
        for room in rooms.announcements()
        for name, beat in room.beat.items()
    }
