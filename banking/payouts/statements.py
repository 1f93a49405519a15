"""The statement of a practice's account with us: every movement once, from one balance to the next."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _

from banking.models import Payout, StatementLine
from banking.writing.camt053 import Movement
from billing.models import LedgerTransaction, Posting
from billing.models.ledger import Account
from billing.money import ZERO
from billing.statements.spreadsheet import Cell

Kind = LedgerTransaction.Kind
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Line:
    """One movement in euros: positive is for the practice. Of a patient only the number of the invoice."""

    key: str
    booked_on: date
    happened_on: date
    what: str
    invoice: str
    reference: str
    amount: Decimal


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
    StatementLine.objects.bulk_create(
        (StatementLine(payout=payout, posting_id=pk) for pk, _euros in postings), batch_size=_AT_ONCE
    )


def lines(payout: Payout) -> Iterator[Line]:
    """Yield the movements of a closed statement in the order of booking."""
    rows = Posting.objects.filter(statement_line__payout=payout).select_related("transaction", "invoice")
    for posting in rows.order_by("pk").iterator(chunk_size=_AT_ONCE):
        booked, invoice = posting.transaction, posting.invoice
        yield Line(
            key=str(posting.pk),
            booked_on=timezone.localdate(booked.created_at),
            happened_on=timezone.localdate(booked.occurred_at),
            what=_what(booked),
            invoice=invoice.number if invoice else "",
            reference=invoice.payment_reference if invoice else payout.number,
            amount=-posting.amount,
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
        text = " ".join(filter(None, (line.what, line.invoice)))
        yield Movement(line.amount, day, line.key, text, value_on=line.happened_on, end_to_end=line.reference)


def as_rows(payout: Payout) -> Iterator[list[Cell]]:
    """Yield the statement for a spreadsheet."""
    day = timezone.localdate(payout.closed_at)
    yield [_("booked"), _("happened"), _("What"), _("Invoice number"), _("payment reference"), _("Amount")]
    yield [day, None, _("opening balance"), None, None, payout.opening]
    for line in lines(payout):
        yield [line.booked_on, line.happened_on, line.what, line.invoice, line.reference, line.amount]
    yield [day, None, _("closing balance"), None, None, payout.closing]
