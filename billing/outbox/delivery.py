"""Delivery of messages; the row is the queue.

A rule queues a message in its own transaction; a worker delivers it, and a sweep finds what was missed. When the worker
or the connection dies while the mail server takes a message, nobody can know whether it was sent: it is in doubt, a
person decides, and it is never sent twice automatically.
"""

import logging
import random
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit, rooms
from billing.channels import smtp
from billing.errors import GatewayRefused, GatewayUnknown, Refused, Stale
from billing.failures import due, isolated, isolated_together, succeeded
from billing.links import new_token
from billing.models import Invoice, OutboxMessage, StaffTask
from billing.outbox import batches, return_path, wakeup
from billing.outbox.mime import mail_of
from billing.text.addresses import in_ascii
from billing.transitions import advance

log = logging.getLogger(__name__)
T = TypeVar("T")
Status = OutboxMessage.Status

# The waits are 1, 4, 16 and 64 minutes, then 4 and 6 hours: eight tries survive a night without the mail server.
FIRST_WAIT, WAIT_GROWS_BY, MAX_WAIT = timedelta(minutes=1), 4, timedelta(hours=6)
# Longer than any delivery can take (see smtp.ANSWER_SECONDS), so the worker that claimed it is dead.
ABANDONED_AFTER = timedelta(minutes=10)
SWEEP_SECONDS = 20
# Rules that may fail.
TELL_ROOM, GIVE_UP = "tell room of message", "give message up"


def deliver(message_id: int, *, now: datetime | None = None) -> None:
    """Send this message if it is queued and due; otherwise another worker has it, or it is done: do nothing.

    Also when something of ours failed on it before: somebody just queued it.
    """
    for message in batches.queued(now or timezone.now()).filter(pk=message_id):
        batch = batches.read([message], now or timezone.now())
        mail = _claimed_mail(message, batch, now)
        if mail is not None:
            with smtp.Mailer() as mailer:
                _record(message, partial(mailer.send, mail, **_envelope(message)), now)
        _tell_of_sent([message], now or timezone.now())
        if batch.failed:
            _forget_failure(message)


def take_as_sent(message: OutboxMessage, *, at: datetime) -> None:
    """Take a queued message as sent at that moment, without sending it: for the past that a demo begins with."""
    if _claim(message, at, None):
        _sent(message, at)
        _tell_of_sent([message], at)


def sweep(*, now: datetime | None = None) -> bool:
    """Deliver what is due and was missed, over a few connections, and mark what a dead worker left as in doubt.

    Return whether there was more to do than the time of one run allowed. Sweeps of several workers share what is due:
    each passes over what another has claimed.
    """
    _mark_abandoned_in_doubt(now)
    stop_at = time.monotonic() + SWEEP_SECONDS
    with smtp.Mailers() as mailers, _UnderWay(mailers, now) as under_way:
        while messages := batches.next_due(now or timezone.now()):
            under_way.tell_of_sent()  # of the batch before
            batch = batches.read(messages, now or timezone.now())
            for place, message in enumerate(batch.messages):
                under_way.wait_until_one_is_free()
                if mailers.unreachable:
                    return False  # an unreachable server is tried once a sweep, not a thousand times
                if time.monotonic() > stop_at:
                    return True
                mailers.open_for(len(batch.messages) - place)
                under_way.send(message, batch)
    return False


