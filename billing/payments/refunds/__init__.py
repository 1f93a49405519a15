"""Refunds of credit: proposed at once, asked by the patient, approved by staff; what is sent is committed before.

Above the limit of the practice two members of staff agree. The amount is read again under the lock of the invoice at
each step, and who saw another amount has not agreed to this one.
"""

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit, ledger, rights, rooms
from billing.errors import Refused
from billing.house_rules import rule_of
from billing.invoices.debtors import patients_of_debtor
from billing.law.calendar import begin_of
from billing.ledger import lock_invoice
from billing.models import Invoice, LedgerTransaction, RefundRequest, Staff, StaffTask
from billing.money import ZERO
from billing.outbox import wakeup
from billing.payments import credit
from billing.payments.refunds import reports
from billing.rights import by_two
from billing.templatetags.money import euro
from billing.transitions import advance

Status, Why, Kind, Task = RefundRequest.Status, RefundRequest.Why, LedgerTransaction.Kind, StaffTask.Kind
TASK = "billing.send_refund"
BY_SYSTEM, BY_PATIENT = "system", "patient"
STATEMENT_LENGTH = 35  # of the description on a bank statement: what every bank shows


def second_person_above(invoice: Invoice) -> Decimal:
    """Return the amount in euros above which two members of staff agree to a refund of this practice."""
    above: Decimal = rule_of(invoice.provider, "REFUND_SECOND_PERSON_ABOVE")
    return above


def needs_two(invoice: Invoice, amount: Decimal, *, waiting: RefundRequest | None, now: datetime) -> bool:
    """Tell whether two members of staff agree to a refund: by its amount, with what was approved alone within a day.

    What somebody agreed to first stays a matter of two: the day's amount is free again tomorrow, they are not.
    """
    if waiting is not None and waiting.first_by:
        return True
    alone = RefundRequest.objects.filter(first_by="", approved_by__startswith="staff:")
    alone = alone.filter(invoice__provider=invoice.provider_id, approved_at__gt=now - by_two.ALONE_WITHIN)
    alone = alone.exclude(status__in=(Status.FAILED, Status.WITHDRAWN))
    sums = alone.aggregate(here=Sum("amount", filter=Q(invoice=invoice)), in_a_day=Sum("amount"))
    here, in_a_day = ((sums[name] or ZERO) + amount for name in ("here", "in_a_day"))
    return by_two.is_too_much(invoice.provider, "REFUND_SECOND_PERSON_ABOVE", here=here, in_a_day=in_a_day)


def automatic_up_to(invoice: Invoice) -> Decimal:
    """Return the amount in euros up to which this practice refunds credit at once, without anybody's approval."""
    up_to: Decimal = rule_of(invoice.provider, "REFUND_AUTOMATICALLY_UP_TO")
    return up_to


def propose(invoice: Invoice, *, by: str, reason: str, now: datetime | None = None) -> None:
    """Propose a refund of the free credit of a locked invoice; approve it at once where the practice wants that.

    Not when the payer has another open invoice there, which the credit may pay instead: that is the payer's choice.
    Nor after a refund failed, or when a part can only go by bank: then somebody has to look.
    """
    now = now or timezone.now()
    waiting = credit.review(invoice, by=by, reason=reason, now=now)
    if waiting is None or waiting.amount > automatic_up_to(invoice):
        return
    parts = credit.legs(invoice, waiting.amount, now=now)
    failed = RefundRequest.objects.filter(invoice=invoice, status=Status.FAILED)
    needs_nobody = all(leg.payment for leg in parts) and not failed.exists() and not _is_sending(invoice)
    if needs_nobody and not others_open(invoice).exists():
        _approve(waiting, invoice, by=BY_SYSTEM, now=now)


