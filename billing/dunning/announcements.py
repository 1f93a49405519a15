"""Announcements of new invoices, made fifty at a time: each is about one invoice, and what they share is read once.
Their mails are checked together as well.

Workers share them. Each takes the next ones that nobody holds, by locking patient and invoice until they are made, and
waits for no lock. A worker that dies holds nothing any more, so that the next one takes what it had taken.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, prefetch_related_objects
from django.utils import timezone

from billing import ledger
from billing.dunning import letter_facts, letters
from billing.dunning.blockers import Action, Blocker, Known, blockers
from billing.dunning.sending_hours import may_be_sent
from billing.failures import due, isolated_together
from billing.invoices import schedule
from billing.invoices.addressee import Addressee, addressee_loaded, addressees
from billing.invoices.holds import stopping
from billing.invoices.letter_steps import LETTERS
from billing.ledger.breakdown import Parts, parts_of
from billing.ledger.entries import balance_of, postings_of, sides_in, with_postings
from billing.models import Invoice, Letter, OutboxMessage, PaymentPlan, Provider, ReminderStep
from billing.money import ZERO
from billing.outbox.queue import Draft, queue_each
from billing.plans import agreements
from billing.practices import readiness
from billing.rooms import Stops
from billing.rows import insert_rows, take_keys
from billing.text.addresses import is_one_address
from billing.transitions import advance_each, in_sql

Step, Status = ReminderStep.Step, ReminderStep.Status

AT_ONCE = 50  # so many invoices are locked for a fraction of a second; on SQLite everybody who writes waits as long
ANNOUNCE = "announce invoice"  # the rule that may fail on one of them


@dataclass(frozen=True, slots=True)
class _Announced:
    """One announcement in the making: its step, what is open on the invoice, and the day on which it is made."""

    row: ReminderStep
    parts: Parts
    today: date

    @property
    def invoice(self) -> Invoice:
        return self.row.invoice


def make_next(*, now: datetime) -> int:
    """Make the next announcements that no other worker has in hand; return how many invoices were looked at.

    What fails on one of them keeps no other waiting, and neither does one that may not be announced yet.
    """
    if not may_be_sent(Step.NOTICE, now):
        return 0
    with transaction.atomic(durable=True):
        keys = _claim(now)
        act = partial(_make, now=now)
        isolated_together(act, keys, rule=ANNOUNCE, about=lambda key: Invoice.objects.filter(pk=key), now=now)
    return len(keys)


def _claim(now: datetime) -> list[int]:
    """Lock the next invoices to announce and their patients, but none that somebody else has; return their keys.

    Those that had to wait before come after those that nobody has looked at.
    """
    waiting = _waiting(now)
    return _lock(waiting.filter(next_try_at=None)) or _lock(waiting.filter(next_try_at__lte=now))


def _lock(waiting: QuerySet[ReminderStep]) -> list[int]:
    skip = connection.features.has_select_for_update_skip_locked
    locked = waiting.select_for_update(of=("invoice", "invoice__patient"), skip_locked=skip, no_key=True)
    # The rows are read once they are locked. The order is that of the index.
    few = locked.select_related("invoice__patient").only("invoice__patient__number").order_by("next_try_at", "pk")
    return [row.invoice_id for row in few[:AT_ONCE]]


def _waiting(now: datetime) -> QuerySet[ReminderStep]:
    """Select what may be announced; invoices of a practice whose details are not complete wait, unlooked at."""
    planned = ReminderStep.objects.filter(status=Status.PLANNED, step=Step.NOTICE)
    incomplete = Provider.objects.filter(readiness.INCOMPLETE).values("pk")  # few
    return due(planned.exclude(invoice__provider__in=incomplete), rule=ANNOUNCE, now=now, field="invoice")


def _make(keys: Sequence[int], *, now: datetime) -> None:
    """Make the announcements of these locked invoices, whole or not at all; drop or postpone what may not be sent."""
    with transaction.atomic():
        ready = []
        for row in _planned(keys):
            today = max(timezone.localtime(now).date(), row.planned_on)
            blocker = _blocker(row.invoice, now=now, today=today)
            if blocker is None:
                letters.extend_time_to_pay(row, today)
                ready.append(_Announced(row, parts_of(row.invoice), today))
            elif blocker.action == Action.RETRY:
                ReminderStep.objects.filter(pk=row.pk).update(next_try_at=now + letters.RETRY_AFTER)
            else:
                letters.drop(row, blocker, today)
        if ready:
            _write(ready, now=now)


def _planned(keys: Sequence[int]) -> list[ReminderStep]:
    """Read the steps of locked invoices that are still to be announced, each with all that an announcement says."""
    planned = ReminderStep.objects.filter(invoice__in=keys, status=Status.PLANNED, step=Step.NOTICE)
    with_payers = planned.select_related("invoice__patient__payer", "invoice__own_payer")
    rows = list(with_payers.prefetch_related("invoice__provider").order_by("pk"))  # few practices have many invoices
    for row in rows:
        row.invoice.patient.provider = row.invoice.provider
    prefetch_related_objects([row.invoice for row in rows], with_postings())
    return rows


def _blocker(invoice: Invoice, *, now: datetime, today: date) -> Blocker | None:
    known = Known(balance_of(sides_in(postings_of(invoice))), (), addressee_loaded(invoice))
    return next(blockers(invoice, Step.NOTICE, now=now, today=today, known=known), None)


def _asked(ready: Sequence[_Announced]) -> dict[int, dict[str, Any]]:
    """Return what each announcement asks for, and by when, by the key of its invoice; few of them have a plan."""
    invoices = [one.invoice for one in ready]
    plans = PaymentPlan.objects.filter(invoice__in=invoices, status=PaymentPlan.Status.ACTIVE)
    planned = set(plans.values_list("invoice_id", flat=True))
    held = set(stopping(Stops.PAYMENT, invoice__in=invoices).values_list("invoice_id", flat=True))
    return {
        one.invoice.pk: agreements.due_facts(one.invoice, today=one.today)
        if one.invoice.pk in planned
        else {"on_hold": one.invoice.pk in held, "plan": None}
        for one in ready
    }


def _write(ready: Sequence[_Announced], *, now: datetime) -> None:
    """Record the letters and queue their messages, a statement for each table."""
    made = [
        Letter(patient=one.invoice.patient, step=Step.NOTICE, made_on=one.today, principal=one.parts.principal)
        for one in ready
    ]
    take_keys(made)  # a message names its letter, and a letter its message
    asked = _asked(ready)
    drafts = [
        Draft(
            invoice=one.invoice,
            to=addressee_loaded(one.invoice),
            context=letter_facts.facts(letter, [one.invoice], [one.parts], today=one.today) | asked[one.invoice.pk],
            dedupe_key=f"letter:{letter.pk}",
        )
        for one, letter in zip(ready, made, strict=True)
    ]
    messages = queue_each(LETTERS[Step.NOTICE].message, drafts, now=now)
    for one, letter, message in zip(ready, made, messages, strict=True):
        letter.message = message
        one.row.letter, one.row.amount, one.row.principal = letter, letter_facts.owed(one.invoice), one.parts.principal
    insert_rows(made)
    advance_each([one.row for one in ready], Status.COMPOSED, "letter", "amount", "principal")
    schedule.reschedule_each([(one.invoice, one.today) for one in ready])


# --- sending ------------------------------------------------------------------------------------


def may_send_while(messages: Collection[int], now: datetime) -> tuple[list[int], Q]:
    """Return which of these mails may leave as far as was read without a lock, and what must be so when one is claimed.

    Money can come and the step end at any moment, so the statement that claims a mail looks at them itself. What is
    wrong with the others, `letters.may_send` says.
    """
    steps = ReminderStep.objects.filter(letter__message__in=messages).select_related("letter", "invoice")
    rows = list(steps.prefetch_related("invoice__provider"))  # few practices have many invoices
    to = addressees([row.invoice_id for row in rows])
    fine = [row.letter for row in rows if row.letter and _may_leave(row, row.letter, to[row.invoice_id], now)]
    return [letter.message_id for letter in fine if letter.message_id], in_sql(OutboxMessage, _as_composed())


def _may_leave(row: ReminderStep, letter: Letter, to: Addressee, now: datetime) -> bool:
    """Tell whether nothing that the clock or the practice decides is against this announcement."""
    today = max(timezone.localtime(now).date(), letter.made_on)
    provider = row.invoice.provider
    at_this_hour = may_be_sent(Step.NOTICE, now, provider) and not letters.is_stale(letter, row.invoice, today)
    return at_this_hour and readiness.may_send(provider) and is_one_address(to.email)


def _as_composed() -> Q:
    """Return the condition on a message that its announcement stands, and that what it asks for is still owed."""
    announced = ledger.with_balance(Invoice.objects.filter(withdrawn_at=None)).filter(
        reminder_steps__letter__message=OuterRef("pk"),
        reminder_steps__step=Step.NOTICE,
        reminder_steps__status=Status.COMPOSED,
        reminder_steps__amount=F("balance"),
        reminder_steps__amount__gt=ZERO,
    )
    return Q(Exists(announced))
