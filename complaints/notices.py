"""Mails about a complaint. They say that something happened and where to look, never what was said or answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import prefetch_related_objects
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from billing import ledger, links
from billing.dunning import hold_messages, told_together
from billing.invoices import references
from billing.invoices.addressee import Addressee, addressee, addressees
from billing.invoices.holds import stopping
from billing.law import calendar
from billing.ledger import lock_invoice
from billing.models import OutboxMessage
from billing.money import ZERO
from billing.outbox.queue import Draft, queue_each, queue_message, withdraw_since
from billing.rooms import Stops
from billing.text.addresses import is_one_address
from complaints import deadlines, freeze
from complaints.models import Complaint, ComplaintMessage, Mandate

Kind = ComplaintMessage.Kind
# What the mail about an answer says of the invoice; None when the patient gets that in other mails.
_MONEY = ("outstanding", "credit", "due_on", "plan", "ended", "invoice_number", "reference")
NEEDS = {
    "complaint_received": frozenset(("number", "page", "acknowledge_by", "answer_by", "frozen", "goes_on")),
    "complaint_noted": frozenset(("number", "received_on")),
    "complaint_news": frozenset(("number", "page", "what", "until")),
    "complaint_state": frozenset(("number", "page", "answer_by", "since", "late", "waits_until")),
    "complaint_permission": frozenset(("number", "page", "until")),
    "complaint_answered": frozenset(("number", "page", "frozen_until", "escalate_until", *_MONEY)),
}


def receipt(complaint: Complaint, said: Any, *, frozen: bool) -> None:
    """Confirm the receipt to whoever complained, and tell the patient at the known address when that is another one.

    Whoever knows a payment reference can file a complaint in somebody's name: the patient hears of it.
    """
    facts = {
        "acknowledge_by": complaint.acknowledge_by,
        "answer_by": complaint.answer_by,
        "frozen": frozen,
        "goes_on": not frozen and complaint.invoice is not None and freeze.can_rest(complaint.invoice),
    }
    _queue("complaint_received", complaint, "", facts, recipient=said.email)
    if complaint.invoice and said.email:
        to = addressee(complaint.invoice)
        if to.email and to.email.casefold() != said.email.casefold():
            noted = {"received_on": deadlines.received_on(complaint.received_at)}
            _queue("complaint_noted", complaint, "", noted, recipient=to.email, language=to.language)


def news(complaint: Complaint, message: ComplaintMessage, *, until: date | None = None) -> None:
    """Tell that a message of staff waits in the file; `until`: by when the patient should answer it."""
    facts = {"what": message.kind, "until": until}
    concerns_them = message.kind in (Kind.MANDATE, Kind.FILE_REFUSED)
    _queue("complaint_news", complaint, message.token, facts, recipient=_reader(complaint, asked=concerns_them))


def question_again(complaint: Complaint, *, until: date) -> None:
    """Remind of a question that waits for an answer, once."""
    facts = {"what": Kind.QUESTION, "until": until}
    _queue("complaint_news", complaint, f"again:{until}", facts, recipient=_reader(complaint))


def _reader(complaint: Complaint, *, asked: bool = False) -> str:
    """Return the address of whoever made the complaint; empty, for the patient's, when they may not read what we write.

    `asked`: also while they have not shown yet that they may speak for the patient.
    """
    return _reader_with(_mandates([complaint]).get(complaint.pk), complaint, asked=asked)


def _reader_with(row: Mandate | None, complaint: Complaint, *, asked: bool) -> str:
    given: str = complaint.facts.get("email", "")
    if row is None or complaint.invoice is None:
        return given
    if row.ended_at is not None:
        return ""
    stands = row.valid_until is not None and row.valid_until >= timezone.localdate() and row.may_receive
    return given if stands or (asked and row.confirmed_at is None) else ""


def _mandates(complaints: Sequence[Complaint]) -> dict[int, Mandate]:
    """Return the last authorisation in each of these files that has one, by the key of the file."""
    return {row.complaint_id: row for row in Mandate.objects.filter(complaint__in=complaints).order_by("pk")}


def permission(complaint: Complaint, *, proof_by: date) -> None:
    """Ask the patient, at the address that we know, whether somebody may speak for them."""
    if complaint.invoice is None:
        return
    patient, to = complaint.invoice.patient, addressee(complaint.invoice)
    page = links.absolute(reverse("complaint_permission", args=[complaint.token]))
    facts = {"until": proof_by, "page": page}
    # The patient, and not whoever pays for them: nobody else can give it.
    _queue("complaint_permission", complaint, "", facts, recipient=patient.email or to.email, language=patient.language)


def day(value: date) -> str:
    """Return a day as it stands in a text."""
    return date_format(value, "DATE_FORMAT")


def states(complaints: Sequence[Complaint], *, today: date) -> None:
    """Tell honestly, about each of these files, that there is no news: nobody wrote in time, so the product does."""
    mandates = _mandates(complaints)
    readers = {one.pk: _reader_with(mandates.get(one.pk), one, asked=True) for one in complaints}
    patients = addressees([one.invoice_id for one in complaints if one.invoice_id and not readers[one.pk]])
    prefetch_related_objects([one.invoice for one in complaints if one.invoice and one.provider_id], "provider")
    drafts = []
    for one in complaints:
        facts = {
            "answer_by": one.answer_by,
            "late": one.answer_by < today,
            "waits_until": one.waits_until,
            "since": deadlines.received_on(one.received_at),
        }
        if to := _to_whom(one, readers[one.pk], patients):
            page = _page(one, readers[one.pk], mandates.get(one.pk))
            drafts.append(_draft("complaint_state", one, str(today), {**facts, "page": page}, to))
    told = OutboxMessage.objects.filter(dedupe_key__in=[draft.dedupe_key for draft in drafts])
    known = set(told.values_list("dedupe_key", flat=True))
    queue_each("complaint_state", [draft for draft in drafts if draft.dedupe_key not in known], now=timezone.now())


@dataclass(frozen=True, slots=True)
class Outcome:
    """What follows from an answer: until when the invoice rests, or that it `ended`, and whether amounts `moved`.

    `since` is the newest message about the invoice before the answer: what came after it tells of the same.
    """

    frozen_until: date | None
    escalate_until: date | None
    ended: bool = False
    moved: bool = False
    since: int = 0


# What an answer leads to, each with a mail of its own unless the mail about the answer tells it.
TOLD_WITH_ANSWER = ("charges_taken_off", "invoice_credited", "invoice_withdrawn", "payment_moved")


def reaches_payer(complaint: Complaint) -> bool:
    """Tell whether the mail about an answer goes to whoever pays, so that it can tell the new amount and day too."""
    if complaint.invoice is None:
        return False
    to, reader = addressee(complaint.invoice).email, _reader(complaint)
    return is_one_address(to) and reader.casefold() in ("", to.casefold())


def answered(complaint: Complaint, *, line: int, outcome: Outcome) -> OutboxMessage | None:
    """Tell that the answer is in the file, and what follows from it: one mail to whoever pays, not one for each.

    Return None when there is no mailbox to tell it to.
    """
    facts: dict[str, Any] = {"frozen_until": outcome.frozen_until, "escalate_until": outcome.escalate_until}
    invoice, event = complaint.invoice, str(line)
    tells_money = invoice is not None and reaches_payer(complaint) and (outcome.moved or outcome.ended)
    facts |= dict.fromkeys(_MONEY)
    if tells_money and invoice is not None:
        withdraw_since(invoice, outcome.since, kinds=TOLD_WITH_ANSWER, why="told_together")
        invoice = complaint.invoice = lock_invoice(invoice.pk)  # with its new day
        balance, has_plan = ledger.balance(invoice.pk), told_together.has_plan(invoice)
        facts |= {
            "outstanding": max(balance, ZERO),
            "credit": max(-balance, ZERO),
            "due_on": None if has_plan or stopping(Stops.REMINDERS, invoice=invoice).exists() else invoice.due_on,
            "plan": has_plan,
            "ended": outcome.ended,
            "invoice_number": invoice.number,
            "reference": references.grouped(invoice.payment_reference),
        }
        event = f"{line}:{told_together.stated([invoice])}"
    mail = _queue("complaint_answered", complaint, event, facts, recipient=_reader(complaint))
    if tells_money and outcome.ended and invoice is not None:
        told_together.told([invoice], mail)
    return mail


def may_send_answer(message: OutboxMessage, now: datetime) -> datetime | None:
    """Let the mail about an answer leave; one that names a last day in the hours of the law.

    When its amount or day is no longer true, a mail about that alone follows.
    """
    if not hold_messages.told_of(message):
        return None
    if not calendar.is_sending_moment(now):
        return calendar.next_sending_moment(now)
    told_together.tell_anew(message, now)
    return None


def keep_from_practice(complaint: Complaint) -> None:
    """Take the mails about a file, which hold its link, from the invoice: its practice reads what is there."""
    for kind in NEEDS:
        mails = OutboxMessage.objects.filter(kind=kind, dedupe_key__startswith=f"{kind}:{complaint.pk}:")
        mails.exclude(invoice=None).update(invoice=None)


def _queue(
    kind: str, complaint: Complaint, event: str, facts: dict[str, Any], *, recipient: str, language: str = ""
) -> OutboxMessage | None:
    patients = addressees([complaint.invoice_id]) if complaint.invoice_id and not recipient else {}
    to = _to_whom(complaint, recipient, patients, language)
    if to is None:
        return None
    page = _page(complaint, recipient, _mandates([complaint]).get(complaint.pk))
    draft = _draft(kind, complaint, event, {"page": page, **facts}, to)
    return queue_message(
        kind,
        invoice=draft.invoice,
        context=draft.context,
        recipient=draft.to.email,
        language=draft.to.language,
        dedupe_key=draft.dedupe_key,
    )


def _to_whom(
    complaint: Complaint, recipient: str, patients: Mapping[int, Addressee], language: str = ""
) -> Addressee | None:
    """Return the address `recipient`, or that of whoever pays the invoice; `patients` has these by invoice.

    None for somebody who left a telephone number or an address: staff call or write.
    """
    if recipient:
        return Addressee(recipient, language or complaint.language)
    if complaint.invoice_id is None:
        return None
    to = patients[complaint.invoice_id]
    return Addressee(to.email, to.language or complaint.language)


def _draft(kind: str, complaint: Complaint, event: str, facts: dict[str, Any], to: Addressee) -> Draft:
    return Draft(
        # The practice reads the messages about its invoices: of a file about us it learns nothing.
        invoice=complaint.invoice if complaint.provider_id else None,
        to=to,
        context={"number": complaint.number, **facts},
        dedupe_key=f"{kind}:{complaint.pk}:{event}",
    )


def _page(complaint: Complaint, recipient: str, row: Mandate | None) -> str:
    """Return the address of the file; for who speaks for the patient the one that opens it to them.

    `row`: the last authorisation in the file.
    """
    stands = row is not None and row.ended_at is None and row.confirmed_at is not None
    if row and stands and complaint.invoice and recipient and recipient == complaint.facts.get("email"):
        return links.absolute(reverse("complaint_spoken_for", args=[complaint.token, row.token]))
    return links.absolute(reverse("complaint", args=[complaint.token]))
