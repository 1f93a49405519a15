"""A batch: several histories at once through one set of processes, faults that hit all of them, and the judgement."""
# ruff: noqa: S608  the queries are made of our own words

import contextlib
import os
import random
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from tests.faults import model
from tests.faults.histories import History
from tests.faults.parts import READY_SECONDS, Part, wait_until
from tests.faults.site import Outage, Servers, Site, ground
from tests.faults.world import World, read

QUIET_SECONDS = 45  # after the last fault, for what is due at that moment
A_DAY = timedelta(days=1)
# How far the clock jumps while things settle: a call that died, a worker that died while it sent, a key that is too
# old to be used again. Then mornings, so far apart that who has not paid gets every letter of the dunning schedule, and
# what nobody told us about is asked for.
SETTLE = [
    timedelta(seconds=61),
    timedelta(minutes=11),
    timedelta(minutes=70),
    timedelta(days=33),
    timedelta(days=17),
    timedelta(days=24),
    timedelta(minutes=21),
]
KILLS = {"web": 3, "web child": 2, "worker1": 3, "worker2": 3, "beat1": 1, "beat2": 1, "desk": 2}
SERVER_KILLS = {"redis": 2, "postgres": 2, "postgres child": 2}
STOPS = {"web child": 2, "worker1": 2, "worker2": 2, "beat1": 1, "desk": 1, "bank": 1, "tills": 1}
SERVER_STOPS = {"redis": 1, "postgres child": 1}
ORDERS: list[dict[str, Any]] = [
    {"smtp": {"refuse": "451", "times": 3}},
    {"smtp": {"refuse": "421", "times": 2}},
    {"smtp": {"refuse": "550", "times": 1}},
    {"smtp": {"drop_after_data": True, "times": 1}},
    {"smtp": {"lose": True, "times": 1}},
    {"smtp": {"slow_ms": 700, "times": 6}},
    {"create": {"kind": "500", "times": 2}},
    {"create": {"kind": "503", "times": 1}},
    {"create": {"kind": "html", "times": 1}},
    {"create": {"kind": "timeout_after_commit", "times": 1, "hang_ms": 9000}},
    {"create": {"kind": "timeout_before_commit", "times": 1, "hang_ms": 9000}},
    {"refund": {"kind": "500", "times": 1}},
    {"refund": {"kind": "html", "times": 1}},
    {"refund": {"kind": "timeout_after_commit", "times": 1, "hang_ms": 9000}},
    {"refund": {"kind": "timeout_before_commit", "times": 1, "hang_ms": 9000}},
    {"get": {"kind": "500", "times": 3}},
    {"get": {"kind": "429", "times": 2}},
    {"get": {"kind": "bare", "times": 2}},
    {"api": {"delay_ms": 400, "times": 10}},
    {"webhook": {"drop": True, "times": 2}},
    {"webhook": {"drop": True, "times": 1}},
    {"webhook": {"double": True, "times": 3}},
    {"webhook": {"delay_s": 2, "times": 3}},
    {"webhook": {"reorder": True, "times": 4}},
]


@dataclass
class Outcome:
    """What became of a batch."""

    seeds: Sequence[int]
    problems: list[str] = field(default_factory=list)
    kills: Counter[str] = field(default_factory=Counter)
    stops: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    slowest: dict[str, float] = field(default_factory=dict)  # seconds until ready again, by part
    seconds: dict[str, float] = field(default_factory=dict)  # what the batch itself took, by stage
    world: World = field(default_factory=World)
    histories: list[History] = field(default_factory=list)

    def ready_after(self, part: str, seconds: float) -> None:
        self.slowest[part] = max(self.slowest.get(part, 0), seconds)


