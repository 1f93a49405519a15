"""Letting go in time: after their term, what names a person or their care is erased, and the amounts stay.

Every function removes all that is due on `today`, in chunks that are each their own transaction, and says how many
there were; doing it again finds nothing. The ledger, the audit trail and the numbers by which a practice knows its
invoices stay: they name nobody by themselves, and the ledger can't be changed by anyone.
"""

from datetime import date, timedelta
from functools import partial

from django.conf import settings
from django.core.files.storage import storages
from django.db import transaction
from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from billing import audit, rows
from billing.law.calendar import begin_of
from billing.ledger import with_balance
from billing.models import (
    CareDetail,
    Hold,
    Invoice,
    InvoiceDocument,
    LedgerEntry,
    OutboxMessage,
    Patient,
    Payment,
    PaymentPlan,
    ReminderStep,
    StaffTask,
    WebhookCall,
)
from billing.money import ZERO
from billing.privacy import access_log

CHUNK = 500
ERASED = "forgotten-"  # with the key of the row: the number that a patient has afterwards
Status = OutboxMessage.Status


def run_day(today: date) -> dict[str, int]:
    """Everything whose time is over on `today`: what it was, and how many."""
    return {
        "webhook_calls": delete_webhook_calls(today),
        "message_texts": erase_messages(today),
        "access_events": access_log.prune(before=begin_of(_years_before(today, settings.RETAIN_ACCESS_LOG_YEARS))),
        **erase_invoices(today),
    }


def _years_before(day: date, years: int) -> date:
    return day.replace(year=day.year - years, day=28 if (day.month, day.day) == (2, 29) else day.day)


def delete_webhook_calls(today: date) -> int:
    """What the gateway told us, once it was dealt with: the payment itself holds what came of it."""
    before = begin_of(today - timedelta(days=settings.RETAIN_WEBHOOK_CALL_DAYS))
    return rows.delete(WebhookCall.objects.filter(done_at__lt=before))


def erase_messages(today: date) -> int:
    """Address, subject and text of messages that left, or never will, about invoices on which nothing is owed.

    While something is owed the text stays: a court asks what the letter said.
    """
    before = begin_of(today - timedelta(days=settings.RETAIN_MESSAGE_DAYS))
    unsettled = Q(invoice__settled_at=None, invoice__withdrawn_at=None)
    told = ReminderStep.objects.filter(unsettled, letter__message=OuterRef("pk"))  # a letter may tell of several
    kept = Q(unsettled, invoice__isnull=False) | Exists(told)
    count = 0
    for aged in (Q(status=Status.SENT, sent_at__lt=before), Q(status=Status.CANCELED, created_at__lt=before)):
        found = OutboxMessage.objects.filter(aged, erased_at=None).exclude(kept)
        while keys := list(found.values_list("pk", flat=True)[:CHUNK]):
            count += _erase(OutboxMessage.objects.filter(pk__in=keys))
    return count


def _erase(messages: QuerySet[OutboxMessage]) -> int:
    return messages.filter(erased_at=None).update(
        recipient="", subject="", text="", html="", calendar="", erased_at=timezone.now()
    )


def erase_invoices(today: date) -> dict[str, int]:
    """Invoices whose books may be closed for good: their care, documents, texts and, after the last, the patient."""
    counts = {"invoices": 0, "documents": 0, "patients": 0}
    while keys := list(_expired(today).values_list("pk", flat=True)[:CHUNK]):
        for name, count in _erase_locked(keys, today).items():
            counts[name] += count
    return counts


def _expired(today: date) -> QuerySet[Invoice]:
    """Settled or withdrawn, nothing booked since the years began that are still kept, and nobody busy with it."""
    kept_from = begin_of(date(today.year - settings.RETAIN_INVOICE_YEARS, 1, 1))
    mine = {"invoice": OuterRef("pk")}
    since = Q(occurred_at__gte=kept_from) | Q(created_at__gte=kept_from)
    found = Invoice.objects.filter(Q(settled_at__lt=kept_from) | Q(withdrawn_at__lt=kept_from), erased_at=None)
    busy = (
        LedgerEntry.objects.filter(since, **mine),
        Hold.objects.filter(released_at=None, **mine),
        PaymentPlan.objects.filter(status=PaymentPlan.Status.ACTIVE, **mine),
        StaffTask.objects.filter(closed_at=None, **mine),
        Payment.objects.filter(status__in=Payment.LIVE, **mine),
        OutboxMessage.objects.filter(status__in=(Status.QUEUED, Status.SENDING), **mine),
    )
    for rows_of_it in busy:
        found = found.exclude(Exists(rows_of_it))
    # Credit is the patient's money. (The stubs don't know what was annotated.)
    return with_balance(found).exclude(balance__lt=ZERO)  # type: ignore[misc]


def _erase_locked(keys: list[int], today: date) -> dict[str, int]:
    """Forget those of these invoices that are still due for it once they are locked."""
    with transaction.atomic():
        list(Invoice.objects.select_for_update().filter(pk__in=keys).order_by("pk").values_list("pk"))
        due = list(_expired(today).filter(pk__in=keys).values_list("pk", flat=True))
        mine = {"invoice__in": due}
        CareDetail.objects.filter(**mine).delete()
        documents = _delete_documents(due)
        _erase(OutboxMessage.objects.filter(**mine))
        OutboxMessage.objects.filter(**mine).update(error="")
        Hold.objects.filter(**mine).update(note="")
        StaffTask.objects.filter(**mine).update(note="")
        Invoice.objects.filter(pk__in=due).update(erased_at=timezone.now())
        patients = _erase_patients(due)
        audit.record_each("invoice_erased", by="system", invoices=Invoice.objects.filter(pk__in=due))
    return {"invoices": len(due), "documents": documents, "patients": patients}


def _delete_documents(invoice_ids: list[int]) -> int:
    found = InvoiceDocument.objects.filter(invoice__in=invoice_ids)
    names = list(found.values_list("name", flat=True))
    found.delete()
    for name in names:
        transaction.on_commit(partial(storages["default"].delete, name))
    return len(names)


def _erase_patients(invoice_ids: list[int]) -> int:
    """Those of whom no invoice is left. The row stays, since invoices and letters hang on it."""
    left = Invoice.objects.filter(patient=OuterRef("pk"), erased_at=None)
    nobodys = Patient.objects.filter(invoices__in=invoice_ids).exclude(Exists(left)).values_list("pk", flat=True)
    blank = dict.fromkeys(
        ("initials", "infix", "surname", "email", "mobile", "street", "house_number", "postcode", "city", "country"), ""
    )
    return Patient.objects.filter(pk__in=list(nobodys)).update(
        number=Concat(Value(ERASED), Cast(F("pk"), CharField())), sealed_identity=b"", **blank
    )
