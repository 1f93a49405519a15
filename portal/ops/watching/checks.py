"""System checks on how operators are told what does not run."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from billing.channels.alerts import key_of

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@register(Tags.security)
def check_alerts(**kwargs: Any) -> list[CheckMessage]:
    """Check that what is set can be used: a mailbox, TLS to other machines, and a secret that signs."""
    wrong: list[str] = []
    if settings.ALERT_EMAIL and not _is_mailbox(settings.ALERT_EMAIL):
        wrong.append("ALERT_EMAIL must be one mailbox, such as operations@rekening.example.")
    for name in ("ALERT_WEBHOOK_URL", "ALERT_HEARTBEAT_URL"):
        parts = urlsplit(getattr(settings, name))
        if getattr(settings, name) and parts.scheme != "https" and parts.hostname not in LOOPBACK:
            wrong.append(f"{name} goes to another machine without TLS: use https://.")
    if settings.ALERT_HEARTBEAT_URL and not (settings.ALERT_EMAIL or settings.ALERT_WEBHOOK_URL):
        wrong.append("ALERT_HEARTBEAT_URL says that operators can be told: set ALERT_EMAIL or ALERT_WEBHOOK_URL too.")
    if settings.ALERT_WEBHOOK_URL:
        try:
            key_of(settings.ALERT_WEBHOOK_SECRET)
        except ValueError:
            wrong.append("ALERT_WEBHOOK_SECRET must be whsec_ and 24 to 64 random bytes in Base64.")
    return [Error(sentence, hint="See .env.example.", id="portal.E041") for sentence in wrong]


def _is_mailbox(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True
