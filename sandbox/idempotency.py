"""Idempotency keys of the payment API, stored for one hour: the first call does the work, later ones get its answer.

Only successes are stored: whether the real API also repeats a refusal is not documented.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from sandbox.errors import ApiError
from sandbox.models import IdempotentCall

KEPT_FOR = timedelta(hours=1)
ABANDONED_AFTER = timedelta(seconds=60)  # a server that died meanwhile must not block its key for an hour

Answer = tuple[int, dict[str, Any]]
Work = Callable[[], Answer]


def fingerprint(*, path: str, body: object) -> str:
    """Return a hash that is equal for the same parameters, in whatever order they were written."""
    return hashlib.sha256(f"{path}\n{json.dumps(body, sort_keys=True)}".encode()).hexdigest()


def claim(*, key: str, print_: str, now: datetime) -> Answer | None:
    """Return the answer given before, or None: then the caller must call `perform` or `release`.

    Raises ApiError 400 when the key belongs to another request, and 409 while the first one is still running.
    """
    with transaction.atomic():
        stale = IdempotentCall.objects.filter(key=key, started_at__lte=now - KEPT_FOR)
        stale.delete()
        IdempotentCall.objects.filter(key=key, status=None, started_at__lte=now - ABANDONED_AFTER).delete()
        call, is_first = IdempotentCall.objects.get_or_create(
            key=key, defaults={"fingerprint": print_, "started_at": now}
        )
    if is_first:
        return None
    if call.fingerprint != print_:
        raise ApiError(400, "The idempotency key was used before with other parameters")
    if call.status is None:
        raise ApiError(409, "A request with this idempotency key is still running")
    return call.status, dict(call.body or {})


def perform(*, key: str, work: Work) -> Answer:
    """Do the work of a claimed key and store its answer in the same transaction; a failure frees the key."""
    try:
        with transaction.atomic():
            status, body = work()
            if key:
                IdempotentCall.objects.filter(key=key).update(status=status, body=body)
    except BaseException:
        release(key)
        raise
    return status, body


def release(key: str) -> None:
    """Free a key whose work was not done."""
    IdempotentCall.objects.filter(key=key, status=None).delete()
