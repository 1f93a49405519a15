"""The mailbox: every mail and SMS that was sent, for a person or a test to read."""

import email
import email.policy
from datetime import datetime
from email.message import EmailMessage

from django.db import transaction

from sandbox.models import Attachment, Message


def store_mail(*, raw: bytes, sender: str, recipients: list[str], now: datetime) -> Message:
    """Store a mail as it was received, with its readable parts decoded."""
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
    """Store an SMS."""
    return Message.objects.create(kind=Message.Kind.SMS, to=to, sender=sender, text=_clean(text), received_at=now)


def _body(mail: EmailMessage, subtype: str) -> str:
    part = mail.get_body(preferencelist=(subtype,))
    if part is None:
        return ""
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    try:
        return _clean(content.decode(part.get_content_charset("utf-8"), errors="replace"))
    except LookupError:  # an unknown character set
        return _clean(content.decode("utf-8", errors="replace"))


def _clean(text: str) -> str:
    """Return the text without NUL and lone surrogates (from broken headers), which PostgreSQL can't store."""
    return text.replace("\x00", "").encode("utf-8", errors="replace").decode()
