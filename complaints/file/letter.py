"""The answer on paper, for whoever has no mailbox or asked for large print: a person prints and posts it.

The task says so, and the day of posting is kept. The letter is drawn anew from the sealed answer; no copy is kept.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit, ledger
from billing.documents import pdf
from billing.errors import Refused
from billing.invoices import references
from billing.models import Invoice, InvoicePayer, Patient, Payer
from billing.money import ZERO
from complaints.deadlines import ESCALATION_DAYS
from complaints.file import mandates
from complaints.handling import lock, record
from complaints.models import Answer, Complaint

TASK = "complaint_letter"
LARGE = "large_print"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whose name and address stand on the letter."""

    name: str
    address: str


def leave_to_post(complaint: Complaint, row: Answer, *, mailed: bool) -> None:
    """Leave a given answer to staff to post, when no mail tells of it or large print was asked for."""
    if mailed and LARGE not in complaint.facts.get("needs", ()):
        return
    row.by_post = True
    row.save(update_fields=["by_post"])
    of = complaint.invoice if complaint.provider_id else None
    audit.open_task(TASK, dedupe_key=_key(complaint, row), invoice=of, note=complaint.number)


def recipient(complaint: Complaint) -> Recipient | None:
    """Return to whom the letter goes: whoever made the complaint, if they may read it; else who answers for it.

    Of an administrator, a guardian or heirs the patient's own address is none: the letter is not for that door.
    """
    said = complaint.facts
    if mandates.may_receive(complaint, today=timezone.localdate()) and said.get("address"):
        return Recipient(said.get("name", ""), said["address"])
    if complaint.invoice is None:
        return None
    patient = complaint.invoice.patient
    if InvoicePayer.objects.filter(invoice=complaint.invoice).exists():
        return None  # who pays this invoice alone is known by a mailbox, not by an address
    payer = Payer.objects.filter(patient=patient).first()
    name = " ".join(part for part in (patient.initials, patient.infix, patient.surname) if part)
    at: Patient | Payer = patient
    if payer:
        name = payer.name
        at = payer if payer.street or payer.relation in Payer.APART else patient
    lines = (f"{at.street} {at.house_number}".strip(), f"{at.postcode} {at.city}".strip())
    address = "\n".join(line for line in lines if line)
    return Recipient(name, address) if address else None


def to_print(complaint: Complaint, row: Answer) -> str:
    """Return a given answer as HTML to draw, in the language of the complaint. Raises Refused without an address."""
    to = recipient(complaint)
    if to is None:
        raise Refused(_("No address is known to which this letter may go. Call this person."))
    facts = _facts(complaint, row) | {"to": to, "large": LARGE in complaint.facts.get("needs", ())}
    return pdf.html(facts, language=complaint.language, template="complaints/letter.html")


def _facts(complaint: Complaint, row: Answer) -> dict[str, Any]:
    invoice: Invoice | None = complaint.invoice
    owed = ledger.outstanding(invoice.pk) if invoice else ZERO
    return {
        "complaint": complaint,
        "invoice": invoice,
        "answer": row,
        "points": list(complaint.points.filter(line=row.line)),
        "remedies": list(complaint.remedies.filter(line=row.line)),
        "owed": owed,
        "escalate_until": timezone.localdate(row.given_at) + timedelta(days=ESCALATION_DAYS) if row.line == 1 else None,
        "reference": references.grouped(invoice.payment_reference) if invoice and owed else "",
        "operator": settings.OPERATOR,
    }


def posted(complaint_id: int, answer_id: int, *, on: date, staff: Any, today: date) -> None:
    """Note on which day the letter went to the post, which ends the task.

    Raises Refused when this is no answer that goes by post, or the day lies before the answer or has not come.
    """
    with transaction.atomic():
        complaint = lock(complaint_id)
        rows = Answer.objects.filter(pk=answer_id, complaint=complaint, by_post=True).exclude(given_at=None)
        row = rows.first()
        if row is None or row.given_at is None:
            raise Refused(_("Choose one of the buttons."))
        if not timezone.localtime(row.given_at).date() <= on <= today:
            raise Refused(_("This day lies before the answer, or has not come yet."))
        row.posted_on = on
        row.save(update_fields=["posted_on"])
        by = audit.name_of(staff)
        audit.close_superseded(audit.open_alarms(TASK, _key(complaint, row)), by=by, reason=on.isoformat())
        record("complaint_letter_posted", complaint, by=by, on=on.isoformat())


def _key(complaint: Complaint, row: Answer) -> str:
    return f"{complaint.number}:{row.line}"
