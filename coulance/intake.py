"""How a case begins: the provider marks an invoice with coulance when submitting it."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.invoices import holds
from billing.models import Invoice
from billing.rooms import Intake
from billing.rows import insert_rows
from billing.submission.fields import Field, Report
from billing.submission.rules import Checked
from billing.submission.values import read_flag
from coulance import cases
from coulance.models import CoulanceCase, PracticeRules


def offer(invoices: Sequence[Invoice], *, today: date, by: str) -> list[CoulanceCase]:
    """Open a case for each new invoice, in the transaction that creates them, and return the cases.

    The invoices are on hold until the specification is due, or, for a provider that wants no specification, until
    it decides. Raises IntegrityError when an invoice has a case already.
    """
    rules = {row.provider_id: row for row in PracticeRules.objects.all()} if invoices else {}
    offered = insert_rows(new_case(invoice, rules.get(invoice.provider_id), today=today) for invoice in invoices)
    by_day: dict[date | None, list[Invoice]] = {}
    for case in offered:  # a provider has no deadline
        at_provider = case.status == CoulanceCase.Status.AT_PROVIDER
        by_day.setdefault(None if at_provider else case.specification_due_on, []).append(case.invoice)
    for deadline, held in by_day.items():
        holds.place_holds(held, cases.HOLD, by=by, until=deadline)
    return offered


def new_case(invoice: Invoice, rules: PracticeRules | None, *, today: date) -> CoulanceCase:
    """Return a new case; with a provider that wants no specification it waits for the provider from the start."""
    days = rules.specification_days if rules else settings.COULANCE_SPECIFICATION_DAYS
    case = CoulanceCase(invoice=invoice, specification_due_on=today + timedelta(days=days))
    if rules and not rules.wants_specification:
        case.status, case.provider_since = CoulanceCase.Status.AT_PROVIDER, timezone.now()
    return case


def _check(invoice: Mapping[str, Any], total_cents: int, path: str, report: Report) -> None:
    if invoice["coulance"] and invoice["insurer_paid"] == total_cents:
        sentence = _("Nothing is left to pay, so there is no coulance to decide on.")
        report(f"{path}.coulance", "coulance-nothing-left", sentence)


def _accept(new: Sequence[tuple[Invoice, Checked]], today: date, by: str) -> None:
    offer([invoice for invoice, checked in new if checked.invoice["coulance"]], today=today, by=by)


CODES = {"coulance-nothing-left": "coulance on an invoice of which nothing is left to pay"}
INTAKE = Intake(
    {"coulance": Field(read_flag, default=False)},
    _check,
    _accept,
    CODES,
    {"coulance": gettext_lazy("coulance (yes or no)")},
)
