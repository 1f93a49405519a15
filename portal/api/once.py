"""Idempotency: the same request under the same key acts once, and is answered as before.

As draft-ietf-httpapi-idempotency-key-header says. The row is written in the transaction of the act, under the lock of
the practice: a second request waits for the first, and nothing is ever done without being remembered.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.http import HttpRequest

from billing.invoices import intake
from portal.api.problems import Problem
from portal.models import ApiAnswer, ApiKey

KEPT_DAYS = 30
_KEY = re.compile(r'"?([A-Za-z0-9_.:/+=-]{1,64})"?')


def key_of(request: HttpRequest) -> str:
    """Return the idempotency key of the request. Raises Problem without a right one."""
    found = _KEY.fullmatch(request.headers.get("Idempotency-Key", ""))
    if found is None:
        raise Problem("idempotency-key-missing")
    return found[1]


def once(request: HttpRequest, key: ApiKey, body: bytes, act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Run `act` in one transaction that holds the practice, and return its outcome; of a repeat the first one's.

    Raises Problem for a key that was used for another request, and what `act` raises: then nothing is remembered.
    """
    name = key_of(request)
    asked = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode() + body).digest()
    with transaction.atomic():
        intake.lock_provider(key.provider_id)
        before = ApiAnswer.objects.filter(provider=key.provider_id, key=name).first()
        if before is not None:
            if bytes(before.request_hash) != asked:
                raise Problem("idempotency-key-used")
            request.api_replayed = True  # type: ignore[attr-defined]
            outcome: dict[str, Any] = before.outcome
            return outcome
        outcome = act()
        ApiAnswer.objects.create(provider=key.provider, key=name, request_hash=asked, outcome=outcome)
    return outcome


def delete_old(*, before: datetime) -> int:
    """Delete what was remembered before then; return how many there were. The numbers of invoices still tell."""
    return ApiAnswer.objects.filter(created_at__lt=before).delete()[0]
