"""Data retention: after its term, whatever identifies a person or their care is erased, and the amounts stay.

Every function erases all that is due on `today`, in chunks that are each their own transaction, and returns how many
there were; running it again finds nothing. The ledger, the audit trail and the numbers by which a practice knows its
invoices stay: they identify nobody by themselves, and the ledger can't be changed by anyone.
"""

from datetime import date, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit, rows
from billing.law.calendar import begin_of
from billing.ledger import with_balance
from billing.models import (
    AllocationNote,
    BirthDateChange,
    CareDetail,
    CreditNote,
    DrawingOrder,
    Hold,
    Invoice,
    InvoiceDocument,
    InvoicePayer,
    LedgerTransaction,
    OutboxMessage,
    Patient,
    Payer,
    Payment,
    PaymentPlan,
    PaymentShare,
    Receipt,
    ReminderStep,
    StaffNote,
    StaffTask,
    WebhookCall,
)
from billing.money import ZERO
from billing.privacy import access_log
from billing.storage import files

CHUNK = 500
ERASED = "erased-"  # followed by the key of the row: the number of an erased patient
Status = OutboxMessage.Status


def run_day(today: date) -> dict[str, int]:
    """Erase everything whose term is over on `today`; return how many there were of each kind."""
    return {
        "webhook_calls": delete_webhook_calls(today),
        "message_texts": erase_messages(today),
        "access_events": access_log.prune(before=begin_of(_years_before(today, settings.RETAIN_ACCESS_LOG_YEARS))),
        **erase_invoices(today),
    }


def _years_before(day: date, years: int) -> date:
    return day.replace(year=day.year - years, day=28 if (day.month, day.day) == (2, 29) else day.day)


def delete_webhook_calls(today: date) -> int:
    """Delete processed webhook calls after their term; the payment holds their outcome. Return how many."""
    before = begin_of(today - timedelta(days=settings.RETAIN_WEBHOOK_CALL_DAYS))
    return rows.delete(WebhookCall.objects.filter(done_at__lt=before))


def erase_messages(today: date) -> int:
    """Erase address, subject and text of messages, sent or withdrawn, about settled invoices; return how many.

    While something is owed the text is retained: a court asks what the letter said.
    """
    before = begin_of(today - timedelta(days=settings.RETAIN_MESSAGE_DAYS))
    unsettled = Q(invoice__settled_at=None, invoice__withdrawn_at=None)
    letters = ReminderStep.objects.filter(
        unsettled, letter__message=OuterRef("pk")
    )  # a letter may be about several invoices
    retained = Q(unsettled, invoice__isnull=False) | Exists(letters)
    count = 0
    for aged in (Q(status=Status.SENT, sent_at__lt=before), Q(status=Status.CANCELED, created_at__lt=before)):
        due = OutboxMessage.objects.filter(aged, erased_at=None).exclude(retained)
        while keys := list(due.values_list("pk", flat=True)[:CHUNK]):
            count += _erase(OutboxMessage.objects.filter(pk__in=keys))
            rows.let_others_write()
    return count


def _erase(messages: QuerySet[OutboxMessage]) -> int:
    return messages.filter(erased_at=None).update(
        recipient="", subject="", text="", html="", calendar="", erased_at=timezone.now()
    )


def erase_invoices(today: date) -> dict[str, int]:
    """Erase care, documents and texts of expired invoices, and patients without any left; return how many of each."""
    counts = {"invoices": 0, "documents": 0, "patients": 0}
    while keys := list(_expired(today).values_list("pk", flat=True)[:CHUNK]):
        for name, count in _erase_locked(keys, today).items():
            counts[name] += count
        rows.let_others_write()
    return counts


