"""Messages of a patient about an invoice: sealed, with a day by which we answer, read after the code by SMS.

Every command locks the invoice and reads the messages again.
"""

import re
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from billing import audit, office_hours, rooms
from billing.errors import Refused
from billing.law.calendar import AMSTERDAM, working_days_after
from billing.ledger import lock_invoice
from billing.models import Invoice, StaffTask
from billing.outbox.facts import open_link_context
from billing.outbox.queue import queue_message
from billing.text.written import written
from helpdesk.models import InvoiceMessage

End = InvoiceMessage.End
PATIENT = "patient"
LONGEST = 2000
ANSWERED_MAIL = "message_answered"
WAITS = "message_waits"  # the staff task: a promise ends today, or is broken
# Words of a complaint, in Dutch and English. Staff decide: a word too many costs them a look, one too few a promise.
_COMPLAINT = re.compile(
    r"klacht|\bklag(?:en|e)\b|\bklaag|bezwaar|oneens|niet\s+(?:mee\s+)?eens|(?:mee|er)\s+niet\s+eens|geschil"
    r"|nooit\s+(?:gehad|gekregen|ontvangen|geweest|besteld|gevraagd)"
    r"|\bcomplain|disagree|(?:not|n['’]t)\s+agree|never\s+(?:had|got|received|been|ordered|asked)|dispute",
    re.IGNORECASE,
)


def sounds_like_complaint(text: str) -> bool:
    """Tell whether a message has words of a complaint in it."""
    return _COMPLAINT.search(text) is not None


def promised_for(now: datetime) -> date:
    """Return the day by which what comes at `now` is answered; the day on which it comes does not count."""
    today = now.astimezone(AMSTERDAM).date()
    return working_days_after(today, settings.MESSAGE_WORKING_DAYS, office_hours.is_working_day)


def waiting() -> QuerySet[InvoiceMessage]:
    """Return the messages of patients that wait for an answer, the oldest promise first."""
    return InvoiceMessage.objects.filter(staff=None, ended_at=None).order_by("answer_by", "pk")


def broken(rows: QuerySet[InvoiceMessage], *, today: date) -> int:
    """Return how many of these messages were answered later than promised, or still wait after that day."""
    sent = rows.filter(answer_by__isnull=False).values_list("answer_by", "ended_at")
    return sum(by is not None and (timezone.localtime(ended).date() if ended else today) > by for by, ended in sent)


def of_invoice(invoice: Invoice) -> list[InvoiceMessage]:
    """Return what was written about an invoice, the oldest first, without what was erased."""
    return list(InvoiceMessage.objects.filter(invoice=invoice).exclude(sealed_text=b"").select_related("staff"))


def newest(invoice: Invoice) -> int | None:
    """Return the key of the newest message about an invoice: what staff answer is what they saw."""
    return InvoiceMessage.objects.filter(invoice=invoice).order_by("-pk").values_list("pk", flat=True).first()


def write(invoice_id: int, text: str, *, form: str, language: str, now: datetime | None = None) -> InvoiceMessage:
    """Keep a message of the patient and promise a day. The same `form` sent again with the same text adds nothing."""
    now = now or timezone.now()
    kept = written(text, max_length=LONGEST)
    with transaction.atomic():
        invoice = lock_invoice(invoice_id)
        token = salted_hmac("helpdesk.messages", f"{invoice.pk}:{form}:{kept}", algorithm="sha256").hexdigest()[:32]
        before = InvoiceMessage.objects.filter(token=token).first()
        if before is not None:
            return before
        message = InvoiceMessage(
            invoice=invoice,
            token=token,
            at=now,
            language=language,
            answer_by=promised_for(now),
            sounds_like_complaint=sounds_like_complaint(kept),
        )
        message.text = kept
        message.save(force_insert=True)
        audit.record("message_received", by=PATIENT, invoice=invoice)
    return message


