"""Invoices that are ready for hand-over, an agency, and replies, for tests: as the dunning schedule leaves them."""

import json
from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from billing import audit, ledger
from billing.law.calendar import begin_of
from billing.models import Invoice, LedgerTransaction, Letter, OutboxMessage, ReminderStep, StaffTask
from debt_collection import accounts, agencies, handing_over
from debt_collection.running import replies
from tests import factories

Step, Status, Kind = ReminderStep.Step, ReminderStep.Status, LedgerTransaction.Kind


def agency(key="incasso-nl", **more):
    today = timezone.localdate()
    details = {
        "name": "Incasso Nederland B.V.",
        "registration_number": "WKI-000123",
        "registered_until": today + timedelta(days=200),
        "dispute_body": "Kifid",
        "iban": "NL20INGB0001234567",
        "phone": "+31301234567",
        "email": "klachten@incasso.example",
    } | more
    kept = agencies.save(key, agencies.Details(**details), by="staff:anna", today=today)
    for asked in accounts.waiting().filter(agency=kept, agency__iban=""):
        accounts.decide(asked, approved=True, by="staff:bert")
    kept.refresh_from_db()
    return kept


def ready(*, amount="100.00", costs="40.00", interest="0.50", today=None, **fields):
    """An invoice whose last letter has passed, with costs and interest as they were told."""
    today = today or timezone.localdate()
    now = begin_of(today)
    fields = {"issued_on": today - timedelta(days=150), "due_on": today - timedelta(days=120)} | fields
    invoice = factories.invoice(amount=amount, **fields)
    for step, ago in ((Step.NOTICE, 149), (Step.REMINDER, 110), (Step.FINAL_NOTICE, 95), (Step.FINAL, 60)):
        _letter(invoice, step, today - timedelta(days=ago), Decimal(costs))
    _letter_costs(invoice, Decimal(costs), Decimal(interest), now)
    row = ReminderStep.objects.create(
        invoice=invoice, step=Step.HAND_OVER, due_on=invoice.due_on, planned_on=today, status=Status.TAKEN
    )
    Invoice.objects.filter(pk=invoice.pk).update(next_step=Step.HAND_OVER, next_step_on=None)
    audit.open_task(StaffTask.Kind.READY_FOR_HAND_OVER, dedupe_key=f"step:{row.pk}", invoice=invoice)
    invoice.refresh_from_db()
    return invoice


def _letter(invoice, step, day, costs):
    at = begin_of(day)
    message = OutboxMessage.objects.create(
        kind="final_notice", invoice=invoice, language="nl", recipient="x@post.example", subject="Brief",
        text="Betaal binnen vijftien dagen nadat deze brief bij u is bezorgd.", html="<p>Betaal</p>",
        dedupe_key=f"letter:{invoice.pk}:{step}", status=OutboxMessage.Status.SENT, sent_at=at, created_at=at,
    )  # fmt: skip
    owed, is_claim = ledger.balance(invoice.pk), step == Step.FINAL_NOTICE
    letter = Letter.objects.filter(patient=invoice.patient, step=step, made_on=day).first()
    letter = letter or Letter.objects.create(
        patient=invoice.patient, step=step, made_on=day, sent_on=day, message=message, interest_until=day,
        principal=owed, costs_announced=costs if is_claim else None, costs_base=owed,
        costs_booked_at=at if is_claim else None,
    )  # fmt: skip
    ReminderStep.objects.create(
        invoice=invoice, step=step, due_on=invoice.due_on, planned_on=day, status=Status.TAKEN, letter=letter,
        amount=ledger.balance(invoice.pk), principal=ledger.balance(invoice.pk),
    )  # fmt: skip


def _letter_costs(invoice, costs, interest, now):
    letter = Letter.objects.get(steps__invoice=invoice, step=Step.FINAL_NOTICE)
    if costs:
        key = f"letter:{letter.pk}:costs:{invoice.pk}"
        ledger.post(invoice, Kind.COSTS, costs, external_id=key, occurred_at=now, by="dunning")
    if interest:
        key = f"interest:{invoice.pk}:test"
        ledger.post(invoice, Kind.INTEREST, interest, external_id=key, occurred_at=now, by="dunning")


def decider(invoice):
    return factories.staff(role="approver", provider=invoice.provider)


def handed_over(invoice=None, to=None, by=None):
    """A case that one person handed over, or two when it is much."""
    invoice = invoice or ready()
    case = handing_over.hand_over(invoice.pk, to or agency(), by=by or decider(invoice))
    return case if case.is_live else handing_over.confirm(case, by=decider(invoice))


def said(case, *messages, key="incasso-nl"):
    """Read a reply of the agency, and return what came of its messages."""
    rows = [{"id": f"m-{n}", "case": case.number} | message for n, message in enumerate(messages, start=1)]
    content = json.dumps({"format": replies.FORMAT, "agency": key, "messages": rows})
    return dict(replies.apply(content.encode()))


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def of_marked(provider, mark):
    """A case of a practice, with `mark` somewhere in its rows."""
    who = factories.patient(provider=provider, number=f"I-{mark}", surname=mark, email=f"i{mark}@post.example")
    return handed_over(ready(patient=who, number=f"{mark}-I"))
