"""What one seed does: a practice, its invoices, and a dozen acts of patients, staff and bank in an order of its own."""

import hashlib
import json
import random
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from tests.faults import practice
from tests.faults.moments import AMSTERDAM
from tests.faults.patient import Bill, Patient
from tests.faults.site import Outage, Site
from tests.guests.files import hostile

NOTHING_WAITS = "no refund waits"
TRY_SECONDS = 90  # every act succeeds in the end, or the site did not come back
ENDINGS = ["pay"] * 6 + ["pay_and_close", "pay_and_close", "cancel", "fail", "expire"]


@dataclass
class History:
    """The acts of one seed, and what the practice and the patients know for certain afterwards."""

    seed: int
    site: Site
    acts: int
    bills: list[Bill] = field(default_factory=list)
    reduced: dict[str, int] = field(default_factory=dict)  # cents by invoice number: what staff saw as done
    agreed: dict[str, int] = field(default_factory=dict)  # plans and deferrals of which the page said so
    tried: dict[str, int] = field(default_factory=dict)
    files_sent: set[tuple[str, str]] = field(default_factory=set)  # (invoice number, checksum): the page took them
    files_tried: set[tuple[str, str]] = field(default_factory=set)
    # By the bank's reference of a payment: what the page said that it pays of each invoice, and the part typed.
    shared: dict[str, dict[str, int]] = field(default_factory=dict)
    parts: dict[str, int] = field(default_factory=dict)
    asked_back: dict[str, int] = field(default_factory=dict)  # how often our page took the question for credit
    approved: dict[str, int] = field(default_factory=dict)  # refunds by invoice number: what staff saw as approved
    log: list[str] = field(default_factory=list)
    outages: int = 0

    def __post_init__(self) -> None:
        self._rng = random.Random(self.seed)
        self._patient = Patient(self.site, self._rng)

    def run(self) -> None:
        self._until_done("import", self._import)
        if self.bills[-1].coulance:
            self._until_done("send_file", lambda: self._send_file(self.bills[-1]), about=self.bills[-1].number)
        for _ in range(self.acts):
            if self.site.is_closing:
                return
            act = self._rng.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
            bill = self._rng.choice(self.bills)
            name = act.__name__.strip("_")
            self._until_done(name, lambda act=act, bill=bill: act(self, bill), about=bill.number)
            time.sleep(self._rng.uniform(0, 0.4))
        if self._rng.random() < 0.7:  # in the end staff look through what waits
            for bill in self.bills:
                self._until_done("approve_refund", partial(self._approve_refund, bill), about=bill.number)

    def _until_done(self, name: str, act: Callable[[], Any], *, about: str = "") -> None:
        """People try again, for a while."""
        stop_at = time.monotonic() + TRY_SECONDS
        while True:
            moment = self.site.clock.now()
            try:
                outcome = act()
            except Outage as outage:
                self.outages += 1
                self.log.append(f"{moment:%d %H:%M:%S} {name} {about}: {outage}")
                if self.site.is_closing or time.monotonic() > stop_at:
                    raise TimeoutError(f"seed {self.seed}: {name} never succeeded: {outage}") from outage
                time.sleep(0.3)
            else:
                self.log.append(f"{moment:%d %H:%M:%S} {name} {about}: {outcome or 'done'}")
                return

    # --- the practice -------------------------------------------------------------------------------

    def _import(self) -> None:
        agb_code = f"11{self.seed % 1_000_000:06d}"
        if not self.bills:
            count = self._rng.randint(2, 3)
            self.bills = [self._bill(place) for place in range(count)]
            if self.seed % 3 == 0:
                self.bills.append(self._bill(count))
                self.bills[-1].coulance = True
            self._content = self._batch(agb_code)
        path = Path(self.site.folder) / f"seed{self.seed}.json"
        path.write_text(json.dumps(self._content))
        self.site.ask_desk(do="provider", agb_code=agb_code)
        if refused := self.site.ask_desk(do="command", arguments=["import_invoices", str(path)]):
            raise Outage(refused)
        found = {number: rest for number, *rest in self._rows_of_invoices()}
        for bill in self.bills:
            bill.reference, bill.token = found[bill.number]

    def _rows_of_invoices(self) -> list[tuple[Any, ...]]:
        try:
            return self.site.rows(
                f"SELECT number, payment_reference, token FROM billing_invoice WHERE number LIKE 'F-{self.seed}-%'"  # noqa: S608
            )
        except (psycopg.Error, sqlite3.Error) as error:
            raise Outage(type(error).__name__) from error

    def _bill(self, place: int) -> Bill:
        number = f"F-{self.seed}-{place}"
        return Bill(number, self._rng.randint(2000, 70000), f"{number.lower()}@post.example")

    def _batch(self, agb_code: str) -> dict[str, Any]:
        today = self.site.clock.now().astimezone(AMSTERDAM).date()
        made = []
        for bill in self.bills:
            issued_on = today - timedelta(days=self._rng.randint(0, 25))
            facts = {"cents": bill.cents, "email": bill.email, "coulance": bill.coulance}
            made.append(practice.invoice(bill.number, issued_on=issued_on, **facts))
        return practice.batch(agb_code, made)

    def _approve_refund(self, bill: Bill) -> str:
        """Approve the first refund that waits: one member of staff, and a second where one is not enough."""
        for one in [bill, *(other for other in self.bills if other is not bill)]:
            for who in ("anna", "anna", "bram"):  # who agreed first tries again, and may not
                refused = self.site.ask_desk(do="approve_refund", number=one.number, by=who)
                if not refused:
                    self.approved[one.number] = self.approved.get(one.number, 0) + 1
                    return f"{one.number} by {who}"
                if refused == NOTHING_WAITS:
                    break
        return "nothing to approve"

    def _reduce(self, bill: Bill) -> str:
        total = self.reduced.get(bill.number, 0)
        if not total or self._rng.random() < 0.3:
            total = self._rng.randint(0, bill.cents)
        before = self.reduced.get(bill.number, 0)
        # Kept before it is asked: when the desk dies in between it is asked again until it is done.
        self.reduced[bill.number] = total
        stop_at = time.monotonic() + TRY_SECONDS
        while True:
            try:
                refused = self.site.ask_desk(do="reduce", number=bill.number, total_cents=total)
            except Outage:
                self.outages += 1
                if self.site.is_closing or time.monotonic() > stop_at:
                    raise
                time.sleep(0.3)
                continue
            if refused:
                self.reduced[bill.number] = before
            return f"{total} {refused}"

    # --- the patient --------------------------------------------------------------------------------

    def _pay(self, bill: Bill, *, double_click: bool = False) -> str:
        return self._at_bank(self._patient.start_payment(bill, double_click=double_click))

    def _pay_part(self, bill: Bill) -> str:
        checkout, part = self._patient.pay_part(bill)
        if checkout:
            self.parts[_reference(checkout)] = part
        return self._at_bank(checkout)

    def _pay_together(self, bill: Bill) -> str:
        others = [other for other in self.bills if other is not bill]
        chosen = [bill, *self._rng.sample(others, self._rng.randint(1, len(others)))]
        checkout, amounts = self._patient.pay_together(chosen)
        if checkout:
            self.shared[_reference(checkout)] = amounts
        return self._at_bank(checkout)

    def _pay_twice(self, bill: Bill) -> str:
        """Pay all in one tab and a part in another: what is too much is credit."""
        whole = self._patient.start_payment(bill)
        part_checkout, part = self._patient.pay_part(bill)
        if part_checkout:
            self.parts[_reference(part_checkout)] = part
        paid = [checkout for checkout in (part_checkout, whole) if checkout]
        for checkout in paid:
            self._patient.choose(checkout, "pay", comes_back=True)
        return " ".join(map(_reference, paid)) or "nothing to pay"

    def _at_bank(self, checkout: str) -> str:
        if not checkout:
            return "nothing to pay"
        ending = self._rng.choice(ENDINGS)
        self._patient.choose(checkout, ending, comes_back=self._rng.random() < 0.6)
        return f"{ending} {_reference(checkout)}"

    def _ask_credit(self, bill: Bill) -> str:
        """Ask back what was paid too much, on the first invoice that has some."""
        for one in [bill, *(other for other in self.bills if other is not bill)]:
            if cents := self._patient.ask_credit(one):
                self.asked_back[one.number] = self.asked_back.get(one.number, 0) + 1
                return f"{one.number} {cents}"
        return "no credit"

    def _double_click(self, bill: Bill) -> str:
        return self._pay(bill, double_click=True)

    def _leave_at_bank(self, bill: Bill) -> str:
        return self._patient.start_payment(bill) or "nothing to pay"

    def _look(self, bill: Bill) -> None:
        self._patient.open(bill)

    def _defer(self, bill: Bill) -> str:
        return self._arrange(bill, "deferral_agreed", self._patient.defer)

    def _agree_plan(self, bill: Bill) -> str:
        return self._arrange(bill, "plan_agreed", self._patient.agree_plan)

    def _arrange(self, bill: Bill, kind: str, ask: Callable[[Bill], bool]) -> str:
        key = f"{bill.number} {kind}"
        self.tried[key] = self.tried.get(key, 0) + 1
        if not ask(bill):
            return "not possible"
        self.agreed[key] = self.agreed.get(key, 0) + 1
        return "agreed"

    def _send_file(self, bill: Bill) -> str:
        """A picture that nobody sent before; asked again after an outage it is the same one."""
        if not bill.coulance:
            return "no coulance"
        size = 10 + len(self.files_sent)
        content = hostile.picture("PNG", (size, self.seed % 1000 + 10))
        digest = hashlib.sha256(content).hexdigest()
        self.files_tried.add((bill.number, digest))
        if not self._patient.send_file(bill, content):
            return "not possible"
        self.files_sent.add((bill.number, digest))
        return digest[:8]

    # --- our account at the bank --------------------------------------------------------------------

    def _transfer(self, bill: Bill) -> str:
        """Pay by transfer: all, a part or too much, with the payment reference or only with words."""
        cents = self._rng.choice([bill.cents, bill.cents // 2, bill.cents + self._rng.randint(100, 5000)])
        spaced = " ".join(bill.reference[place : place + 4] for place in range(0, 16, 4))
        text = self._rng.choice([bill.reference, bill.reference, spaced, "tandarts, bedankt"])
        self._patient.transfer(cents, text)
        return f"{cents} {text}"

    def _statement(self, _bill: Bill) -> str:
        """Read a statement, late and overlapping the one before, now and then twice."""
        return self._read_statement(self._rng.choice([1, 3, 10, 60]), twice=self._rng.random() < 0.3)

    def read_last_statement(self) -> list[str]:
        """Read all that moved, once nothing moves any more; return why it can't be read."""
        try:
            self._until_done("last statement", lambda: self._read_statement(400))
        except TimeoutError as error:
            return [str(error)]
        return []

    def _read_statement(self, days: int, *, twice: bool = False) -> str:
        content = self._patient.statement(days)
        path = Path(self.site.folder, f"statement-{self.seed}-{hashlib.sha256(content).hexdigest()[:12]}.xml")
        path.write_bytes(content)
        for _time in range(1 + twice):
            if refused := self.site.ask_desk(do="command", arguments=["import_statement", str(path)]):
                raise Outage(refused)
        return f"{days} days"

    def _order_payments(self, _bill: Bill) -> str:
        """Have two people send back and refund what waits, and hand the files to the bank, also those it has."""
        folder = Path(self.site.folder, f"orders-{self.seed}")
        folder.mkdir(exist_ok=True)
        self.site.ask_desk(do="order_payments", folder=str(folder))
        files = sorted(folder.iterdir())
        for path in files:
            self._patient.hand_in_orders(path.read_bytes())
        return f"{len(files)} files"

    def _comes_back(self, _bill: Bill) -> str:
        paid = self.site.bank_rows("SELECT id FROM sandbox_movement WHERE amount_cents < 0")
        if not paid:
            return "nothing paid"
        (row,) = self._rng.choice(paid)
        self._patient.let_come_back(row)
        return str(row)

    # --- the bank -----------------------------------------------------------------------------------

    def _payments(self, bill: Bill, *statuses: str) -> list[tuple[Any, ...]]:
        wanted = ", ".join(f"'{status}'" for status in statuses)
        return self.site.bank_rows(
            "SELECT p.reference, p.amount_cents, p.webhook_url, p.id FROM sandbox_payment p"  # noqa: S608
            f" WHERE {self._is_for(bill)} AND p.status IN ({wanted}) ORDER BY p.id"
        )

    def _is_for(self, bill: Bill) -> str:
        """The condition that a payment is for this invoice, alone or among others: then the bank reads no number."""
        among = [reference for reference, amounts in self.shared.items() if bill.number in amounts]
        references = ", ".join(f"'{reference}'" for reference in among) or "''"
        return f"(p.description LIKE '% {bill.number}' OR p.reference IN ({references}))"

    def _pay_late(self, bill: Bill) -> str:
        ended = self._payments(bill, "expired", "failed", "canceled")
        if not ended:
            return "nothing ended"
        reference = self._rng.choice(ended)[0]
        self._patient.at_bank(reference, action="late")
        return reference

    def _refund(self, bill: Bill) -> str:
        return self._money_back(bill, "refund")

    def _charge_back(self, bill: Bill) -> str:
        return self._money_back(bill, "charge_back")

    def _charge_back_shared(self, bill: Bill) -> str:
        return self._money_back(bill, "charge_back", shared=True)

    def _money_back(self, bill: Bill, action: str, *, shared: bool = False) -> str:
        paid = [row for row in self._payments(bill, "paid") if not shared or row[0] in self.shared]
        if not paid:
            return "nothing paid"
        reference, cents, *_rest = self._rng.choice(paid)
        part = self._rng.choice([cents, self._rng.randint(1, cents)])
        self._patient.at_bank(reference, action=action, amount=f"{part // 100},{part % 100:02d}")
        return f"{reference} {part}"

    def _undo_refund(self, bill: Bill) -> str:
        return self._undo(bill, "sandbox_refund", "fail")

    def _reverse_chargeback(self, bill: Bill) -> str:
        return self._undo(bill, "sandbox_chargeback", "reverse")

    def _undo(self, bill: Bill, table: str, action: str) -> str:
        rows = self.site.bank_rows(
            f"SELECT p.reference, r.reference FROM {table} r JOIN sandbox_payment p ON p.id = r.payment_id"  # noqa: S608
            f" WHERE {self._is_for(bill)} ORDER BY r.id"
        )
        if not rows:
            return "nothing to undo"
        payment, row = self._rng.choice(rows)
        self._patient.at_bank(payment, action=action, row=row)
        return f"{action} {row}"

    def _repeat_webhook(self, bill: Bill) -> str:
        known = self._payments(bill, "open", "paid", "expired", "failed", "canceled")
        if not known:
            return "no payment"
        reference, _cents, address, _id = self._rng.choice(known)
        self._patient.call_webhook(address, reference)
        return reference


def _reference(checkout: str) -> str:
    return checkout.rsplit("/", 2)[1]


# How often each is done.
WEIGHTS: dict[Callable[[History, Bill], str | None], int] = {
    History._pay: 8,
    History._transfer: 5,
    History._statement: 4,
    History._order_payments: 3,
    History._comes_back: 1,
    History._pay_together: 4,
    History._pay_part: 3,
    History._pay_twice: 4,
    History._ask_credit: 4,
    History._approve_refund: 6,
    History._leave_at_bank: 2,
    History._double_click: 2,
    History._pay_late: 2,
    History._refund: 2,
    History._undo_refund: 1,
    History._charge_back: 1,
    History._charge_back_shared: 2,
    History._reverse_chargeback: 1,
    History._repeat_webhook: 2,
    History._reduce: 2,
    History._defer: 2,
    History._agree_plan: 2,
    History._look: 1,
    History._send_file: 2,
}
