"""Delivering to webhooks: a row is claimed, sent without a lock, and marked; what fails waits longer each time.

At least once, and in no promised order: the list of events is the truth, and each message keeps its id.
"""

import json
import time
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from billing import audit
from billing.channels import webhooks as channel
from billing.failures import due, isolated
from portal.models import WebhookDelivery, WebhookEndpoint
from portal.webhooks import endpoints, events, signing

RULE = "deliver to webhook"
WAITS = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)  # fmt: skip
STOPS_AFTER = timedelta(days=5)  # of failing only
CLAIMED_FOR = timedelta(minutes=2)  # longer than a call can take: whoever claimed it is dead
BATCH, SECONDS = 500, 20
STOPPED = "webhook_stopped"  # staff task
KEPT_DAYS = 30
Status = WebhookDelivery.Status


def sweep(*, now: datetime | None = None) -> None:
    """Deliver what is due, for at most SECONDS; an address that does not answer keeps no other waiting for long."""
    now = now or timezone.now()
    stop_at = time.monotonic() + SECONDS
    silent: set[int] = set()
    waiting = WebhookDelivery.objects.filter(
        status=Status.WAITING, next_try_at__lte=now, endpoint__stopped_at=None, endpoint__removed_at=None
    )
    rows = due(waiting, rule=RULE, now=now).select_related("endpoint", "endpoint__provider", "event", "event__invoice")
    for delivery in rows.order_by("next_try_at", "pk")[:BATCH]:
        if time.monotonic() > stop_at:
            break
        if delivery.endpoint_id not in silent:
            arrived = isolated(partial(deliver, delivery, now=now), rule=RULE, row=delivery.pk, now=now)
            if arrived is False:
                silent.add(delivery.endpoint_id)


def deliver(delivery: WebhookDelivery, *, now: datetime | None = None) -> bool | None:
    """Send one delivery; return whether it arrived, or None when another worker has it."""
    now = now or timezone.now()
    mine = WebhookDelivery.objects.filter(pk=delivery.pk, status=Status.WAITING, next_try_at=delivery.next_try_at)
    if not mine.update(next_try_at=now + CLAIMED_FOR, tries=F("tries") + 1):
        return None
    body = json.dumps(content(delivery), separators=(",", ":")).encode()
    secrets = endpoints.secrets_of(delivery.endpoint, now=now)
    signed = signing.headers(f"msg_{delivery.message_id}", int(now.timestamp()), body, secrets)
    try:
        status, error = channel.post(delivery.endpoint.url, body, signed), ""
    except channel.NotDelivered as failure:
        status, error = None, failure.code
    arrived = status is not None and 200 <= status < 300
    _record(delivery, now=now, arrived=arrived, status=status, error=error)
    return arrived


def content(delivery: WebhookDelivery) -> dict[str, Any]:
    """Return what is sent: that something happened to which invoice. Whoever wants to know more asks for it."""
    event = delivery.event
    if event is None:
        return {"type": events.TEST, "timestamp": delivery.created_at.isoformat(), "data": {}}
    told = events.told(event)
    return {
        "type": told["type"],
        "timestamp": event.at.isoformat(),
        "data": {"id": told["id"], "invoice": told["invoice"]},
    }


def _record(delivery: WebhookDelivery, *, now: datetime, arrived: bool, status: int | None, error: str) -> None:
    row, endpoint = WebhookDelivery.objects.filter(pk=delivery.pk), delivery.endpoint
    if arrived:
        row.update(status=Status.DELIVERED, delivered_at=now, answered=status, error="")
        if endpoint.failing_since:
            WebhookEndpoint.objects.filter(pk=endpoint.pk).update(failing_since=None)
        return
    tries = delivery.tries + 1
    if tries > len(WAITS):
        row.update(status=Status.FAILED, answered=status, error=error)
    else:
        row.update(next_try_at=now + WAITS[tries - 1], answered=status, error=error)
    WebhookEndpoint.objects.filter(pk=endpoint.pk, failing_since=None).update(failing_since=now)
    since = endpoint.failing_since or now
    if status == 410 or now - since >= STOPS_AFTER:
        _stop(endpoint, now=now)


def _stop(endpoint: WebhookEndpoint, *, now: datetime) -> None:
    """Stop sending to an address that is gone; the practice sees it, and staff call."""
    with transaction.atomic():
        if WebhookEndpoint.objects.filter(pk=endpoint.pk, stopped_at=None).update(stopped_at=now):
            agb_code = endpoint.provider.agb_code
            audit.record(STOPPED, by="system", provider=agb_code, number=endpoint.pk)
            audit.open_task(STOPPED, dedupe_key=f"{endpoint.pk}@{timezone.localdate(now)}", note=agb_code)


def delete_old(*, before: datetime) -> int:
    """Delete deliveries that ended before then; return how many there were."""
    ended = WebhookDelivery.objects.filter(created_at__lt=before).exclude(status=Status.WAITING)
    return ended.delete()[0]