class Operator:
    """Somebody of operations: has the work of each new day done, and says that a clock that jumped is right.

    Both are safe to repeat: whatever dies meanwhile is asked again at the next look.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        done_for = self._site.clock.midnight()
        while not self._done.wait(0.3):
            today = self._site.clock.midnight()
            with contextlib.suppress(Outage):
                if today != done_for and self._site.ask_desk(do="command", arguments=["run_daily"]):
                    self._site.ask_desk(do="confirm_clock")
                    continue
                done_for = today


class Faults:
    """One batch's own order of kills, stops, failures and leaps in time."""

    def __init__(self, site: Site, rng: random.Random, outcome: Outcome, count: int) -> None:
        self.site, self._rng, self._outcome, self._count = site, rng, outcome, count
        self._parts = dict(site.keeper.parts)
        if site.servers:
            self._parts |= site.servers.keeper.parts
        self._watchers: list[tuple[threading.Thread, list[Part]]] = []

    def run(self) -> None:
        for _ in range(self._count):
            if self.site.is_closing:
                return
            time.sleep(self._rng.uniform(0.2, 1.6))
            self._rng.choices([self._kill, self._pause, self._order, self._leap], [5, 3, 5, 2])[0]()

    def heal(self) -> None:
        """Everything goes on, and every part is seen to work again."""
        for watcher, _needed in self._watchers:
            watcher.join()
        self.site.set_faults(None)

    def _kill(self) -> None:
        name = self._choose(KILLS | SERVER_KILLS)
        part = self._parts[name.partition(" ")[0]]
        if any(watcher.is_alive() and part in needed for watcher, needed in self._watchers):
            return  # how long a recovery takes can't be told when it is killed once more
        if name == "postgres":
            part.process.send_signal(signal.SIGKILL)  # its children are in groups of their own, and see it end
        elif name.endswith("child"):
            self._signal_child(part, signal.SIGKILL)
        else:
            part.send(signal.SIGKILL)
        self._outcome.kills[name] += 1
        self._watch(name, part)

    def _choose(self, kinds: dict[str, int]) -> str:
        """One of the kinds whose part this site has: without Redis there are no servers and no beat of its own."""
        present = {name: weight for name, weight in kinds.items() if name.partition(" ")[0] in self._parts}
        return self._rng.choices(list(present), list(present.values()))[0]

    def _signal_child(self, part: Part, number: signal.Signals) -> int | None:
        children = part.children()
        if not children:
            return None
        child = self._rng.choice(children)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, number)
        return child

    def _watch(self, name: str, part: Part) -> None:
        """Note when it works again; a server only counts as back when both workers have done something."""
        places = {other.name: other.size() for other in self._parts.values()}
        needed = [part]
        if part.name in ("redis", "postgres"):
            needed = [part, *(self._parts[other] for other in ("web", "worker1", "worker2"))]

        def look() -> None:
            try:
                time.sleep(0.1)  # for the process to be gone
                took = wait_until(
                    lambda: all(each.works(each, places[each.name]) for each in needed),
                    seconds=READY_SECONDS, what=f"{name} is ready again",
                )  # fmt: skip
            except TimeoutError as error:
                self._outcome.problems.append(str(error))
            else:
                self._outcome.ready_after(name, took + 0.1)

        watcher = threading.Thread(target=look, daemon=True)
        self._watchers.append((watcher, needed))
        watcher.start()

    def _pause(self) -> None:
        name = self._choose(STOPS | SERVER_STOPS)
        part = self._parts[name.partition(" ")[0]]
        seconds = self._rng.uniform(1, 3)
        if name.endswith("child"):
            child = self._signal_child(part, signal.SIGSTOP)
            time.sleep(seconds)
            if child:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGCONT)
        else:
            part.send(signal.SIGSTOP)
            time.sleep(seconds)
            part.send(signal.SIGCONT)
        self._outcome.stops[name] += 1

    def _order(self) -> None:
        order = self._rng.choice(ORDERS)
        self.site.set_faults(order)
        for section, what in order.items():
            kind = what.get("kind") or next(key for key in what if key != "times")
            self._outcome.counts[f"fault {section} {kind}"] += 1

    def _leap(self) -> None:
        clock = self.site.clock
        if self._rng.random() < 0.4:
            clock.next_morning(days=self._rng.choice([1, 4, 12, 19, 27]))
        else:
            clock.jump(timedelta(minutes=self._rng.choice([1, 6, 17, 61])))
        self._outcome.counts["leaps in time"] += 1


