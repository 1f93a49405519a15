"""Queueing events for the webhooks of their practices, in the transaction that writes the events."""

from collections.abc import Sequence
from datetime import datetime

from billing.rows import insert_rows
from portal.models import ApiEvent, WebhookDelivery, WebhookEndpoint


def queue(events: Sequence[ApiEvent], *, now: datetime) -> None:
    """Queue each event for every webhook of its practice that was there when it happened."""
    providers = {event.provider_id for event in events}
    if not providers:
        return
    endpoints: dict[int, list[WebhookEndpoint]] = {}
    for endpoint in WebhookEndpoint.objects.filter(provider__in=providers, removed_at=None):
        endpoints.setdefault(endpoint.provider_id, []).append(endpoint)
    insert_rows(
        WebhookDelivery(endpoint=endpoint, event=event, next_try_at=now, created_at=now)
        for event in events
        for endpoint in endpoints.get(event.provider_id, ())
    )
