"""`python -m tests.banking.made_month [--lines 5000] [--seed 1]`: how much of a month of transfers finds its invoice.

Everything is made up. How often people make which mistake is an assumption, and it stands in `WAYS`: nobody publishes
counts. What the payer meant is known for each line, so a wrong booking is one that differs from it. Exit code 1 when
there is any, or when the books are not what the bank says.
"""
# ruff: noqa: T201  it is a program for a terminal

import argparse
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from billing.money import ZERO
from tests.banking.camt_files import Pay, document, statement
from tests.benchmarks.ground import ground

FIRST, DAYS = date(2026, 3, 2), 28
MANY = 2  # invoices for each person, on average
GATEWAY = "NL08DEUT0319809633"


@dataclass
class Sent:
    """A transfer: what stands on the statement, and what the payer meant: euros by payment reference."""

    way: str
    pay: Pay
    meant: dict[str, Decimal] = field(default_factory=dict)


@dataclass
class Owed:
    """An invoice that somebody pays, as the letter shows it."""

    reference: str
    number: str
    amount: Decimal
    iban: str
    name: str


Writer = Callable[[random.Random, str], dict[str, str]]


def _text(rng: random.Random, written: str) -> dict[str, str]:
    before = rng.choice(["", "", "betreft ", "kenmerk ", "Betalingskenmerk: ", "factuur tandarts ", "rekening nr "])
    after = rng.choice(["", "", " mvg", " dank u", f" d.d. {rng.randint(1, 28)}-02-2026", " tel 0612345678"])
    return {"text": f"{before}{written}{after}"}


def _grouped(rng: random.Random, reference: str) -> dict[str, str]:
    between = rng.choice([" ", "-", ".", "  ", " - "])
    return _text(rng, between.join(reference[start : start + 4] for start in range(0, 16, 4)))


def _broken(rng: random.Random, reference: str) -> dict[str, str]:
    at = rng.randint(1, 15)
    return {"text": f"betalingskenmerk {reference[:at]}\n{reference[at:]}"}


def _digit(rng: random.Random, reference: str) -> dict[str, str]:
    at = rng.randrange(16)
    other = rng.choice([digit for digit in "0123456789" if digit != reference[at]])
    return _text(rng, reference[:at] + other + reference[at + 1 :])


def _swapped(rng: random.Random, reference: str) -> dict[str, str]:
    places = [n for n in range(15) if reference[n] != reference[n + 1]]
    at = rng.choice(places)
    return _text(rng, reference[:at] + reference[at + 1] + reference[at] + reference[at + 2 :])


def _missing(rng: random.Random, reference: str) -> dict[str, str]:
    at = rng.randrange(16)
    return _text(rng, reference[:at] + reference[at + 1 :])


def _extra(rng: random.Random, reference: str) -> dict[str, str]:
    at = rng.randrange(17)
    return _text(rng, reference[:at] + rng.choice("0123456789") + reference[at:])


def _cut(rng: random.Random, reference: str) -> dict[str, str]:
    less = rng.randint(2, 3)
    return _text(rng, reference[less:] if rng.random() < 0.3 else reference[:-less])


def _letter(rng: random.Random, reference: str) -> dict[str, str]:
    like = {"0": "O", "1": "l", "5": "S", "8": "B"}
    places = [n for n in range(16) if reference[n] in like]
    if not places:
        return _text(rng, reference)
    at = rng.choice(places)
    return _text(rng, reference[:at] + like[reference[at]] + reference[at + 1 :])


def _two_slips(rng: random.Random, reference: str) -> dict[str, str]:
    digits = list(reference)
    for at in rng.sample(range(16), 2):
        digits[at] = str((int(digits[at]) + rng.randint(1, 9)) % 10)
    return _text(rng, "".join(digits))


