"""The operator's fee: counted and booked at each run, with the invoice that the practice's bookkeeper needs."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from django.conf import settings
from django.db.models import Count, F

from banking.models import FeeInvoice, FeeInvoiceSeries, Payout, PayoutTerms
from billing import audit, ledger
from billing.law.calendar import begin_of
from billing.ledger.events import Side, Transfer
from billing.models import Invoice, LedgerTransaction, Provider
from billing.models.ledger import Account
from billing.money import round_euro
from billing.rows import insert_rows

BY = "payouts"
NOT_INVOICED = "fee_not_invoiced"  # staff task


def book(payouts: Sequence[Payout], agreed: Mapping[int, PayoutTerms], today: date) -> dict[str, FeeInvoice]:
    """Book count × price with VAT for the invoices that came in on days that are over, from the first day agreed on.

    One that was withdrawn on the day on which it came in is a mistake of that day, and has no fee. Return the invoices
    by the number of their payout, to be issued once the payouts are saved. Where an invoice would lack what the law
    asks of it, staff get a task and the fee waits for the next run. `agreed`: the terms by the key of the practice.
    """
    since = {key: max(terms.fees_from, terms.fees_until or terms.fees_from) for key, terms in agreed.items()}
    counts, made = _counts(since, today), {}
    transfers: list[Transfer] = []
    counted: list[int] = []
    for payout in payouts:
        terms, begun = agreed[payout.provider_id], since[payout.provider_id]
        invoice = _invoice(payout, terms, counts.get(payout.provider_id, 0), begun, today)
        if invoice.net and not _is_complete(invoice):
            audit.open_alarm(NOT_INVOICED, cause=payout.provider.agb_code, note=payout.provider.agb_code)
            continue
        counted.append(terms.pk)
        if invoice.net:
            made[payout.number] = invoice
            transfers.append(Transfer(_sides(payout, invoice), event(payout.number), payout.created_at))
    PayoutTerms.objects.filter(pk__in=counted).update(fees_until=today)
    ledger.transfer_each(LedgerTransaction.Kind.FEE, transfers, by=BY)
    return made


def _counts(since: Mapping[int, date], today: date) -> dict[int, int]:
    """Return how many invoices with a fee came in from each practice: a query for all with the same first day."""
    practices: dict[date, list[int]] = defaultdict(list)
    for key, begun in since.items():
        practices[begun].append(key)
    found: dict[int, int] = {}
    for begun, keys in practices.items():
        came_in = Invoice.objects.filter(created_at__gte=begin_of(begun), created_at__lt=begin_of(today))
        rows = came_in.filter(provider__in=keys).exclude(withdrawn_at__date=F("created_at__date"))
        found |= dict(rows.order_by().values_list("provider").annotate(count=Count("pk")))
    return found


def _invoice(payout: Payout, terms: PayoutTerms, count: int, since: date, today: date) -> FeeInvoice:
    net, percent = count * terms.fee_per_invoice, Decimal(terms.vat_percent)
    return FeeInvoice(
        issued_on=today, from_on=since, to_on=today - timedelta(days=1), count=count, price=terms.fee_per_invoice,
        net=net, vat_percent=percent, vat=round_euro(net * percent / 100), supplier=_supplier(),
        customer=_customer(payout.provider, terms),
    )  # fmt: skip


def _is_complete(invoice: FeeInvoice) -> bool:
    """Tell whether an invoice names what art. 35a lid 1 sub c, e Wet OB wants of both sides."""
    return bool(invoice.supplier["vat_number"] and invoice.supplier["address"] and invoice.customer["address"])


def _sides(payout: Payout, invoice: FeeInvoice) -> list[Side]:
    own = Side(Account.PRACTICE, invoice.total, payout.provider)
    return [own, Side(Account.FEES, -invoice.net), *([Side(Account.VAT, -invoice.vat)] if invoice.vat else [])]


def issue(invoices: Mapping[str, FeeInvoice], payouts: Mapping[str, Payout], today: date) -> None:
    """Save the invoices of saved payouts under the next numbers, which art. 35a lid 1 sub b wants to be sequential."""
    if not invoices:
        return
    first = _take(today.year, len(invoices))
    for place, (payout_number, invoice) in enumerate(sorted(invoices.items())):
        invoice.number, invoice.payout = f"F{today.year}-{first + place:05d}", payouts[payout_number]
    insert_rows(invoices.values())


def _take(year: int, count: int) -> int:
    """Take the next numbers and return the first of them; the update holds their row, so other runs wait until we
    commit.
    """
    FeeInvoiceSeries.objects.get_or_create(year=year)
    FeeInvoiceSeries.objects.filter(year=year).update(last=F("last") + count)
    return FeeInvoiceSeries.objects.get(year=year).last - count + 1


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
