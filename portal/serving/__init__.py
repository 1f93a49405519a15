"""gunicorn's settings (`gunicorn --config python:portal.serving`)."""

import os
from typing import Any

from portal import environment

_ENV = environment.read()
bind = f"{_ENV['BIND']}:{_ENV['PORT']}"
worker_class = "portal.serving.worker.Worker"
workers = _ENV["WEB_WORKERS"]
threads = _ENV["WEB_THREADS"]
preload_app = True  # loaded once and forked: half the memory and a faster start
timeout = 60
graceful_timeout = 5
keepalive = 5
reuse_port = True  # each process has a queue of its own, which Linux fills evenly; else one took most connections
accesslog = "-"
control_socket_disable = True  # it would be outside DATA_DIR, and nothing here uses it
logger_class = "portal.ops.logs.AccessLogger"


def on_starting(server: Any) -> None:
    """Refuse to start with a bad configuration, however gunicorn was started."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    from portal.serving.starting import refuse_wrong_start

    refuse_wrong_start()


def when_ready(server: Any) -> None:
    """Have everybody asked about who may be at the bank: while no web server ran, no webhook could arrive."""
    from django.db import DatabaseError, connections

    from billing.payments import attempts

    try:
        attempts.ask_after_downtime()
    except DatabaseError as error:  # the pages say so themselves, and the sweep asks later
        server.log.warning("could not have the bank asked: %s", type(error).__name__)
    finally:
        connections.close_all()  # no connection is inherited by a fork


def post_worker_init(worker: Any) -> None:
    """Let half of the threads wait for a gateway at most, and refuse to draw: that is the work of workers."""
    from billing.channels import breaker
    from billing.documents import pdf

    breaker.limit_calls(max(1, threads // 2))
    pdf.refuse()
