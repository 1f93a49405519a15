"""How a case begins: the provider marks an invoice when handing it in."""

from collections.abc import Sequence
from datetime import date, timedelta

from django.conf import settings
from django.utils import timezone

from billing.invoices import holds
from billing.models import Hold, Invoice
from coulance.models import CoulanceCase, PracticeRules


def offer(invoices: Sequence[Invoice], *, today: date, by: str) -> list[CoulanceCase]:
    """Offer coulance on new invoices, in the transaction that makes them; they rest until the specification is due,
    or until the provider decides, for one that wants none.

    Raises IntegrityError when an invoice has a case already.
    """
    rules = {row.provider_id: row for row in PracticeRules.objects.all()} if invoices else {}
    cases = CoulanceCase.objects.bulk_create(
        _case(invoice, rules.get(invoice.provider_id), today=today) for invoice in invoices
    )
    by_day: dict[date | None, list[Invoice]] = {}
    for case in cases:  # no day is known for what waits for its provider
        at_provider = case.status == CoulanceCase.Status.AT_PROVIDER
        by_day.setdefault(None if at_provider else case.specification_due_on, []).append(case.invoice)
    for deadline, held in by_day.items():
        holds.place_holds(held, Hold.Reason.AWAITING_DECISION, by=by, until=deadline)
    return cases


def _case(invoice: Invoice, rules: PracticeRules | None, *, today: date) -> CoulanceCase:
    """A provider that wants no specification has the case on its desk from the start."""
    days = rules.specification_days if rules else settings.COULANCE_SPECIFICATION_DAYS
    case = CoulanceCase(invoice=invoice, specification_due_on=today + timedelta(days=days))
    if rules and not rules.wants_specification:
        case.status, case.provider_since = CoulanceCase.Status.AT_PROVIDER, timezone.now()
    return case
