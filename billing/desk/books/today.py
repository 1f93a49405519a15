"""What came in on a day, for the start page."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.law.calendar import begin_of
from billing.models import LedgerTransaction
from billing.rooms import CameIn
from billing.statements import booked
from billing.tenancy import visible_to

Kind = LedgerTransaction.Kind


def came_in(staff: Any, day: date) -> Iterator[CameIn]:
    """Yield the money and the invoices of a day, in two queries over what was booked on it."""
    yield CameIn(
        booked.received(staff, day, day), _("received from patients"), f"{reverse('admin:figures')}?van={day}&tot={day}"
    )
    begin, end = begin_of(day), begin_of(day + timedelta(days=1))
    booked_then = LedgerTransaction.objects.filter(kind=Kind.INVOICED, created_at__gte=begin, created_at__lt=end)
    rows = visible_to(staff, booked_then, provider_path="postings__provider")
    count = rows.filter(postings__invoice__isnull=False).values("postings__invoice").distinct().count()
    address = f"{reverse('admin:billing_invoice_changelist')}?ontvangen_van={day}&ontvangen_tot={day}"
    yield CameIn(count, ngettext("new invoice", "new invoices", count), address)
