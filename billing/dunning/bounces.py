"""Mails that come back: reading the report that mail servers send to our sender's address (RFC 3464)."""

import email
import email.policy
from email.message import EmailMessage, Message

from billing.models import OutboxMessage
from billing.outbox.delivery import report_bounce

BY = "mail server"
MAX_BYTES = 10_000_000


def take_report(content: bytes) -> list[OutboxMessage]:
    """Write down which of our messages a delivery report says will never arrive; returns those that are news.

    A delay is no failure, and what does not look like a report, or names no message of ours, changes nothing. Who
    can write to our address can claim that a mail came back: all it does is hold letters back and ask a person, and
    it has to know a Message-ID, of which 144 bits are random.
    """
    report = email.message_from_bytes(content[:MAX_BYTES], policy=email.policy.default)
    if not isinstance(report, EmailMessage) or report.get_content_type() != "multipart/report":
        return []
    if not _failed(report):
        return []
    ids = _returned_ids(report)
    found = OutboxMessage.objects.filter(message_id__in=ids).exclude(message_id="")
    return [message for message in found if report_bounce(message, by=BY)]


def _failed(report: EmailMessage) -> bool:
    """Whether delivery to a recipient was given up for good."""
    for part in report.walk():
        if part.get_content_type() == "message/delivery-status":
            blocks = part.get_payload()
            for block in blocks if isinstance(blocks, list) else []:
                if isinstance(block, Message) and str(block.get("Action", "")).strip().lower() == "failed":
                    return True
    return False


def _returned_ids(report: EmailMessage) -> list[str]:
    """The Message-ID of the mail that came back: it was attached whole, or only its headers."""
    ids = []
    for part in report.walk():
        if part.get_content_type() == "text/rfc822-headers":
            content = part.get_payload(decode=True)
            headers = email.message_from_bytes(content if isinstance(content, bytes) else b"")
            ids.append(str(headers.get("Message-ID", "")).strip())
        elif part.get_content_type() == "message/rfc822":
            ids += [str(inner.get("Message-ID", "")).strip() for inner in part.iter_parts()]
    return [found for found in ids if found]
