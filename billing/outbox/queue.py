"""Queueing a message to a patient or a provider: a row in the transaction of the rule that creates it."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from billing import audit
from billing.invoices.addressee import PAYING_FOR, REPRESENTING, Addressee, addressee, represented
from billing.links import new_code
from billing.models import Invoice, OutboxMessage
from billing.outbox import rendering, wakeup
from billing.outbox.facts import about
from billing.rows import insert_rows
from billing.text.addresses import is_one_address
from billing.transitions import advance


def queue_message(
    kind: str,
    *,
    invoice: Invoice | None,
    context: dict[str, Any],
    dedupe_key: str,
    calendar: str = "",
    recipient: str | None = None,
    language: str | None = None,
    now: datetime | None = None,
) -> OutboxMessage | None:
    """Queue the message `kind` to whoever pays `invoice` and return it; it is sent once the transaction commits.

    With `recipient` (it may be empty) it goes to that address, in `language` or Dutch: a care provider's, or one that
    we had before; a message about no invoice always has one. It is rendered now, so it states what is true now; its
    room announces what `context` must hold. `calendar` (an .ics) is attached as a file. Return None when this event
    (`dedupe_key`) has its message already, or when no usable address is known, which is recorded on the timeline.
    Raises ValueError when a fact is missing, or whom it is for.
    """
    now = now or timezone.now()
    recipient, language, reader = _to_whom(invoice, recipient, language)
    if not _is_reachable(recipient, invoice, kind):
        return None
    facts = (about(invoice) if invoice else {}) | reader | context
    message = OutboxMessage(
        kind=kind,
        invoice=invoice,
        language=language,
        recipient=recipient,
        calendar=calendar,
        dedupe_key=dedupe_key,
        created_at=now,
        next_try_at=now,
    )
    while not _stored(message, facts):
        if OutboxMessage.objects.filter(dedupe_key=dedupe_key).exists():
            return None
        message.code = new_code()
    wakeup.enqueue_on_commit("billing.deliver_message", message.pk)
    return message


@dataclass(frozen=True, slots=True)
class Draft:
    """A message, mostly about an invoice: to whom it goes, what its texts say, and its event."""

    invoice: Invoice | None
    to: Addressee
    context: dict[str, Any]
    dedupe_key: str


def queue_each(
    kind: str, drafts: Sequence[Draft], *, now: datetime, failed: Callable[[Draft, Exception], None] | None = None
) -> list[OutboxMessage]:
    """Queue the message `kind` for many events at once, each as `queue_message` does, and return them in that order.

    One that has no address that can be used, or that fails when `failed` is given and told so, is left out. Raises
    IntegrityError when an event has its message already, and ValueError when a fact is missing: then none is queued.
    """
    messages = []
    reachable = [draft for draft in drafts if _is_reachable(draft.to.email, draft.invoice, kind)]
    for draft, code in zip(reachable, _new_codes(len(reachable)), strict=True):
        try:
            messages.append(_drawn(kind, draft, code=code, now=now))
        except Exception as error:  # a template can fail in any way
            if failed is None or isinstance(error, DatabaseError):
                raise
            failed(draft, error)
    if messages:
        wakeup.wake_on_commit("billing.sweep_outbox")
    return insert_rows(messages)


def _drawn(kind: str, draft: Draft, *, code: str, now: datetime) -> OutboxMessage:
    message = OutboxMessage(
        kind=kind, invoice=draft.invoice, language=draft.to.language, recipient=draft.to.email, code=code,
        dedupe_key=draft.dedupe_key, created_at=now, next_try_at=now,
    )  # fmt: skip
    of_invoice = about(draft.invoice) | _reader(draft.invoice, draft.to) if draft.invoice else {}
    _render(message, of_invoice | draft.context)
    return message


def _new_codes(count: int) -> list[str]:
    """Return codes that no message has; who takes one of them meanwhile is refused by the database."""
    codes: set[str] = set()
    while len(codes) < count:
        more = {new_code() for _ in range(count - len(codes))}
        codes |= more - set(OutboxMessage.objects.filter(code__in=more).values_list("code", flat=True))
    return list(codes)


def _is_reachable(recipient: str, invoice: Invoice | None, kind: str) -> bool:
    """Tell whether an address can be used; note on the timeline that a message was not possible without."""
    if is_one_address(recipient):
        return True
    why = "address_unusable" if recipient else "no_address"
    audit.record("message_not_possible", by="outbox", invoice=invoice, kind=kind, why=why)
    return False


def last_about(invoice: Invoice) -> int:
    """Return the key of the newest message about an invoice; zero without one."""
    return OutboxMessage.objects.filter(invoice=invoice).order_by("pk").values_list("pk", flat=True).last() or 0


def withdraw_since(invoice: Invoice, after: int, *, kinds: Collection[str], why: str) -> None:
    """Withdraw what was queued about a locked invoice after the message `after`: one mail tells all of it."""
    rows = OutboxMessage.objects.filter(invoice=invoice, pk__gt=after, kind__in=kinds)
    for message in rows.filter(status=OutboxMessage.Status.QUEUED):
        advance(message, OutboxMessage.Status.CANCELED, error=why)


def look_again(invoice: Invoice) -> None:
    """Have what is queued about a locked invoice looked at under its lock before it leaves (ADR 0089).

    A claim of one statement waits for no lock of an invoice. Who is about to act by what has left calls this first: a
    mail has left by now, or its claim waits, finds another moment than was read with it, and asks the room.
    """
    queued = OutboxMessage.objects.filter(invoice=invoice, status=OutboxMessage.Status.QUEUED)
    queued.update(next_try_at=F("next_try_at") + timedelta(microseconds=1))


def _stored(message: OutboxMessage, facts: dict[str, Any]) -> bool:
    """Render the message with its code and insert it; return False when its event or its code has a message already."""
    _render(message, facts)
    same = OutboxMessage.objects.filter(Q(dedupe_key=message.dedupe_key) | Q(code=message.code))
    try:
        with transaction.atomic():  # a savepoint: on PostgreSQL the error would abort the caller's transaction
            message.save(force_insert=True)
    except IntegrityError:
        if not same.exists():
            raise
        return False
    return True


def _render(message: OutboxMessage, facts: dict[str, Any]) -> None:
    shown = facts | {"message_code": message.code}
    rendered = rendering.render(message.kind, language=message.language, context=shown)
    message.subject, message.text, message.html = rendered.subject, rendered.text, rendered.html


def _reader(invoice: Invoice, to: Addressee) -> dict[str, Any]:
    """Return whose invoice it is, for who reads of it in the patient's place or pays for the patient (ADR 0088)."""
    return {
        "represented": represented(invoice.patient) if to.relation in REPRESENTING else None,
        "initials": invoice.patient.initials if to.relation in PAYING_FOR else "",
    }


def _to_whom(invoice: Invoice | None, recipient: str | None, language: str | None) -> tuple[str, str, dict[str, Any]]:
    """Return the address, the language, and what the mail says to a reader who is not the patient."""
    reader: dict[str, Any] = {}
    if recipient is None:
        if invoice is None:
            raise ValueError("a message about no invoice, for nobody")
        to = addressee(invoice)
        recipient, language = to.email, to.language
        reader = _reader(invoice, to)
    return recipient, language or settings.LANGUAGE_CODE, reader
