"""Best-effort task dispatch: waking a worker. The rows are the source of truth, so the broker may fail.

Without Redis there is no broker: the worker looks at the rows every second.

Rules enqueue by a task's name, because tasks import rules and not the other way round.
"""

import logging
import secrets
from functools import partial

from celery import current_app
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError
from structlog.contextvars import get_contextvars

log = logging.getLogger(__name__)
SWEEP_EXPIRES = 10  # seconds: no pile of sweeps for a worker that was down, as by the timetable
FILES = "files"  # the queue of slow work on files; its workers do nothing else, so that no mail waits for a scan


def enqueue_on_commit(task_name: str, pk: int, *, queue: str | None = None) -> None:
    """Send `task_name` to a worker with `pk` once the transaction has committed; at once outside a transaction.

    `queue`: where the settings name none for this task. A broker that is down is logged and never raises: the periodic
    sweep finds the row anyway.
    """
    if settings.REDIS_URL:
        transaction.on_commit(partial(_send, task_name, pk, queue))


def wake_on_commit(task_name: str) -> None:
    """Start the sweep `task_name` once the transaction has committed, best-effort as `enqueue_on_commit`."""
    if settings.REDIS_URL:
        transaction.on_commit(partial(_send, task_name, expires=SWEEP_EXPIRES))


def _send(task_name: str, pk: int | None = None, queue: str | None = None, expires: float | None = None) -> None:
    args = [] if pk is None else [pk]
    try:
        # The publish retry policy in the settings bounds how long a dead broker can keep the caller.
        current_app.send_task(
            task_name, args=args, ignore_result=True, task_id=_task_id(), queue=queue, expires=expires
        )
    except (OperationalError, OSError) as error:
        log.warning("could not enqueue %s: %s", task_name, type(error).__name__)


def _task_id() -> str | None:
    """Return the id of the request or task that led here with a random suffix, so that one search of the logs finds
    everything it caused; None, so that Celery chooses, without a request."""
    request_id = get_contextvars().get("request_id")
    return f"{request_id}.{secrets.token_hex(4)}" if request_id else None
