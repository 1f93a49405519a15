"""What the dunning letters say: the facts for their templates in `templates/messages/`."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.conf import settings

from billing.invoices import references, schedule
from billing.invoices.holds import active_hold
from billing.invoices.letter_steps import DAYS_TO_PAY
from billing.law import interest
from billing.ledger import outstanding
from billing.ledger.breakdown import Parts
from billing.models import Invoice, Letter, ReminderStep
from billing.money import ZERO
from billing.outbox.facts import open_link

Step = ReminderStep.Step


def facts(letter: Letter, invoices: Sequence[Invoice], parts: Sequence[Parts], *, today: date) -> dict[str, Any]:
    """Return everything a template may use: amounts, dates and numbers, never care."""
    provider = invoices[0].provider
    until = today + timedelta(days=settings.LINK_VALID_DAYS)
    lines = [_line(invoice, part, until) for invoice, part in zip(invoices, parts, strict=True)]
    total = sum((line["amount"] for line in lines), ZERO)
    return {
        "lines": lines,
        "several": len(lines) > 1,
        "total": total,
        "principal": letter.principal,
        "interest": sum((part.interest for part in parts), ZERO),
        "costs": sum((part.costs for part in parts), ZERO),
        "announced": letter.costs_announced or ZERO,
        "with_vat": provider.vat_on_costs,
        "rate": interest.rate_on(today).percentage if interest.is_confirmed(today) else None,
        "provider": provider,
        "due_on": invoices[0].due_on,
        "overdue": invoices[0].due_on < today,
        "on_hold": letter.step == Step.NOTICE and _on_hold(invoices[0]),
        "days_to_pay": DAYS_TO_PAY,
        "last_day": schedule.named_day(letter.step, today),
        "link_until": until,
    }


def _on_hold(invoice: Invoice) -> bool:
    return active_hold(invoice.pk) is not None


def _line(invoice: Invoice, part: Parts, until: date) -> dict[str, Any]:
    return {
        "number": invoice.number,
        "issued_on": invoice.issued_on,
        "due_on": invoice.due_on,
        "reference": references.grouped(invoice.payment_reference),
        "reference_ending": invoice.payment_reference[-4:],
        "amount": outstanding(invoice.pk),
        "principal": part.principal,
        "link": open_link(invoice, until=until),
    }
