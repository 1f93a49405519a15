"""The statement of account: every booking on a patient's invoices at one practice, explained line by line."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.db.models import Case, CharField, Exists, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Cast, Coalesce, Concat
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.invoices import holds
from billing.ledger.entries import PARTS
from billing.models import AllocationNote, CreditNote, Invoice, LedgerTransaction, Posting, RefundRequest
from billing.models.ledger import OF_INVOICE, Account
from billing.money import ZERO
from billing.payments import refunds
from billing.rooms import Stops, Text
from billing.statements import spreadsheet
from billing.statements.spreadsheet import Cell

Kind, Rule = LedgerTransaction.Kind, AllocationNote.Rule
_Notes = Mapping[tuple[int, int], AllocationNote]  # by transaction and invoice
# Why money was used for this invoice and not for another (6:43 BW).
_FOR_THIS: dict[AllocationNote.Rule, Text] = {
    Rule.ONLY: gettext_lazy("For this invoice: nothing else was open."),
    Rule.DESIGNATED: gettext_lazy("For this invoice, as you chose."),
    Rule.DUE: gettext_lazy("For this invoice first: its last day to pay had passed."),
    Rule.ONEROUS: gettext_lazy("For this invoice first: it had costs or interest."),
    Rule.OLDEST: gettext_lazy("For this invoice first: it was the oldest."),
    Rule.STAFF: gettext_lazy("For this invoice: your payment did not say which, and a member of staff looked it up."),
    Rule.PRO_RATA: gettext_lazy("For this invoice in part: the invoices were alike, so each got its share."),
}
# All but the last two identify a line; the last two are one of its sides.
_COLUMNS = (
    "invoice__number", "transaction__kind", "transaction__occurred_at", "transaction__reverses_id", "transaction_id",
    "invoice_id", "transaction__by", "document", "other", "on_its_way", "on_hold", "account", "amount",
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
    words: str  # what the payer wrote with the money; empty where the reader has not shown who they are

    @property
    def shares(self) -> list[tuple[str, Decimal]]:
        """Return `on` in the direction of the line: of a payment, what it paid of each part."""
        return [(part, amount if self.amount >= 0 else -amount) for part, amount in self.on]

    @property
    def is_divided(self) -> bool:
        """Tell whether to say which parts it moved: several, or one by a rule."""
        return len(self.on) > 1 or (self.paid is not None and bool(self.why))

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
    """The lines, oldest first, and what they come to: `closing` is the sum of the ledger, below zero credit.

    What is open on one invoice and credit of another stand beside each other, never as one figure: credit pays another
    invoice only when its owner says so (6:127 BW), and until then all that is open is asked for.
    """

    invoice: Invoice  # from whose page it was asked
    whole: bool  # all invoices of the patient at the practice
    numbers: tuple[str, ...]  # of a statement that is not whole: its invoices
    lines: list[Line]
    closing: Decimal
    outstanding: Decimal
    credit: Decimal
    paused: Decimal  # of what is outstanding: of invoices on hold, which need not be paid now


def statement_of(invoice: Invoice, *, whole: bool, others: Sequence[Invoice] = ()) -> Statement:
    """Return the statement of this invoice and `others`, or, `whole`, of all its patient has at the practice.

    Two queries. The whole one tells of other invoices, and what people wrote with their money: the caller must have
    authenticated the reader. Another says no more than the page of each invoice, and may be shown to whoever knows
    their payment references. The balance is of one practice: `others` of another one are left out.
    """
    shown = [invoice, *(other for other in others if other.provider_id == invoice.provider_id and other != invoice)]
    scope = {"invoice__patient_id": invoice.patient_id} if whole else {"invoice__in": [one.pk for one in shown]}
    notes = {(note.transaction_id, note.invoice_id): note for note in AllocationNote.objects.filter(**scope)}
    rows = list(_postings(scope))
    numbers = () if whole else tuple(one.number for one in shown)
    lines = list(_lines(rows, notes, None if whole else numbers))
    balances: dict[tuple[int, bool], Decimal] = {}
    for *_line, invoice_id, _by, _document, _other, _on_its_way, on_hold, _account, amount in rows:
        balances[invoice_id, on_hold] = balances.get((invoice_id, on_hold), ZERO) + amount
    return Statement(
        invoice, whole, numbers, lines,
        closing=lines[-1].balance if lines else ZERO,
        outstanding=sum((owed for owed in balances.values() if owed > ZERO), ZERO),
        credit=-sum((owed for owed in balances.values() if owed < ZERO), ZERO),
        paused=sum((owed for (_pk, on_hold), owed in balances.items() if owed > ZERO and on_hold), ZERO),
    )  # fmt: skip


def _postings(scope: Mapping[str, Any]) -> QuerySet[Posting, tuple[Any, ...]]:
    """Return the sides of all lines, oldest first, as plain columns: making models of them costs more than the rest."""
    ordered = RefundRequest.objects.filter(order_event=OuterRef("transaction__external_id"))
    holds_of = holds.stopping(Stops.PAYMENT, invoice=OuterRef("invoice"))
    event = Concat(Value("credit_note:"), Cast("pk", CharField()))  # that booked it
    documents = CreditNote.objects.filter(invoice=OuterRef("invoice")).annotate(event=event)
    others = Posting.objects.filter(account__in=OF_INVOICE, transaction=OuterRef("transaction"))
    others = others.exclude(invoice=OuterRef("invoice")).order_by()
    return (
        Posting.objects.filter(account__in=OF_INVOICE, **scope)
        # What our bank was told to pay, and has not paid yet.
        .annotate(
            on_its_way=Exists(ordered.filter(invoice=OuterRef("invoice"), status=RefundRequest.Status.SENT)),
            on_hold=Exists(holds_of),
            document=_only_of(Kind.CREDITED, documents.filter(event=OuterRef("transaction__external_id")), "number"),
            # Where credit came from or went to: it may be of another patient of the same payer.
            other=_only_of(Kind.CREDIT_MOVED, others, "invoice__number"),
        )
        .order_by("transaction__occurred_at", "transaction_id", "invoice_id", "pk")
        .values_list(*_COLUMNS)
    )


def part_name(part: Account) -> str:
    """Return what a patient calls a part of an invoice: the principal is the invoice itself."""
    return _("the invoice itself") if part == Account.PRINCIPAL else str(part.label)


def _only_of(kind: LedgerTransaction.Kind, rows: QuerySet[Any], column: str) -> Case:
    """Return a column that is searched for in the lines of this kind alone; empty in the others."""
    found = Coalesce(Subquery(rows.values(column)[:1]), Value(""))
    return Case(When(transaction__kind=kind, then=found), default=Value(""))


def _lines(postings: Iterable[tuple[Any, ...]], notes: _Notes, numbers: Collection[str] | None) -> Iterator[Line]:
    """Yield the lines. With `numbers` the reader has not shown who they are, and reads of no other invoices."""
    balance = ZERO
    for (number, kind, occurred_at, is_mirror, *keys), group in groupby(postings, key=lambda row: row[:-2]):
        by_part = {Account(account): amount for *_of_group, account, amount in group}
        amount = sum(by_part.values(), ZERO)
        balance += amount
        transaction_id, invoice_id, by, document, other, on_its_way, _on_hold = keys
        note = notes.get((transaction_id, invoice_id))
        words = note.text if note and numbers is None and not is_mirror else ""
        what = _what(Kind(kind), on_its_way=on_its_way and kind == Kind.REFUND)
        if document:
            what = f"{what} {document}"
        elif kind == Kind.CREDIT_MOVED:  # of its mirror the amounts are the other way round
            named = other if numbers is None or other in numbers else ""
            what = _what_moved(named, came_here=(amount < ZERO) != bool(is_mirror))
        yield Line(
            day=timezone.localtime(occurred_at).date(),
            invoice_number=number,
            what=_("%(booking)s: undone") % {"booking": what} if is_mirror else what,
            amount=amount,
            balance=balance,
            on=tuple((part_name(part), by_part[part]) for part in PARTS if part in by_part),
            why=_why(Kind(kind), set(by_part), note, by=by, words=words) if not is_mirror else "",
            words=words if kind != Kind.CREDIT_MOVED else "",
        )


def _what(kind: LedgerTransaction.Kind, *, on_its_way: bool) -> str:
    return _("refund on its way: ordered at the bank") if on_its_way else str(kind.label)


def _what_moved(other: str, *, came_here: bool) -> str:
    """Say that credit moved, and from or to which invoice; `other` is empty where the reader may not know it."""
    if came_here:
        named = _("credit of invoice %(number)s, used for this one") % {"number": other}
        return named if other else _("credit of another invoice, used for this one")
    return _("credit moved to invoice %(number)s") % {"number": other} if other else str(Kind.CREDIT_MOVED.label)


def _why(kind: LedgerTransaction.Kind, parts: set[Account], note: AllocationNote | None, *, by: str, words: str) -> str:
    """Say by which rules of the law the money went to this invoice and to its parts; empty where none had to decide."""
    if kind == Kind.ALLOCATION:
        return _("Another payment was undone, so the others pay costs first, then interest, then the invoice.")
    if kind == Kind.CREDIT_MOVED:
        said = _why_moved(by, words)
    elif kind in LedgerTransaction.RECEIVED:
        said = [str(_FOR_THIS[Rule(note.rule) if note else Rule.DESIGNATED])]
    else:
        return ""
    if parts & {Account.COSTS, Account.INTEREST}:
        said.append(_("By law it pays costs first, then interest, then the invoice."))
    if Account.CREDIT in parts and kind in LedgerTransaction.RECEIVED:
        said.append(_("What was too much is yours."))
    return " ".join(said)


def _why_moved(by: str, words: str) -> list[str]:
    """Say that credit moved by its owner's choice, and from when it counts (6:127 and 6:129 BW).

    `words` are those in which a member of staff wrote down where the payer chose it.
    """
    if by == refunds.BY_PATIENT:
        chosen = _("You chose this on our website.")
    elif words:
        chosen = _("You chose this, and a member of staff wrote down: “%(words)s”.") % {"words": words}
    else:
        chosen = _("You chose this, and a member of staff moved it.")
    return [chosen, _("By law it counts from the first day on which there were both this credit and that invoice.")]


def as_csv(statement: Statement) -> bytes:
    """Return the statement for a spreadsheet, with a column for each part of the invoice."""
    parts = [part_name(part) for part in PARTS]
    amounts_of = [_("Owed"), _("Paid or taken off"), _("Balance")]
    head = [_("Date"), _("Invoice number"), _("What"), *amounts_of, *parts, _("Why"), _("Words of the payer")]
    rows: list[list[Cell]] = [list(head)]
    for line in statement.lines:
        on = dict(line.on)
        amounts = (line.owed, line.paid, line.balance, *(on.get(part) for part in parts))
        rows.append([line.day, line.invoice_number, line.what, *amounts, line.why, line.words])
    return spreadsheet.as_csv(rows)


def to_print(statement: Statement, *, language: str) -> str:
    """Return the statement in `language` as the HTML of a PDF."""
    context: dict[str, Any] = {"statement": statement, "provider": statement.invoice.provider, "language": language}
    with translation.override(language):
        context |= {"made_on": timezone.localdate(), "patient": statement.invoice.patient}
        return render_to_string("pdf/statement.html", context)
