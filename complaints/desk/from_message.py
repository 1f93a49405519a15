"""A message to the helpdesk that turns out to be a complaint: its days count from when the message came."""

from datetime import datetime
from typing import Any

from django.urls import reverse

from billing import audit
from billing.models import Invoice
from billing.tenancy import visible_to
from complaints import filing
from complaints.models import Complaint


def take_in(invoice: Invoice, subject: str, text: str, received_at: datetime, staff: Any) -> str:
    """File what a patient wrote as a complaint; return the address of the file, empty when `staff` may not see it."""
    patient = invoice.patient
    street = f"{patient.street} {patient.house_number}, {patient.postcode} {patient.city}" if patient.street else ""
    said = filing.Said(story=text, email=patient.email, phone=str(patient.mobile or ""), address=street)
    complaint = filing.file(
        said,
        subject=subject,
        invoice_id=invoice.pk,
        language=patient.language,
        by=audit.name_of(staff),
        received_at=received_at,
    )
    rows = visible_to(staff, Complaint.objects.filter(pk=complaint.pk), provider_path="provider")
    return reverse("admin:complaints_complaint_file", args=[complaint.pk]) if rows.exists() else ""
