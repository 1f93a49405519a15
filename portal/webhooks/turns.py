"""Whose turn it is to receive: one worker at a time sends to an address.

So one that is slow holds one place among the workers at most, and each receives what happened in its order.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from billing.failures import due
from portal.models import WebhookDelivery, WebhookEndpoint

RULE = "send to webhook"
CLAIMED_FOR = timedelta(minutes=2)  # longer than a turn can take: whoever claimed it is dead
_CANDIDATES = 100
Status = WebhookDelivery.Status


def take(*, now: datetime, but: Iterable[int] = ()) -> WebhookEndpoint | None:
    """Claim the address that has something to receive and had its last turn longest ago; None without one."""
    for endpoint in _waiting(now).exclude(pk__in=list(but))[:_CANDIDATES]:
        if claim(endpoint, now=now):
            return endpoint
    return None


def claim(endpoint: WebhookEndpoint, *, now: datetime) -> bool:
    """Begin a turn of an address; return False when another worker sends to it."""
    until = now + CLAIMED_FOR
    if not _free(now).filter(pk=endpoint.pk).update(turn_until=until, turn_began_at=now):
        return False
    endpoint.turn_until = until
    return True


def end(endpoint: WebhookEndpoint) -> None:
    """End a turn that `claim` began."""
    WebhookEndpoint.objects.filter(pk=endpoint.pk, turn_until=endpoint.turn_until).update(turn_until=None)


def next_delivery(endpoint: WebhookEndpoint, *, now: datetime) -> WebhookDelivery | None:
    """Return what the address receives next: a test at once, else what happened first, when its time has come.

    What failed is the first until it arrives or is given up, and what happened later waits behind it.
    """
    waiting = WebhookDelivery.objects.filter(
        endpoint=endpoint, status=Status.WAITING, endpoint__stopped_at=None, endpoint__removed_at=None
    ).select_related("endpoint", "endpoint__provider", "event", "event__invoice")
    test = waiting.filter(event=None, next_try_at__lte=now).order_by("pk").first()
    if test is not None:
        return test
    first = waiting.exclude(event=None).order_by("event").first()
    return first if first is not None and first.next_try_at <= now else None


def _waiting(now: datetime) -> QuerySet[WebhookEndpoint]:
    own = WebhookDelivery.objects.filter(endpoint=OuterRef("pk"), status=Status.WAITING)
    first = own.exclude(event=None).order_by("event").values("next_try_at")[:1]
    rows = _free(now).annotate(first_at=Subquery(first))
    rows = rows.filter(Q(first_at__lte=now) | Exists(own.filter(event=None, next_try_at__lte=now)))
    return due(rows, rule=RULE, now=now).order_by(F("turn_began_at").asc(nulls_first=True), "pk")


def _free(now: datetime) -> QuerySet[WebhookEndpoint]:
    standing = WebhookEndpoint.objects.filter(stopped_at=None, removed_at=None)
    return standing.filter(Q(turn_until=None) | Q(turn_until__lte=now))
