"""Bounces: reading what mail servers send back, finding the message, and showing that this intake is alive."""

import email
import email.policy
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import EmailMessage, Message

from django.conf import settings
from django.utils import timezone

from billing import audit
from billing.models import BounceIntake, OutboxMessage, StaffTask
from billing.outbox import return_path
from billing.outbox.delivery import report_bounce

BY = "mail server"
MAX_BYTES = 10_000_000
PK = 1
LATE = timedelta(days=7)  # servers try for five days before they give up
ALIVE = timedelta(days=2)  # the probe comes back every day; one may be late
Kind, Status = StaffTask.Kind, OutboxMessage.Status
_ADDRESSED = ("Delivered-To", "X-Original-To", "Envelope-To", "To")
_COPY = re.compile(r"^-+ ?(?:Below this line is a copy of the message|This is a copy of (?:the|your) message).*$", re.M)
_RECIPIENT = re.compile(r"^<([^<>\s]+@[^<>\s]+)>:?\s*$", re.M)
_QMAIL = "hi. this is the qmail-send program"
_EXIM = "this message was created automatically by mail delivery software"


def record_bounces(content: bytes, *, recipient: str = "", now: datetime | None = None) -> list[OutboxMessage]:
    """Record which of our messages a report declares undeliverable; return those that were not known yet.

    `recipient` is the address to which it was delivered. A message is found by its return path, else by its
    Message-ID, else by the address that failed when one mail went there lately, or one with the returned subject; a
    failure that names none opens a staff task. A delay, an automatic reply, and what is no report change nothing.

    Anybody who can write to our address can fake a bounce, but it only blocks letters and opens a staff task.
    """
    now = now or timezone.now()
    mail = email.message_from_bytes(content[:MAX_BYTES], policy=email.policy.default)
    addressed = " ".join([recipient, *(str(value) for name in _ADDRESSED for value in mail.get_all(name, []))])
    if return_path.holds_probe(addressed):
        BounceIntake.objects.update_or_create(pk=PK, defaults={"seen_at": now})
        return []
    failure = _failure_in(mail)
    if failure is None:
        return []
    found = _messages(failure, addressed, now)
    if not found:
        _leave_to_staff(mail, now)
    return [message for message in found if report_bounce(message, by=BY, now=now)]


class _Failure:
    """What a report says: which addresses failed for good, and what it returned of our mail."""

    def __init__(self, recipients: list[str], returned: list[Message]) -> None:
        self.recipients = [address.lower() for address in recipients]
        self.returned = returned

    def header(self, name: str) -> list[str]:
        """Return a header of each returned mail that has it."""
        return [value for mail in self.returned if (value := str(mail.get(name, "")).strip())]


def _failure_in(mail: EmailMessage) -> _Failure | None:
    """Return what failed for good, from a report of RFC 3464 or the plain text of qmail and Exim; None when nothing."""
    if mail.get_content_type() == "multipart/report":
        failed = list(_failed_recipients(mail))
        return _Failure([address for address in failed if address], list(_returned(mail))) if failed else None
    text = _plain_text(mail)
    begins = " ".join(text[:400].split()).lower()
    if begins.startswith(_QMAIL) or (begins.startswith(_EXIM) and "delay" not in str(mail.get("Subject", "")).lower()):
        said, _line, copy = _split_at_copy(text)
        recipients = _RECIPIENT.findall(said) or str(mail.get("X-Failed-Recipients", "")).replace(",", " ").split()
        return _Failure(recipients, [email.message_from_string(copy.strip())])
    return None


def _split_at_copy(text: str) -> tuple[str, str, str]:
    found = _COPY.search(text)
    return (text[: found.start()], found[0], text[found.end() :]) if found else (text, "", "")


def _plain_text(mail: EmailMessage) -> str:
    if mail.get_content_type() != "text/plain":
        return ""
    content = mail.get_payload(decode=True)
    return content.decode("utf-8", "replace").replace("\r\n", "\n") if isinstance(content, bytes) else ""


