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
    if settings.ALERT_WEBHOOK_URL:
        parts = urlsplit(settings.ALERT_WEBHOOK_URL)
        if parts.scheme != "https" and parts.hostname not in LOOPBACK:
            wrong.append("ALERT_WEBHOOK_URL goes to another machine without TLS: use https://.")
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