class _UnderWay:
    """The mails of a sweep that are under way: claimed, handed to a connection that is free, recorded when it answers.

    All of it is done by the thread of the sweep, which alone speaks with the database; other threads only send bytes. A
    context manager: also when the sweep fails, every mail that was claimed gets its answer recorded.
    """

    def __init__(self, mailers: smtp.Mailers, now: datetime | None) -> None:
        self._mailers, self._now = mailers, now
        self._messages: dict[Future[None], tuple[OutboxMessage, batches.Batch]] = {}
        self._answered: list[OutboxMessage] = []

    def __enter__(self) -> "_UnderWay":
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._record_all()
        finally:
            self.tell_of_sent()

    def wait_until_one_is_free(self) -> None:
        """Record the answers that came, and wait for a connection that is free."""
        self._record_what_came()
        while not self._mailers.one_is_free:
            self._record_what_came(until_one_is_done=True)

    def send(self, message: OutboxMessage, batch: batches.Batch) -> None:
        """Claim a message and send it; what fails on it keeps no other waiting."""
        mail = self._isolated(partial(_claimed_mail, message, batch, self._now), message)
        if mail is None:
            self._forget_failure(message, batch)
            return
        try:
            answer = self._mailers.send(mail, **_envelope(message))
        except RuntimeError as error:  # a stop that does not wait: the sweep ends
            _give_up(message, Status.IN_DOUBT, f"no thread to send it ({type(error).__name__})")
            raise
        self._messages[answer] = message, batch

    def tell_of_sent(self) -> None:
        """Notify rooms of those that left meanwhile."""
        self._record_what_came()
        answered, self._answered = self._answered, []
        _tell_of_sent(answered, self._now or timezone.now())

    def _record_all(self) -> None:
        """Record each answer as it comes, the others also when that fails on one."""
        try:
            while self._messages:
                self._record_what_came(until_one_is_done=True)
        finally:
            if self._messages:
                self._record_all()

    def _record_what_came(self, *, until_one_is_done: bool = False) -> None:
        self._mailers.look(until_one_is_done=until_one_is_done)
        for answer in [answer for answer in self._messages if answer.done()]:
            message, batch = self._messages.pop(answer)
            self._answered.append(message)
            self._isolated(partial(_record, message, answer.result, self._now), message)
            self._forget_failure(message, batch)

    def _forget_failure(self, message: OutboxMessage, batch: batches.Batch) -> None:
        if message.pk in batch.failed:  # of few
            self._isolated(partial(_forget_failure, message), message)

    def _isolated(self, act: Callable[[], T], message: OutboxMessage) -> T | None:
        about = Invoice.objects.filter(pk=message.invoice_id or 0)
        return isolated(act, rule=batches.DELIVER, row=message.pk, about=about, now=self._now, may_have_failed=False)


def send_again(message: OutboxMessage, *, by: str) -> None:
    """Queue a message again on a person's decision: a failed one, or one in doubt (which may then arrive twice).

    Raises Refused when it is in neither state or nobody's address is on it, Stale when somebody else decided first.
    """
    if not message.recipient and not message.erased_at:
        raise Refused(_("The address of this message was removed. Give the patient another one first."))
    _decide(message, Status.QUEUED, "message_sent_again", by, tries=0, error="", next_try_at=timezone.now())


def readdress(messages: QuerySet[OutboxMessage], *, to: str) -> None:
    """Send what was not sent yet to the address `to`; without one it failed, and staff get a task for each.

    Also what failed or is in doubt: a person may send it again. Call it in the transaction that changes the address.
    """
    messages = messages.filter(status__in=(Status.QUEUED, Status.FAILED, Status.IN_DOUBT), erased_at=None)
    if not to:
        for message in messages.filter(status=Status.QUEUED).select_related("invoice"):
            _give_up(message, Status.FAILED, "its address was removed", notify=False)
    messages.update(recipient=to)


def mark_delivered(message: OutboxMessage, *, by: str) -> None:
    """Record that a person knows that a message in doubt arrived. Raises Refused or Stale like `send_again`."""
    _decide(
        message, Status.SENT, "message_marked_delivered", by, error="", sent_at=message.claimed_at or message.created_at
    )
    succeeded(rule=batches.DELIVER, row=message.pk)


def report_bounce(message: OutboxMessage, *, by: str, now: datetime | None = None) -> bool:
    """Record that a sent mail bounced, and let its room act on it in the same transaction.

    The room is notified first, because it locks its rows before the message. Return False when the bounce is known
    already, or when the message was not sent.
    """
    sent = OutboxMessage.objects.filter(pk=message.pk, status=Status.SENT, bounced_at=None)
    with transaction.atomic():
        if not sent.exists():
            return False
        kind = rooms.message_kinds().get(message.kind)
        if kind and kind.bounced:
            kind.bounced(message, by)
        if not sent.update(bounced_at=now or timezone.now()):
            return False  # another report of the same bounce was first
        audit.record("message_bounced", by=by, invoice=message.invoice, kind=message.kind)
    return True


