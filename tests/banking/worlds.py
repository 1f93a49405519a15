"""`python -m tests.banking.worlds --seeds 1:50 [--database postgresql]`: random worlds of a bank, processes killed.

In each world payments, debits of our orders and returns come in files of any order, format, overlap and repetition, and
the processes that read, match, make a batch and hand it out are killed (SIGKILL) before some statement or commit, or
after the last one. In the end each line is there once, the ledger is what the payments make it, and the bank got no
order twice. Exit code 1 when something of that is untrue. The same seed is the same world; only its kills' moments
depend on how many statements the product makes.
"""
# ruff: noqa: T201  it is a program for a terminal

import argparse
import os
import random
import re
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from billing.money import ZERO
from tests.banking.camt_files import Pay
from tests.banking.formats import FORMATS, file_of
from tests.benchmarks.ground import ground

FIRST = date(2026, 1, 5)
KILL_SHARE, MOST_STATEMENTS = 0.35, 90
RETURNED = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>"


@dataclass
class World:
    """What truly happened at the bank, and what the books must be in the end."""

    rng: random.Random
    iban: str
    folder: Path
    pays: list[Pay] = field(default_factory=list)
    lines: Counter[str] = field(default_factory=Counter)  # expected, by status
    paid: Counter[str] = field(default_factory=Counter)  # cents by payment reference
    orders: dict[str, str] = field(default_factory=dict)  # reference: how it must end
    problems: list[str] = field(default_factory=list)
    payers: list[tuple[str, str]] = field(default_factory=list)  # three name an invoice, three never do
    kills: int = 0
    files: int = 0

    @property
    def opening(self) -> Decimal:
        return Decimal("500.00")


# --- processes that may be killed -----------------------------------------------------------------


