"""What an agency says: each message has its own id and is carried out once, or refused with a task for staff.

A file that is not what it must be changes nothing at all. A message that does not fit what we know (another agency's
case, a step that can't follow, costs above the cap) is kept as refused, and a person looks at it.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from billing import audit, ledger, rooms
from billing.adjustments import charges, credit
from billing.dunning import hold_messages
from billing.errors import Refused
from billing.invoices import schedule
from billing.law import calendar
from billing.law.calendar import begin_of
from billing.ledger.breakdown import interest_due
from billing.models import LedgerTransaction
from billing.money import ZERO, read_euros
from billing.payments.attempts import supersede_live
from billing.transitions import advance
from debt_collection import notices
from debt_collection.exchange import contents
from debt_collection.handing_over import final_notice
from debt_collection.models import Agency, Claim, HandOver, Order, Reply
from debt_collection.running import ending, standing

FORMAT = "agency-reply/1"
MAX_BYTES, MAX_MESSAGES = 5_000_000, 20_000
REFUSED, RETURNED = "agency_reply_refused", "agency_returned"  # kinds of staff tasks
Status, Kind = HandOver.Status, LedgerTransaction.Kind
KINDS = (
    "accepted", "rejected", "active", "paused", "payment", "charges", "balance", "paid", "returned",
    "recall_confirmed",
)  # fmt: skip
REASONS = ("unknown_debtor", "wrong_address", "disputed", "no_means", "too_small", "wrong_data", "conflict", "other")
_MOVES = {"accepted": Status.ACCEPTED, "active": Status.ACTIVE, "paused": Status.PAUSED}


class Unfit(Exception):
    """A message that can't be carried out; its argument is the word that is kept."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of an agency. `amount` in euros; `invoice` and `on` only where money is told."""

    id: str
    kind: str
    case: str
    digest: str
    invoice: str = ""
    amount: Decimal = ZERO
    interest: Decimal = ZERO
    on: date | None = None
    reason: str = ""