def mark_waiting_in_doubt() -> int:
    """Mark what was queued in a restored backup as in doubt; return how many messages there were.

    They may have been sent after the backup was made, so a person decides. No worker may run yet.
    """
    waiting = OutboxMessage.objects.filter(status__in=(Status.QUEUED, Status.SENDING)).select_related("invoice")
    messages = list(waiting.defer("text", "html", "calendar").order_by("pk"))
    for message in messages:
        _give_up(message, Status.IN_DOUBT, "it waited when the backup was made that was restored")
    return len(messages)


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


def _claimed_mail(message: OutboxMessage, batch: batches.Batch, now: datetime | None) -> bytes | None:
    """Claim a message and return its mail; None when it must not be sent, or can't be made into a mail."""
    if _claim(message, now or timezone.now(), batch.may_leave.get(message.pk)):
        try:
            return mail_of(message, token=batch.tokens.get(message.invoice_id or 0, ""))
        except ValueError as error:
            _give_up_as_no_mail(message, error)
    return None


def _forget_failure(message: OutboxMessage) -> None:
    """Forget what of ours failed on a message, and close its task, once it neither waits nor is being sent."""
    if not OutboxMessage.objects.filter(pk=message.pk, status__in=(Status.QUEUED, Status.SENDING)).exists():
        succeeded(rule=batches.DELIVER, row=message.pk)


def _envelope(message: OutboxMessage) -> dict[str, str]:
    return {"sender": return_path.address_of(message.pk), "recipient": in_ascii(message.recipient)}


def _record(message: OutboxMessage, answer: Callable[[], None], now: datetime | None) -> None:
    """Record what became of a claimed message: `answer` returns when the mail server took it, and raises what else."""
    try:
        answer()
    except GatewayUnknown as error:
        _give_up(message, Status.IN_DOUBT, str(error))
    except smtp.RefusedForNow as refusal:
        _retry_later(message, refusal, now or timezone.now())
    except GatewayRefused as refusal:
        _give_up(message, Status.FAILED, str(refusal))
    except ValueError as error:
        _give_up_as_no_mail(message, error)
    else:
        _sent(message, now or timezone.now())


def _claim(message: OutboxMessage, now: datetime, as_long_as: Q | None) -> bool:
    """Claim the message, committed before a byte is sent; return False when another worker was first.

    As long as what was read of many together is still so, that is one statement; else its room looks at it alone. A
    second try keeps the Message-ID, so that a mailbox that got both can tell that they are the same.
    """
    claim: dict[str, Any] = {
        "claimed_at": now,
        "tries": message.tries + 1,
        "message_id": message.message_id or f"<{new_token()}@{return_path.sender().rpartition('@')[2]}>",
    }
    if as_long_as is not None:
        unchanged = Q(recipient=message.recipient, next_try_at=message.next_try_at)
        if advance(message, Status.SENDING, unchanged, as_long_as, **claim):
            return True
        if not OutboxMessage.objects.filter(pk=message.pk, status=Status.QUEUED).exists():
            return False  # another worker was first, so there is nothing to ask its room
    with transaction.atomic(durable=True):
        claimed = _passes_last_check(message, now) and advance(message, Status.SENDING, **claim)
        if claimed:  # the batch was read some time ago; from now on `readdress` leaves this one as it is
            message.refresh_from_db(fields=["recipient"])
        return claimed


def _passes_last_check(message: OutboxMessage, now: datetime) -> bool:
    """Tell whether the room lets the message go; if not, withdraw it or postpone it as the verdict says."""
    verdict = _verdict(message, now)
    if isinstance(verdict, str):
        if advance(message, Status.CANCELED, error=verdict):
            audit.record("message_withdrawn", by="outbox", invoice=message.invoice, kind=message.kind, why=verdict)
    elif verdict is not None:
        OutboxMessage.objects.filter(pk=message.pk, status=Status.QUEUED).update(next_try_at=verdict)
    return verdict is None


