"""An invoice as a program reads it: what is owed, by the ledger, and how it is paid; no care and nobody's name."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet, Sum
from django.http import HttpRequest

from billing.documents.full_invoice import PAPER_LINK_LASTS
from billing.invoices import open_links, state
from billing.models import Invoice, LedgerTransaction, Posting
from billing.models.ledger import OF_INVOICE
from billing.money import ZERO, round_euro
from billing.privacy import access_log
from portal.api.keys import LINKS
from portal.models import ApiKey

Kind = LedgerTransaction.Kind
# What each sum of the answer is made of, and its sign there.
_SUMS: dict[str, tuple[int, tuple[str, ...]]] = {
    "total": (1, (Kind.INVOICED,)),
    "insurer_paid": (-1, (Kind.INSURER_PAID,)),
    "reduced": (-1, (Kind.REDUCTION, Kind.CREDITED, Kind.WRITTEN_OFF)),
    "charges": (1, (Kind.COSTS, Kind.INTEREST)),
    "paid": (-1, tuple(LedgerTransaction.PAID)),
}


def shown(rows: QuerySet[Invoice], *, today: date) -> list[dict[str, Any]]:
    """Return the invoices in their order, in two queries; without their links."""
    invoices = list(state.with_labels(rows).select_related("patient"))
    sums = _sums(invoices)
    return [_shown(invoice, sums.get(invoice.pk, {}), today) for invoice in invoices]


def euros(amount: Decimal) -> str:
    """Return an amount as it is written in an answer; nothing is never below zero."""
    return f"{round_euro(amount) + ZERO:.2f}"


def _sums(invoices: Iterable[Invoice]) -> dict[int, dict[str, Decimal]]:
    own = Posting.objects.filter(invoice__in=[invoice.pk for invoice in invoices], account__in=OF_INVOICE)
    rows = own.order_by().values_list("invoice_id", "transaction__kind").annotate(sum=Sum("amount"))
    found: dict[int, dict[str, Decimal]] = {}
    for invoice_id, kind, amount in rows:
        found.setdefault(invoice_id, {})[kind] = amount
    return found


def _shown(invoice: Invoice, sums: dict[str, Decimal], today: date) -> dict[str, Any]:
    balance = sum(sums.values(), ZERO)
    parts = {name: sign * sum((sums.get(kind, ZERO) for kind in kinds), ZERO) for name, (sign, kinds) in _SUMS.items()}
    return {
        "number": invoice.number,
        "payment_reference": invoice.payment_reference,
        "status": state.label_of(invoice, balance, today=today),
        "issued_on": invoice.issued_on,
        "due_on": invoice.due_on,
        "received_at": invoice.created_at,
        "settled_at": invoice.settled_at,
        "withdrawn_at": invoice.withdrawn_at,
        **{name: euros(amount) for name, amount in parts.items()},
        "outstanding": euros(max(balance, ZERO)),
        "credit": euros(max(-balance, ZERO)),
    }


def links(request: HttpRequest, key: ApiKey, rows: QuerySet[Invoice]) -> dict[str, str | None]:
    """Return the links of invoices by their numbers, each written to the access log: they open what patients see."""
    invoices = list(rows.select_related("patient"))
    found = {invoice.number: _link(invoice) for invoice in invoices}
    access_log.record_program(
        request,
        [invoice for invoice in invoices if found[invoice.number]],
        who=f"api:{key.public_id}",
        organisation=key.provider.agb_code,
        data=LINKS,
    )
    return found


def _link(invoice: Invoice) -> str | None:
    if invoice.withdrawn_at or invoice.erased_at:
        return None
    return open_links.on_paper(invoice, until=invoice.issued_on + PAPER_LINK_LASTS)