@contextmanager
def _killed_before(number: int) -> Iterator[None]:
    """Kill this process before its n-th statement or commit."""
    from django.db import connection

    left = [number]

    def count() -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def execute(run: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        count()
        return run(sql, params, many, context)

    commit = connection._commit  # type: ignore[attr-defined]

    def counted_commit() -> Any:
        count()
        return commit()

    connection._commit = counted_commit  # type: ignore[attr-defined]
    with connection.execute_wrapper(execute):
        yield


def survives(world: World, act: Callable[[], object]) -> None:
    """Run `act` in processes of its own until one comes to its end; each before may be killed."""
    from django.db import connections

    for attempt in range(4):
        kill = world.rng.randint(1, MOST_STATEMENTS) if attempt < 3 and world.rng.random() < KILL_SHARE else 0
        after = attempt < 3 and world.rng.random() < KILL_SHARE / 4  # it did all, and nobody heard of it
        connections.close_all()
        child = os.fork()
        if not child:
            _act_and_exit(act, kill, after)
        _pid, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            world.kills += 1
            continue
        if os.WEXITSTATUS(status):
            world.problems.append(f"a process failed: {getattr(act, '__name__', act)}")
        return


def _act_and_exit(act: Callable[[], object], kill: int, after: bool) -> None:
    try:
        with _killed_before(kill):
            act()
        if after:
            os.kill(os.getpid(), signal.SIGKILL)
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


# --- what happens at the bank ---------------------------------------------------------------------


def payments(world: World, first: date, days: int) -> None:
    """Let people pay: by an exact reference, or without any; and let costs go out."""
    from tests import factories

    rng = world.rng
    invoices = [
        factories.invoice(amount="50.00", issued_on=FIRST - timedelta(days=30)) for _ in range(rng.randint(1, 3))
    ]
    for day in range(days):
        for _number in range(rng.randint(0, 3)):
            on = first + timedelta(days=day)
            number = len(world.pays)
            how = rng.choice(["named", "named", "unknown", "unknown", "out"])
            iban, name = rng.choice(world.payers[:3] if how == "named" else world.payers[3:])
            if how == "named":
                one = rng.choice(invoices)
                amount = rng.choice(["50.00", "20.00", "20.00"])
                world.pays.append(Pay(amount, on, f"nota {number}. {one.payment_reference}", iban, name))
                world.paid[one.payment_reference] += int(Decimal(amount) * 100)
                world.lines["booked"] += 1
            else:
                amount = rng.choice(["10.00", "25.00", "10.00"]) if how == "unknown" else "-7.50"
                world.pays.append(Pay(amount, on, f"nota {number}.", iban, name))
                world.lines["unmatched"] += 1
    for invoice in invoices:
        world.paid[invoice.payment_reference] += 0


def executed(world: World, orders: list[Any], first: date) -> None:
    """Let the bank execute our orders, as a batch or one by one, and some of them come back."""
    from banking.orders import payees

    rng = world.rng
    for order in orders:
        said = payees.of(order)
        on = first + timedelta(days=rng.randint(0, 1))
        world.pays.append(Pay(f"-{order.amount}", on, said.text, said.iban, said.name, end_to_end=order.reference))
        world.lines["not_ours"] += 1
        if rng.random() < 0.4:
            back = Pay(
                str(order.amount), on + timedelta(days=1), said.text, said.iban, said.name, end_to_end=order.reference,
                more_details=RETURNED,
            )  # fmt: skip
            world.pays.append(back)
            world.orders[order.reference] = "returned"
            world.lines["not_ours"] += 1
            world.lines["unmatched"] += 1  # the money of the line is there again
        else:
            world.orders[order.reference] = "debited"
            world.lines["sent_back"] += 1
        world.lines["unmatched"] -= 1
    world.pays.sort(key=lambda pay: pay.on)


# --- files ----------------------------------------------------------------------------------------


def files(world: World, first: date, last: date) -> list[bytes]:
    """Return files that together hold these days: in any order, format and overlap, some of them twice."""
    rng = world.rng
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    spans: list[tuple[date, date, int | None]] = [(day, day, None) for day in days]
    for _more in range(rng.randint(0, 4)):
        begin, until = sorted((rng.choice(days), rng.choice(days)))
        spans.append((begin, until, rng.choice([None, None, 0, 1, 2])))
    rng.shuffle(spans)
    made = [_file(world, *span) for span in spans]
    return made + [rng.choice(made) for _again in range(rng.randint(0, 2))]


def _file(world: World, first: date, until: date, cut: int | None) -> bytes:
    opening = world.opening + sum((Decimal(pay.amount) for pay in world.pays if pay.on < first), ZERO)
    mine = [pay for pay in world.pays if first <= pay.on < until]
    mine += [pay for pay in world.pays if pay.on == until][:cut]
    format = world.rng.choice(FORMATS)
    return file_of(mine, opening, first, until, format=format, iban=world.iban)


def hand_in(world: World, contents: list[bytes]) -> None:
    """Hand files in, each by a process that may be killed."""
    from banking.importing import import_file

    for content in contents:
        world.files += 1
        path = world.folder / f"{world.files}.file"
        path.write_bytes(content)

        def read(path: Path = path) -> None:
            outcome = import_file(path, by="worlds", today=FIRST + timedelta(days=200))
            assert not outcome.refused_because, outcome.refused_because

        survives(world, read)


# --- the product's side ---------------------------------------------------------------------------


def order_back(world: World) -> list[Any]:
    """Send some unknown money back, by two people, in one file for the bank; return the orders that the bank got."""
    from banking.matching import deciding
    from banking.models import BankAccount, BankLine, LineDecision, OutgoingBatch, OutgoingOrder
    from banking.orders import agreeing, batches
    from billing.links import new_token
    from tests import factories

    account = BankAccount.objects.get(iban=world.iban)
    waiting = list(
        BankLine.objects.filter(account=account, status="unmatched", amount__gt=ZERO)[: world.rng.randint(0, 2)]
    )
    first, second = factories.staff(role="operations"), factories.staff(role="operations")
    got = world.folder / "bank"
    got.mkdir()
    for line in waiting:
        key = new_token()

        def send(line: Any = line, key: str = key) -> None:
            deciding.decide_other(line, LineDecision.Kind.SEND_BACK, what="", by=first, reason="unknown", key=key)

        def agree(line: Any = line) -> None:
            for order in OutgoingOrder.objects.filter(line=line, status="proposed"):
                agreeing.approve(order, by=second)

        survives(world, send)
        survives(world, agree)

    def make() -> None:
        batches.make(account, by="worlds")

    def export() -> None:
        for batch in OutgoingBatch.objects.filter(account=account):
            content = batches.export(batch, by="worlds")
            (got / f"{len(list(got.iterdir()))}-{batch.reference}.xml").write_bytes(content)

    survives(world, make)
    for _again in range(world.rng.randint(1, 2)):
        survives(world, export)
    return _at_the_bank(world, got)


def _at_the_bank(world: World, got: Path) -> list[Any]:
    """Return the orders that the bank got, and notice what it would pay twice."""
    from banking.models import OutgoingOrder

    files: dict[str, set[bytes]] = {}
    for path in got.iterdir():
        files.setdefault(path.stem.partition("-")[2], set()).add(path.read_bytes())
    named: Counter[str] = Counter()
    for reference, contents in files.items():
        if len(contents) > 1:
            world.problems.append(f"batch {reference} was handed out with different bytes")
        named.update(re.findall(r"<EndToEndId>([^<]+)<", next(iter(contents)).decode()))
    world.problems += [f"the bank got order {reference} twice" for reference, count in named.items() if count > 1]
    return list(OutgoingOrder.objects.filter(reference__in=named).order_by("pk"))


def judge(world: World) -> None:
    """Compare what is stored and booked with what happened."""
    from banking import details
    from banking.models import BankAccount, BankLine, OutgoingOrder
    from banking.statements import chain
    from billing import ledger
    from billing.models import Invoice

    account = BankAccount.objects.get(iban=world.iban)
    lines = list(BankLine.objects.filter(account=account).exclude(status="replaced"))
    stored = Counter((line.booked_on, str(line.amount), details.of_line(line).text) for line in lines)
    happened = Counter((pay.on, pay.amount, pay.text) for pay in world.pays)
    world.problems += [f"lost: {what}" for what in (happened - stored).elements()]
    world.problems += [f"doubled: {what}" for what in (stored - happened).elements()]
    states = Counter(line.status for line in lines)
    if states != +world.lines:
        world.problems.append(f"lines are {dict(states)}, and should be {dict(+world.lines)}")
    for reference, cents in world.paid.items():
        balance = ledger.balance(Invoice.objects.get(payment_reference=reference).pk)
        if balance != Decimal("50.00") - Decimal(cents) / 100:
            world.problems.append(f"invoice {reference}: {balance} is owed")
    for reference, state in world.orders.items():
        if (now := OutgoingOrder.objects.get(reference=reference).status) != state:
            world.problems.append(f"order {reference} is {now}, and should be {state}")
    world.problems += [f"a gap after {gap.after}" for gap in chain.gaps(account)]


def an_iban(bank: str, number: int) -> str:
    from stdnum import iban

    return f"NL{iban.calc_check_digits(f'NL00{bank}{number:010d}')}{bank}{number:010d}"


def run(seed: int) -> World:
    """Live through one world."""
    from banking.matching.lines import match_new
    from banking.models import BankAccount

    number = an_iban("TRIO", seed)
    BankAccount.objects.create(iban=number, name="Zorgrekening")
    with tempfile.TemporaryDirectory() as folder:
        world = World(random.Random(seed), number, Path(folder))
        # Of this world alone: an account to which a payment came back is blocked.
        world.payers = [(an_iban("INGB", 10 * seed + n), f"Payer {n}") for n in range(6)]
        days = world.rng.randint(1, 4)
        payments(world, FIRST, days)
        last = FIRST + timedelta(days=days - 1)
        hand_in(world, files(world, FIRST, last))
        match_new()  # what the worker does each half minute
        orders = order_back(world)
        payments(world, last + timedelta(days=1), 2)
        executed(world, orders, last + timedelta(days=1))
        hand_in(world, files(world, FIRST, last + timedelta(days=3)))
        match_new()
        judge(world)
    return world


def seeds(text: str) -> range:
    first, _, last = text.partition(":")
    return range(int(first), int(last or first) + 1)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.banking.worlds", description=__doc__)
    parser.add_argument("--seeds", type=seeds, default="1:20", help="first:last, or one")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    chosen = parser.parse_args()
    began, total, bad = time.monotonic(), Counter[str](), 0
    with ground(postgresql=chosen.database == "postgresql"):
        from billing.ledger.verification import discrepancies

        for seed in chosen.seeds:
            world = run(seed)
            total += Counter(worlds=1, lines=len(world.pays), files=world.files, kills=world.kills)
            total += Counter(orders=len(world.orders), returned=list(world.orders.values()).count("returned"))
            bad += bool(world.problems)
            for problem in world.problems:
                print(f"seed {seed}: {problem}", flush=True)
        wrong = list(discrepancies())
    print(*(f"BOOKS {sentence}" for sentence in wrong), sep="\n")
    counted = ", ".join(f"{count} {what}" for what, count in total.items())
    print(f"{counted}; {bad} worlds with problems; {time.monotonic() - began:.0f} s", flush=True)
    return bool(bad or wrong)


if __name__ == "__main__":
    sys.exit(main())
