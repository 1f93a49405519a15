"""Agreements to pay later on the page of the invoice: read-only, since only the patient decides."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.desk.detail import Section, amount, short_day, status_badge
from billing.models import Installment, Invoice, PaymentPlan
from billing.money import ZERO
from billing.plans.progress import progress_of


def plan_section(invoice: Any) -> Section:
    """Return every plan of an invoice annotated with `.balance`, with the progress of the running one."""
    lines = [line for plan in invoice.plans.all() for line in _lines(plan, invoice)]
    columns = (_("agreement"), _("status"), _("pay before or on"), _("amount"), _("still open"), _("note"))
    return Section(gettext("Paying later"), columns, lines, gettext("Nothing was agreed about paying later."))


def _lines(plan: PaymentPlan, invoice: Invoice) -> Iterator[tuple[Any, ...]]:
    name, count = plan.get_kind_display(), len(plan.installments.all())
    runs = plan.status == PaymentPlan.Status.ACTIVE
    owed: Decimal = invoice.balance or ZERO  # type: ignore[attr-defined]
    now = progress_of(plan.installments.all(), max(owed, ZERO), today=timezone.localdate())
    for line in now.lines:
        part = line.installment
        title = f"{name} {part.number}/{count}" if count > 1 else name
        yield (
            title,
            status_badge(plan),
            short_day(part.due_on),
            amount(part.amount),
            amount(line.open) if runs else "–",
            _note(part),
        )


def _note(installment: Installment) -> str:
    if not installment.missed_on or not installment.grace_until:
        return "–"
    return gettext("missed, can be paid until %(day)s") % {"day": short_day(installment.grace_until)}
