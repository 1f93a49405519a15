"""Waking a worker. The rows are the queue; the broker is only a bell, and a bell may fail.

Without Redis there is none: the worker looks every second.

Rules ring by a task's name, because tasks import rules and not the other way round.
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


def enqueue_on_commit(task_name: str, pk: int) -> None:
    """Send `task_name` to a worker with `pk` once the transaction has committed; at once when there is none.

    A broker that is down is logged and never raised: beat's sweep finds the row without the bell.
    """
    if settings.REDIS_URL:
        transaction.on_commit(partial(_send, task_name, pk))


def _send(task_name: str, pk: int) -> None:
    try:
        # The publish retry policy in the settings bounds how long a dead broker can keep the caller.
        current_app.send_task(task_name, args=[pk], ignore_result=True, task_id=_task_id())
    except (OperationalError, OSError) as error:
        log.warning("could not ring %s: %s", task_name, type(error).__name__)


def _task_id() -> str | None:
    """The id of the request (or of the bell) that led here and a tail of its own, so that one search of the logs finds
    all that it led to. None, for Celery to choose, when nobody asked."""
    request_id = get_contextvars().get("request_id")
    return f"{request_id}.{secrets.token_hex(4)}" if request_id else None
