"""Messages to patients: the row is the queue.

A rule queues a message in its own transaction; a worker delivers it, and a sweep finds what was missed. Of a
message that was handed to the mail server when the worker or the line died nobody can know whether it went
out: it is in doubt, a person decides, and no machine ever sends it twice.
"""

import logging
import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from email.charset import QP, Charset
from email.utils import parseaddr
from functools import partial
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.utils import timezone
from django.utils.encoding import punycode
from django.utils.translation import gettext as _

from billing import audit, rooms
from billing.channels import smtp
from billing.errors import GatewayRefused, GatewayUnknown, Refused, Stale
from billing.failures import isolated
from billing.links import new_token
from billing.models import Invoice, OutboxMessage, StaffTask
from billing.outbox import wakeup
from billing.outbox.addresses import is_one_address
from billing.transitions import advance

log = logging.getLogger(__name__)
Status = OutboxMessage.Status

# The waits are 1, 4, 16 and 64 minutes, then 4 and 6 hours: eight tries outlast a mail server's bad night.
FIRST_WAIT, WAIT_GROWS_BY, LONGEST_WAIT = timedelta(minutes=1), 4, timedelta(hours=6)
# Longer than any delivery can take (see smtp.ANSWER_SECONDS), so whoever claimed it then is dead.
ABANDONED_AFTER = timedelta(minutes=10)
SWEEP_BATCH, SWEEP_SECONDS = 1000, 20
CALENDAR_FILE = "zorgrekening.ics"
# ASCII in short lines survives every server on the way, and so does its signature. Django would leave 8 bits.
_QUOTED_PRINTABLE = Charset("utf-8")
_QUOTED_PRINTABLE.body_encoding = QP


def deliver(message_id: int, *, now: datetime | None = None) -> None:
    """Send this message if it is waiting and due; otherwise it is somebody else's, or done, and nothing happens."""
    message = _due(now).filter(pk=message_id).first()
    if message is not None:
        with smtp.Mailer() as mailer:
            _deliver(message, mailer, now)


def sweep(*, now: datetime | None = None) -> None:
    """Deliver what is due and was missed, over one connection, and set aside what a dead worker left behind."""
    _mark_abandoned_in_doubt(now)
    stop_at = time.monotonic() + SWEEP_SECONDS
    with smtp.Mailer() as mailer:
        for message in _due(now).order_by("next_try_at")[:SWEEP_BATCH]:
            if time.monotonic() > stop_at or not _deliver(message, mailer, now):
                break  # the beat comes again soon, and a server that is away is asked once, not a thousand times


def send_again(message: OutboxMessage, *, by: str) -> None:
    """A person has it sent again: a failed message, or one in doubt (which may then arrive twice).

    Raises Refused when it is in no such state, Stale when somebody else decided first.
    """
    _decide(message, Status.QUEUED, "message_sent_again", by, tries=0, error="", next_try_at=timezone.now())


def mark_delivered(message: OutboxMessage, *, by: str) -> None:
    """A person knows that a message in doubt arrived. Raises Refused or Stale like `send_again`."""
    _decide(
        message, Status.SENT, "message_marked_delivered", by, error="", sent_at=message.claimed_at or message.created_at
    )


def report_bounce(message: OutboxMessage, *, by: str, now: datetime | None = None) -> bool:
    """Write down that a mail that was sent came back, and let its room act on it in the same transaction.

    The room is told first, because it locks its rows before the message. False when the bounce is known already, or
    when the message was not sent.
    """
    sent = OutboxMessage.objects.filter(pk=message.pk, status=Status.SENT, bounced_at=None)
    with transaction.atomic():
        if not sent.exists():
            return False
        kind = rooms.message_kinds().get(message.kind)
        if kind and kind.bounced:
            kind.bounced(message, by)
        if not sent.update(bounced_at=now or timezone.now()):
            return False  # another report of it was first
        audit.record("message_bounced", by=by, invoice=message.invoice, kind=message.kind)
    return True


