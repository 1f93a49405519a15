"""`manage.py serve`: run web, worker, beat and, when it is on, the sandbox as one process tree."""

import fcntl
import io
import logging
import os
import shlex
import signal
import socket
import stat
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.db import connections
from supervisor import events
from supervisor.loggers import LevelsByName, Logger
from supervisor.medusa.asyncore_25 import ExitNow
from supervisor.options import ServerOptions
from supervisor.states import ProcessStates, SupervisorStates
from supervisor.supervisord import Supervisor

from billing import rooms
from portal.serving import ports
from portal.serving.starting import refuse_wrong_keys

log = logging.getLogger("zorgrekening.serve")

# The admin loads the minified versions unless DEBUG is on; compressing these takes half of the time.
UNUSED_STATIC = ("jquery.js", "select2.full.js", "xregexp.js")

# A process that ends within START_SECONDS failed to start; after START_RETRIES more tries everything is stopped.
START_SECONDS, START_RETRIES = 30, 5
# One that runs longer and then ends by itself is started again for ever, but not in silence.
OFTEN, OFTEN_WITHIN_SECONDS = 3, 3600
STOP_SECONDS = 20  # then a process that is still running is killed
SETTLE_SECONDS = 2.5  # from the first answer: by then every process has said that it began, and what we say comes last
# Linux sends the process SIGTERM when its parent dies, even by kill -9, so that no port remains in use.
WITH_PARENT = ["setpriv", "--pdeathsig", "TERM", "--"]


def processes() -> dict[str, list[str]]:
    """Return the command line of every process, by name."""
    python = sys.executable
    # In a sandbox nobody is harmed by a worker of root's, and a newcomer not helped by the warning.
    calm = ["-W", "ignore:You're running the worker"] if settings.SANDBOX else []
    celery = [python, *calm, "-m", "celery", "-A", "portal.celery", "--quiet"]
    # Without Redis each line of the timetable may hold a thread, and there must be one for each (see portal/celery.py).
    threads = 4 if settings.REDIS_URL else len(rooms.beats())
    worker = _worker(celery, threads)
    files = [*_worker(celery, 2), "--queues", "files", "--hostname", "files@%h"]
    webhooks = [*_worker(celery, 4), "--queues", "webhooks", "--hostname", "webhooks@%h"]
    gunicorn = [python, "-m", "gunicorn", "--config", "python:portal.serving", "portal.wsgi:application"]
    found = {"web": gunicorn, "worker": worker}
    if settings.REDIS_URL:  # without it the worker runs the timetable itself, see portal/celery.py
        found["worker"] += ["--queues", "celery,mail"]
        found |= {"files": files, "webhooks": webhooks, "beat": [*celery, "beat", "--loglevel", "INFO"]}
    from portal.ops.watching import round as watching  # needs the apps, and a test runs the tree without

    if watching.channels():  # else nobody would be told
        found["watch"] = [python, "manage.py", "watch"]
    if settings.SANDBOX:
        found["sandbox"] = [python, "manage.py", "sandbox"]
    return found


def _worker(celery: Sequence[str], threads: int) -> list[str]:
    calls = ["worker", "--loglevel", "INFO", "--pool", "threads", "--concurrency", str(threads)]
    return [*celery, *calls, "--without-gossip", "--without-mingle"]


def reserve_ports() -> list[socket.socket]:
    """Take all ports that we need; keep what is returned. Raises CommandError, with advice, when one is in use."""
    wanted = [settings.PORT, *([settings.SANDBOX_SMTP_PORT] if settings.SANDBOX else [])]
    try:
        return ports.reserve(wanted)
    except ports.PortTaken as taken:
        raise CommandError(
            f"Port {taken} is in use by another program. Stop that one, or choose another port: "
            f"PORT={ports.free_after(settings.PORT)} (the sandbox also needs the port after it)."
        ) from None


def prepare() -> None:
    """Bring the database and the static files up to this version."""
    call_command("migrate", interactive=False, verbosity=0)
    refuse_wrong_keys()
    collect_static()


def collect_static() -> None:
    """Collect and compress the static files, which takes seconds; do nothing when they have not changed."""
    files = (
        (name, os.stat(storage.path(name)))
        for finder in get_finders()
        for name, storage in finder.list(list(UNUSED_STATIC))
    )
    seen = "\n".join(sorted(f"{name} {stat.st_mtime_ns} {stat.st_size}" for name, stat in files))
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    if stamp.exists() and stamp.read_text() == seen:
        return
    call_command("collectstatic", interactive=False, verbosity=0, clear=True, ignore_patterns=list(UNUSED_STATIC))
    stamp.write_text(seen)


def web_answers() -> bool:
    """Return whether the web server answers."""
    # Over http on this machine, but with a host name of ALLOWED_HOSTS.
    name = {"Host": urlsplit(settings.PUBLIC_URL).netloc}
    try:
        return requests.get(f"http://127.0.0.1:{settings.PORT}/healthz", headers=name, timeout=1).ok
    except requests.RequestException:
        return False


class InOurFormat(Logger):
    """supervisord's log as lines of ours: in UTC, and with what our logs may contain."""

    def log(self, level: int, msg: str, **values: Any) -> None:
        """Pass a record on to the standard logger."""
        known = {LevelsByName.WARN: logging.WARNING, LevelsByName.ERRO: logging.ERROR, LevelsByName.CRIT: logging.ERROR}
        log.log(known.get(level, logging.INFO), "%s", msg % values if values else msg)


