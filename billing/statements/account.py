"""The statement of account: every booking on a patient's invoices at one practice, explained line by line."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from billing.documents import pdf
from billing.ledger.entries import PARTS
from billing.models import Invoice, LedgerTransaction, Posting
from billing.models.ledger import OF_INVOICE, Account
from billing.money import ZERO
from billing.statements import reasons, spreadsheet
from billing.statements.spreadsheet import Cell

Kind = LedgerTransaction.Kind
# The first six identify a line; the last two are one of its sides.
_COLUMNS = (
    "invoice__number", "transaction__kind", "transaction__occurred_at", "transaction__reverses_id", "transaction_id",
    "invoice_id", "account", "amount",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One booking on one invoice. Positive: more is owed. `on` says which parts it moved, in the order of 6:44 BW."""

    day: date
    invoice_number: str
    what: str
    amount: Decimal
    balance: Decimal
    on: tuple[tuple[str, Decimal], ...]
    why: str
    wrote: str = ""  # the payer, with the money; only in the whole statement, which the patient opened with a code

    @property
    def shares(self) -> list[tuple[str, Decimal]]:
        """Return `on` in the direction of the line: of a payment, what it paid of each part."""
        return [(part, amount if self.amount >= 0 else -amount) for part, amount in self.on]

    @property
    def owed(self) -> Decimal | None:
        """Return the amount when it adds to what is owed, else None."""
        return self.amount if self.amount > 0 else None

    @property
    def paid(self) -> Decimal | None:
        """Return the amount, without its sign, when it takes off what is owed; else None."""
        return -self.amount if self.amount < 0 else None


@dataclass(frozen=True, slots=True)
class Statement:
    """The lines, oldest first, and what they come to: `closing` is the sum of the ledger, below zero credit."""

    invoice: Invoice  # from whose page it was asked
    whole: bool  # all invoices of the patient at the practice, or this one alone
    lines: list[Line]
    closing: Decimal

    @property
    def outstanding(self) -> Decimal:
        return max(self.closing, ZERO)

    @property
    def credit(self) -> Decimal:
        return max(-self.closing, ZERO)


def statement_of(invoice: Invoice, *, whole: bool) -> Statement:
    """Return the statement of this invoice, or, `whole`, of all invoices of its patient at its practice.

    The whole one tells of other invoices: the caller must have authenticated the patient. A statement of one invoice
    says no more than its page, and may be shown to whoever knows the payment reference.
    """
    scope = {"invoice__patient_id": invoice.patient_id} if whole else {"invoice": invoice}
    # Plain columns: making models of them costs more than all the rest.
    postings = Posting.objects.filter(account__in=OF_INVOICE, **scope).values_list(*_COLUMNS)
    notes = reasons.notes_of(**scope)
    in_order = postings.order_by("transaction__occurred_at", "transaction_id", "invoice_id", "pk")
    lines = list(_lines(in_order, notes, with_words=whole))
    return Statement(invoice, whole, lines, lines[-1].balance if lines else ZERO)


def _lines(postings: Iterable[tuple[Any, ...]], notes: reasons.Notes, *, with_words: bool) -> Iterator[Line]:
    balance = ZERO
    for (number, kind, occurred_at, is_mirror, *keys), group in groupby(postings, key=lambda row: row[:-2]):
        note = notes.get((keys[0], keys[1]))
        by_part = {Account(account): amount for *_of_group, account, amount in group}
        balance += sum(by_part.values(), ZERO)
        yield Line(
            day=timezone.localtime(occurred_at).date(),
            invoice_number=number,
            what=_("%(booking)s: undone") % {"booking": Kind(kind).label} if is_mirror else str(Kind(kind).label),
            amount=sum(by_part.values(), ZERO),
            balance=balance,
            on=tuple((str(part.label), by_part[part]) for part in PARTS if part in by_part),
            why=reasons.why(Kind(kind), set(by_part), note) if not is_mirror else "",
            wrote=note.text if note and with_words else "",
        )


def as_csv(statement: Statement) -> bytes:
    """Return the statement for a spreadsheet, with a column for each part of the invoice."""
    parts = [str(part.label) for part in PARTS]
    head = [_("Date"), _("Invoice number"), _("What"), _("Owed"), _("Paid or taken off"), _("Balance"), *parts]
    rows: list[list[Cell]] = [list(head)]
    for line in statement.lines:
        on = dict(line.on)
        amounts = (line.owed, line.paid, line.balance, *(on.get(part) for part in parts))
        rows.append([line.day, line.invoice_number, line.what, *amounts])
    return spreadsheet.as_csv(rows)


def as_pdf(statement: Statement, *, language: str) -> bytes:
    """Return the statement in `language` as a tagged PDF."""
    context: dict[str, Any] = {"statement": statement, "provider": statement.invoice.provider, "language": language}
    with translation.override(language):
        context |= {"made_on": timezone.localdate(), "patient": statement.invoice.patient}
        return pdf.from_html(render_to_string("pdf/statement.html", context))
