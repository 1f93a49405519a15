"""The operator's fee: counted and booked at each run, with the invoice that the practice's bookkeeper needs."""

from datetime import date, timedelta
from decimal import Decimal

from django.conf import settings
from django.db.models import F

from banking.models import FeeInvoice, FeeInvoiceSeries, Payout, PayoutTerms
from billing import audit, ledger
from billing.law.calendar import begin_of
from billing.ledger.events import Side
from billing.models import Invoice, LedgerTransaction, Provider
from billing.models.ledger import Account
from billing.money import round_euro

BY = "payouts"
NOT_INVOICED = "fee_not_invoiced"  # staff task


def book(payout: Payout, terms: PayoutTerms, today: date) -> FeeInvoice | None:
    """Book count × price with VAT for the invoices that came in on days that are over, from the first day agreed on.

    One that was withdrawn on the day on which it came in is a mistake of that day, and has no fee. Return the invoice,
    to be issued once the payout is saved; None when nothing is charged. Where the invoice would lack what the law asks
    of it, staff get a task and the fee waits for the next run.
    """
    since = max(terms.fees_from, terms.fees_until or terms.fees_from)
    came_in = Invoice.objects.filter(created_at__gte=begin_of(since), created_at__lt=begin_of(today))
    invoices = came_in.filter(provider=payout.provider).exclude(withdrawn_at__date=F("created_at__date"))
    count = invoices.count()
    net = count * terms.fee_per_invoice
    supplier, customer = _supplier(), _customer(payout.provider, terms)
    if net and not (supplier["vat_number"] and supplier["address"] and customer["address"]):  # art. 35a lid 1 sub c, e
        audit.open_alarm(NOT_INVOICED, cause=payout.provider.agb_code, note=payout.provider.agb_code)
        return None
    PayoutTerms.objects.filter(pk=terms.pk).update(fees_until=today)
    if not net:
        return None
    percent = Decimal(terms.vat_percent)
    vat = round_euro(net * percent / 100)
    own = Side(Account.PRACTICE, net + vat, payout.provider)
    sides = [own, Side(Account.FEES, -net), *([Side(Account.VAT, -vat)] if vat else [])]
    ledger.transfer(
        LedgerTransaction.Kind.FEE, sides, external_id=event(payout.number), occurred_at=payout.created_at, by=BY
    )
    return FeeInvoice(
        issued_on=today, from_on=since, to_on=today - timedelta(days=1), count=count, price=terms.fee_per_invoice,
        net=net, vat_percent=percent, vat=vat, supplier=supplier, customer=customer,
    )  # fmt: skip


def issue(invoice: FeeInvoice, payout: Payout) -> None:
    """Save the invoice of a saved payout under the next number, which art. 35a lid 1 sub b wants to be sequential."""
    year = invoice.issued_on.year
    invoice.number = f"F{year}-{_next(year):05d}"
    invoice.payout = payout
    invoice.save(force_insert=True)


def _next(year: int) -> int:
    """Return the next number; the update holds its row, so the run of another practice waits until we commit."""
    FeeInvoiceSeries.objects.get_or_create(year=year)
    FeeInvoiceSeries.objects.filter(year=year).update(last=F("last") + 1)
    return FeeInvoiceSeries.objects.get(year=year).last


def event(payout_number: str) -> str:
    """Return the outside event under which a payout's fee is booked."""
    return f"payout:{payout_number}"


def by_event(provider: Provider) -> dict[str, FeeInvoice]:
    """Return the fee invoices of a practice by the event under which each was booked."""
    made = FeeInvoice.objects.filter(payout__provider=provider).select_related("payout")
    return {event(invoice.payout.number): invoice for invoice in made}


def _supplier() -> dict[str, str]:
    own = settings.OPERATOR
    return {"name": own["name"], "address": own["address"], "kvk": own["kvk"], "vat_number": own["vat"]}


def _customer(provider: Provider, terms: PayoutTerms) -> dict[str, str]:
    """Its VAT id is named when it has one: most care is exempt (art. 11 Wet OB), and then there is none to name."""
    street = f"{provider.street} {provider.house_number}".strip()
    place = f"{provider.postcode} {provider.city}".strip()
    return {
        "name": provider.name, "address": ", ".join(filter(None, (street, place))), "kvk": provider.kvk_number,
        "vat_number": terms.vat_number,
    }  # fmt: skip