# In how many of a thousand lines somebody writes so. The first four are right, the others are not.
WAYS: dict[str, tuple[int, Writer]] = {
    "in the field for it": (560, lambda _rng, reference: {"structured": reference}),
    "in the text": (120, _text),
    "in groups": (60, _grouped),
    "cut by a line end": (25, _broken),
    "in the payer's own id": (15, lambda _rng, reference: {"end_to_end": reference}),
    "one digit wrong": (35, _digit),
    "two digits swapped": (12, _swapped),
    "one digit missing": (14, _missing),
    "one digit too many": (10, _extra),
    "two or three digits cut": (8, _cut),
    "a letter for a digit": (4, _letter),
    "two digits wrong": (4, _two_slips),
}
NAMED = {  # with words that name no payment reference
    "only the invoice number": 35,
    "only words": 40,
    "nothing": 20,
}
SEVERAL = {"two references, the sum of both": 10, "two references, another amount": 4}
# The payer copied the transfer of another bill. By law it is for the invoice that was named (6:43 lid 1 BW).
COPIED = "reference of an invoice paid before"
STRANGE = {
    "reference of another firm": 6,
    "paid out by Mollie": 8,
    "money that we did not order went out": 2,
    "for another firm": 5,
}


def month(rng: random.Random, owed: list[Owed], count: int) -> list[Sent]:
    """Return so many transfers; an invoice is meant by one of them."""
    weights = {way: weight for way, (weight, _write) in WAYS.items()} | NAMED | SEVERAL | STRANGE | {COPIED: 8}
    ways = rng.choices(list(weights), list(weights.values()), k=count)
    left = owed[:]
    rng.shuffle(left)
    sent = []
    for way in ways:
        on = FIRST + timedelta(days=rng.randrange(DAYS))
        if way == COPIED:
            one = rng.choice(owed)
            pay = Pay(str(one.amount), on, structured=one.reference, iban=one.iban, name=one.name)
            sent.append(Sent(way, pay, {one.reference: one.amount}))
        else:
            sent.append(_strange(rng, way, on) if way in STRANGE else _sent(rng, way, on, left))
    return sorted(sent, key=lambda one: one.pay.on)


def _sent(rng: random.Random, way: str, on: date, left: list[Owed]) -> Sent:
    one = left.pop()
    whose = {"iban": one.iban, "name": one.name}
    if way in SEVERAL:
        other = left.pop()
        off = ZERO if "sum" in way else Decimal(rng.randint(100, 900)) / 100
        total = one.amount + other.amount - min(off, one.amount)
        text = f"rekeningen {one.reference} en {other.reference}"
        meant = {one.reference: one.amount, other.reference: other.amount} if not off else {}
        return Sent(way, Pay(str(total), on, text, **whose), meant)
    amount = one.amount
    if rng.random() < 0.03:  # in parts, or rounded
        amount = rng.choice([Decimal(round(amount)) or amount, (amount / 2).quantize(Decimal("0.01"))])
    if way in WAYS:
        said = WAYS[way][1](rng, one.reference)
    else:
        said = {
            "text": {"only the invoice number": f"factuur {one.number}", "only words": "tandarts, bedankt"}.get(way, "")
        }
    return Sent(way, Pay(str(amount), on, **whose, **said), {one.reference: amount})


def _strange(rng: random.Random, way: str, on: date) -> Sent:
    from billing.invoices.references import check_digit

    amount = f"{rng.randint(500, 40000) / 100:.2f}"
    body = f"{rng.randrange(10**15):015d}"
    firm = {"iban": "NL44RABO0123456789", "name": "Firma"}
    pays = {
        "reference of another firm": Pay(amount, on, structured=check_digit(body) + body, **firm),
        "paid out by Mollie": Pay(amount, on, f"settlement {rng.randint(1, 9999)}.2603.01", iban=GATEWAY),
        "money that we did not order went out": Pay(f"-{amount}", on, "incasso", **firm),
        "for another firm": Pay(amount, on, f"klant {rng.randint(1000, 99999)}", **firm),
    }
    return Sent(way, pays[way])


def invoices(rng: random.Random, count: int) -> list[Owed]:
    """Make open invoices in the database, and return what their payers know of them."""
    from tests import factories
    from tests.banking.worlds import an_iban

    practices = [factories.provider() for _ in range(5)]
    owed: list[Owed] = []
    while len(owed) < count:
        patient = factories.patient(provider=rng.choice(practices))
        account = an_iban("INGB", rng.randrange(10**10))
        for _number in range(rng.choice([1, 1, 2, 2, 4])):
            amount = Decimal(rng.randint(1500, 60000)) / 100
            row = factories.invoice(patient=patient, amount=amount, issued_on=FIRST - timedelta(days=20))
            owed.append(Owed(row.payment_reference, row.number, amount, account, f"Payer {patient.pk}"))
    return owed


