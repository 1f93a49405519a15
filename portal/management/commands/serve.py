"""`manage.py serve`: web, worker, beat and, when it is on, the sandbox, as one process tree."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand

from portal.ops.supervisor import Supervisor, port_is_free

# The admin loads their small twins (*.min.js) unless DEBUG is on; to compress these takes half of the time.
UNUSED_STATIC = ("jquery.js", "select2.full.js", "xregexp.js")

WORKER_IS_READY = " ready."  # Celery's line: "celery@name ready."


def processes() -> dict[str, list[str]]:
    """The command line of every process, by name."""
    python = sys.executable
    celery = [python, "-m", "celery", "-A", "portal.celery"]
    worker = [*celery, "worker", "--loglevel", "INFO", "--pool", "threads", "--concurrency", "4"]
    worker += ["--without-gossip", "--without-mingle"]
    gunicorn = [python, "-m", "gunicorn", "--config", "python:portal.serving", "portal.wsgi:application"]
    found = {"web": gunicorn, "worker": worker}
    if settings.REDIS_URL:
        found["beat"] = [*celery, "beat", "--loglevel", "INFO"]
    else:
        worker.append("--beat")  # on the filesystem broker there is one worker, so beat may live in it
    if settings.SANDBOX:
        found["sandbox"] = [python, "manage.py", "sandbox"]
    return found


def refuse_busy_ports() -> None:
    """Raises CommandError with a sentence that helps when a port we need is taken."""
    wanted = [settings.PORT, *([settings.SANDBOX_SMTP_PORT] if settings.SANDBOX else [])]
    for port in wanted:
        if not port_is_free(port):
            raise CommandError(
                f"Port {port} is in use by another program. Stop that one, or choose another port: "
                f"PORT={settings.PORT + 80} (the sandbox also needs the port after it)."
            )


def prepare() -> None:
    """Bring the database and the static files up to this version."""
    call_command("migrate", interactive=False, verbosity=0)
    collect_static()


def collect_static() -> None:
    """Collect and compress the static files; nothing at all when they are as they were, for that takes seconds."""
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
    # Over http on this machine, but by the name that ALLOWED_HOSTS knows.
    name = {"Host": urlsplit(settings.PUBLIC_URL).netloc}
    try:
        return requests.get(f"http://127.0.0.1:{settings.PORT}/healthz", headers=name, timeout=1).ok
    except requests.RequestException:
        return False


def serve(*, on_ready: Callable[[], object]) -> None:
    """Run everything until stopped; ends the program with 1 when a process ended by itself and stayed away."""
    os.environ["ZORGREKENING_SERVED"] = "1"
    commands = processes()
    supervisor = Supervisor(
        commands,
        settings.ROOT,
        ready=web_answers,
        on_ready=on_ready,
        returning=commands.keys() - {"web"},  # what they leave undone stands in rows, and patients can pay meanwhile
        signs={"worker": WORKER_IS_READY},
    )
    sys.exit(supervisor.run())


class Command(BaseCommand):
    help = "Serve the portal: web, worker and beat (and the sandbox) until Ctrl-C."

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_busy_ports()
        prepare()
        serve(on_ready=lambda: self.stdout.write(f"Ready: {settings.PUBLIC_URL}/"))
