"""The letter of a debt counsellor, sent by the patient: everything rests at once, and staff read it afterwards.

How a file is checked before anybody sees it: guests/files.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit, ledger
from billing.errors import Refused
from billing.invoices import intake
from billing.invoices.debtors import patients_of_debtor
from billing.law.calendar import anniversary
from billing.models import Invoice
from forbearance import reports
from forbearance.models import CounsellorLetter, Forbearance
from guests.files import checking, receiving
from guests.files.limits import KNOWN, Sender
from guests.files.receiving import Upload

BY = "patient"
KIND = Forbearance.Kind.DEBT_HELP
TO_READ = "counsellor_letter"  # a task for staff


def running(invoice: Invoice) -> Forbearance | None:
    """Return the help with debts that spares the patient of this invoice now; None when none does."""
    return Forbearance.objects.filter(patient=invoice.patient_id, kind=KIND, ended_at=None).first()


def receive(
    invoice_id: int, uploads: Sequence[Upload], *, sender: Sender = KNOWN, now: datetime | None = None
) -> list[CounsellorLetter]:
    """Store the letter, all files or none, and let the patient's invoices rest as for a report of staff.

    Return the new rows. Raises Refused with a sentence for the sender: when nothing is left to pay, when the rest of an
    earlier letter has ended less than a year after it began, or when the files are too many.
    """
    now = now or timezone.now()

    def insert(rows: Sequence[CounsellorLetter]) -> list[CounsellorLetter]:
        with transaction.atomic():
            ground = _ground(invoice_id, now)
            for row in rows:
                row.forbearance = ground
            new = receiving.keep_new(rows, list(ground.letters.all()), sender)
            if new:
                invoice = Invoice.objects.get(pk=invoice_id)
                audit.record("counsellor_letter_received", by=BY, invoice=invoice, files=len(new))
                key = f"{ground.pk}:{new[0].pk}"
                note = ground.facts.get("answer_by", "")
                audit.open_task(TO_READ, dedupe_key=key, invoice=invoice, note=note)
            return new

    return receiving.receive(CounsellorLetter, uploads, belongs={}, insert=insert, now=now, sender=sender)


def _ground(invoice_id: int, now: datetime) -> Forbearance:
    """Return what spares the patient, begun now unless it runs already."""
    intake.lock_provider(Invoice.objects.values_list("provider_id", flat=True).get(pk=invoice_id))
    invoice = Invoice.objects.get(pk=invoice_id)
    if known := running(invoice):
        return known
    if invoice.withdrawn_at or not ledger.outstanding(invoice.pk):
        raise Refused(_("Nothing is left to pay on this invoice."))
    if Forbearance.objects.filter(patient=invoice.patient_id, kind=Forbearance.Kind.DECEASED, ended_at=None).exists():
        raise Refused(_("This invoice rests already. You get no letters, and no costs are added."))
    today = timezone.localdate(now)
    of_debtor = patients_of_debtor(invoice.patient)
    earlier = Forbearance.objects.filter(patient__in=of_debtor, kind=KIND, reported_by=BY)
    if earlier.filter(since__gt=anniversary(today, -1)).exists():
        raise Refused(_("You sent a letter before, and somebody looked at it. Call your care provider."))
    said = reports.Said(kind=KIND, since=today, why=_("The patient sent a letter on the website."))
    return reports.report(invoice.patient_id, said, by=BY, may_waive=False, today=today)


def check(file_id: int, *, now: datetime | None = None) -> None:
    """Check one waiting file."""
    checking.check(RULES, file_id, now=now)


def sweep(*, now: datetime | None = None) -> None:
    """Check the files whose own task was lost or failed."""
    checking.sweep(RULES, now=now)


def _lock(row: Any) -> Forbearance | None:
    provider_id = Forbearance.objects.values_list("patient__provider_id", flat=True).get(pk=row.forbearance_id)
    intake.lock_provider(provider_id)
    return Forbearance.objects.filter(pk=row.forbearance_id).first()


def _checked(ground: Forbearance, row: CounsellorLetter, now: datetime) -> None:
    """Do nothing: staff have the task, and find it there."""


def _refused(ground: Forbearance, row: CounsellorLetter, now: datetime) -> None:
    """Record it; the page says why, and staff see that the letter is still to come."""
    audit.record("counsellor_letter_refused", by="system", invoice=row.about, reason=row.reason)


RULES = checking.FileRules(
    CounsellorLetter, lock=_lock, wanted=lambda ground: ground.ended_at is None, checked=_checked, refused=_refused
)