@dataclass
class Found:
    """What became of the lines."""

    lines: Counter[str] = field(default_factory=Counter)
    euros: defaultdict[str, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))
    by_way: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    right_among: int = 0  # proposals that hold what the payer meant
    right_first: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, way: str, became: str, amount: Decimal) -> None:
        self.lines[became] += 1
        self.euros[became] += abs(amount)
        self.by_way[way][became] += 1


def hand_in(sent: list[Sent], folder: Path) -> float:
    """Read the month a day at a time, as banks give it; return the processor time in seconds."""
    from banking.importing import import_file
    from tests.banking import lines

    lines.account()
    balance, spent = Decimal("1000.00"), 0.0
    for day in sorted({one.pay.on for one in sent}):
        pays = [one.pay for one in sent if one.pay.on == day]
        path = folder / f"{day}.xml"
        path.write_bytes(document(statement(pays, str(balance), day)))
        balance += sum((Decimal(pay.amount) for pay in pays), ZERO)
        began = time.process_time()
        outcome = import_file(path, by="made month", today=FIRST + timedelta(days=60))
        spent += time.process_time() - began
        assert not outcome.refused_because, outcome.refused_because
    return spent


def judged(sent: list[Sent]) -> Found:
    """Compare what became of each line with what its payer meant."""
    from banking.matching.lines import read_line
    from banking.models import BankLine

    found, places = Found(), Counter[date]()
    for one in sent:
        places[one.pay.on] += 1
        line = BankLine.objects.get(booked_on=one.pay.on, place=places[one.pay.on])
        assert line.amount == Decimal(one.pay.amount)
        found.add(one.way, _became(line, one, found), line.amount)
        if line.status == BankLine.Status.PROPOSED:
            likely = [proposal.invoice.reference for proposal in read_line(line).proposals]
            found.right_among += bool(set(one.meant) & set(likely))
            found.right_first += bool(likely and likely[0] in one.meant)
    return found


def _became(line: Any, one: Sent, found: Found) -> str:
    names = {"booked": "booked by itself", "not_ours": "sorted out by itself", "proposed": "proposed"}
    if line.status == "booked":
        booked = {match.invoice.payment_reference: match.amount for match in line.matches.select_related("invoice")}
        if booked != one.meant:
            found.wrong.append(f"{one.way}: meant {sorted(one.meant.items())}, booked {sorted(booked.items())}")
    return names.get(line.status, "by hand")


def tell(found: Found, *, cpu: float, count: int) -> None:
    total = sum(found.euros.values(), ZERO)
    for became, number in found.lines.most_common():
        print(
            f"{became:<22}{number:>6}  {number / count:6.1%} of lines  {found.euros[became] / total:6.1%} of the amount"
        )
    proposals = found.lines["proposed"]
    print(
        f"proposals with the right invoice among them: {found.right_among} of {proposals}, first: {found.right_first}"
    )
    print(f"wrong bookings: {len(found.wrong)}")
    print(f"processor time: {cpu:.1f} s, {1000 * cpu / count:.2f} ms a line\n")
    for way, became in sorted(found.by_way.items(), key=lambda pair: -pair[1].total()):
        print(f"  {way:<40}" + ", ".join(f"{what} {number}" for what, number in became.most_common()))
    for wrong in found.wrong:
        print(f"WRONG {wrong}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.banking.made_month", description=__doc__)
    parser.add_argument("--lines", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    rng = random.Random(chosen.seed)
    with ground(), tempfile.TemporaryDirectory() as folder:
        from django.conf import settings

        settings.BANK_GATEWAY_IBANS = (GATEWAY,)
        owed = invoices(rng, chosen.lines + chosen.lines // 50 + 10)
        sent = month(rng, owed, chosen.lines)
        cpu = hand_in(sent, Path(folder))
        found = judged(sent)
        from billing.ledger.verification import discrepancies

        # No patient of this month paid through Mollie, so that the money it paid out came from nowhere.
        wrong = [sentence for sentence in discrepancies() if not sentence.startswith("money at Mollie:")]
    tell(found, cpu=cpu, count=len(sent))
    print(*(f"BOOKS {sentence}" for sentence in wrong), sep="\n")
    return bool(found.wrong or wrong)


if __name__ == "__main__":
    sys.exit(main())