def mark_waiting_in_doubt() -> int:
    """After a backup was restored: what waited when it was made may have gone out since, so a person decides.

    How many there were. No worker may run yet.
    """
    waiting = OutboxMessage.objects.filter(status__in=(Status.QUEUED, Status.SENDING)).select_related("invoice")
    found = list(waiting.defer("text", "html", "calendar").order_by("pk"))
    for message in found:
        _give_up(message, Status.IN_DOUBT, "it waited when the backup was made that was restored")
    return len(found)


def _decide(message: OutboxMessage, to: Status, action: str, by: str, **changes: Any) -> None:
    status = Status(message.status)
    if status not in (Status.FAILED, Status.IN_DOUBT) or to not in OutboxMessage.TRANSITIONS[status]:
        raise Refused(_("This can't be done with a message in this state: %(state)s.") % {"state": status.label})
    if message.erased_at:
        raise Refused(_("The text of this message was erased: it can't be sent any more."))
    with transaction.atomic():
        if not advance(message, to, **changes):
            raise Stale(_("Somebody else has decided about this message in the meantime. Open the page again."))
        audit.record(action, by=by, invoice=message.invoice, message=message.pk, kind=message.kind)
    if to == Status.QUEUED:
        wakeup.enqueue_on_commit("billing.deliver_message", message.pk)


def _due(now: datetime | None) -> Any:
    return OutboxMessage.objects.filter(status=Status.QUEUED, next_try_at__lte=now or timezone.now())


def _deliver(message: OutboxMessage, mailer: smtp.Mailer, now: datetime | None) -> bool:
    """Claim, send, and write down what became of it. False when the mail server can't be reached."""
    if not _claim(message, now or timezone.now()):
        return True
    try:
        mailer.send(mail_of(message), sender=_sender(), recipient=_in_ascii(message.recipient))
    except GatewayUnknown as error:
        _give_up(message, Status.IN_DOUBT, str(error))
    except smtp.RefusedForNow as refusal:
        _try_later(message, refusal, now or timezone.now())
        return mailer.connected
    except GatewayRefused as refusal:
        _give_up(message, Status.FAILED, str(refusal))
    except ValueError as error:  # it can't be made into a mail, and never will
        _give_up(message, Status.FAILED, f"not a mail ({type(error).__name__})")
    else:
        _sent(message, now or timezone.now())
    return True


def _claim(message: OutboxMessage, now: datetime) -> bool:
    """Make the message ours, committed before a byte is sent; False when another worker was first.

    A second try keeps its Message-ID, so that a mailbox that got both can tell that they are one.
    """
    with transaction.atomic(durable=True):
        return _may_go(message, now) and advance(
            message,
            Status.SENDING,
            claimed_at=now,
            tries=message.tries + 1,
            message_id=message.message_id or f"<{new_token()}@{_sender().rpartition('@')[2]}>",
        )


def _may_go(message: OutboxMessage, now: datetime) -> bool:
    """Whether its rule says so; if not, the message is withdrawn, or waits as long as the rule says."""
    verdict = _verdict(message, now)
    if isinstance(verdict, str):
        if advance(message, Status.CANCELED, error=verdict):
            audit.record("message_withdrawn", by="outbox", invoice=message.invoice, kind=message.kind, why=verdict)
    elif verdict is not None:
        OutboxMessage.objects.filter(pk=message.pk, status=Status.QUEUED).update(next_try_at=verdict)
    return verdict is None


def _verdict(message: OutboxMessage, now: datetime) -> rooms.Verdict:
    """What the room of this kind says now; a kind that nobody announces any more may go."""
    kind = rooms.message_kinds().get(message.kind)
    return kind.may_send(message, now) if kind and kind.may_send else None


def _tell(message: OutboxMessage, tell: Callable[[OutboxMessage], object] | None, now: datetime) -> None:
    """Tell a room what became of its message; that it fails there changes nothing of what became of it."""
    if tell:
        about = Invoice.objects.filter(messages=message)
        key = f"message:{message.pk}"
        isolated(partial(tell, message), key=key, about=about, today=timezone.localdate(now))


