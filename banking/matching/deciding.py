"""Decisions about lines: who books one where, what needs a second person, and undoing it by its mirror.

The money of a line stands on UNMATCHED from the moment that it was read; each decision moves it on from there, and
undoing it moves it back. The invoices are locked first, by their keys, then the line, then the decision.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from banking import details
from banking.matching import by_law, movements, pairs
from banking.models import BankLine, LineDecision, LineMatch, LineNote
from banking.orders import outcome
from billing import audit
from billing.errors import FormUsed, Refused
from billing.ledger import lock_invoices
from billing.ledger.events import Share
from billing.models import Invoice, Staff
from billing.money import ZERO
from billing.payments import bank
from billing.payments.bank import BankTransfer
from billing.rights import by_two
from billing.rows import insert_rows
from billing.transitions import advance, advance_each

Status, Kind, What = LineDecision.Status, LineDecision.Kind, LineDecision.What
Waits = (BankLine.Status.PROPOSED, BankLine.Status.UNMATCHED)
RULE_NAME = "system"


@dataclass(frozen=True, slots=True)
class Part:
    """What of a line goes to one invoice, and how the invoice was found."""

    invoice_id: int
    amount: Decimal
    rule: LineMatch.Rule = LineMatch.Rule.HAND


@dataclass(frozen=True, slots=True)
class Booking:
    """A decision that books a line on invoices: what of it goes to each."""

    decision: LineDecision
    line: BankLine
    matches: Sequence[LineMatch]


def lock_line(line_id: int) -> BankLine:
    """Lock a line until the transaction ends and return it. Lock invoices before."""
    return lock_lines([line_id])[line_id]


def lock_lines(line_ids: Collection[int]) -> dict[int, BankLine]:
    """Lock lines as `lock_line` does, in the order of their keys, and return them by key."""
    rows = BankLine.objects.select_for_update(no_key=True).filter(pk__in=line_ids).order_by("pk")
    return {row.pk: row for row in rows}


def book_designated(named: Sequence[tuple[BankLine, Sequence[Part]]], invoices: dict[int, Invoice]) -> None:
    """Book locked lines, each on the locked invoices that its payer named: nobody has to decide.

    No two lines are for the same invoice.
    """
    decisions = insert_rows(LineDecision(line=line, kind=Kind.INVOICE, status=Status.DONE) for line, _parts in named)
    bookings = [
        Booking(decision, line, _matches(decision, line, parts))
        for decision, (line, parts) in zip(decisions, named, strict=True)
    ]
    insert_rows(match for booking in bookings for match in booking.matches)
    _book(bookings, invoices, by=RULE_NAME)


def settle_other(line: BankLine, what: LineDecision.What) -> LineDecision:
    """Book a locked line that is for no invoice, as its sort says: nobody has to decide."""
    decision = LineDecision.objects.create(line=line, kind=Kind.OTHER, what=what, status=Status.DONE)
    _carry_out(decision, line, by=RULE_NAME)
    return decision


def book(line: BankLine, parts: Sequence[Part], *, by: Staff, reason: str, key: str) -> LineDecision:
    """Book a waiting line on invoices; above the limit it waits for a second person.

    `key` is that of the form, so that a doubled click books once. Raises Refused, in the reader's words, when the parts
    are not exactly the line, when an invoice is not there any more, and when somebody decided before.
    """
    with transaction.atomic():
        invoices = _lock_all([part.invoice_id for part in parts], by_rule=[part.rule for part in parts])
        locked = lock_line(line.pk)
        if known := LineDecision.objects.filter(key=key, line=locked).first():
            amounts = dict(known.matches.values_list("invoice", "amount"))
            if amounts != {part.invoice_id: part.amount for part in parts}:
                raise FormUsed
            return known
        _refuse_unless_waiting(locked)
        _refuse_own_return(locked)
        _refuse_wrong_parts(locked, parts, invoices)
        decision = _decide(locked, Kind.INVOICE, by=by, reason=reason, key=key)
        matches = insert_rows(_matches(decision, locked, parts))
        if locked.amount > settings.BANK_SECOND_PERSON_ABOVE:
            audit.record("bank_line_proposed", by=audit.name_of(by), line=locked.pk, amount=str(locked.amount))
        else:
            advance(decision, Status.DONE)
            _book([Booking(decision, locked, matches)], invoices, by=audit.name_of(by))
    return decision


def decide_other(
    line: BankLine, kind: LineDecision.Kind, *, what: str, by: Staff, reason: str, key: str
) -> LineDecision:
    """Send the money of a waiting line back, or say what it is when it is for no invoice.

    Above the limit it waits for a second person; a second person always agrees to the order that sends money back, and
    that an account is Mollie's: what comes from it later is booked without anybody.
    Raises Refused as `book`, without a reason, and when the bank did not say from which account the money came.
    """
    with transaction.atomic():
        if what == What.ORDERS:
            pairs.lock_orders(line)
        locked = lock_line(line.pk)
        if known := LineDecision.objects.filter(key=key, line=locked).first():
            if (known.kind, known.what) != (kind, what):
                raise FormUsed
            return known
        _refuse_unless_waiting(locked)
        if not reason.strip():
            raise Refused(_("Say why, in a few words. A colleague reads it."))
        if kind == Kind.SEND_BACK:
            _refuse_own_return(locked)
            movements.refuse_unless_returnable(locked)
            if pairs.taken_back_by(locked):
                raise Refused(
                    _("A debit of this amount waits. The bank may have taken this money back: look there first.")
                )
        decision = _decide(locked, kind, what=what, by=by, reason=reason, key=key)
        if kind == Kind.SEND_BACK:
            advance(decision, Status.DONE)
            movements.send_back(locked, by=by)
            advance(locked, BankLine.Status.SENT_BACK)
            audit.record("bank_line_decided", by=audit.name_of(by), line=locked.pk, amount=str(locked.amount))
        elif abs(locked.amount) > settings.BANK_SECOND_PERSON_ABOVE or what == What.SETTLEMENT:
            audit.record("bank_line_proposed", by=audit.name_of(by), line=locked.pk, amount=str(locked.amount))
        else:
            advance(decision, Status.DONE)
            _carry_out(decision, locked, by=audit.name_of(by))
    return decision


def confirm(decision: LineDecision, *, by: Staff) -> None:
    """Carry out a decision that waits. Raises Refused for the one who made it, and when it does not wait any more."""
    with transaction.atomic():
        matches = list(decision.matches.order_by("invoice"))
        invoices = _lock_all([match.invoice_id for match in matches], by_rule=[match.rule for match in matches])
        if decision.what == What.ORDERS:
            pairs.lock_orders(decision.line)
        line, waiting = _lock_decision(decision, Status.WAITING)
        if waiting.by_id == by.pk:
            raise Refused(_("Somebody else has to confirm what you decided."))
        by_two.refuse_new(waiting.by, by, practice=None)
        advance(waiting, Status.DONE, confirmed_by=by)
        if waiting.kind == Kind.INVOICE:
            _refuse_erased(invoices)
            _book([Booking(waiting, line, matches)], invoices, by=audit.name_of(by))
        else:
            _carry_out(waiting, line, by=audit.name_of(by))


def refuse(decision: LineDecision, *, by: Staff) -> None:
    """Refuse a decision that waits: the line waits for another one. Raises Refused when it does not wait any more."""
    with transaction.atomic():
        line, waiting = _lock_decision(decision, Status.WAITING)
        advance(waiting, Status.REFUSED)
        audit.record("bank_line_refused", by=audit.name_of(by), line=line.pk, amount=str(line.amount))


def undo(decision: LineDecision, *, by: Staff, reason: str) -> bool:
    """Undo a decision by the mirror of what it booked: the line waits again, and what it paid is owed again.

    Above the limit a second person has to ask for it, too; return whether it is undone. Raises Refused without a
    reason, when it is not done, when the money has left already, and for the same person twice.
    """
    if not reason.strip():
        raise Refused(_("Say why, in a few words. A colleague reads it."))
    with transaction.atomic():
        invoices = _lock_all(list(decision.matches.values_list("invoice", flat=True)))
        line, done = _lock_decision(decision, Status.DONE)
        who = audit.name_of(by)
        if abs(line.amount) > settings.BANK_SECOND_PERSON_ABOVE and not _is_second(done, by):
            audit.record("bank_line_undo_asked", by=who, written=reason, line=line.pk, amount=str(line.amount))
            return False
        done.line = line
        if done.kind == Kind.INVOICE:
            bank.undo_transfer(list(invoices.values()), event=done.event, by=who, written=reason)
        elif done.what == What.TAKEN_BACK:
            pairs.part(done, by=who)
        else:
            movements.undo(done, line, by=who)
        advance(done, Status.UNDONE, undone_by=by, undone_at=timezone.now())
        advance(line, BankLine.Status.UNMATCHED)
        audit.record("bank_line_undone", by=who, written=reason, line=line.pk, amount=str(line.amount))
    return True


def _is_second(done: LineDecision, by: Staff) -> bool:
    """Tell whether somebody else asked to undo it before, and note who is the first. Raises Refused for the same."""
    if done.undo_asked_by_id == by.pk:
        raise Refused(_("You asked for this already. Somebody else has to agree, too."))
    by_two.refuse_new(done.undo_asked_by, by, practice=None)
    if done.undo_asked_by_id is None:
        LineDecision.objects.filter(pk=done.pk).update(undo_asked_by=by)
        return False
    return True


def note(line: BankLine, words: str, *, by: Staff) -> LineNote:
    """Keep what a person wrote about a line, which goes on waiting. Raises Refused when nothing was written."""
    if not words.strip():
        raise Refused(_("Write the note first."))
    written = LineNote(line=line, by=by)
    written.text = words.strip()
    written.save(force_insert=True)
    return written


def _lock_all(invoice_ids: Sequence[int], *, by_rule: Sequence[str] = ()) -> dict[int, Invoice]:
    """Lock invoices and return them by key; where the law divides, also what else the payer has open."""
    wanted = set(invoice_ids)
    if LineMatch.Rule.LAW in by_rule:
        wanted |= {invoice.pk for invoice in by_law.open_of(sorted(wanted))}
    found = {invoice.pk: invoice for invoice in lock_invoices(wanted)}
    if len(found) < len(wanted):
        raise Refused(_("One of these invoices is not there. Nothing was booked."))
    return found


def _lock_decision(decision: LineDecision, status: LineDecision.Status) -> tuple[BankLine, LineDecision]:
    line = lock_line(decision.line_id)
    locked = LineDecision.objects.select_for_update(no_key=True).get(pk=decision.pk)
    if locked.status != status:
        raise Refused(_("Somebody else was first: this was decided already. Look at the line again."))
    return line, locked


def _refuse_unless_waiting(line: BankLine) -> None:
    standing = LineDecision.objects.filter(line=line, status__in=LineDecision.STANDING)
    if line.status not in Waits or standing.exists():
        raise Refused(_("Somebody else was first: this was decided already. Look at the line again."))


def _refuse_own_return(line: BankLine) -> None:
    if outcome.awaits_debit(line, details.of_line(line)):
        raise Refused(_("This is a payment of ours that came back. It is booked by itself once its debit is in."))


def _refuse_wrong_parts(line: BankLine, parts: Sequence[Part], invoices: dict[int, Invoice]) -> None:
    if line.amount < ZERO:
        raise Refused(_("This money went out, so it pays no invoice."))
    if not parts:
        raise Refused(_("Choose an invoice first."))
    if len({part.invoice_id for part in parts}) != len(parts):
        raise Refused(_("An invoice stands in it twice. Put its amounts together."))
    if any(part.amount <= ZERO for part in parts):
        raise Refused(_("Each invoice needs an amount above zero."))
    if sum(part.amount for part in parts) != line.amount:
        raise Refused(_("The amounts do not add up to the amount of the line. Nothing was booked."))
    _refuse_erased(invoices)


def _refuse_erased(invoices: dict[int, Invoice]) -> None:
    if any(invoice.erased_at for invoice in invoices.values()):
        raise Refused(_("An invoice is so old that its person was erased. Send the money back."))


def _decide(
    line: BankLine, kind: LineDecision.Kind, *, by: Staff, reason: str, key: str, what: str = ""
) -> LineDecision:
    decision = LineDecision(line=line, kind=kind, what=what, by=by, key=key)
    decision.text = reason.strip()
    decision.save(force_insert=True)
    return decision


def _matches(decision: LineDecision, line: BankLine, parts: Sequence[Part]) -> list[LineMatch]:
    ordered = sorted(parts, key=lambda part: part.invoice_id)
    return [
        LineMatch(decision=decision, line=line, invoice_id=part.invoice_id, amount=part.amount, rule=part.rule)
        for part in ordered
    ]


def _book(bookings: Sequence[Booking], invoices: dict[int, Invoice], *, by: str) -> None:
    bank.book_transfers([_transfer(booking, invoices) for booking in bookings], by=by)
    advance_each([booking.line for booking in bookings], BankLine.Status.BOOKED)


def _transfer(booking: Booking, invoices: dict[int, Invoice]) -> BankTransfer:
    decision, line = booking.decision, booking.line
    said = details.of_line(line)
    words = said.text or said.structured
    rules = by_law.rules(line, booking.matches, list(invoices.values()))
    shares = [Share(invoices[row.invoice_id], -row.amount, rules[row.invoice_id], words) for row in booking.matches]
    decision.line = line
    return BankTransfer(shares, decision.event, line.paid_on)


def _carry_out(decision: LineDecision, line: BankLine, *, by: str) -> None:
    decision.line = line
    if decision.what == What.TAKEN_BACK:
        pairs.join(decision, line, by=by)
    elif decision.what == What.ORDERS:
        pairs.carry_out(line)
    else:
        movements.book_other(decision, line, by=by)
    advance(line, BankLine.Status.NOT_OURS)
    audit.record("bank_line_decided", by=by, line=line.pk, amount=str(line.amount), what=decision.what)