def _verdict(message: OutboxMessage, now: datetime) -> rooms.Verdict:
    """Return the verdict of the room of this kind; a kind that no room announces any more may be sent."""
    kind = rooms.message_kinds().get(message.kind)
    return kind.may_send(message, now) if kind and kind.may_send else None


def _tell_of_sent(messages: Sequence[OutboxMessage], now: datetime) -> None:
    """Notify rooms of those of these messages that left, together: what follows is then written together."""
    by_handler = defaultdict(list)
    for message in messages:
        kind = rooms.message_kinds().get(message.kind)
        if message.status == Status.SENT and kind and kind.sent:
            by_handler[kind.sent].append(message.pk)
    for handler, keys in by_handler.items():
        isolated_together(handler, keys, rule=TELL_ROOM, about=_about, now=now)


def _about(message_id: int) -> QuerySet[Invoice]:
    return Invoice.objects.filter(messages=message_id)


def _notify_room(message: OutboxMessage, handler: Callable[[OutboxMessage], object] | None, now: datetime) -> None:
    """Notify a room of the outcome of its message; a failure there does not change the outcome."""
    if handler:
        isolated(partial(handler, message), rule=TELL_ROOM, row=message.pk, about=_about(message.pk), now=now)


def _sent(message: OutboxMessage, now: datetime) -> None:
    if advance(message, Status.SENT, sent_at=now, error=""):
        return
    # This worker took so long that the sweep marked the message in doubt, but it was sent.
    late = OutboxMessage.objects.get(pk=message.pk)
    same_claim = late.status == Status.IN_DOUBT and late.claimed_at == message.claimed_at
    if same_claim and advance(late, Status.SENT, sent_at=now, error=""):
        message.status = late.status


def _retry_later(message: OutboxMessage, refusal: GatewayRefused, now: datetime) -> None:
    if refusal.alarm:
        audit.open_task(StaffTask.Kind.GATEWAY_ALARM, dedupe_key=f"smtp:{now.date()}", note=str(refusal))
    if message.tries >= settings.OUTBOX_MAX_TRIES:
        _give_up(message, Status.FAILED, str(refusal))
        return
    wait = min(FIRST_WAIT * WAIT_GROWS_BY ** (message.tries - 1), MAX_WAIT)
    # A quarter more or less, so that a thousand mails refused together are not retried together.
    wait *= random.uniform(0.75, 1.25)  # noqa: S311
    advance(message, Status.QUEUED, next_try_at=now + wait, error=str(refusal)[:200])


def _give_up(message: OutboxMessage, to: Status, error: str, *, notify: bool = True) -> None:
    """Mark the message as failed or in doubt and open a staff task: it is not sent again automatically."""
    kind = StaffTask.Kind.MESSAGE_FAILED if to == Status.FAILED else StaffTask.Kind.MESSAGE_IN_DOUBT
    with transaction.atomic():
        if advance(message, to, error=error[:200]):
            moment = message.claimed_at or message.created_at
            cause = f"{message.pk}:{moment:%Y%m%d%H%M%S%f}"  # once for each claim
            audit.open_task(kind, invoice=message.invoice, dedupe_key=cause, note=message.kind)
            audit.record(f"message_{to}", by="outbox", invoice=message.invoice, message=message.pk, kind=message.kind)
    if notify and message.status == Status.FAILED and (announced := rooms.message_kinds().get(message.kind)):
        _notify_room(message, announced.failed, timezone.now())


def _give_up_as_no_mail(message: OutboxMessage, error: ValueError) -> None:
    _give_up(message, Status.FAILED, f"not a mail ({type(error).__name__})")  # and never will be


def _mark_abandoned_in_doubt(now: datetime | None) -> None:
    now = now or timezone.now()
    abandoned = OutboxMessage.objects.filter(status=Status.SENDING, claimed_at__lte=now - ABANDONED_AFTER)
    for message in due(abandoned, rule=GIVE_UP, now=now).select_related("invoice")[: batches.SWEEP_BATCH]:
        act = partial(_give_up, message, Status.IN_DOUBT, "the worker ended while sending")
        isolated(act, rule=GIVE_UP, row=message.pk, about=_about(message.pk), now=now)
