"""Telling operators of an alert: a mail of its own, and a webhook signed as Standard Webhooks has it.

Neither goes through the outbox: an alert says that the worker is dead, or the queue stands.
"""

import base64
import hashlib
import hmac
import json
from datetime import datetime
from email.utils import parseaddr
from typing import Any

import requests
from django.conf import settings
from django.core.mail import EmailMessage

from billing.channels import http, smtp
from billing.errors import GatewayRefused, GatewayUnknown

SECONDS = 10.0
PREFIX = "whsec_"


class NotTold(Exception):
    """Nobody was told; the text says why in a word."""


def send_mail(subject: str, text: str, *, token: str) -> None:
    """Mail operators at ALERT_EMAIL. Raises NotTold."""
    sender, recipient = parseaddr(settings.DEFAULT_FROM_EMAIL)[1], settings.ALERT_EMAIL
    domain = sender.rpartition("@")[2]
    headers = {"Message-ID": f"<alert-{token}@{domain}>", "Auto-Submitted": "auto-generated"}
    mail = EmailMessage(subject, text, settings.DEFAULT_FROM_EMAIL, [recipient], headers=headers)
    made: Any = mail.message()  # the stubs know no linesep
    try:
        with smtp.Mailer() as mailer:
            mailer.send(made.as_bytes(linesep="\r\n"), sender=sender, recipient=recipient)
    except GatewayUnknown as error:  # sent twice is better than not at all
        raise NotTold("unknown") from error
    except GatewayRefused as error:
        raise NotTold("refused") from error


def post(facts: dict[str, str], *, token: str, now: datetime) -> None:
    """Post to ALERT_WEBHOOK_URL, signed with ALERT_WEBHOOK_SECRET. Raises NotTold unless the answer is 2xx.

    The address is the operator's own, so it may be a machine in their network.
    """
    body = json.dumps(facts, ensure_ascii=False).encode()
    at = str(int(now.timestamp()))
    name = f"msg_{token}"
    headers = {
        "Content-Type": "application/json", "User-Agent": "Zorgrekening-Alerts/1", "webhook-id": name,
        "webhook-timestamp": at, "webhook-signature": signature(settings.ALERT_WEBHOOK_SECRET, name, at, body),
    }  # fmt: skip
    _ask("POST", settings.ALERT_WEBHOOK_URL, data=body, headers=headers)


def beat() -> None:
    """Ask for ALERT_HEARTBEAT_URL: as long as that happens, operators can be told. Raises NotTold."""
    _ask("GET", settings.ALERT_HEARTBEAT_URL, headers={"User-Agent": "Zorgrekening-Alerts/1"})


def _ask(method: str, url: str, **request: Any) -> None:
    try:
        with http.session(SECONDS) as session:
            answer = session.request(method, url, timeout=SECONDS / 2, allow_redirects=False, **request)
    except (requests.RequestException, OSError, ValueError) as error:
        raise NotTold("no connection") from error
    if not 200 <= answer.status_code < 300:
        raise NotTold(f"status {answer.status_code}")


def key_of(secret: str) -> bytes:
    """Return the bytes of a secret such as whsec_…; raises ValueError for one that is none or too short."""
    key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    if not secret.startswith(PREFIX) or not 24 <= len(key) <= 64:
        raise ValueError("not whsec_ with 24 to 64 bytes in Base64")
    return key


def signature(secret: str, message_id: str, at: str, body: bytes) -> str:
    """Return the signature of a message (Standard Webhooks 1.0): v1, and the HMAC-SHA256 of id, moment and body."""
    signed = f"{message_id}.{at}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key_of(secret), signed, hashlib.sha256).digest()).decode()
