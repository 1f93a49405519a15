"""What speaks against a hand-over, asked in the transaction that hands over: each by itself."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from billing import audit, ledger
from billing.adjustments import reductions
from billing.errors import Refused
from billing.invoices.holds import place_hold
from billing.models import (
    Hold,
    Invoice,
    LedgerTransaction,
    OutboxMessage,
    Payer,
    PaymentPlan,
    Receipt,
    ReminderStep,
    StaffTask,
)
from complaints.models import Complaint
from coulance import cases
from debt_collection import blockers, handing_over
from debt_collection.models import HandOver
from forbearance.models import Forbearance
from tests import factories
from tests.debt_collection.cases import agency, decider, ready

pytestmark = pytest.mark.django_db
Kind = LedgerTransaction.Kind


def on_hold(invoice):
    place_hold(invoice, Hold.STAFF, by="test", tell=False)


def breathing_space(invoice):
    place_hold(invoice, "breathing_space", by="test", tell=False)


def coulance(invoice):
    place_hold(invoice, cases.HOLD, by="test", tell=False)


def plan(invoice):
    PaymentPlan.objects.create(invoice=invoice, kind=PaymentPlan.Kind.DEFERRAL, total=Decimal("140.50"))


def complaint_without_a_hold(invoice):
    """The second on one ground: the invoice does not rest by itself, and still nobody else may collect it."""
    today = timezone.localdate()
    Complaint.objects.create(
        number="K26-AAAA-AAAA", invoice=invoice, subject="price", acknowledge_by=today, answer_by=today, legal_end=today
    )


def answered_lately(invoice):
    complaint_without_a_hold(invoice)
    Complaint.objects.update(status=Complaint.Status.ANSWERED, frozen_until=timezone.localdate())


def bounced(invoice):
    OutboxMessage.objects.filter(invoice=invoice, dedupe_key__endswith=":3").update(bounced_at=timezone.now())


def failed(invoice):
    OutboxMessage.objects.filter(invoice=invoice, dedupe_key__endswith=":0").update(status="failed")


def no_final_notice(invoice):
    ReminderStep.objects.filter(invoice=invoice, step=3).update(status="void")


def receipt_waits(invoice):
    staff = factories.staff(provider=invoice.provider)
    Receipt.objects.create(
        invoice=invoice,
        amount=Decimal("10.00"),
        received_on=timezone.localdate(),
        road="cash",
        reported_by=staff,
        sealed_words=b"",
    )


def credit_elsewhere(invoice):
    other = factories.invoice(patient=invoice.patient, amount="10.00")
    ledger.post(other, Kind.PAYMENT, Decimal("-20.00"), external_id="tr_x", occurred_at=timezone.now(), by="test")


def task_open(invoice):
    other = factories.invoice(patient=invoice.patient)
    audit.open_task(StaffTask.Kind.CHARGEBACK, dedupe_key="x", invoice=other)


def administrator(invoice):
    Payer.objects.create(patient=invoice.patient, relation="administrator", name="Bewind B.V.", email="b@post.example")


def represented(invoice):
    """No hold rests on it: letters go to somebody else."""
    Forbearance.objects.create(
        patient=invoice.patient, kind="administration", since=timezone.localdate(), reported_by="test"
    )


def minor(invoice):
    born = timezone.localdate() - timedelta(days=8 * 365)
    invoice.patient.identity = {"date_of_birth": born.isoformat()}
    invoice.patient.save()


def five_years_old(invoice):
    old = timezone.localdate() - timedelta(days=5 * 366)
    Invoice.objects.filter(pk=invoice.pk).update(issued_on=old, due_on=old)


def little_principal(invoice):
    """Five cents of principal are left, with costs of € 40."""
    ledger.post(invoice, Kind.PAYMENT, Decimal("-140.00"), external_id="tr_y", occurred_at=timezone.now(), by="test")


def little_rest(invoice):
    reductions.reduce_to(invoice, Decimal("96.00"), external_id="x", by="test", now=timezone.now())


def withdrawn(invoice):
    Invoice.objects.filter(pk=invoice.pk).update(withdrawn_at=timezone.now())


def not_ready(invoice):
    Invoice.objects.filter(pk=invoice.pk).update(next_step=5)


AGAINST = (
    on_hold, breathing_space, coulance, plan, complaint_without_a_hold, answered_lately, bounced, failed,
    no_final_notice, receipt_waits, credit_elsewhere, task_open, administrator, represented, minor, five_years_old,
    little_principal, little_rest, withdrawn, not_ready,
)  # fmt: skip


@pytest.mark.parametrize("against", AGAINST, ids=lambda act: act.__name__)
def test_each_alone_keeps_it_here(against):
    invoice, to = ready(), agency()
    assert handing_over.candidates(invoice, now=timezone.now())[0].why_not == ()
    against(invoice)
    invoice.refresh_from_db()
    assert all(one.why_not for one in handing_over.candidates(invoice, now=timezone.now()))
    with pytest.raises(Refused):
        handing_over.hand_over(invoice.pk, to, by=decider(invoice))
    assert not HandOver.objects.exists()


def test_a_debtor_without_a_hindrance_has_none():
    invoice = ready()
    now, today = timezone.now(), timezone.localdate()
    assert list(blockers.of_claim(invoice, now=now, today=today)) == []
    assert list(blockers.of_debtor([invoice.patient], today=today)) == []


def test_what_became_wrong_while_a_second_person_was_asked_is_seen():
    invoice = ready(amount="800.00")
    case = handing_over.hand_over(invoice.pk, agency(), by=decider(invoice))
    on_hold(invoice)
    with pytest.raises(Refused):
        handing_over.confirm(case, by=decider(invoice))
    case.refresh_from_db()
    assert case.status == HandOver.Status.PROPOSED