def read(content: bytes) -> tuple[str, list[Message]]:
    """Return the short name of the agency and its messages. Raises Refused for a file that is no right reply."""
    if len(content) > MAX_BYTES:
        raise Refused("The file is too large.")
    try:
        said = json.loads(content.decode(), parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        raise Refused("The file is not JSON in UTF-8.") from None
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise Refused(f'The file does not begin with "format": "{FORMAT}".')
    rows = said.get("messages")
    if not isinstance(said.get("agency"), str) or not isinstance(rows, list) or len(rows) > MAX_MESSAGES:
        raise Refused('The file needs "agency" and a list of "messages".')
    messages = [_message(row, place) for place, row in enumerate(rows)]
    if len({message.id for message in messages}) < len(messages):
        raise Refused("Two messages have the same id.")
    return said["agency"], messages


def _message(row: Any, place: int) -> Message:
    where = f"messages[{place}]"
    if not isinstance(row, dict):
        raise Refused(f"{where} is no object.")
    texts = {name: _text(row, name, where, longest) for name, longest in (("id", 64), ("kind", 16), ("case", 20))}
    if not all(texts.values()):
        raise Refused(f'{where} needs "id", "kind" and "case".')
    if texts["kind"] not in KINDS:
        raise Refused(f"{where}: there is no message of this kind.")
    reason = _text(row, "reason", where, 40)
    if texts["kind"] in ("rejected", "returned") and reason not in REASONS:
        raise Refused(f"{where}: the reason is one of {', '.join(REASONS)}.")
    amount, interest = _euros(row, "amount", where), _euros(row, "interest", where)
    on = _day(row, where)
    if texts["kind"] == "payment" and (amount <= ZERO or on is None):
        raise Refused(f'{where}: a payment has an "amount" above zero and a day "on".')
    if texts["kind"] == "charges" and amount + interest <= ZERO:
        raise Refused(f'{where}: charges have an "amount" of costs, or "interest", above zero.')
    if texts["kind"] in ("payment", "charges", "balance") and not row.get("invoice"):
        raise Refused(f'{where} needs the "invoice" that it is about.')
    digest = hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()
    return Message(
        **texts, digest=digest, invoice=_text(row, "invoice", where, 40), amount=amount, interest=interest, on=on,
        reason=reason,
    )  # fmt: skip


def _text(row: Mapping[str, Any], name: str, where: str, longest: int) -> str:
    value = row.get(name, "")
    if not isinstance(value, str) or len(value) > longest or not value.isprintable():
        raise Refused(f"{where}.{name} is no text of at most {longest} characters.")
    return value


def _euros(row: Mapping[str, Any], name: str, where: str) -> Decimal:
    value = row.get(name, "0.00")
    try:
        amount = read_euros(value) if isinstance(value, str) else None
    except ValueError:
        amount = None
    if amount is None or not ZERO <= amount < 1_000_000:
        raise Refused(f"{where}.{name} is no amount in euros.")
    return amount


def _day(row: Mapping[str, Any], where: str) -> date | None:
    try:
        on = date.fromisoformat(row["on"]) if "on" in row else None
    except (TypeError, ValueError):
        raise Refused(f"{where}.on is no day, such as 2026-11-29.") from None
    if on and not 2000 <= on.year <= timezone.localdate().year + 1:
        raise Refused(f"{where}.on is no day of our time.")
    return on


def apply(content: bytes, *, now: datetime | None = None) -> Counter[str]:
    """Carry out a file; return how many messages were `done`, `known` before, and `refused`.

    Each message is its own transaction. Raises Refused, and changes nothing, for a file that is no right reply.
    """
    key, messages = read(content)
    agency = Agency.objects.filter(key=key).first()
    if agency is None:
        raise Refused("We know no agency by this short name.")
    return Counter(_one(agency, message, now=now or timezone.now()) for message in messages)


def _one(agency: Agency, message: Message, *, now: datetime) -> str:
    """Carry out one message, once, and return what came of it."""
    case = HandOver.objects.filter(agency=agency, number=message.case).first()
    with transaction.atomic():
        locked, claims = ending.lock_case(case.pk) if case else (None, [])
        known = Reply.objects.filter(agency=agency, message_id=message.id).first()
        if known:
            if known.digest != message.digest:
                _leave_to_staff(agency, message, locked, "same_id")
                return "refused"
            return "known"
        refusal = ""
        try:
            with transaction.atomic():  # what a refused message did is undone, and that it was refused is kept
                if locked is None:
                    raise Unfit("unknown_case")
                _ACTS[message.kind](locked, claims, message, now)
        except Unfit as unfit:
            refusal = str(unfit)
        details = {"amount": str(message.amount), "interest": str(message.interest), "on": str(message.on or "")}
        Reply.objects.create(
            agency=agency, hand_over=locked, message_id=message.id, kind=message.kind, digest=message.digest,
            read_at=now, refused_because=refusal, details=details if message.amount or message.interest else {},
        )  # fmt: skip
        if refusal:
            _leave_to_staff(agency, message, locked, refusal)
            return "refused"
        if locked and not locked.answered_at:
            HandOver.objects.filter(pk=locked.pk).update(answered_at=now)
    return "done"


def _leave_to_staff(agency: Agency, message: Message, case: HandOver | None, why: str) -> None:
    claim = case.claims.select_related("invoice").first() if case else None
    audit.open_task(
        REFUSED, dedupe_key=f"{agency.pk}:{message.digest[:40]}", invoice=claim.invoice if claim else None,
        note=f"{message.kind}: {why}",
    )  # fmt: skip


# --- what each message does to a locked case ----------------------------------------------------------


def _move(case: HandOver, _claims: list[Claim], message: Message, now: datetime) -> None:
    to = _MOVES[message.kind]
    _confirm_orders(case, now, but=Order.Kind.RECALL)
    if case.status == Status.RECALLED:
        return  # it crossed our order, which still has to be confirmed
    if case.status == to or (to == Status.ACCEPTED and case.is_live and case.status != Status.OFFERED):
        return
    if to not in HandOver.TRANSITIONS[Status(case.status)]:
        raise Unfit("wrong_state")
    advance(case, to)
    audit.record(f"hand_over_{to}", by="agency", invoice=case.claims.select_related("invoice")[0].invoice,
                 number=case.number)  # fmt: skip


def _confirm_orders(case: HandOver, now: datetime, *, but: str = "") -> None:
    """Note that the agency has read what we sent: whoever answers a case has its dossier."""
    rows = Order.objects.filter(hand_over=case, confirmed_at=None, exported_at__isnull=False)
    rows.exclude(kind=but).update(confirmed_at=now)


def _end(case: HandOver, claims: list[Claim], message: Message, now: datetime) -> None:
    """End a case that the agency gives back: the claims are ours again, and a person decides what follows."""
    _confirm_orders(case, now)
    if case.status == Status.RECALLED:
        return
    to = Status.REJECTED if message.kind == "rejected" else Status.RETURNED
    if to not in HandOver.TRANSITIONS[Status(case.status)]:
        raise Unfit("wrong_state")
    ending.close(case, claims, to, by="agency", now=now, reason=message.reason)
    today, told_on = timezone.localdate(now), timezone.localdate(calendar.next_sending_moment(now))
    for claim in claims:
        ending.release(claim.invoice, by="agency", today=today, least=schedule.least_time_to_pay(told_on))
    invoices = [claim.invoice for claim in claims]
    hold_messages.told(invoices, notices.returned(case, invoices, now=now))
    audit.open_task(RETURNED, dedupe_key=case.number, invoice=claims[0].invoice, note=message.reason)


def _payment(case: HandOver, claims: list[Claim], message: Message, now: datetime) -> None:
    """Book what the patient paid to the agency, by the day on which it came: it is paid, whoever has the money."""
    claim = _claim(case, message)
    invoice = ledger.lock_invoice(claim.invoice_id)
    if message.on is None or message.on > timezone.localdate(now):
        raise Unfit("day_ahead")
    if case.offered_at and message.on < timezone.localdate(case.offered_at):
        raise Unfit("before_hand_over")
    entry = ledger.post(
        invoice, Kind.RECEIPT, -message.amount, external_id=_event(case, message), occurred_at=begin_of(message.on),
        by="agency",
    )  # fmt: skip
    if entry is None:
        return
    supersede_live(invoice)
    audit.record("agency_received", by="agency", invoice=invoice, amount=str(message.amount), on=str(message.on))
    rooms.booked([(invoice, entry)])
    credit.leave_to_staff(invoice, cause=_event(case, message), by="agency", reason="a payment came to the agency")
    _knows(case, claims)
    if case.is_live and claims and ending.is_over(claims):
        ending.close_as_paid(case, claims, by="agency", now=now)


def _charges(case: HandOver, claims: list[Claim], message: Message, now: datetime) -> None:
    """Book costs and interest of the agency, never above the one cap for everybody's work, nor above the law.

    Nothing is added while it has to wait, by a complaint for instance. Over the days of a pause nothing is added later
    either: it ended the default, and the claim has a new last day to pay (`interest_due`).
    """
    claim = _claim(case, message)
    if not case.is_live or claim.closed_at:
        raise Unfit("wrong_state")
    if standing.case_waits(case, claims, now=now):
        raise Unfit("waits")
    invoice, today = ledger.lock_invoice(claim.invoice_id), timezone.localdate(now)
    letter = final_notice(invoice)
    if message.amount:
        if letter is None or message.amount > claim.costs_room:
            raise Unfit("above_cap")
        charges.add_costs(invoice, letter, message.amount, event=f"agency:{claim.pk}:{_short(message)}", by="agency",
                          now=now)  # fmt: skip
        Claim.objects.filter(pk=claim.pk).update(costs_room=claim.costs_room - message.amount)
        for one in claims:
            one.refresh_from_db(fields=["costs_room"])
    if message.interest:
        if message.interest > interest_due(invoice, until=today, default_day=charges.default_day(invoice)):
            raise Unfit("above_interest")
        ledger.post(invoice, Kind.INTEREST, message.interest, external_id=_event(case, message), occurred_at=now,
                    by="agency")  # fmt: skip
    _knows(case, claims)


def _balance(case: HandOver, _claims: list[Claim], message: Message, now: datetime) -> None:
    """Compare what the agency still asks with what we know: a difference is for a person, before a letter says it."""
    claim = _claim(case, message)
    owed = ledger.outstanding(claim.invoice_id) if case.is_live and not claim.closed_at else ZERO
    if message.amount != owed:
        raise Unfit("other_balance")


def _paid(case: HandOver, claims: list[Claim], message: Message, now: datetime) -> None:
    """Check that nothing is owed any more, or next to nothing: an agency has told us of every payment before."""
    if case.status not in (Status.PAID, Status.RECALLED) and not ending.is_over(claims):
        raise Unfit("still_owed")
    _confirm_orders(case, now, but=Order.Kind.RECALL)
    if case.is_live and claims:
        ending.close_as_paid(case, claims, by="agency", now=now, is_known=True)


def _recall_confirmed(case: HandOver, claims: list[Claim], message: Message, now: datetime) -> None:
    waiting = Order.objects.filter(hand_over=case, kind=Order.Kind.RECALL)
    if not waiting.exists():
        raise Unfit("not_recalled")
    _confirm_orders(case, now)  # who confirms the recall has read what came before it
    waiting.filter(confirmed_at=None).update(confirmed_at=now)
    audit.close_superseded(audit.open_alarms("recall_unconfirmed", case.number), by="agency", reason="confirmed")


def _claim(case: HandOver, message: Message) -> Claim:
    claim = Claim.objects.filter(hand_over=case, invoice__number=message.invoice).select_related("invoice").first()
    if claim is None:
        raise Unfit("unknown_invoice")
    return claim


def _knows(case: HandOver, claims: list[Claim]) -> None:
    """Keep that the agency knows what it told us itself, so that it gets no news of it."""
    case.told = contents.told(claims, waits=bool(case.told.get("waits")))
    HandOver.objects.filter(pk=case.pk).update(told=case.told)


def _short(message: Message) -> str:
    return hashlib.sha256(message.id.encode()).hexdigest()[:16]


def _event(case: HandOver, message: Message) -> str:
    return f"agency:{case.agency_id}:{_short(message)}"


_ACTS: dict[str, Callable[[HandOver, list[Claim], Message, datetime], None]] = {
    **dict.fromkeys(_MOVES, _move),
    "rejected": _end,
    "returned": _end,
    "payment": _payment,
    "charges": _charges,
    "balance": _balance,
    "paid": _paid,
    "recall_confirmed": _recall_confirmed,
}
