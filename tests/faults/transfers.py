"""What must be true of our account at the bank after a batch, worked out without the product's code.

The stand-in bank says what moved; the portal's tables are read as they lie there.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tests.faults.patient import Bill
from tests.faults.site import Site

HELD = ("approved", "in_batch", "exported", "accepted", "debited")  # its money left the invoice
PAID = ("debited", "returned")


@dataclass
class Transfers:
    """What the bank and the portal say of the account. Amounts are cents; what came in is positive."""

    moved: list[tuple[Any, ...]] = field(default_factory=list)  # at the bank: day, cents, text, order, came back
    lines: list[tuple[Any, ...]] = field(default_factory=list)  # ours: day, cents
    orders: list[tuple[Any, ...]] = field(default_factory=list)  # reference, cents, status, purpose, what it pays
    entries: list[tuple[Any, ...]] = field(default_factory=list)  # of invoices: number, kind, external id, cents

    def counted(self) -> dict[str, int]:
        """How much moved, for the figures of a run."""
        return {
            "transfers": sum(cents > 0 and not order for _day, cents, _text, order, _back in self.moved),
            "orders paid": sum(cents < 0 for _day, cents, *_rest in self.moved),
            "orders that came back": sum(back for *_rest, back in self.moved),
        }

    def paid(self, bills: Iterable[Bill]) -> Counter[tuple[str, int]]:
        """How often each invoice was paid which amount, by what stands in the text of the payer."""
        numbers = {bill.reference: bill.number for bill in bills}
        named = [
            (numbers.get("".join(text.split())), cents)
            for _day, cents, text, order, _back in self.moved
            if cents > 0 and not order
        ]
        return Counter((number, cents) for number, cents in named if number)


def read(site: Site, entries: list[tuple[Any, ...]]) -> Transfers:
    """Return what stands in both databases; `entries` are the bookings on invoices, mirrors among them."""
    return Transfers(
        moved=[
            (_day(day), cents, text, order, bool(code))
            for day, cents, text, order, code in site.bank_rows(
                "SELECT booked_on, amount_cents, text, end_to_end, return_code FROM sandbox_movement ORDER BY id"
            )
        ],
        lines=[
            (_day(day), cents)
            for day, cents in site.rows("SELECT booked_on, amount FROM banking_bankline WHERE status <> 'replaced'")
        ],
        orders=site.rows("SELECT reference, amount, status, purpose, source FROM banking_outgoingorder"),
        entries=[row[:4] for row in entries],
    )


def judge(there: Transfers, bills: Iterable[Bill]) -> Iterator[str]:
    """Each way in which the portal does not have what moved at the bank, as a sentence."""
    at_bank, ours = Counter(row[:2] for row in there.moved), Counter(there.lines)
    for day, cents in (at_bank - ours).elements():
        yield f"{cents} moved at the bank on {day}, and no line of ours says so"
    for day, cents in (ours - at_bank).elements():
        yield f"a line of ours says that {cents} moved on {day}, and the bank knows nothing of it"
    yield from _on_invoices(there, bills)
    yield from _orders(there)


def _on_invoices(there: Transfers, bills: Iterable[Bill]) -> Iterator[str]:
    booked = Counter(
        (number, -cents)
        for number, kind, event, cents in there.entries
        if kind == "payment" and event.startswith("bank:")
    )
    paid = there.paid(bills)
    for number, cents in (paid - booked).elements():
        yield f"{number} was paid {cents} by transfer, and that is not booked"
    for number, cents in (booked - paid).elements():
        yield f"{number} has a transfer of {cents} booked, and nobody made it"


def _orders(there: Transfers) -> Iterator[str]:
    """Each order was paid once at most, by the amount that was agreed to, and we know what became of it."""
    debits, returned = Counter[str](), Counter[str]()
    amounts: dict[str, int] = {}
    for _day_of, cents, _text, order, _back in there.moved:
        if order:
            (debits if cents < 0 else returned)[order] += 1
            amounts[order] = abs(cents)
    held: Counter[str] = Counter()
    for _number, _kind, event, cents in there.entries:
        if event.startswith("order:"):
            held[event.split(":")[1]] += cents
    yield from _twice_for_one(there, debits, returned)
    for reference, cents, status, purpose, _source in there.orders:
        times = debits.pop(reference, 0)
        wanted = "returned" if returned[reference] else "debited"
        if times > 1 or (times and (status != wanted or amounts[reference] != cents)):
            yield f"order {reference} of {cents} is {status}; the bank paid {amounts.get(reference)} {times} times"
        if not times and status in PAID:
            yield f"order {reference} is {status}, and the bank never paid it"
        if purpose == "credit" and held[reference] != (cents if status in HELD else 0):
            yield f"order {reference} of {cents} is {status}, and {held[reference]} left its invoice"
    for reference, times in debits.items():
        yield f"the bank paid {reference} {times} times, and we know no such order"


def _twice_for_one(there: Transfers, debits: Counter[str], returned: Counter[str]) -> Iterator[str]:
    """Say what several orders paid: a credit, or money that goes back, goes out anew only if it came back before."""
    paid = Counter(
        source for reference, _cents, _status, _purpose, source in there.orders
        if debits[reference] > returned[reference]
    )  # fmt: skip
    for source, times in paid.items():
        if times > 1:
            yield f"{source} was paid by {times} orders"


def _day(day: Any) -> date:
    return day if isinstance(day, date) else date.fromisoformat(str(day))