def others_open(invoice: Invoice) -> QuerySet[Invoice]:
    """Return the other open invoices of the same payer at the same creditor."""
    of_payer = Invoice.objects.filter(patient__in=patients_of_debtor(invoice.patient), provider=invoice.provider_id)
    return of_payer.filter(settled_at=None, withdrawn_at=None, erased_at=None).exclude(pk=invoice.pk)


@dataclass(frozen=True, slots=True)
class Shown:
    """Where the credit of an invoice is, for its patient: what is free, and what became of the rest, newest first."""

    free: Decimal
    requests: Sequence[RefundRequest]
    decided_by: date  # by when the free credit has moved, if the patient does nothing

    @property
    def waits(self) -> bool:
        """Tell whether the patient asked for the free credit, and staff have not decided."""
        return any(row.status == Status.ASKED and row.asked_by == BY_PATIENT for row in self.requests)

    @staticmethod
    def arrives_by(row: RefundRequest) -> date:
        """Return the day by which the money of an approved request is there."""
        return reports.arrives_by(timezone.localdate(row.sent_at or row.approved_at))

    @staticmethod
    def by_hand(row: RefundRequest) -> bool:
        """Tell whether staff of the practice pay this one by bank themselves; else there is an order to our bank."""
        return credit.by_hand_task(row).exists()

    @property
    def under_way(self) -> list[RefundRequest]:
        """Return what was approved or ended, and is of interest."""
        hidden = (Status.ASKED, Status.WITHDRAWN, Status.REFUSED)
        return [row for row in self.requests if row.status not in hidden]


def shown(invoice_id: int) -> Shown:
    """Return where the credit of an invoice is."""
    invoice = Invoice.objects.get(pk=invoice_id)
    requests = list(invoice.refund_requests.select_related("payment").order_by("-pk"))
    begin = credit.since(invoice) or timezone.now()
    ends = timezone.localdate(begin) + timedelta(days=settings.CREDIT_TERM_DAYS)
    return Shown(credit.free(invoice), requests, max(ends, timezone.localdate() + timedelta(days=1)))


def ask(invoice_id: int, *, seen: Decimal, now: datetime | None = None) -> RefundRequest | None:
    """Ask for the credit on behalf of the patient, who saw this amount; approve it up to the limit of the practice.

    Return the request, or None when all of it is under way already. Raises Refused when the amount has changed.
    """
    now = now or timezone.now()
    with transaction.atomic():
        invoice = lock_invoice(invoice_id)
        waiting = _proposal(invoice, seen, by=BY_PATIENT, now=now)
        needs_staff = waiting is not None and waiting.amount > second_person_above(invoice)
        if waiting is None or (needs_staff and waiting.asked_by == BY_PATIENT):
            return waiting
        audit.record("refund_asked", by=BY_PATIENT, invoice=invoice, amount=str(waiting.amount))
        RefundRequest.objects.filter(pk=waiting.pk).update(asked_by=BY_PATIENT)
        if needs_staff:
            audit.open_task(Task.REFUND_TO_APPROVE, dedupe_key=waiting.token, invoice=invoice, note=str(waiting.amount))
        else:
            _approve(waiting, invoice, by=BY_PATIENT, now=now)
        waiting.refresh_from_db()
    return waiting


def approve(invoice_id: int, *, by: Staff, seen: Decimal, now: datetime | None = None) -> RefundRequest | None:
    """Approve the refund of all free credit; above the limit, let the first of two members of staff agree to it.

    Return the request; None when all of it is under way already. Raises Refused for the one who agreed first, and when
    the amount is not the one that was seen.
    """
    now, who = now or timezone.now(), audit.name_of(by)
    with transaction.atomic():
        by_two.lock_practices([invoice_id])
        invoice = lock_invoice(invoice_id)
        waiting = _proposal(invoice, seen, by=who, now=now)
        if waiting is None:
            return None
        if needs_two(invoice, waiting.amount, waiting=waiting, now=now):
            if not waiting.first_by:
                RefundRequest.objects.filter(pk=waiting.pk).update(first_by=who)
                audit.record("refund_agreed_first", by=who, invoice=invoice, amount=str(waiting.amount))
                audit.open_task(
                    Task.REFUND_TO_APPROVE, dedupe_key=f"{waiting.token}:{waiting.amount}", invoice=invoice,
                    note=str(waiting.amount),
                )  # fmt: skip
                waiting.refresh_from_db()
                return waiting
            if waiting.first_by == who:
                raise Refused(_("You agreed to this refund yourself. Somebody else has to approve it."))
            rights.require(by, "second_person")
            by_two.refuse_new(waiting.first_by, by, practice=invoice.provider_id)
        _approve(waiting, invoice, by=who, now=now)
        waiting.refresh_from_db()
    return waiting