def _expired(today: date) -> QuerySet[Invoice]:
    """Select invoices settled or withdrawn before the retained years, with nothing booked since and nothing pending."""
    retained_from = begin_of(date(today.year - settings.RETAIN_INVOICE_YEARS, 1, 1))
    of_invoice = {"invoice": OuterRef("pk")}
    since = Q(occurred_at__gte=retained_from) | Q(created_at__gte=retained_from)
    expired = Invoice.objects.filter(
        Q(settled_at__lt=retained_from) | Q(withdrawn_at__lt=retained_from), erased_at=None
    )
    pending = (
        LedgerTransaction.objects.filter(since, postings__invoice=OuterRef("pk")),
        Hold.objects.filter(released_at=None, **of_invoice),
        PaymentPlan.objects.filter(status=PaymentPlan.Status.ACTIVE, **of_invoice),
        StaffTask.objects.filter(closed_at=None, **of_invoice),
        Payment.objects.filter(status__in=Payment.LIVE, **of_invoice),
        PaymentShare.objects.filter(payment__status__in=Payment.LIVE, **of_invoice),
        OutboxMessage.objects.filter(status__in=(Status.QUEUED, Status.SENDING), **of_invoice),
    )
    for pending_rows in pending:
        expired = expired.exclude(Exists(pending_rows))
    # Credit is the patient's money. (The stubs don't know the annotation.)
    return with_balance(expired).exclude(balance__lt=ZERO)  # type: ignore[misc]


def _erase_locked(keys: list[int], today: date) -> dict[str, int]:
    """Erase those of these invoices that are still expired once they are locked; return how many of each."""
    with transaction.atomic():
        list(Invoice.objects.select_for_update().filter(pk__in=keys).order_by("pk").values_list("pk"))
        due = list(_expired(today).filter(pk__in=keys).values_list("pk", flat=True))
        CareDetail.objects.filter(invoice__in=due).delete()
        CreditNote.objects.filter(invoice__in=due).update(sealed_content=b"")
        Receipt.objects.filter(invoice__in=due).update(sealed_words=b"")
        AllocationNote.objects.filter(invoice__in=due).update(sealed_text=b"")
        documents = _delete_documents(due)
        _erase(OutboxMessage.objects.filter(invoice__in=due))
        OutboxMessage.objects.filter(invoice__in=due).update(error="")
        StaffNote.objects.filter(invoice__in=due).delete()
        InvoicePayer.objects.filter(invoice__in=due).delete()
        StaffTask.objects.filter(invoice__in=due).update(note="", sealed_text=b"")
        Invoice.objects.filter(pk__in=due).update(erased_at=timezone.now())
        patients = _erase_patients(due)
        audit.record_each("invoice_erased", by="system", invoices=Invoice.objects.filter(pk__in=due))
    return {"invoices": len(due), "documents": documents, "patients": patients}


def _delete_documents(invoice_ids: list[int]) -> int:
    DrawingOrder.objects.filter(invoice__in=invoice_ids).delete()
    documents = InvoiceDocument.objects.filter(invoice__in=invoice_ids)
    names = list(documents.values_list("name", flat=True))
    documents.delete()
    files.discard(*names)
    return len(names)


def _erase_patients(invoice_ids: list[int]) -> int:
    """Erase the patients without any invoice left; return how many. The row stays: invoices and letters refer to it."""
    left = Invoice.objects.filter(patient=OuterRef("pk"), erased_at=None)
    without_invoice = (
        Patient.objects.filter(invoices__in=invoice_ids).exclude(Exists(left)).values_list("pk", flat=True)
    )
    who = ("initials", "infix", "surname", "email", "mobile", "search_text", "birth_key")
    blank = dict.fromkeys((*who, "street", "house_number", "postcode", "city", "country"), "")
    gone = list(without_invoice)
    Payer.objects.filter(patient__in=gone).delete()
    BirthDateChange.objects.filter(patient__in=gone).delete()
    StaffNote.objects.filter(patient__in=gone).delete()
    of_patients = StaffTask.objects.filter(patient__in=gone)
    audit.close_superseded(of_patients.filter(closed_at=None), by="system", reason=_("the data were erased"))
    of_patients.update(note="", sealed_text=b"")
    return Patient.objects.filter(pk__in=gone).update(
        number=Concat(Value(ERASED), Cast(F("pk"), CharField())), sealed_identity=b"", **blank
    )
