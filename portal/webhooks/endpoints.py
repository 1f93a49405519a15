"""Webhooks of a practice: set up, given another secret, tried, stopped, resumed, removed; and what is sent again."""

import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit
from billing.channels.webhooks import is_public
from billing.errors import Refused
from billing.models import Provider
from portal.models import WebhookDelivery, WebhookEndpoint
from portal.webhooks import signing

MAX_ENDPOINTS = 5
MAX_LENGTH = 300
BOTH_SIGN = timedelta(days=2)  # after a secret was replaced
Status = WebhookDelivery.Status


def standing(provider: Provider) -> list[WebhookEndpoint]:
    """Return the webhooks of a practice, the oldest first."""
    return list(WebhookEndpoint.objects.filter(provider=provider, removed_at=None).order_by("pk"))


def add(provider: Provider, url: str, *, by: str) -> tuple[WebhookEndpoint, str]:
    """Set up a webhook and return it with its secret, which is shown once. Raises Refused."""
    url = right_address(url)
    with transaction.atomic():
        Provider.objects.select_for_update(no_key=True).get(pk=provider.pk)
        there = standing(provider)
        if any(endpoint.url == url for endpoint in there):
            raise Refused(_("This address is there already."))
        if len(there) >= MAX_ENDPOINTS:
            raise Refused(_("This practice has %d webhooks. Remove one first.") % MAX_ENDPOINTS)
        endpoint, secret = WebhookEndpoint(provider=provider, url=url, created_by=by), signing.new_secret()
        endpoint.text = secret
        endpoint.save(force_insert=True)
        audit.record("webhook_added", by=by, provider=provider.agb_code, number=endpoint.pk)
    return endpoint, secret


def right_address(url: str) -> str:
    """Return an address to which we may send. Raises Refused for any other: https, of a public host, on its own port.

    What a name leads to is looked at again whenever something is sent: names change.
    """
    url = url.strip()
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Refused(_("This is not an address.")) from None
    host = parts.hostname or ""
    here = settings.SANDBOX and parts.scheme == "http" and host in ("127.0.0.1", "localhost")
    if not here and (parts.scheme != "https" or port not in (None, 443)):
        raise Refused(_("Write an address that begins with https://, without a port."))
    if not url.isascii() or not url.isprintable() or " " in url or len(url) > MAX_LENGTH:
        raise Refused(_("Write the address without spaces and accents, in at most %d characters.") % MAX_LENGTH)
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise Refused(_("Leave names, passwords and what follows # out of the address."))
    if not here and not _may_be_public(host):
        raise Refused(_("This address is not on the internet, but in a network of its own."))
    return url


def _may_be_public(host: str) -> bool:
    try:
        return is_public(ipaddress.ip_address(host))
    except ValueError:
        return "." in host.strip(".") and not host.lower().rstrip(".").endswith((".local", ".internal", ".localhost"))


def rotate(endpoint: WebhookEndpoint, *, by: str, now: datetime | None = None) -> str:
    """Give a webhook another secret and return it; the old one signs too for BOTH_SIGN."""
    now, secret = now or timezone.now(), signing.new_secret()
    with transaction.atomic():
        locked = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
        locked.text = "\n".join([secret, *locked.text.split("\n")[:1]])
        locked.rotated_until = now + BOTH_SIGN
        locked.save(update_fields=["sealed_text", "rotated_until"])
        audit.record("webhook_secret_replaced", by=by, provider=locked.provider.agb_code, number=locked.pk)
    return secret


def secrets_of(endpoint: WebhookEndpoint, *, now: datetime) -> Sequence[str]:
    """Return the secrets that sign now, the newest first."""
    known = endpoint.text.split("\n")
    both = endpoint.rotated_until is not None and now < endpoint.rotated_until
    return known if both else known[:1]


def remove(endpoint: WebhookEndpoint, *, by: str) -> bool:
    """Remove a webhook; what waits for it is given up. Return False when it was removed before."""
    with transaction.atomic():
        if not WebhookEndpoint.objects.filter(pk=endpoint.pk, removed_at=None).update(removed_at=timezone.now()):
            return False
        waiting = WebhookDelivery.objects.filter(endpoint=endpoint, status=Status.WAITING)
        waiting.update(status=Status.FAILED, error="removed")
        audit.record("webhook_removed", by=by, provider=endpoint.provider.agb_code, number=endpoint.pk)
    return True


def resume(endpoint: WebhookEndpoint, *, by: str) -> None:
    """Send to a webhook again that was stopped, with what waited since."""
    with transaction.atomic():
        stopped = WebhookEndpoint.objects.filter(pk=endpoint.pk, removed_at=None).exclude(stopped_at=None)
        if stopped.update(stopped_at=None, failing_since=None):
            waiting = WebhookDelivery.objects.filter(endpoint=endpoint, status=Status.WAITING)
            waiting.update(next_try_at=timezone.now(), tries=0)
            audit.record("webhook_resumed", by=by, provider=endpoint.provider.agb_code, number=endpoint.pk)


def test(endpoint: WebhookEndpoint) -> WebhookDelivery:
    """Queue an event that says nothing, so that a practice sees whether its program receives."""
    return WebhookDelivery.objects.create(endpoint=endpoint)


def send_again(endpoint: WebhookEndpoint, *, since: datetime) -> int:
    """Queue again what was delivered or given up since then, with the same ids; return how many there were.

    A program that had an id before does nothing with it, so this is safe.
    """
    again = WebhookDelivery.objects.filter(endpoint=endpoint, created_at__gte=since)
    again = again.filter(Q(status=Status.DELIVERED) | Q(status=Status.FAILED), endpoint__removed_at=None)
    return again.update(status=Status.WAITING, tries=0, next_try_at=timezone.now(), error="")