def refuse(invoice_id: int, *, by: Staff, reason: str, now: datetime | None = None) -> None:
    """Refuse the refund that waits; the credit stays, and is proposed again when it changes.

    Raises Refused without a reason, and when nothing waits.
    """
    if not reason.strip():
        raise Refused(_("Say why. Your colleagues read it on the timeline."))
    with transaction.atomic():
        invoice = lock_invoice(invoice_id)
        waiting = RefundRequest.objects.filter(invoice=invoice, status=Status.ASKED).first()
        if waiting is None or not advance(waiting, Status.REFUSED, ended_at=now or timezone.now()):
            raise Refused(_("No refund waits for a decision."))
        who = audit.name_of(by)
        audit.record(
            "refund_refused", by=who, invoice=invoice, written=reason.strip()[:200], amount=str(waiting.amount)
        )
        to_approve = StaffTask.objects.filter(kind=Task.REFUND_TO_APPROVE, invoice=invoice, closed_at=None)
        audit.close_superseded(to_approve, by=who, reason="refused")


def _proposal(invoice: Invoice, seen: Decimal, *, by: str, now: datetime) -> RefundRequest | None:
    """Return the refund that waits, over all free credit as it is now. Raises Refused when somebody saw another one."""
    waiting = credit.review(invoice, by=by, reason="under way", now=now)
    if waiting is None:
        if credit.of(invoice):
            return None
        raise Refused(_("There is no credit on this invoice any more."))
    if waiting.amount != seen:
        raise Refused(_("The credit is %(amount)s now. Look at the new amount, and try again.")
                      % {"amount": euro(waiting.amount)})  # fmt: skip
    if _is_sending(invoice):
        raise Refused(_("A refund of this invoice is being sent at this moment. Try again in a few minutes."))
    return waiting


def _is_sending(invoice: Invoice) -> bool:
    return RefundRequest.objects.filter(invoice=invoice, status__in=RefundRequest.UNSENT).exists()


def _approve(waiting: RefundRequest, invoice: Invoice, *, by: str, now: datetime) -> None:
    """Commit what will be sent for each payment that the credit came from, and leave the rest to the bank."""
    amount = waiting.amount
    audit.record("refund_approved", by=by, invoice=invoice, amount=str(amount))
    for number, leg in enumerate(credit.legs(invoice, amount, now=now)):
        to = Status.APPROVED if leg.payment else Status.BY_BANK
        changes = {
            "amount": leg.amount, "payment": leg.payment, "why": leg.why, "approved_by": by, "approved_at": now,
            "next_check_at": now if leg.payment else None,
        }  # fmt: skip
        if number == 0:
            request = waiting
            advance(request, to, request_body=body_of(request.token, invoice, leg.amount), **changes)
        else:
            request = RefundRequest(
                invoice=invoice, status=to, asked_by=waiting.asked_by, first_by=waiting.first_by,
                created_at=waiting.created_at, **changes,
            )  # fmt: skip
            request.request_body = body_of(request.token, invoice, leg.amount)
            request.save(force_insert=True)
        if leg.payment:
            wakeup.enqueue_on_commit(TASK, request.pk)
        else:
            leave_to_bank(request, invoice)
    credit.close_tasks(invoice, by=by, reason="refund approved")


