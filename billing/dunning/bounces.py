"""Bounces: reading the delivery reports that mail servers send to our sender address (RFC 3464)."""

import email
import email.policy
from email.message import EmailMessage, Message

from billing.models import OutboxMessage
from billing.outbox.delivery import report_bounce

BY = "mail server"
MAX_BYTES = 10_000_000


def record_bounces(content: bytes) -> list[OutboxMessage]:
    """Record which of our messages a delivery report declares undeliverable; return those that were not known yet.

    A delay is no failure, and content that is not a report, or names no message of ours, changes nothing. Anybody who
    can write to our address can fake a bounce, but it only blocks letters and opens a staff task, and it takes a
    Message-ID, of which 144 bits are random.
    """
    report = email.message_from_bytes(content[:MAX_BYTES], policy=email.policy.default)
    if not isinstance(report, EmailMessage) or report.get_content_type() != "multipart/report":
        return []
    if not _failed(report):
        return []
    ids = _returned_ids(report)
    returned = OutboxMessage.objects.filter(message_id__in=ids).exclude(message_id="")
    return [message for message in returned if report_bounce(message, by=BY)]


def _failed(report: EmailMessage) -> bool:
    """Tell whether the report says that delivery to a recipient failed permanently."""
    for part in report.walk():
        if part.get_content_type() == "message/delivery-status":
            blocks = part.get_payload()
            for block in blocks if isinstance(blocks, list) else []:
                if isinstance(block, Message) and str(block.get("Action", "")).strip().lower() == "failed":
                    return True
    return False


def _returned_ids(report: EmailMessage) -> list[str]:
    """Return the Message-ID of each returned mail, attached whole or only as its headers."""
    ids = []
    for part in report.walk():
        if part.get_content_type() == "text/rfc822-headers":
            content = part.get_payload(decode=True)
            headers = email.message_from_bytes(content if isinstance(content, bytes) else b"")
            ids.append(str(headers.get("Message-ID", "")).strip())
        elif part.get_content_type() == "message/rfc822":
            ids += [str(inner.get("Message-ID", "")).strip() for inner in part.iter_parts()]
    return [message_id for message_id in ids if message_id]