class ProcessTree(Supervisor):
    """supervisord inside this process: `commands` by name, each started again when it ends by itself.

    `on_ready` is called once, as soon as `is_ready` says yes.
    """

    def __init__(
        self, commands: Mapping[str, Sequence[str]], *, is_ready: Callable[[], bool], on_ready: Callable[[], object]
    ) -> None:
        options = ServerOptions()
        options.configfile = io.StringIO(_configuration(commands))
        options.realize([])
        options.first, options.test = True, False
        super().__init__(options)
        self._is_ready, self._on_ready = is_ready, on_ready
        self._ready = False
        self._ended: dict[str, list[float]] = defaultdict(list)  # when each ended by itself, by the monotonic clock
        self.gave_up: list[str] = []

    def run_until_stopped(self) -> int:
        """Return 0 when asked to stop (SIGINT, SIGTERM or SIGHUP), 1 when a process could not be started (again)."""
        if stat.S_ISSOCK(os.fstat(1).st_mode):
            # supervisord opens our output once more for each process, which Linux refuses for a socket: cat passes on.
            passing_on: Any = subprocess.Popen(["cat"], stdin=subprocess.PIPE)  # noqa: S607  wherever it lies
            os.dup2(passing_on.stdin.fileno(), 1)
        # Several processes write to the file that our output is redirected to: each line is appended.
        fcntl.fcntl(1, fcntl.F_SETFL, fcntl.fcntl(1, fcntl.F_GETFL) | os.O_APPEND)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # end when nobody reads our output any more (`make demo | head`)
        self.options.make_logger()
        self.options.logger = InOurFormat(self.options.logger.level)
        try:
            self.run()
        except ExitNow:
            self._say("Stopped.")
        return 1 if self.gave_up else 0

    def runforever(self) -> None:
        """Start the processes at once, then run supervisord's loop."""
        events.subscribe(events.ProcessStateExitedEvent, self._count_end)
        for group in self.process_groups.values():
            group.transition()  # supervisord's loop would first wait for a second
        super().runforever()

    def tick(self, now: float | None = None) -> None:
        """Check, in each round of supervisord's loop, whether everything is ready or a process has failed for good."""
        super().tick(now)
        if not self._ready and self._is_ready():
            self._ready = True
            self._on_ready()
        children = (child for group in self.process_groups.values() for child in group.processes.values())
        failed = [child.config.name for child in children if child.get_state() == ProcessStates.FATAL]
        if failed and not self.gave_up:
            self.gave_up = failed
            self._say(f"{', '.join(failed)} ended {START_RETRIES + 1} times right after the start; ending the others.")
            self.options.mood = SupervisorStates.SHUTDOWN

    def _count_end(self, event: Any) -> None:
        """Report a process that ends by itself again and again, however long it runs in between."""
        if event.expected:
            return
        name, now = event.process.config.name, time.monotonic()
        self._ended[name] = [moment for moment in self._ended[name] if now - moment < OFTEN_WITHIN_SECONDS] + [now]
        if len(self._ended[name]) >= OFTEN:
            log.error(
                "%s ended by itself %d times within %d minutes. It is started again each time; what it wrote before"
                " says why.", name, len(self._ended[name]), OFTEN_WITHIN_SECONDS // 60,
            )  # fmt: skip

    def _say(self, text: str) -> None:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


def _configuration(commands: Mapping[str, Sequence[str]]) -> str:
    """Return the text of a supervisord.conf that runs `commands` in the foreground, their output on ours."""
    # One group for all: the processes of a group stop at once, groups one after the other.
    lines = [
        "[supervisord]",
        "nodaemon=true",
        "logfile=/dev/null",
        "logfile_maxbytes=0",
        "loglevel=warn",
        f"directory={settings.ROOT}",
    ]
    lines += [f"pidfile={settings.DATA_DIR}/serve.pid", "[group:zorgrekening]", f"programs={','.join(commands)}"]
    for name, command in commands.items():
        lines += [f"[program:{name}]", f"command={shlex.join([*WITH_PARENT, *command])}"]
        lines += ["autorestart=true", f"startsecs={START_SECONDS}", f"startretries={START_RETRIES}"]
        lines += [f"stopwaitsecs={STOP_SECONDS}", "killasgroup=true"]
        lines += ["redirect_stderr=true", "stdout_logfile=/dev/fd/1", "stdout_logfile_maxbytes=0"]
    return "\n".join(lines).replace("%", "%%")


def serve(held: list[socket.socket], *, on_ready: Callable[[], object]) -> None:
    """Run everything until stopped, holding our ports; exit with 1 when a process could not be started (again)."""
    connections.close_all()  # no connection is inherited by a fork
    answers_since: list[float] = []

    def is_ready() -> bool:
        if not answers_since and web_answers():
            answers_since.append(time.monotonic())
        return bool(answers_since) and time.monotonic() - answers_since[0] >= SETTLE_SECONDS

    code = ProcessTree(processes(), is_ready=is_ready, on_ready=on_ready).run_until_stopped()
    for each in held:
        each.close()
    sys.exit(code)


class Command(BaseCommand):
    help = "Serve the portal: web, worker and beat (and the sandbox) until Ctrl-C."

    def handle(self, *args: Any, **options: Any) -> None:
        held = reserve_ports()
        prepare()
        serve(held, on_ready=lambda: self.stdout.write(f"Ready: {settings.PUBLIC_URL}/"))