def open_work(site: Site) -> list[str]:
    """What is due now and not done, a few of each kind: nothing when all is quiet."""
    now = site.clock.now()
    bank_moment = f"'{now:%Y-%m-%d %H:%M:%S.%f}'"
    moment = f"'{now.isoformat()}'" if site.servers else bank_moment
    midnight = site.clock.midnight()
    today = f"'{midnight.isoformat()}'" if site.servers else f"'{midnight:%Y-%m-%d %H:%M:%S}'"
    ours = {
        "billing_outboxmessage": f"status = 'sending' OR (status = 'queued' AND next_try_at <= {moment})",
        "billing_dayclock": f"last_run_at < {today}",
        "billing_webhookcall": "done_at IS NULL",
        "billing_payment": f"status IN ('new', 'creating', 'create_unknown') OR next_check_at <= {moment}",
        "billing_refundrequest": f"status IN ('approved', 'sending', 'unknown') OR next_check_at <= {moment}",
        "banking_bankline": "status = 'new'",
        "coulance_specification": "status IN ('received', 'checking', 'quarantined')",
        # Nobody is reminded about an announcement in doubt before a person has decided whether it arrived.
        "billing_reminderstep": "status = 'planned' AND NOT EXISTS (SELECT 1 FROM billing_outboxmessage m"
        " WHERE m.invoice_id = billing_reminderstep.invoice_id AND m.status = 'in_doubt')",
    }
    banks = {
        "sandbox_webhookcall": f"state IN ('waiting', 'sending') AND due_at <= {bank_moment}",
        "sandbox_refund": f"status = 'pending' AND settles_at <= {bank_moment}",
        "sandbox_payment": f"status = 'open' AND expires_at <= {bank_moment}",
    }
    found = []
    try:
        for read, tables in ((site.rows, ours), (site.bank_rows, banks)):
            for table, where in tables.items():
                if rows := read(f"SELECT * FROM {table} WHERE {where} LIMIT 3"):
                    found.append(f"{table}: " + "; ".join(str(row)[:200] for row in rows))
    except (psycopg.Error, sqlite3.Error) as error:  # the database is coming back
        return [type(error).__name__]
    return found


def settle(site: Site, outcome: Outcome, leaps: Sequence[timedelta]) -> None:
    """Let the clock run on until all that was begun is finished; what never finishes is a problem."""
    left: list[str] = []
    for place, leap in enumerate(leaps, start=1):
        if leap < A_DAY:
            site.clock.jump(leap)
        else:
            site.clock.next_morning(days=leap.days)
        is_last = place == len(leaps)
        seconds = QUIET_SECONDS if is_last else 6 if leap < A_DAY else 20
        is_quiet = partial(_is_quiet if is_last or leap >= A_DAY else _has_nothing_to_do, site)
        try:
            took = wait_until(is_quiet, seconds=seconds, what="quiet", every=0.2)
        except TimeoutError:
            left = open_work(site)
        else:
            left = []
            outcome.ready_after("quiet", took)
    if left:
        outcome.problems += [f"never quiet at {site.clock.now()}: {what}" for what in left]


def _has_nothing_to_do(site: Site) -> bool:
    return not open_work(site)


def _is_quiet(site: Site) -> bool:
    """Twice in a row, because a sweep may just be between two rows."""
    if open_work(site):
        return False
    time.sleep(1.2)  # longer than the pause of any sweep that finds work by itself
    return not open_work(site)


def run_batch(
    seeds: Sequence[int], *, folder: Path, template: Path, servers: Servers | None, acts: int, faults: int,
    worker_app: str = "tests.faults.timetable", always: dict[str, Any] | None = None,
    leaps: Sequence[timedelta] = SETTLE,
) -> Outcome:  # fmt: skip
    """Walk the histories of `seeds` at once, and say what came of it.

    `always` is a failure of bank or mail server that stands from the start.
    """
    outcome = Outcome(seeds)
    folder.mkdir()
    with contextlib.ExitStack() as stack:
        with _timed(outcome, "start"):
            site = stack.enter_context(Site(folder, template=template, servers=servers, worker_app=worker_app))
        stack.enter_context(Operator(site))
        if always:
            site.set_faults(always)
        with _timed(outcome, "walk"):
            _walk(site, outcome, acts=acts, faults=faults)
        with _timed(outcome, "settle"):
            settle(site, outcome, leaps)
        _judge(site, outcome)
        _count(outcome)
        _write_down(folder, outcome)
    return outcome


