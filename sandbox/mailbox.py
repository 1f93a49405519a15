"""The mailbox: every mail and SMS that was sent, to be read by a person or a test."""

import email
import email.policy
from datetime import datetime
from email.message import EmailMessage

from django.db import transaction

from sandbox.models import Attachment, Message


def store_mail(*, raw: bytes, sender: str, recipients: list[str], now: datetime) -> Message:
    """Keep a mail as it came over the wire, with its readable parts beside it."""
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    with transaction.atomic():
        row = Message.objects.create(
            kind=Message.Kind.MAIL,
            sender=sender,
            to=", ".join(recipients),
            subject=_clean(str(mail.get("subject", ""))),
            text=_body(mail, "plain"),
            html=_body(mail, "html"),
            headers=[[name, _clean(str(value))] for name, value in mail.items()],
            raw=raw,
            received_at=now,
        )
        for part in mail.iter_attachments():
            Attachment.objects.create(
                message=row,
                filename=_clean(part.get_filename() or "")[:255],
                content_type=part.get_content_type()[:100],
                content=part.get_payload(decode=True) or b"",
            )
    return row


def store_sms(*, to: str, sender: str, text: str, now: datetime) -> Message:
    return Message.objects.create(kind=Message.Kind.SMS, to=to, sender=sender, text=_clean(text), received_at=now)


def _body(mail: EmailMessage, subtype: str) -> str:
    part = mail.get_body(preferencelist=(subtype,))
    if part is None:
        return ""
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    try:
        return _clean(content.decode(part.get_content_charset("utf-8"), errors="replace"))
    except LookupError:  # a character set nobody knows
        return _clean(content.decode("utf-8", errors="replace"))


def _clean(text: str) -> str:
    """PostgreSQL can't keep a NUL in text, nor the half characters that broken headers yield."""
    return text.replace("\x00", "").encode("utf-8", errors="replace").decode()
