"""The Celery application and the timetable of beat."""

import os
import sys
import threading
from collections import defaultdict
from typing import Any

from celery import Celery, bootsteps
from celery import Task as CeleryTask
from celery.beat import EmbeddedService, Scheduler, Service
from celery.signals import beat_init, worker_init
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from structlog.contextvars import bound_contextvars

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")


# Without Redis the timetable comes every second: a sweep that is still under way is not begun again, so that slow work
# (a virus scan) holds one thread, and never those that mails wait for.
_under_way: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


class Task(CeleryTask):
    """What a task logs carries the id of the request that rang for it (see billing/outbox/wakeup.py), or its own."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if settings.REDIS_URL:
            return self._run(*args, **kwargs)
        lock = _under_way[self.name]
        if not lock.acquire(blocking=False):
            return None
        try:
            return self._run(*args, **kwargs)
        finally:
            lock.release()

    def _run(self, *args: Any, **kwargs: Any) -> Any:
        with bound_contextvars(request_id=(self.request.id or "").partition(".")[0]):
            return super().__call__(*args, **kwargs)


class Timetable(bootsteps.StartStopStep):
    """Without Redis: beat as a thread of the worker, keeping no file, over a queue in the memory they share."""

    def include_if(self, parent: Any) -> bool:
        return not settings.REDIS_URL

    def create(self, parent: Any) -> Any:
        return EmbeddedService(parent.app, thread=True, scheduler_cls=Scheduler)


app = Celery("zorgrekening", task_cls=Task)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(Timetable)


@worker_init.connect
@beat_init.connect
def refuse_to_start_wrong(sender: Any, **kwargs: Any) -> None:
    """Exit on what Django's checks find, and as a beat that would wake nobody.

    Celery runs the checks and ignores what they find. It also swallows what a receiver raises, but not this.
    """
    if getattr(sender, "scheduler_cls", None) is Scheduler:
        return  # our own Timetable, in a worker that was asked already
    try:
        call_command("check")
    except SystemCheckError as error:
        sys.exit(str(error))
    if isinstance(sender, Service) and not settings.REDIS_URL:
        sys.exit("Without REDIS_URL the worker runs the timetable itself: start no beat.")


@app.on_after_finalize.connect
def set_timetable(sender: Celery, **kwargs: Any) -> None:
    """Let beat start what the rooms announce. It only wakes things up; the rows say what is due.

    `expires` keeps a worker that was down from finding a heap of the same task. Without Redis nobody can wake the
    worker, so it looks every second for what is urgent: a change reaches the mail server within two seconds.
    """
    from billing import rooms

    sender.conf.beat_schedule = {}
    for room in rooms.announcements():
        for name, beat in room.beat.items():
            every, expires = (beat.schedule, beat.expires) if settings.REDIS_URL or not beat.urgent else (1.0, 1)
            entry = {"task": beat.task, "schedule": every, "options": {"expires": expires}}
            sender.conf.beat_schedule[name] = entry
