"""What must be true after a batch, worked out without the product's code.

The stand-in bank says what was paid, refunded and charged back; the mail server says which mails it took; the
histories say what was handed in, reduced and agreed. The portal's tables are read as they lie there.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any

from tests.faults import transfers
from tests.faults.histories import History
from tests.faults.world import World

GIVEN_UP = ("failed", "canceled")
# Any number of these can be right; of the others one a day for one invoice.
SEVERAL_A_DAY = (
    "receipt", "coulance_file_refused", "payment_reversed",
    "refund_under_way", "refund_done", "refund_failed", "refund_by_bank",
)  # fmt: skip
# Mails about a plan are asked again each day as long as staff look at the invoice.
WAITS_FOR_STAFF = ("installment_due", "installment_missed", "plan_broken")
SECOND_PERSON_ABOVE = 250_00  # cents: above it two members of staff agree to a refund
CLAIM, CLAIM_RUNS_DAYS = "final_notice", 15  # the 14-day letter: "within fifteen days after delivery"
UNCHECKED = ("received", "checking", "quarantined")


def judge(world: World, histories: Iterable[History]) -> Iterator[str]:
    """Each way in which the portal is not what it should be, as a sentence."""
    histories = list(histories)
    yield from _money_in(world)
    yield from _money_out(world)
    yield from _credit(world, histories)
    yield from _approvals(world, histories)
    yield from _costs(world, histories)
    yield from _sums(world, histories)
    yield from _mails_and_rows(world)
    yield from _mails_that_must_be(world, histories)
    yield from _mails_of_money_back(world)
    yield from _files(world, histories)
    yield from transfers.judge(world.transfers, [bill for history in histories for bill in history.bills])


def _booked(world: World, kind: str) -> dict[str, list[tuple[Any, ...]]]:
    found: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for number, entry_kind, external_id, cents, is_mirror in world.entries:
        if entry_kind == kind and not external_id.startswith(("bank:", "order:")):  # these: tests/faults/transfers.py
            found[external_id.removesuffix(":reversed")].append((number, cents, bool(is_mirror)))
    return found


def _money_in(world: World) -> Iterator[str]:
    booked, shares = _booked(world, "payment"), world.shares()
    for reference, number, cents, status in world.bank_payments:
        entries = sorted(booked.pop(reference, []))
        wanted = sorted((name, -part, False) for name, part in shares[reference].items()) if status == "paid" else []
        if entries != wanted or sum(shares[reference].values()) != cents:
            yield f"{reference} of {number} is {status} at the bank for {cents}, booked as {entries}, not {wanted}"
        if world.parts.get(reference, cents) != cents:
            yield f"{reference} of {number} asks {cents} at the bank, and the patient typed {world.parts[reference]}"
    for reference, entries in booked.items():
        yield f"{reference} is booked as {entries}, and the bank never had it"


def _money_out(world: World) -> Iterator[str]:
    shares = world.shares()
    taken: dict[tuple[str, str], int] = Counter()  # from which payment and invoice
    named = {reference: number for reference, _token, number in world.ours}
    for kind, rows in (
        ("refund", [(ref, payment, cents, status in GIVEN_UP) for ref, payment, cents, status in world.bank_refunds]),
        ("chargeback", world.bank_chargebacks),
    ):
        booked = _booked(world, kind)
        for reference, payment, cents, is_undone in rows:
            entries = booked.pop(reference, [])
            there = sorted((number, part) for number, part, is_mirror in entries if not is_mirror)
            back = sorted((number, -part) for number, part, is_mirror in entries if is_mirror)
            numbers = [named[reference]] if reference in named else list(shares[payment])
            right = sum(part for _number, part in there) == cents and all(number in numbers for number, _part in there)
            # What was undone before anybody heard of it may never have been booked.
            if not (right and back == (there if is_undone else [])) and not (is_undone and not entries):
                yield f"{kind} {reference} of {numbers} for {cents}, undone: {bool(is_undone)}; booked as {entries}"
            for number, part, _is_mirror in entries:
                taken[payment, number] += part
        for reference, entries in booked.items():
            yield f"{kind} {reference} is booked as {entries}, and the bank never had it"
    for (payment, number), cents in taken.items():
        if not 0 <= cents <= shares[payment].get(number, 0):
            yield f"{payment} paid {shares[payment].get(number, 0)} of {number}, and {cents} of it went back"


# What became of a refund that we approved, by its state at the bank.
_ENDS = {"refunded": "paid_out", "failed": "failed", "canceled": "failed"}
_NEVER_SENT = ("asked", "by_bank", "withdrawn", "refused")


def _credit(world: World, histories: Iterable[History]) -> Iterator[str]:
    """Credit that was asked back is at the bank once, for the right invoice, or it never left and somebody knows."""
    refunds = {reference: row for reference, *row in world.bank_refunds}
    sent: dict[str, list[str]] = defaultdict(list)
    for reference, token, _number in world.ours:
        sent[token].append(reference)
    numbers = {reference: number for reference, _token, number in world.ours}
    for token, number, cents, status, asked_by in world.requests:
        at_bank = sent.pop(token, [])
        if token in world.by_order and not at_bank:
            continue
        made = [(numbers[ref], refunds[ref][1], _ENDS.get(refunds[ref][2], "sent")) for ref in at_bank]
        if made != ([] if status in _NEVER_SENT else [(number, cents, status)]):
            yield f"the refund of {cents} on {number} is {status}, and at the bank there is {made}"
        if (status, asked_by) == ("asked", "patient") and (number, "refund_to_approve") not in world.asked:
            yield f"the refund of {cents} on {number} waits for staff, and nobody was asked"
    for token, references in sent.items():
        yield f"{references} was refunded for {token}, and we know nothing of it"
    asked = Counter(number for _token, number, _cents, _status, asked_by in world.requests if asked_by == "patient")
    for history in histories:
        for number, times in history.asked_back.items():
            if asked[number] < times:
                yield f"credit of {number} was asked back {times} times, and {asked[number]} refunds came of it"


def _approvals(world: World, histories: Iterable[History]) -> Iterator[str]:
    """Above the limit two members of staff agreed, and what one of them saw as approved stayed so."""
    for number, cents, first, then in world.approvals:
        if cents > SECOND_PERSON_ABOVE and (not first or first == then):
            yield f"the refund of {cents} on {number} was approved by {then} after {first or 'nobody'}"
    staffs = Counter(number for number, _cents, _first, then in world.approvals if then.startswith("staff:"))
    for history in histories:
        for number, times in history.approved.items():
            if staffs[number] < times:
                yield f"staff approved {times} refunds on {number}, and {staffs[number]} are there"


def _costs(world: World, histories: Iterable[History]) -> Iterator[str]:
    """Costs come once, no sooner than fifteen days after a 14-day letter arrived, and no more than the decree allows.

    6:96 lid 6 BW; the decree allows 15 % of what is owed, at least 40 euros, for amounts up to 2,500 euros.
    """
    bills = {bill.number: bill.cents for history in histories for bill in history.bills}
    letters = {message_id: number for message_id, kind, _to, _status, number, _e in world.messages if kind == CLAIM}
    arrived: dict[str, list[date]] = defaultdict(list)
    for mail in world.mails:
        if mail.message_id in letters:
            arrived[letters[mail.message_id]].append(date.fromisoformat(mail.received_on))
    standing = Counter[str]()
    for number, cents, day, is_mirror in world.costs:
        standing[number] += cents
        earliest = date.fromisoformat(day) - timedelta(days=CLAIM_RUNS_DAYS)
        if not is_mirror and not any(on <= earliest for on in arrived[number]):
            yield f"{number} has costs of {cents} on {day}, and its 14-day letters arrived on {arrived[number]}"
    for number, cents in standing.items():
        if not 0 <= cents <= max(40_00, bills.get(number, 0) * 15 // 100 + 1):
            yield f"{number} of {bills.get(number)} has costs of {cents}"


def _sums(world: World, histories: Iterable[History]) -> Iterator[str]:
    sums: dict[tuple[str, str], int] = Counter()
    counts: dict[tuple[str, str], int] = Counter()
    for number, kind, _external_id, cents, _mirror in world.entries:
        sums[number, kind] += cents
        counts[number, kind] += 1
    taken_in = Counter(world.invoices)
    for history in histories:
        for bill in history.bills:
            if taken_in.pop(bill.number, 0) != 1:
                yield f"{bill.number} is not there exactly once"
            if sums[bill.number, "invoiced"] != bill.cents or counts[bill.number, "invoiced"] != 1:
                yield f"{bill.number} of {bill.cents} is invoiced as {sums[bill.number, 'invoiced']}"
            lowered = history.reduced.get(bill.number, 0)
            if sums[bill.number, "reduction"] != -lowered:
                yield f"{bill.number} was lowered by {lowered}, booked as {sums[bill.number, 'reduction']}"
    for number in taken_in:
        yield f"{number} was never handed in"


def _mails_and_rows(world: World) -> Iterator[str]:
    """Nothing twice; what is called sent arrived; nothing arrived that nobody sent."""
    arrived = Counter(mail.message_id for mail in world.mails)
    for message_id, kind, recipient, status, number, error in world.messages:
        times = arrived.pop(message_id, 0) if message_id else 0
        wanted = {"sent": (1,), "in_doubt": (0, 1)}.get(status, (0,))
        if times not in wanted:
            yield f"{kind} about {number} to {recipient} is {status} ({error}) and arrived {times} times"
        waits = status == "queued" and kind in WAITS_FOR_STAFF and number in world.resting
        if status in ("queued", "sending") and not waits:
            yield f"{kind} about {number} to {recipient} is still {status} ({error})"
    yield from _doubts_are_listed(world)
    for message_id, times in arrived.items():
        yield f"a mail that nobody wrote arrived {times} times: {message_id}"
    kinds = {message_id: (kind, number) for message_id, kind, _to, _status, number, _error in world.messages}
    a_day = Counter((*kinds.get(mail.message_id, ("?", "?")), mail.received_on) for mail in world.mails)
    for (kind, number, day), times in a_day.items():
        if times > 1 and kind not in SEVERAL_A_DAY:
            yield f"{kind} about {number} arrived {times} times on {day}"


def _doubts_are_listed(world: World) -> Iterator[str]:
    """No machine goes on with a message that failed or is in doubt: a person was asked, for each of them."""
    asked = Counter(world.asked)
    waiting = Counter((number, f"message_{status}") for _id, _kind, _to, status, number, _error in world.messages)
    for (number, kind), times in waiting.items():
        if kind in ("message_failed", "message_in_doubt") and asked[number, kind] < times:
            yield f"{number} has {times} × {kind}, and staff were asked {asked[number, kind]} times"


def _mails_that_must_be(world: World, histories: Iterable[History]) -> Iterator[str]:
    """A receipt for each payment, an announcement for each invoice, a confirmation of each agreement.

    A message counts when it arrived, or when staff have a task because it failed or is in doubt.
    """
    counts: dict[tuple[str, str], int] = Counter()
    for _message_id, kind, _recipient, status, number, _error in world.messages:
        if status != "canceled":
            counts[number, kind] += 1
    shares = world.shares()
    paid = Counter(
        number for ref, _number, _cents, status in world.bank_payments if status == "paid" for number in shares[ref]
    )
    bills = [bill for history in histories for bill in history.bills]
    for (number, _cents), times in world.transfers.paid(bills).items():
        paid[number] += times
    for history in histories:
        for bill in history.bills:
            receipts = counts[bill.number, "receipt"]
            if receipts != paid[bill.number]:
                yield f"{bill.number} was paid {paid[bill.number]} times and has {receipts} receipts"
            lowered_away = history.reduced.get(bill.number, 0) == bill.cents
            if not counts[bill.number, "invoice_notice"] and not paid[bill.number] and not lowered_away:
                yield f"{bill.number} was never announced"
            for kind in ("deferral_agreed", "plan_agreed"):
                key = f"{bill.number} {kind}"
                least, most = history.agreed.get(key, 0), history.tried.get(key, 0)
                if not least <= counts[bill.number, kind] <= most:
                    yield f"{bill.number}: {counts[bill.number, kind]} × {kind}, agreed {least} to {most} times"


def _mails_of_money_back(world: World) -> Iterator[str]:
    """Who got money back, or lost it to the bank, was told so: once for each time.

    Of money that the bank took back also whoever paid again meanwhile; only when the bank undid it may nobody be told.
    """
    mails = Counter((kind, number) for _id, kind, _to, status, number, _error in world.messages if status != "canceled")
    least, most = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    undone = {reference for reference, _payment, _cents, is_undone in world.bank_chargebacks if is_undone}
    for number, kind, event, _cents, is_mirror in world.entries:
        if kind == "chargeback" and not is_mirror:
            most["payment_reversed", number] += 1
            least["payment_reversed", number] += event not in undone
    for token, number, _cents, status, _asked_by in world.requests:
        for told, at_least, at_most in (
            ("refund_done", ("paid_out",), ("paid_out", "failed")),
            ("refund_failed", ("failed",), ("failed",)),
            ("refund_under_way", ("sent", "paid_out"), ("sent", "paid_out", "failed")),
            ("refund_by_bank", ("by_bank",), ("by_bank", "sent", "paid_out", "failed", "withdrawn")),
        ):
            least[told, number] += status in at_least and not (told == "refund_under_way" and token in world.by_order)
            most[told, number] += status in at_most
    for kind, number in {*least, *(key for key in mails if key[0] in {kind for kind, _number in most})}:
        if not least[kind, number] <= mails[kind, number] <= most[kind, number]:
            span = f"{least[kind, number]} to {most[kind, number]}"
            yield f"{number} has {mails[kind, number]} × {kind}, where {span} are right"


def _files(world: World, histories: Iterable[History]) -> Iterator[str]:
    """Every specification that our page took is there once, was checked, and is on its way to the provider.

    A refused one has a mail about it; that a file can be withdrawn only says that its case was over.
    """
    there = Counter((number, digest) for number, digest, _status, _bytes in world.files)
    refused = Counter((number, digest) for number, digest, status, _bytes in world.files if status == "refused")
    for history in histories:
        for file in history.files_tried:
            times = there.pop(file, 0)
            if times - refused[file] > 1 or (times == 0 and file in history.files_sent):
                yield f"the file {file[1][:8]} of {file[0]} was sent, and is there {times} times"
    for number, digest in there:
        yield f"the file {digest[:8]} of {number} was never sent"
    mails = Counter((number, kind) for _id, kind, _to, _status, number, _error in world.messages)
    for number, digest, status, has_bytes in world.files:
        if status in UNCHECKED:
            yield f"the file {digest[:8]} of {number} is still {status}"
        if has_bytes != (status == "clean"):
            yield f"the file {digest[:8]} of {number} is {status}, and its bytes are there: {has_bytes}"
        if status == "clean" and number not in world.at_provider:
            yield f"the file {digest[:8]} of {number} never came to the provider"
    for number, times in Counter(number for number, _digest in refused.elements()).items():
        if mails[number, "coulance_file_refused"] != times:
            yield f"{number} has {times} refused files and {mails[number, 'coulance_file_refused']} mails about it"
    for number, times in Counter(world.at_provider).items():
        if mails[number, "coulance_received"] != times:
            yield f"{number} came to the provider {times} times, with {mails[number, 'coulance_received']} mails"
