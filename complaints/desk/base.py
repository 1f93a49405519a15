"""Which files of complaints somebody at the desk may see.

Staff of a practice see the files about their care and prices; what is about us only operations see. Whom a complaint is
about never sees it here.
"""

from collections.abc import Iterator
from typing import Any

from django.db.models import Case, F, Q, QuerySet, When
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from billing import rooms
from billing.colleagues import of_practice
from billing.models import Patient, Staff
from billing.tenancy import visible_to
from complaints.answers import is_ours
from complaints.models import Answer, Complaint

FILE = "complaint file"  # its name in the access log


def files(staff: Any) -> QuerySet[Complaint]:
    """Return the files that this person may see."""
    rows = visible_to(staff, Complaint.objects.all(), provider_path="provider")
    return rows.exclude(about=staff.pk).select_related("invoice__provider", "handler", "second_handler")


def open_files(staff: Any) -> QuerySet[Complaint]:
    """Return those that wait for somebody, the oldest promise first; `due` is the day of their next promise."""
    due = Case(
        When(status=Complaint.Status.RECEIVED, then=F("acknowledge_by")),
        When(
            status=Complaint.Status.SECOND_LINE,
            second_acknowledged_at=None,
            second_acknowledge_by__isnull=False,
            then=F("second_acknowledge_by"),
        ),
        When(status=Complaint.Status.ACKNOWLEDGED, admissible_by__isnull=False, then=F("admissible_by")),
        default=F("answer_by"),
    )
    return files(staff).filter(status__in=Complaint.OPEN).annotate(due=due).order_by("due", "pk")


def proposals(staff: Any) -> QuerySet[Answer]:
    """Return the proposed answers to which this person may agree."""
    if not is_ours(staff):
        return Answer.objects.none()
    rows = Answer.objects.filter(complaint__in=files(staff), given_at=None).exclude(written_by=staff)
    return rows.select_related("complaint", "written_by").order_by("written_at")


def owners(complaint: Complaint) -> QuerySet[Staff]:
    """Return who may be given a recommendation: who works here, or for the care provider that the file is of."""
    here = Q(role=Staff.Role.OPERATIONS, is_active=True)
    if complaint.provider_id is not None:
        here |= Q(pk__in=of_practice(complaint.provider_id).order_by().values("pk"))
    return Staff.objects.filter(here).order_by("username")


def of_patient(staff: Any, patient: Patient) -> Iterator[rooms.Case]:
    """Yield the files about invoices of a patient, for the patient's page; what a complaint is about stays in it."""
    for row in files(staff).filter(invoice__patient=patient):
        what = format_lazy("{} {}", _("complaint"), row.number)
        yield rooms.Case(
            row.received_at, what, row.get_status_display(), reverse("admin:complaints_complaint_file", args=[row.pk])
        )
