"""Signing what is sent to a webhook, as Standard Webhooks has it: HMAC-SHA256 over id, moment and body."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable

_PREFIX = "whsec_"


def new_secret() -> str:
    """Return a secret of 256 random bits, as its receiver sets it up."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def headers(message_id: str, moment: int, body: bytes, secrets_of: Iterable[str]) -> dict[str, str]:
    """Return the headers for a message, with a signature for each secret: while one is replaced both are right."""
    signed = f"{message_id}.{moment}.".encode() + body
    signatures = (
        base64.b64encode(hmac.new(base64.b64decode(secret.removeprefix(_PREFIX)), signed, hashlib.sha256).digest())
        for secret in secrets_of
    )
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(moment),
        "webhook-signature": " ".join(f"v1,{signature.decode()}" for signature in signatures),
    }
