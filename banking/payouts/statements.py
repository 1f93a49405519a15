"""The statement of a practice's account with us: every movement once, from one balance to the next."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from banking.models import FeeInvoice, Payout, StatementLine
from banking.payouts import fees
from banking.writing.camt053 import Document, Movement
from billing.models import LedgerTransaction, Posting
from billing.models.ledger import Account
from billing.money import ZERO
from billing.rows import insert_rows
from billing.statements.spreadsheet import Cell

Kind = LedgerTransaction.Kind
_AT_ONCE = 500
_NO_SPLIT: tuple[Cell, ...] = (None, None, None)  # of what is no fee


@dataclass(frozen=True, slots=True)
class Line:
    """One movement in euros: positive is for the practice. Of a patient only the number of the invoice.

    Of a fee `invoice` is the number of ours, and `fee` all that a bookkeeper needs of it.
    """

    key: str
    booked_on: date
    happened_on: date
    what: str
    invoice: str
    reference: str
    amount: Decimal
    fee: FeeInvoice | None = None


def close(payout: Payout) -> None:
    """Put every movement that is on no statement yet on this one, with the balances before and after.

    Call it with the practice locked. A movement that another process is about to commit comes on the next one.
    """
    waiting = Posting.objects.filter(provider=payout.provider, account=Account.PRACTICE, statement_line=None)
    postings = list(waiting.order_by("pk").values_list("pk", "amount"))
    last = Payout.objects.filter(provider=payout.provider, closed_at__isnull=False).order_by("closed_at", "pk").last()
    payout.opening = last.closing if last and last.closing is not None else ZERO
    payout.closing = payout.opening - sum((amount for _key, amount in postings), ZERO)
    payout.closed_at = timezone.now()
    payout.save(update_fields=["opening", "closing", "closed_at"])
    for start in range(0, len(postings), _AT_ONCE):
        insert_rows(StatementLine(payout=payout, posting_id=pk) for pk, _euros in postings[start : start + _AT_ONCE])


def lines(payout: Payout) -> Iterator[Line]:
    """Yield the movements of a closed statement in the order of booking."""
    rows = Posting.objects.filter(statement_line__payout=payout).select_related("transaction", "invoice")
    charged = fees.by_event(payout.provider)
    for posting in rows.order_by("pk").iterator(chunk_size=_AT_ONCE):
        booked, invoice = posting.transaction, posting.invoice
        fee = charged.get(booked.external_id) if booked.kind == Kind.FEE else None
        yield Line(
            key=str(posting.pk),
            booked_on=timezone.localdate(booked.created_at),
            happened_on=timezone.localdate(booked.occurred_at),
            what=_what(booked),
            invoice=invoice.number if invoice else fee.number if fee else "",
            reference=invoice.payment_reference if invoice else payout.number,
            amount=-posting.amount,
            fee=fee,
        )


def _what(booked: LedgerTransaction) -> str:
    """Return what a movement is, by which road the money came or went, and whether it undoes an earlier one."""
    road = ""
    if booked.kind in (Kind.PAYMENT, Kind.REFUND):
        road = _("by bank") if booked.external_id.startswith(("bank:", "order:")) else "Mollie"
    said = ", ".join(filter(None, (str(booked.get_kind_display()), road)))
    return f"{said} (-)" if booked.reverses_id else said


def movements(payout: Payout) -> Iterator[Movement]:
    """Yield the movements as those of a CAMT.053, on the day of the statement: each is on one statement only."""
    day = timezone.localdate(payout.closed_at)
    for line in lines(payout):
        yield Movement(
            line.amount, day, line.key, _told(line), value_on=line.happened_on, end_to_end=line.reference,
            document=Document(line.fee.number, line.fee.issued_on, line.fee.total, line.fee.vat) if line.fee else None,
        )  # fmt: skip


def _told(line: Line) -> str:
    """Return the text of a movement in the letters that banks take; of a fee with the split that goes into books."""
    if line.fee is None:
        return " ".join(filter(None, (line.what, line.invoice)))
    net, vat, percent = (formats.number_format(value) for value in (line.fee.net, line.fee.vat, line.fee.percent))
    return _("%(what)s %(number)s of %(day)s: EUR %(net)s + %(percent)s pct VAT EUR %(vat)s") % {
        "what": line.what, "number": line.invoice, "day": f"{line.fee.issued_on:%d-%m-%Y}", "net": net,
        "percent": percent, "vat": vat,
    }  # fmt: skip


def as_rows(payout: Payout) -> Iterator[list[Cell]]:
    """Yield the statement for a spreadsheet."""
    day = timezone.localdate(payout.closed_at)
    yield [
        _("booked"), _("happened"), _("What"), _("Invoice number"), _("payment reference"), _("Amount"),
        _("Excluding VAT"), _("VAT in percent"), _("VAT"),
    ]  # fmt: skip
    yield [day, None, _("opening balance"), None, None, payout.opening, *_NO_SPLIT]
    for line in lines(payout):
        split = (-line.fee.net, line.fee.percent, -line.fee.vat) if line.fee else _NO_SPLIT
        yield [line.booked_on, line.happened_on, line.what, line.invoice, line.reference, line.amount, *split]
    yield [day, None, _("closing balance"), None, None, payout.closing, *_NO_SPLIT]
