"""What the dunning letters say: the facts for their templates in `templates/messages/`."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils import timezone

from billing.adjustments import charges
from billing.invoices import references, schedule
from billing.invoices.debtors import debtor_of
from billing.invoices.letter_steps import DAYS_TO_PAY
from billing.invoices.transfers import account_for
from billing.law import interest
from billing.law.costs import least_costs
from billing.ledger.breakdown import Parts
from billing.ledger.entries import balance_of, postings_of, sides_in, standing_entries
from billing.models import CareDetail, Invoice, InvoicePayer, LedgerTransaction, Letter, Payer, Provider, ReminderStep
from billing.money import ZERO
from billing.outbox.facts import open_link, patients_apart

Step, Status, Kind = ReminderStep.Step, ReminderStep.Status, LedgerTransaction.Kind
_CLAIM = (Kind.INVOICED, Kind.INSURER_PAID, Kind.REDUCTION, Kind.CREDITED, Kind.WRITTEN_OFF)


def facts(letter: Letter, invoices: Sequence[Invoice], parts: Sequence[Parts], *, today: date) -> dict[str, Any]:
    """Return everything a template may use: amounts, dates and numbers, who claims from whom, never care.

    What an announcement asks for, and by when, is added by whoever makes it.
    """
    provider = invoices[0].provider
    until = today + timedelta(days=settings.LINK_VALID_DAYS)
    lines = [_line(letter, invoice, part, until) for invoice, part in zip(invoices, parts, strict=True)]
    total = sum((line["amount"] for line in lines), ZERO)
    named = {
        "lines": lines,
        "several": len(lines) > 1,
        "total": total,
        "principal": letter.principal,
        "interest": sum((part.interest for part in parts), ZERO),
        "costs": sum((part.costs for part in parts), ZERO),
        "provider": provider,
        "account": account_for(provider),
        "due_on": invoices[0].due_on,
        "days_to_pay": DAYS_TO_PAY,
        "last_day": schedule.named_day(letter.step, today),
        "link_until": until,
    } | patients_apart(invoices)
    if letter.step == Step.NOTICE:
        return named
    if letter.step >= Step.REMINDER:
        named["debtors"] = list(dict.fromkeys(name for invoice in invoices for name in _debtors_of(invoice)))
    return named | {"before_on": _sent_before(invoices, letter.step)} | _claim(letter, invoices, today)


def _claim(letter: Letter, invoices: Sequence[Invoice], today: date) -> dict[str, Any]:
    """Return what a 14-day letter must say: the debtor, the costs and how they came about, and the interest."""
    if letter.step != Step.FINAL_NOTICE:
        return {}
    rate, rate_of = interest.stated(today)
    announced = letter.costs_announced or ZERO
    earlier = charges.letters_counted(invoices, today=today)
    return {
        "announced": announced,
        "least": least_costs(announced, vat=invoices[0].provider.vat_on_costs),
        "part_from": settings.PART_FROM_AMOUNT,
        "costs_from": settings.COSTS_FROM_REST,
        "with_vat": invoices[0].provider.vat_on_costs,
        # The letters whose costs lower these ones: their days, and what they and this one may cost together. Where
        # those of other practices may count as well, each letter says so and none says whether there are any.
        "earlier": [(sent_on, costs) for sent_on, costs in earlier if costs],
        "together": announced + sum((costs for _sent_on, costs in earlier), ZERO),
        "counted_once": invoices[0].provider.creditor == Provider.Creditor.OPERATOR,
        "rate": rate.percentage,
        "rate_of": rate_of,
        "taken_back": next((day for day in map(_taken_back_on, invoices) if day), None),
    }


def _debtors_of(invoice: Invoice) -> list[str]:
    """Return who answers for the invoice: the payer, or the patient as the invoice names them, and as named now."""
    if own := InvoicePayer.objects.filter(invoice=invoice).first():
        return [own.name]
    now = debtor_of(invoice.patient).name
    care = CareDetail.objects.filter(invoice=invoice).select_related("invoice").first()
    if care is None or Payer.objects.filter(patient=invoice.patient_id).exists():
        return [now]
    person = care.person
    names = [person.get(part) for part in ("initials", "infix", "surname")]
    return list(dict.fromkeys([" ".join(name for name in names if name) or now, now]))


def _sent_before(invoices: Sequence[Invoice], step: int) -> date | None:
    """Return the day on which the reminder was sent, and for the notice of costs the 14-day letter; the latest."""
    before = Step.REMINDER if step == Step.FINAL_NOTICE else Step.FINAL_NOTICE
    rows = ReminderStep.objects.filter(invoice__in=invoices, step=before, status=Status.TAKEN)
    days = [day for day in rows.values_list("letter__sent_on", flat=True) if day]
    return max(days, default=None)


def _taken_back_on(invoice: Invoice) -> date | None:
    """Return the day of the last payment that the bank took back; None when no chargeback stands."""
    entries = standing_entries(invoice)
    back = [e for e in entries if e.kind == Kind.CHARGEBACK]
    if not back:
        return None
    paid = [e for e in entries if e.is_received and e.occurred_at <= back[-1].occurred_at]
    return timezone.localtime(paid[-1].occurred_at if paid else back[-1].occurred_at).date()


def owed(invoice: Invoice) -> Decimal:
    """Return what the patient still has to pay, of an invoice whose postings may be loaded already."""
    return max(balance_of(sides_in(postings_of(invoice))), ZERO)


def _line(letter: Letter, invoice: Invoice, part: Parts, until: date) -> dict[str, Any]:
    entries = standing_entries(invoice)
    by_kind = {kind: sum((e.amount for e in entries if e.kind == kind), ZERO) for kind in _CLAIM}
    paid = -sum((e.amount for e in entries if e.kind in LedgerTransaction.PAID), ZERO)
    return {
        "number": invoice.number,
        "issued_on": invoice.issued_on,
        "due_on": invoice.due_on,
        "reference": references.grouped(invoice.payment_reference),
        "reference_ending": invoice.payment_reference[-4:],
        "amount": owed(invoice),
        "invoiced": by_kind[Kind.INVOICED],
        "insurer": -by_kind[Kind.INSURER_PAID],
        "lowered": -by_kind[Kind.REDUCTION] - by_kind[Kind.CREDITED] - by_kind[Kind.WRITTEN_OFF],
        "paid": max(paid, ZERO),
        "principal": part.principal,
        "costs": part.costs,
        "interest": part.interest,
        # Before the reminder there is no default, and no letter that speaks of interest.
        "interest_from": charges.default_day(invoice) if letter.step >= Step.REMINDER else None,
        "link": open_link(invoice, until=until),
    }