def _sent(message: OutboxMessage, now: datetime) -> None:
    known = advance(message, Status.SENT, sent_at=now, error="")
    if not known:
        # It took us so long that the sweep gave us up. We know better: it went out.
        late = OutboxMessage.objects.get(pk=message.pk)
        if late.status == Status.IN_DOUBT and late.claimed_at == message.claimed_at:
            known = advance(late, Status.SENT, sent_at=now, error="")
    if known and (kind := rooms.message_kinds().get(message.kind)):
        _tell(message, kind.sent, now)


def _try_later(message: OutboxMessage, refusal: GatewayRefused, now: datetime) -> None:
    if refusal.alarm:
        audit.open_task(StaffTask.Kind.GATEWAY_ALARM, dedupe_key=f"smtp:{now.date()}", note=str(refusal))
    if message.tries >= settings.OUTBOX_MAX_TRIES:
        _give_up(message, Status.FAILED, str(refusal))
        return
    wait = min(FIRST_WAIT * WAIT_GROWS_BY ** (message.tries - 1), LONGEST_WAIT)
    # A quarter more or less, so that a thousand mails refused together don't come back together.
    wait *= random.uniform(0.75, 1.25)  # noqa: S311
    advance(message, Status.QUEUED, next_try_at=now + wait, error=str(refusal)[:200])


def _give_up(message: OutboxMessage, to: Status, error: str) -> None:
    """No machine will send it again: failed, or in doubt. A person is asked."""
    kind = StaffTask.Kind.MESSAGE_FAILED if to == Status.FAILED else StaffTask.Kind.MESSAGE_IN_DOUBT
    with transaction.atomic():
        if advance(message, to, error=error[:200]):
            moment = message.claimed_at or message.created_at
            cause = f"{message.pk}:{moment:%Y%m%d%H%M%S%f}"  # once for each claim
            audit.open_task(kind, invoice=message.invoice, dedupe_key=cause, note=message.kind)
            audit.record(f"message_{to}", by="outbox", invoice=message.invoice, message=message.pk, kind=message.kind)
    if message.status == Status.FAILED and (announced := rooms.message_kinds().get(message.kind)):
        _tell(message, announced.failed, timezone.now())


def _mark_abandoned_in_doubt(now: datetime | None) -> None:
    abandoned = OutboxMessage.objects.filter(
        status=Status.SENDING, claimed_at__lte=(now or timezone.now()) - ABANDONED_AFTER
    )
    for message in abandoned.select_related("invoice")[:SWEEP_BATCH]:
        _give_up(message, Status.IN_DOUBT, "the worker ended while sending")


def _sender() -> str:
    return _in_ascii(parseaddr(settings.DEFAULT_FROM_EMAIL)[1])


def _in_ascii(address: str) -> str:
    """The address as every server understands it: the domain in its ASCII form."""
    local, _, domain = address.rpartition("@")
    return f"{local}@{punycode(domain)}"


def mail_of(message: OutboxMessage) -> bytes:
    """Return the mail as it goes over the line. Raises ValueError for what can't be a mail to one address."""
    if not is_one_address(message.recipient):
        raise ValueError("the recipient is not one address")
    headers = {
        "Message-ID": message.message_id,
        "Auto-Submitted": "auto-generated",  # no holiday replies, please (RFC 3834)
        "Content-Language": message.language,
    }
    mail = EmailMultiAlternatives(message.subject, message.text, to=[message.recipient], headers=headers)
    mail.encoding = _QUOTED_PRINTABLE
    mail.attach_alternative(message.html, "text/html")
    if message.calendar:
        mail.attach(CALENDAR_FILE, message.calendar, "text/calendar")
    made: Any = mail.message()
    return bytes(made.as_bytes(linesep="\r\n"))
