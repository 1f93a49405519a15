"""From new lines to the ledger: sorted out, booked by themselves where the payer named the invoice, else proposed."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from banking import details
from banking.details import Details
from banking.matching import deciding, known
from banking.matching.decide import Designation, Known, Proposal, designated, proposed
from banking.matching.deciding import Part
from banking.matching.invoice_numbers import numbers_in
from banking.matching.references import Numbers, Place, written_in
from banking.matching.sorting import Sort, sort
from banking.models import BankLine, LineDecision, LineMatch, OutgoingOrder
from banking.orders import outcome
from banking.statements import receiving
from billing.failures import due, failed_before, isolated
from billing.ledger import lock_invoices
from billing.models import Invoice
from billing.transitions import advance

RULE = "bank_line"
CHUNK = 1_000
Status, What = BankLine.Status, LineDecision.What
# What is settled without anybody, by its sort.
_BY_ITSELF = {
    Sort.OWN_TRANSFER: What.OWN_TRANSFER,
    Sort.GATEWAY: What.SETTLEMENT,
    Sort.CHARGES: What.CHARGES,
    Sort.INTEREST: What.INTEREST,
}
# What the orders to the bank know of: they say whether the line fits one.
_OF_ORDERS = {Sort.OUR_ORDER: outcome.carried_out, Sort.CAME_BACK: outcome.came_back}
# Also what seems to be of Mollie: an account that somebody recognised wrongly may pay an invoice, and names it.
_MAY_NAME_INVOICES = (Sort.RECEIPT, Sort.CASH, Sort.GATEWAY)


@dataclass
class Counts:
    """How many lines went where."""

    booked: int = 0  # on invoices, by themselves
    proposed: int = 0
    unmatched: int = 0
    other: int = 0  # for no invoice: costs, interest, settlements, own transfers, our orders

    def add(self, status: str, *, by_rule: bool = True) -> None:
        """Count a line that came to this status."""
        if status == Status.BOOKED:
            self.booked += by_rule
        elif status == Status.PROPOSED:
            self.proposed += 1
        elif status == Status.UNMATCHED:
            self.unmatched += 1
        else:
            self.other += 1


@dataclass(slots=True)
class Read:
    """A line as it was read: what it is, and what it says of invoices."""

    line: BankLine
    details: Details
    sort: Sort
    numbers: Numbers = field(default_factory=lambda: Numbers({}, (), ()))
    shares: list[Designation] = field(default_factory=list)
    proposals: list[Proposal] = field(default_factory=list)


def match_new(*, now: datetime | None = None) -> Counts:
    """Settle every line that nobody looked at yet, and return how many went where.

    Each line is one transaction, and one that fails is tried again later: it keeps no other from being booked. Returns
    that came before their debit are looked for each time: whoever booked the debit may have been killed after it.
    """
    now, counts = now or timezone.now(), Counts()
    while lines := list(due(BankLine.objects.filter(status=Status.NEW), rule=RULE, now=now).order_by("pk")[:CHUNK]):
        sort_out = _sorter()
        failed = failed_before([line.pk for line in lines], rule=RULE)
        opened = [
            isolated(partial(sort_out, line), rule=RULE, row=line.pk, now=now, may_have_failed=False) for line in lines
        ]
        for read in _with_invoices([read for read in opened if read is not None]):
            known = read.line.pk in failed  # settled, it is done; opened alone it is not
            status = isolated(partial(_settle, read), rule=RULE, row=read.line.pk, now=now, may_have_failed=known)
            if status is not None:
                counts.add(status)
    _settle_returns(now)
    return counts


def read_line(line: BankLine) -> Read:
    """Return what a line is and says, with the invoices that may be meant, as they stand now.

    Opens what is sealed: the caller has written the access log.
    """
    return _with_invoices([_sorter()(line)])[0]


def _sorter() -> Callable[[BankLine], Read]:
    own, gateways = known.own_accounts(), known.gateways()

    def sort_out(line: BankLine) -> Read:
        said = details.of_line(line)
        what = sort(line, said, own_accounts=own, gateways=gateways, is_our_order=outcome.is_ours)
        return Read(line, said, what, written_in(texts_of(said)))

    return sort_out


def _with_invoices(read: list[Read]) -> list[Read]:
    """Add to lines the invoices that may be meant: a few queries for a thousand lines."""
    candidates = [one for one in read if one.sort in _MAY_NAME_INVOICES]
    exact = known.by_reference(reference for one in candidates for reference in one.numbers.exact)
    for one in candidates:
        if not one.details.sent:  # of what a bank took off, a person decides whom it is asked of
            one.shares = designated(one.line.amount, one.numbers.exact, exact)
    _propose(candidates, exact)
    return read


def texts_of(said: Details) -> list[tuple[Place, str]]:
    """Return the texts of a line in which a bank may put a payment reference."""
    return [
        (Place.STRUCTURED, said.structured),
        (Place.END_TO_END, said.end_to_end),
        (Place.REFERENCE, said.entry_reference),
        (Place.REMITTANCE, said.text),
        (Place.ADDITIONAL, said.extra),
    ]


def _propose(read: Iterable[Read], exact: dict[str, Known]) -> None:
    undecided = list(read)
    unnamed = [one for one in undecided if not any(reference in exact for reference in one.numbers.exact)]
    written = {one.line.pk: numbers_in(texts_of(one.details)) for one in unnamed}
    numbered = known.by_number(number for numbers in written.values() for number in numbers)
    meant = known.by_reference(reference for one in unnamed for reference in one.numbers.meant())
    payers = known.of_payers(one.line.counter_hash for one in unnamed)
    for one in undecided:
        of_payer = payers.get(one.line.counter_hash, ())
        named = [invoice for number in written.get(one.line.pk, ()) for invoice in numbered.get(number, ())]
        one.proposals = proposed(one.line.amount, one.numbers, exact | meant, of_payer, named)


def _settle(read: Read) -> str | None:
    """Settle one new line in one transaction; return its status, or None when somebody else did."""
    with transaction.atomic():
        invoices = {row.pk: row for row in lock_invoices(share.invoice.invoice_id for share in read.shares)}
        if read.sort in _OF_ORDERS:
            outcome.lock_meant(read.details)
        line = deciding.lock_line(read.line.pk)
        if line.status != Status.NEW:
            return None
        receiving.receive(line)
        if not _settled(line, read, invoices):
            advance(line, Status.PROPOSED if read.proposals or read.shares else Status.UNMATCHED)
    return line.status


def _settled(line: BankLine, read: Read, invoices: dict[int, Invoice]) -> bool:
    """Settle a locked line for which nobody has to decide, with the locked invoices it names; tell whether it is."""
    if read.sort in _OF_ORDERS and _OF_ORDERS[read.sort](line, read.details):
        advance(line, Status.NOT_OURS)
    elif read.sort in _BY_ITSELF and not read.shares:
        deciding.settle_other(line, _BY_ITSELF[read.sort])
    elif invoices and _still_right(read.shares):
        deciding.book_designated(line, _parts(read.shares), invoices)
    else:
        return False
    return True


def look_again(line_ids: Collection[int], *, now: datetime | None = None) -> None:
    """Settle lines that wait and of which another statement says more by now, unless somebody decided about them."""
    now, sort_out = now or timezone.now(), _sorter()
    waiting = BankLine.objects.filter(pk__in=line_ids, status__in=deciding.Waits, decisions=None)
    for read in _with_invoices([sort_out(line) for line in waiting]):
        isolated(partial(_settle_again, read), rule=RULE, row=read.line.pk, now=now)
    if line_ids:
        _settle_returns(now)


def _settle_again(read: Read) -> None:
    """Settle one line that waits, as `_settle` does a new one."""
    with transaction.atomic():
        invoices = {row.pk: row for row in lock_invoices(share.invoice.invoice_id for share in read.shares)}
        if read.sort in _OF_ORDERS:
            outcome.lock_meant(read.details)
        line = deciding.lock_line(read.line.pk)
        if line.status not in deciding.Waits or line.decisions.exists():
            return
        is_settled = _settled(line, read, invoices)
        if not is_settled and (read.proposals or read.shares) and line.status == Status.UNMATCHED:
            advance(line, Status.PROPOSED)


def _parts(shares: Sequence[Designation]) -> list[Part]:
    return [Part(share.invoice.invoice_id, share.amount, LineMatch.Rule.EXACT) for share in shares]


def _settle_returns(now: datetime) -> None:
    for line in _may_be_returns():
        isolated(partial(_came_back_before, line), rule=RULE, row=line.pk, now=now)


def _may_be_returns() -> QuerySet[BankLine]:
    """Select lines that may be the return of an order whose debit was read later: its amount, from its payee."""
    paid = OutgoingOrder.objects.filter(
        status=OutgoingOrder.Status.DEBITED, account=OuterRef("account"), amount=OuterRef("amount"),
        iban_hash=OuterRef("counter_hash"),
    )  # fmt: skip
    return BankLine.objects.filter(Exists(paid), status=Status.UNMATCHED)


def _came_back_before(line: BankLine) -> None:
    """Settle a return whose statement came before that of the debit, unless somebody decided about it."""
    read = read_line(line)
    if read.sort != Sort.CAME_BACK:
        return
    with transaction.atomic():
        outcome.lock_meant(read.details)
        locked = deciding.lock_line(line.pk)
        decided = locked.decisions.filter(status__in=LineDecision.STANDING).exists()
        if locked.status == Status.UNMATCHED and not decided and outcome.came_back(locked, read.details):
            advance(locked, Status.NOT_OURS)


def _still_right(shares: Sequence[Designation]) -> bool:
    """Tell whether the shares of a line that names several invoices are still what is owed, now that they are locked.

    One that names a single invoice is always right: the payer said so, whatever the amount.
    """
    now = known.by_id(share.invoice.invoice_id for share in shares)
    as_they_are = [(now[share.invoice.invoice_id], share.amount) for share in shares]
    if len(shares) == 1:
        return not as_they_are[0][0].erased
    return all(invoice.open and invoice.owed == amount for invoice, amount in as_they_are)
