"""The Celery application and its beat schedule."""

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
from django.core.management.base import SystemCheckError
from structlog.contextvars import bound_contextvars

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")


# Without Redis beat starts the urgent sweeps every second: one that is still running is not started again, so that slow
# work (a virus scan) occupies one thread and never those that mails need.
_running: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


class Task(CeleryTask):
    """A task whose log lines carry the id of the request that enqueued it (billing/outbox/wakeup.py), or its own."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if settings.REDIS_URL:
            return self._run(*args, **kwargs)
        lock = _running[self.name]
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
    """Without Redis: beat as a thread of the worker, without a schedule file, over an in-memory queue."""

    def include_if(self, parent: Any) -> bool:
        """Tell whether to run beat in the worker."""
        return not settings.REDIS_URL

    def create(self, parent: Any) -> Any:
        """Return the beat service."""
        return EmbeddedService(parent.app, thread=True, scheduler_cls=Scheduler)


app = Celery("zorgrekening", task_cls=Task)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(Timetable)


@worker_init.connect
@beat_init.connect
def refuse_bad_configuration(sender: Any, **kwargs: Any) -> None:
    """Exit when Django's checks find an error, and when beat runs without Redis and so without any worker to reach.

    Celery runs the checks and ignores their result. It also swallows exceptions of a receiver, but not SystemExit.
    """
    if getattr(sender, "scheduler_cls", None) is Scheduler:
        return  # our own Timetable, in a worker that was checked already
    from portal.serving.starting import refuse_wrong_start

    try:
        refuse_wrong_start()
    except SystemCheckError as error:
        sys.exit(str(error))
    if isinstance(sender, Service) and not settings.REDIS_URL:
        sys.exit("Without REDIS_URL the worker runs the timetable itself: start no beat.")


@app.on_after_finalize.connect
def set_beat_schedule(sender: Celery, **kwargs: Any) -> None:
    """Schedule the periodic tasks that the rooms announce. They only wake the workers; the rows say what is due.

    `expires` prevents a pile of identical tasks for a worker that was down. Without Redis nobody can wake the worker,
    so it runs urgent tasks every second: a change reaches the mail server within two seconds.
    """
    from billing import rooms

    sender.conf.beat_schedule = {}
    for name, beat in rooms.beats().items():
        every, expires = (beat.schedule, beat.expires) if settings.REDIS_URL or not beat.urgent else (1.0, 1)
        entry = {"task": beat.task, "schedule": every, "options": {"expires": expires}}
        sender.conf.beat_schedule[name] = entry