def body_of(token: str, invoice: Invoice, amount: Decimal) -> str:
    """Return the body of the call: nothing about person or care."""
    number = unicodedata.normalize("NFKD", invoice.number).encode("ascii", "ignore").decode()
    number = re.sub(r"[^A-Za-z0-9/?:().,'+-]+", " ", number).strip()
    return json.dumps(
        {
            "amount": {"currency": "EUR", "value": f"{amount:.2f}"},
            "description": f"Terugbetaling {number}"[:STATEMENT_LENGTH],
            "metadata": {"token": token},
        }
    )


# --- by bank transfer -------------------------------------------------------------------------------------------------


def leave_to_bank(request: RefundRequest, invoice: Invoice) -> None:
    """Hand a refund that can't go through the gateway to the room that pays by bank, or else to staff; tell the payer.

    Call it with the invoice locked and the request in its state `by_bank`.
    """
    if not rooms.credit_payout(request):
        note = f"{request.amount}: {request.get_why_display()}"
        audit.open_task(Task.REFUND_BY_BANK, dedupe_key=request.token, invoice=invoice, note=note)
    reports.tell("refund_by_bank", request, invoice)


def paid_by_hand(request_id: int, *, by: Staff, on: date, written: str, now: datetime | None = None) -> None:
    """Book that the practice paid a credit back itself, by bank or in cash, on the day `on`.

    Raises Refused without a word where it can be seen, for a day in the future, and when it is not to be paid by bank.
    """
    now, who = now or timezone.now(), audit.name_of(by)
    if not written.strip():
        raise Refused(_("Say where the payment can be seen, such as the bank statement."))
    if on > timezone.localdate(now):
        raise Refused(_("The day on which it was paid can't lie in the future."))
    with transaction.atomic():
        request, invoice = _locked(request_id)
        ours = credit.by_hand_task(request)
        if request.status != Status.BY_BANK or not ours.exists():
            raise Refused(_("This refund does not wait for a member of staff any more."))
        if credit.of(invoice) < request.amount:
            raise Refused(_("There is less credit than this refund. Ask the operator to look at it."))
        external_id = f"repaid:{request.token}"
        ledger.post(invoice, Kind.REPAID, request.amount, external_id=external_id, occurred_at=begin_of(on), by=who)
        advance(request, Status.PAID_OUT, ended_at=now)
        audit.record("refund_paid_by_hand", by=who, invoice=invoice, written=written.strip()[:200], on=str(on))
        audit.close_superseded(ours, by=who, reason="paid")
        reports.tell("refund_done", request, invoice)


def withdraw_by_bank(request_id: int, *, by: Staff, reason: str, now: datetime | None = None) -> None:
    """Withdraw a refund that waits for a bank transfer, so that the credit is free again. Raises Refused."""
    if not reason.strip():
        raise Refused(_("Say why. Your colleagues read it on the timeline."))
    now, who = now or timezone.now(), audit.name_of(by)
    with transaction.atomic():
        request, invoice = _locked(request_id)
        ours = credit.by_hand_task(request)
        if request.status != Status.BY_BANK or not ours.exists():
            raise Refused(_("This refund does not wait for a member of staff any more."))
        advance(request, Status.WITHDRAWN, ended_at=now)
        audit.record("refund_withdrawn", by=who, invoice=invoice, written=reason.strip()[:200])
        audit.close_superseded(ours, by=who, reason="withdrawn")
        credit.review(invoice, by=who, reason="withdrawn", now=now)


def _locked(request_id: int) -> tuple[RefundRequest, Invoice]:
    invoice = lock_invoice(RefundRequest.objects.values_list("invoice_id", flat=True).get(pk=request_id))
    return RefundRequest.objects.select_for_update(no_key=True).get(pk=request_id), invoice
