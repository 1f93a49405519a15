"""The Celery application and its beat schedule."""

import gc
import logging
import os
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from celery import Celery, bootsteps
from celery import Task as CeleryTask
from celery.beat import PersistentScheduler, Scheduler, Service
from celery.signals import beat_init, worker_init, worker_ready
from django.conf import settings
from django.core.management.base import SystemCheckError
from django.db import DatabaseError, close_old_connections
from django.utils import timezone
from structlog.contextvars import bound_contextvars

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
log = logging.getLogger(__name__)


# A task that is `alone` runs once in a process at a time: sweeps share their work among workers, not among the threads
# of one. Without Redis that holds for all, since beat starts the urgent sweeps every second: slow work (a virus scan)
# occupies one thread and never those that mails need.
_running: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


WRITTEN_EVERY = 15.0  # seconds; sweeps may run every second
_written: dict[str, float] = {}


def ran(what: str) -> None:
    """Write to the database that `what` ran now, at most every `WRITTEN_EVERY` seconds of this process.

    A database that does not answer is logged: the timetable and the sweeps go on without this row.
    """
    from billing.models import LastRun

    clock = time.monotonic()
    if clock - _written.get(what, -WRITTEN_EVERY) < WRITTEN_EVERY:
        return
    _written[what] = clock
    try:
        LastRun.record(what, at=timezone.now())
    except DatabaseError:
        log.warning("the last run of %s could not be written", what)


class Task(CeleryTask):
    """A task whose log lines carry the id of the request that enqueued it (billing/outbox/wakeup.py), or its own."""

    alone = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if settings.REDIS_URL and not self.alone:
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
            result = super().__call__(*args, **kwargs)
        if not self.request.called_directly:  # only what reached its end: a sweep that fails or hangs grows old
            ran(self.name)
            ran("worker")
        return result


class Timetable(bootsteps.StartStopStep):
    """Without Redis: beat as a thread of the worker, without a schedule file, over an in-memory queue."""

    def include_if(self, parent: Any) -> bool:
        """Tell whether to run beat in the worker."""
        return not settings.REDIS_URL

    def create(self, parent: Any) -> Any:
        """Return the beat service."""
        return TimetableThread(parent.app)


class SeenScheduler(Scheduler):
    """Beat's scheduler, which writes to the database that it is alive."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Start what is due, and return the seconds to the next look."""
        wait: float = super().tick(*args, **kwargs)
        close_old_connections()
        ran("beat")
        return wait


class TimetableThread(threading.Thread):
    """Beat in a thread that begins again within a second when it fails: the worker would run on without."""

    def __init__(self, app: Celery) -> None:
        super().__init__(name="Beat", daemon=True)
        self._app = app
        self._stopping = threading.Event()
        self._service: Any = None

    def run(self) -> None:
        """Run the timetable until stopped."""
        self._app.set_current()
        while not self._stopping.is_set():
            try:
                self._service = Service(self._app, scheduler_cls=SeenScheduler)
                self._service.start()
            except (
                Exception
            ):  # the broker, an entry, a bug: a worker without a timetable does nothing, and says nothing
                log.exception("the timetable stopped, and begins again")
                self._stopping.wait(1)

    def stop(self) -> None:
        """Stop it, as the worker ends."""
        self._stopping.set()
        if self._service is not None:
            self._service.stop()


class FileTimetable(SeenScheduler, PersistentScheduler):
    """Beat's own timetable with its file of last runs; a file that can't be used is put aside and made anew."""

    schedule_filename: str
    _store: Any  # a shelf; its cache is missing from the stubs of the standard library

    def setup_schedule(self) -> None:
        """Read the file. What Celery does not expect in it (an empty value) would end beat, and all with it."""
        try:
            super().setup_schedule()
        except Exception:
            log.exception("the file of the timetable can't be used, and is put aside")
            self._put_aside()
            super().setup_schedule()

    def _put_aside(self) -> None:
        if self._store is not None:
            self._store.cache.clear()  # closing would write back what is wrong with it
            self._store.close()
        for suffix in self.known_suffixes:
            path = Path(f"{self.schedule_filename}{suffix}")
            if path.exists():
                path.rename(f"{path}.damaged-{int(time.time())}")


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
    if getattr(sender, "scheduler_cls", None) is SeenScheduler:
        return  # our own Timetable, in a worker that was checked already
    from portal.serving.starting import refuse_wrong_start

    try:
        refuse_wrong_start()
    except SystemCheckError as error:
        sys.exit(str(error))
    if isinstance(sender, Service) and not settings.REDIS_URL:
        sys.exit("Without REDIS_URL the worker runs the timetable itself: start no beat.")


@worker_ready.connect
def set_aside_what_stays(**_kwargs: Any) -> None:
    """Leave what is loaded by now, which stays, out of every later search for garbage.

    Rows made by the hundred start a search of all that there is each few hundred rows, and it took a tenth of a second.
    """
    gc.freeze()


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
