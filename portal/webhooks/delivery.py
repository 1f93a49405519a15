"""Delivering to webhooks: an address gets a turn, in which it receives what happened in its order.

At least once: each message keeps its id, and the list of events is the truth. No lock is held while something is sent.
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
from billing.failures import isolated
from portal.models import WebhookDelivery, WebhookEndpoint
from portal.webhooks import endpoints, events, signing, turns

QUEUE = "webhooks"  # its workers do nothing else, so that no mail waits for the software of a practice
WAITS = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)  # fmt: skip
STOPS_AFTER = timedelta(days=5)  # of failing only
SECONDS, TURN_SECONDS = 20, 10  # of a sweep, and of one address in it
STOPPED = "webhook_stopped"  # staff task
KEPT_DAYS = 30
Status = WebhookDelivery.Status


def sweep(*, now: datetime | None = None) -> None:
    """Give each address that has something to receive a turn, for at most SECONDS; several workers may at once."""
    stop_at = time.monotonic() + SECONDS
    had: list[int] = []
    while time.monotonic() < stop_at:
        endpoint = turns.take(now=now or timezone.now(), but=had)
        if endpoint is None:
            return
        had.append(endpoint.pk)
        isolated(partial(_send_in_order, endpoint, now=now), rule=turns.RULE, row=endpoint.pk, now=now)
        turns.end(endpoint)


def _send_in_order(endpoint: WebhookEndpoint, *, now: datetime | None) -> None:
    """Send what waits for an address until something does not arrive, for at most TURN_SECONDS."""
    stop_at = time.monotonic() + TURN_SECONDS
    while time.monotonic() < stop_at:
        delivery = turns.next_delivery(endpoint, now=now or timezone.now())
        if delivery is None or not deliver(delivery, now=now):
            return


def deliver(delivery: WebhookDelivery, *, now: datetime | None = None) -> bool:
    """Send one delivery in a turn of its address (`turns`); return whether it arrived."""
    now = now or timezone.now()
    body = json.dumps(content(delivery), separators=(",", ":")).encode()
    secrets = endpoints.secrets_of(delivery.endpoint, now=now)
    signed = signing.headers(f"msg_{delivery.message_id}", int(now.timestamp()), body, secrets)
    try:
        status, error = channel.post(delivery.endpoint.url, body, signed), ""
    except channel.NotDelivered as failure:
        status, error = None, failure.code
    arrived = status is not None and 200 <= status < 300
    WebhookDelivery.objects.filter(pk=delivery.pk).update(tries=F("tries") + 1, answered=status, error=error)
    if arrived:
        _arrived(delivery, now=now)
    else:
        _failed(delivery, now=now, is_gone=status == 410)
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


def _arrived(delivery: WebhookDelivery, *, now: datetime) -> None:
    row, endpoint = WebhookDelivery.objects.filter(pk=delivery.pk), delivery.endpoint
    row.update(status=Status.DELIVERED, delivered_at=now)
    if endpoint.failing_since:  # it answers again: what failed before need not wait
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(failing_since=None)
        waiting = WebhookDelivery.objects.filter(endpoint=endpoint, status=Status.WAITING)
        waiting.filter(next_try_at__gt=now).update(next_try_at=now)


def _failed(delivery: WebhookDelivery, *, now: datetime, is_gone: bool) -> None:
    row, endpoint = WebhookDelivery.objects.filter(pk=delivery.pk), delivery.endpoint
    tries, is_test = delivery.tries + 1, delivery.event_id is None
    if is_test or tries > len(WAITS):  # who tests waits for the answer, and presses again
        row.update(status=Status.FAILED)
    else:
        row.update(next_try_at=now + WAITS[tries - 1])
    since = endpoint.failing_since or now
    if not is_test:
        WebhookEndpoint.objects.filter(pk=endpoint.pk, failing_since=None).update(failing_since=now)
    if is_gone or now - since >= STOPS_AFTER:
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
