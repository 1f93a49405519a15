"""From new lines to the ledger: sorted out, booked by themselves where the payer named the invoice, else proposed."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from billing.failures import due, isolated, isolated_together
from billing.ledger import lock_invoices
from billing.models import Invoice
from billing.rows import let_others_write
from billing.transitions import advance, advance_each

RULE = "bank_line"
CHUNK = 1_000  # lines read at once
TOGETHER = 100  # lines settled at once: so long others wait for their invoices, and on SQLite all who write
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

    Many lines are one transaction; when one of them fails, each is settled alone, and that one is tried again later: it
    keeps no other from being booked. Returns that came before their debit are looked for each time: whoever booked the
    debit may have been killed after it.
    """
    now, counts = now or timezone.now(), Counts()
    while lines := list(due(BankLine.objects.filter(status=Status.NEW), rule=RULE, now=now).order_by("pk")[:CHUNK]):
        sort_out = _sorter()
        opened = [
            isolated(partial(sort_out, line), rule=RULE, row=line.pk, now=now, may_have_failed=False) for line in lines
        ]
        for number, some in enumerate(_apart(_with_invoices([read for read in opened if read is not None]))):
            if number:
                let_others_write()
            act = partial(_settle, {one.line.pk: one for one in some}, counts)
            isolated_together(act, [one.line.pk for one in some], rule=RULE, now=now)
    _settle_returns(now)
    return counts


def _apart(read: Iterable[Read]) -> Iterator[list[Read]]:
    """Divide lines into those that can be settled together: no two of them are for the same invoice.

    Lines for one invoice stay in their order. One of our own orders is alone: what it locks comes after invoices.
    """
    waiting = list(read)
    while waiting:
        some: list[Read] = []
        later: list[Read] = []
        taken: set[int] = set()
        for one in waiting:
            invoices = {share.invoice.invoice_id for share in one.shares}
            is_alone = one.sort in _OF_ORDERS or (some and some[0].sort in _OF_ORDERS)
            if (some and is_alone) or len(some) == TOGETHER or invoices & taken:
                later.append(one)
            else:
                some.append(one)
            taken |= invoices
        yield some
        waiting = later


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
    found = exact | meant
    payers = known.of_payers(one.line.counter_hash for one in unnamed)
    for one in undecided:
        of_payer = payers.get(one.line.counter_hash, ())
        named = [invoice for number in written.get(one.line.pk, ()) for invoice in numbered.get(number, ())]
        one.proposals = proposed(one.line.amount, one.numbers, found, of_payer, named)


def _settle(read: Mapping[int, Read], counts: Counts, keys: Sequence[int]) -> None:
    """Settle those of these new lines in one transaction that nobody else did; count where each went."""
    with transaction.atomic():
        locked, invoices = _lock([read[key] for key in keys])
        new = [one for one in locked if one.line.status == Status.NEW]
        receiving.receive(one.line for one in new)
        settled = _settled(new, invoices)
        waits = [one for one in new if one.line.pk not in settled]
        for status in (Status.PROPOSED, Status.UNMATCHED):
            rows = [one.line for one in waits if (status == Status.PROPOSED) == bool(one.proposals or one.shares)]
            if rows:
                advance_each(rows, status)
    for one in new:
        counts.add(one.line.status)


def _lock(read: Sequence[Read]) -> tuple[list[Read], dict[int, Invoice]]:
    """Lock the invoices that lines name, the orders that they may be of, and last the lines; return them as locked."""
    invoices = {row.pk: row for row in lock_invoices(share.invoice.invoice_id for one in read for share in one.shares)}
    for one in read:
        if one.sort in _OF_ORDERS:
            outcome.lock_meant(one.details)
    lines = deciding.lock_lines([one.line.pk for one in read])
    return [replace(one, line=lines[one.line.pk]) for one in read], invoices


def _settled(read: Sequence[Read], invoices: dict[int, Invoice]) -> set[int]:
    """Settle locked lines for which nobody has to decide, with the locked invoices they name; return their keys."""
    settled = {one.line.pk for one in read if _is_settled_alone(one)}
    named = [one for one in read if one.shares and one.line.pk not in settled]
    if right := _still_right(named, invoices):
        deciding.book_designated([(one.line, _parts(one.shares)) for one in right], invoices)
    return settled | {one.line.pk for one in right}


def _is_settled_alone(read: Read) -> bool:
    """Settle a locked line that is for no invoice; tell whether it is."""
    if read.sort in _OF_ORDERS and _OF_ORDERS[read.sort](read.line, read.details):
        advance(read.line, Status.NOT_OURS)
    elif read.sort in _BY_ITSELF and not read.shares:
        deciding.settle_other(read.line, _BY_ITSELF[read.sort])
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
        (locked,), invoices = _lock([read])
        line = locked.line
        if line.status not in deciding.Waits or line.decisions.exists():
            return
        is_settled = _settled([locked], invoices)
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


def _still_right(read: Sequence[Read], invoices: Mapping[int, Invoice]) -> list[Read]:
    """Return the lines whose shares, if several, are still what is owed, now that the invoices are locked.

    One that names a single invoice is always right, unless that was erased: the payer said so, whatever the amount.
    """
    several = [share.invoice.invoice_id for one in read for share in one.shares if len(one.shares) > 1]
    now = known.by_id(several) if several else {}
    return [one for one in read if _is_still_right(one.shares, invoices, now)]


def _is_still_right(shares: Sequence[Designation], invoices: Mapping[int, Invoice], now: Mapping[int, Known]) -> bool:
    if len(shares) == 1:
        return invoices[shares[0].invoice.invoice_id].erased_at is None
    return all(now[one.invoice.invoice_id].open and now[one.invoice.invoice_id].owed == one.amount for one in shares)