@contextlib.contextmanager
def _timed(outcome: Outcome, stage: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    outcome.seconds[stage] = time.monotonic() - began


def _walk(site: Site, outcome: Outcome, *, acts: int, faults: int) -> None:
    outcome.histories = [History(seed, site, acts) for seed in outcome.seeds]
    disturbances = Faults(site, random.Random(f"faults {outcome.seeds[0]}:{outcome.seeds[-1]}"), outcome, faults)
    with ThreadPoolExecutor(max_workers=len(outcome.histories) + 1) as pool:
        running = [pool.submit(one.run) for one in [*outcome.histories, disturbances]]
        try:
            wait(running)
        except KeyboardInterrupt:
            site.is_closing = True  # nobody tries again
            raise
    for future in running:
        if (error := future.exception()) is not None:
            outcome.problems.append(f"{type(error).__name__}: {error}")
    disturbances.heal()
    outcome.problems += outcome.histories[0].read_last_statement()


def _judge(site: Site, outcome: Outcome) -> None:
    outcome.world = read(site, outcome.histories)
    outcome.problems += model.judge(outcome.world, outcome.histories)
    outcome.problems += site.keeper.leaks()
    for name in ("verify_ledger", "verify_access_log"):
        try:
            if problem := site.ask_desk(do="command", arguments=[name]):
                outcome.problems.append(f"{name}: {problem}")
        except Outage as outage:
            outcome.problems.append(f"{name}: {outage}")


def _count(outcome: Outcome) -> None:
    world, counts = outcome.world, outcome.counts
    counts["histories"] = len(outcome.histories)
    counts["outages met"] = sum(history.outages for history in outcome.histories)
    counts["payments at the bank"] = len(world.bank_payments)
    counts["paid"] = sum(status == "paid" for *_rest, status in world.bank_payments)
    counts["refunds"], counts["chargebacks"] = len(world.bank_refunds), len(world.bank_chargebacks)
    counts["payments of several invoices"] = sum(
        row[0] in world.shared and row[3] == "paid" for row in world.bank_payments
    )
    counts["payments of a part"] = sum(row[0] in world.parts and row[3] == "paid" for row in world.bank_payments)
    counts["chargebacks of several invoices"] = sum(row[1] in world.shared for row in world.bank_chargebacks)
    counts["refunds by our call"] = len(world.ours)
    for _token, _number, _cents, status, _asked_by in world.requests:
        counts[f"refunds {status}"] += 1
    counts["refunds approved by two"] = sum(first != "" for *_rest, first, _approved in world.approvals)
    counts["costs booked"] = sum(not is_mirror for *_rest, is_mirror in world.costs)
    counts.update(world.transfers.counted())
    counts["mails arrived"] = len(world.mails)
    counts["files sent"] = len(world.files)
    for _message_id, kind, _recipient, status, _number, _error in world.messages:
        counts[f"messages {status}"] += 1
        counts[f"of kind {kind}"] += 1


def _write_down(folder: Path, outcome: Outcome) -> None:
    lines = [line for history in outcome.histories for line in (f"# seed {history.seed}", *history.log)]
    (folder / "histories.txt").write_text("\n".join([*outcome.problems, "", *lines, ""]))


def run(
    seeds: Sequence[int], *, folder: Path, database: str, at_once: int, acts: int, faults: int
) -> Iterator[Outcome]:
    """The outcome of each batch of `at_once` seeds; what a batch leaves behind lies in a folder named after it."""
    with ground(folder, database) as (template, servers):
        for start in range(0, len(seeds), at_once):
            batch = seeds[start : start + at_once]
            place = folder / f"{batch[0]}-{batch[-1]}"
            yield run_batch(batch, folder=place, template=template, servers=servers, acts=acts, faults=faults)