def _failed_recipients(report: EmailMessage) -> Iterator[str]:
    """Yield the address of each recipient whose delivery failed for good, empty when the report does not name it."""
    for part in report.walk():
        if part.get_content_type() != "message/delivery-status":
            continue
        blocks = part.get_payload()
        for block in blocks if isinstance(blocks, list) else []:
            if isinstance(block, Message) and str(block.get("Action", "")).strip().lower() == "failed":
                named = str(block.get("Original-Recipient") or block.get("Final-Recipient") or "")
                yield named.rpartition(";")[2].strip().strip("<>")


def _returned(report: EmailMessage) -> Iterator[Message]:
    """Yield each returned mail, attached whole or only as its headers."""
    for part in report.walk():
        if part.get_content_type() == "text/rfc822-headers":
            content = part.get_payload(decode=True)
            yield email.message_from_bytes(content if isinstance(content, bytes) else b"")
        elif part.get_content_type() == "message/rfc822":
            yield from (inner for inner in part.iter_parts() if isinstance(inner, Message))


def _messages(failure: _Failure, addressed: str, now: datetime) -> list[OutboxMessage]:
    sent = OutboxMessage.objects.filter(status=Status.SENT)
    paths = " ".join([addressed, *failure.header("Return-Path"), *failure.header("X-Envelope-From")])
    if key := return_path.message_of(paths):
        return list(sent.filter(pk=key))
    if ids := failure.header("Message-ID"):
        by_id = list(sent.filter(message_id__in=ids).exclude(message_id=""))
        if by_id:
            return by_id
    recipients = failure.recipients or [address.strip("<>").lower() for address in failure.header("To")]
    lately = sent.filter(sent_at__gte=now - LATE, bounced_at=None, erased_at=None).defer("text", "html")
    there = [message for address in recipients for message in lately.filter(recipient__iexact=address)]
    subjects = {_decoded(subject) for subject in failure.header("Subject")}
    same = [message for message in there if message.subject in subjects]
    return same if len(same) == 1 else there if len(there) == 1 else []


def _decoded(header: str) -> str:
    try:
        return " ".join(str(make_header(decode_header(header))).split())
    except (LookupError, ValueError, HeaderParseError):
        return header


def _leave_to_staff(report: EmailMessage, now: datetime) -> None:
    """Open a task: a mail came back, and nothing in the report says which. The note names nobody."""
    day = timezone.localtime(now).date()
    key = str(report.get("Message-ID", "")) or now.isoformat()
    note = f"A mail came back on {day}, and we can't tell which. Look in the mailbox of bounces of that day."
    audit.open_task(Kind.BOUNCE_UNMATCHED, dedupe_key=key[:90], note=note)


# --- is the intake alive? ---------------------------------------------------------------------------


def is_alive(now: datetime) -> bool:
    """Tell whether bounces reach us: our own daily probe came back lately. The sandbox's mails never bounce."""
    if not settings.BOUNCE_ADDRESS:
        return settings.SANDBOX
    return BounceIntake.objects.filter(pk=PK, seen_at__gte=now - ALIVE).exists()


def run_day(today: date) -> None:
    """Send the probe of the day, and keep one staff task open while collection costs wait for its return."""
    now = timezone.now()
    if settings.BOUNCE_ADDRESS:
        _send_probe(today, now)
    silent = StaffTask.objects.filter(kind=Kind.INTAKE_SILENT, closed_at=None)
    if is_alive(now):
        audit.close_superseded(silent, by="system", reason="intake_alive")
    elif not silent.exists():
        note = "Bounces do not reach us, so no collection costs are booked. See 'Mail that comes back' in the guide."
        audit.open_task(Kind.INTAKE_SILENT, dedupe_key=now.isoformat(), note=note)


def _send_probe(today: date, now: datetime) -> None:
    """Queue a mail from us to our own address of bounces, once a day; BOUNCE_ADDRESS leads it to `take_bounce`."""
    key = f"bounce_probe:{today}"
    if OutboxMessage.objects.filter(dedupe_key=key).exists():
        return
    probe = OutboxMessage(
        kind="bounce_probe", language="nl", recipient=return_path.probe_address(today), subject="Probe", dedupe_key=key,
        text="This mail shows that bounces are taken in.", html="<p>This mail shows that bounces are taken in.</p>",
        created_at=now, next_try_at=now,
    )  # fmt: skip
    OutboxMessage.objects.bulk_create([probe], ignore_conflicts=True)  # the sweep sends it