def answer(invoice_id: int, text: str, *, staff: Any, seen: int, now: datetime | None = None) -> InvoiceMessage:
    """Answer what waits, and tell the patient by a mail without its content. `seen`: the newest message that was read.

    Raises Refused when somebody wrote meanwhile.
    """
    now = now or timezone.now()
    with transaction.atomic():
        invoice = _locked(invoice_id, seen)
        reply = InvoiceMessage(invoice=invoice, at=now, staff=staff)
        reply.text = written(text, max_length=LONGEST)
        reply.save(force_insert=True)
        _end(invoice, waiting().filter(invoice=invoice), End.ANSWERED, staff=staff, now=now)
        audit.record("message_answered", by=audit.name_of(staff), invoice=invoice)
        queue_message(
            ANSWERED_MAIL,
            invoice=invoice,
            context=open_link_context(invoice, until=timezone.localdate(now)),
            dedupe_key=f"{ANSWERED_MAIL}:{reply.token}",
            now=now,
        )
    return reply


def close(invoice_id: int, *, staff: Any, seen: int, now: datetime | None = None) -> None:
    """End what waits without an answer, such as a word of thanks. Raises Refused when somebody wrote meanwhile."""
    now = now or timezone.now()
    with transaction.atomic():
        invoice = _locked(invoice_id, seen)
        if not _end(invoice, waiting().filter(invoice=invoice), End.READ, staff=staff, now=now):
            raise Refused(_("Nothing waits for an answer here."))
        audit.record("message_closed", by=audit.name_of(staff), invoice=invoice)


def make_complaint(invoice_id: int, subject: str, *, staff: Any, seen: int, now: datetime | None = None) -> str:
    """Make a complaint of what waits, and return the address of its file. Its clock counts from the message.

    From the first message that has words of a complaint in it on, or all that waits where none has. What was asked
    before it waits on for its answer.
    """
    now = now or timezone.now()
    with transaction.atomic():
        invoice = _locked(invoice_id, seen)
        rows = list(waiting().filter(invoice=invoice).order_by("pk"))
        first = next((place for place, row in enumerate(rows) if row.sounds_like_complaint), 0)
        said = rows[first:]
        intake = rooms.complaint_intake()
        if not said or intake is None:
            raise Refused(_("Nothing waits for an answer here."))
        if subject not in dict(intake.subjects):
            raise Refused(_("Choose what the complaint is about."))
        by = audit.name_of(staff)
        address = intake.take_in(invoice, subject, "\n\n".join(row.text for row in said), said[0].at, staff)
        taken_in = waiting().filter(pk__in=[row.pk for row in said])
        _end(invoice, taken_in, End.COMPLAINT, staff=staff, now=now)
        audit.record("message_made_complaint", by=by, invoice=invoice)
    return address


def watch(today: date) -> None:
    """Open a task for each invoice with a promise that ends on `today`, or was broken."""
    due: dict[int, InvoiceMessage] = {}
    for message in waiting().filter(answer_by__lte=today).select_related("invoice"):
        due.setdefault(message.invoice_id, message)
    for message in due.values():
        audit.open_task(WAITS, dedupe_key=str(message.pk), invoice=message.invoice)


def _locked(invoice_id: int, seen: int) -> Invoice:
    """Lock the invoice. Raises Refused when its newest message is not the one that was `seen`."""
    invoice = lock_invoice(invoice_id)
    if newest(invoice) != seen:
        raise Refused(_("Somebody wrote meanwhile. Read it first; what you typed is still here."))
    return invoice


def _end(invoice: Invoice, rows: QuerySet[InvoiceMessage], how: str, *, staff: Any, now: datetime) -> int:
    ended = rows.update(ended_at=now, end=how)
    if waiting().filter(invoice=invoice).exists():
        return ended  # what was promised is still to be kept
    tasks = StaffTask.objects.filter(kind=WAITS, invoice=invoice, closed_at=None)
    audit.close_superseded(tasks, by=audit.name_of(staff), reason="answered")
    return ended
