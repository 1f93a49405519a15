"""What follows from a decision: ledger, hold, last day to pay, mail, timeline; and who may decide."""

import base64
import uuid
from contextlib import nullcontext
from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import DatabaseError, transaction
from django.utils import timezone

from billing import ledger
from billing.desk import timeline
from billing.errors import Refused, Stale
from billing.invoices.state import look_at
from billing.law import calendar
from billing.links import new_token
from billing.models import AuditEvent, Hold, LedgerTransaction, OutboxMessage, Payment, Staff, StaffTask
from coulance import amounts, decisions
from coulance.models import CaseMessage, CoulanceCase, Decision, Proposal
from tests import factories
from tests.books import booked
from tests.coulance.desk.desk_cases import REASON, at_desk, granted, rules, staff_of

pytestmark = pytest.mark.django_db
Status = CoulanceCase.Status
D = Decimal


def approve(case, by, outcome=None, **fields):
    case.refresh_from_db()
    given = {"outcome": outcome or granted("750.00"), "reason": REASON, "version": case.version, "by": by}
    return decisions.approve(case, **given | fields)


def mail() -> OutboxMessage:
    return OutboxMessage.objects.latest("pk")


def proven() -> None:
    call_command("verify_ledger", stdout=StringIO())


def payment_of(invoice) -> Payment:
    fields = {"amount": D("900.00"), "status": "paid", "mollie_id": "tr_1", "request_body": "{}"}
    tokens = {"token": new_token(), "webhook_token": new_token(), "idempotency_key": str(uuid.uuid4())}
    return Payment.objects.create(invoice=invoice, **fields, **tokens)


@pytest.fixture
def case():
    return at_desk()


def test_a_lower_amount_is_booked_mailed_and_can_be_paid(case):
    decision = approve(case, staff_of(case))
    case.refresh_from_db()
    view, today = look_at(case.invoice.token, today=timezone.localdate()), timezone.localdate()
    assert (view.status, view.outstanding, view.can_pay) == ("open", D("750.00"), True)
    assert view.due_on >= today + timedelta(days=14)
    assert (case.status, case.version, decision.number) == (Status.ADJUSTED, 1, 1)
    assert (decision.granted, decision.deductible, decision.reduction) == (D("750.00"), D("385.00"), D("250.00"))
    (entry,) = booked(case.invoice, LedgerTransaction.Kind.REDUCTION)
    assert (entry.amount, entry.transaction.external_id) == (D("-250.00"), f"coulance:{case.pk}:1")
    assert not Hold.objects.filter(released_at=None).exists()
    letter = mail()
    assert letter.kind == "coulance_adjusted"
    for text in (letter.text, letter.html):
        assert "750,00" in text
        assert "open-link:" in text
        assert REASON not in text
        assert "eriodieke" not in text
    assert CaseMessage.objects.get().text == REASON
    entries = [event.what for event in timeline.of_invoice(case.invoice)]
    assert [event.action for event in AuditEvent.objects.all()][-1] == "case_decision"
    assert len(entries) > 4
    proven()


def test_the_last_day_to_pay_is_two_weeks_away_and_never_earlier_than_before():
    soon = at_desk(issued_on=timezone.localdate() - timedelta(days=40))
    approve(soon, staff_of(soon))
    soon.invoice.refresh_from_db()
    two_weeks = timezone.localdate() + timedelta(days=14)
    assert soon.invoice.due_on == calendar.roll_to_working_day(two_weeks)
    late = at_desk()
    approve(late, staff_of(late))
    late.invoice.refresh_from_db()
    assert late.invoice.due_on == timezone.localdate() + timedelta(days=30)


def test_a_refusal_lowers_nothing_and_gives_time_to_pay(case):
    decisions.refuse(case, reason=REASON, version=0, by=staff_of(case))
    case.refresh_from_db()
    assert case.status == Status.REJECTED
    assert not LedgerTransaction.objects.filter(kind="reduction").exists()
    assert look_at(case.invoice.token, today=timezone.localdate()).outstanding == 1000
    assert mail().kind == "coulance_refused"


def test_asking_for_more_keeps_the_invoice_on_hold(case):
    CoulanceCase.objects.update(specification_due_on=timezone.localdate())
    decisions.ask_more(case, reason="Stuur ook bladzijde 2.", version=0, by=staff_of(case, Staff.Role.CLERK))
    case.refresh_from_db()
    until = timezone.localdate() + timedelta(days=14)
    assert (case.status, case.specification_due_on) == (Status.WAITING_FOR_SPECIFICATION, until)
    assert Hold.objects.get(released_at=None).until == until
    assert mail().kind == "coulance_more_needed"
    assert CaseMessage.objects.get().text == "Stuur ook bladzijde 2."
    assert "bladzijde" not in mail().text


def test_a_correction_is_a_new_decision_and_books_the_difference(case):
    by = staff_of(case)
    approve(case, by)
    for amount, entries in (("700.00", 2), ("900.00", 5), ("1000.00", 6)):
        case.refresh_from_db()
        decisions.correct(case, outcome=granted(amount), reason=REASON, version=case.version, by=by)
        assert ledger.outstanding(case.invoice_id) == D(amount)
        assert LedgerTransaction.objects.filter(kind="reduction").count() == entries
        assert mail().kind == "coulance_corrected"
    case.refresh_from_db()
    assert (case.status, case.reopened) == (Status.REJECTED, 0)
    assert [d.number for d in Decision.objects.all()] == [1, 2, 3, 4]
    proven()
    with pytest.raises(Refused):
        decisions.correct(case, outcome=granted("1000.00"), reason=REASON, version=case.version, by=by)


def test_a_decision_can_not_be_edited(case):
    decision = approve(case, staff_of(case))
    decision.new_due = D("1.00")
    with pytest.raises(DatabaseError), transaction.atomic():
        decision.save()
    with pytest.raises(DatabaseError), transaction.atomic():
        decision.delete()


def test_the_reason_lies_sealed_and_a_new_key_seals_it_again(case, settings):
    rules(case, second_person_above=D("0.00"))
    by, second = staff_of(case), staff_of(case)
    assert approve(case, by).reason == REASON
    columns = Proposal.objects.values().get()
    assert REASON.encode() not in bytes(columns["sealed_reason"])
    assert REASON not in str(columns)
    settings.FIELD_KEYS = f"9:{base64.urlsafe_b64encode(bytes(range(32))).decode()},{settings.FIELD_KEYS}"
    call_command("rotate_field_keys", stdout=StringIO())
    assert Proposal.objects.get().sealed_reason[0] == 9
    case.refresh_from_db()
    decision = decisions.confirm(case, version=case.version, by=second)
    assert decision.reason == Decision.objects.get().reason == REASON
    assert REASON not in str(Decision.objects.values().get())


def test_what_was_paid_too_much_is_credit_and_goes_to_a_person(case):
    booked = {"external_id": "tr_1", "occurred_at": timezone.now(), "by": "mollie"}
    ledger.post(case.invoice, LedgerTransaction.Kind.PAYMENT, D("-900.00"), **booked)
    approve(case, staff_of(case))
    assert ledger.balance(case.invoice_id) == D("-150.00")
    assert StaffTask.objects.filter(kind=StaffTask.Kind.SURPLUS, invoice=case.invoice).count() == 1
    assert "150,00" in mail().text
    case.invoice.refresh_from_db()
    assert case.invoice.settled_at
    proven()


def test_a_correction_closes_the_item_about_a_credit_that_it_changed(case):
    """What is left of the credit is a new item; nobody refunds by the old one."""
    by = staff_of(case)
    booked = {"external_id": "tr_1", "occurred_at": timezone.now(), "by": "mollie"}
    ledger.post(case.invoice, LedgerTransaction.Kind.PAYMENT, D("-900.00"), **booked)
    own = {"payment": payment_of(case.invoice), "dedupe_key": "tr_1"}
    paid_twice = StaffTask.objects.create(kind="surplus", invoice=case.invoice, **own)
    approve(case, by)
    for amount, credit in (("850.00", "50.00"), ("700.00", "200.00"), ("900.00", None), ("800.00", "100.00")):
        case.refresh_from_db()
        decisions.correct(case, outcome=granted(amount), reason=REASON, version=case.version, by=by)
        waiting = StaffTask.objects.filter(kind="surplus", closed_at=None).exclude(pk=paid_twice.pk)
        assert list(waiting.values_list("note", flat=True)) == ([credit] if credit else [])
    closed = StaffTask.objects.exclude(closed_at=None)
    notes = [item.note.removesuffix("the reduction changed") for item in closed.order_by("pk")]
    assert notes == ["", "150.00: ", "50.00: ", "200.00: "], "the first of them once no credit was left"
    assert all("reduction changed" in item.note for item in closed)
    events = AuditEvent.objects.filter(action="task_closed", invoice=case.invoice)
    assert [event.details["reason"] for event in events] == ["the reduction changed"] * 4


def test_what_the_insurer_paid_to_the_provider_is_not_the_patients_share():
    case = at_desk(amount="1000.00", insurer_paid="200.00")
    with pytest.raises(Stale):
        approve(case, staff_of(case), granted("750.00"))
    approve(case, staff_of(case), granted("750.00", share="800.00"))
    assert ledger.outstanding(case.invoice_id) == D("750.00")


class TestSecondPerson:
    def test_above_the_limit_another_approver_must_agree(self, case):
        rules(case, second_person_above=D("249.99"))
        first, second = staff_of(case), staff_of(case)
        assert isinstance(approve(case, first), Proposal)
        case.refresh_from_db()
        assert (case.status, ledger.outstanding(case.invoice_id)) == (Status.AT_PROVIDER, 1000)
        assert not OutboxMessage.objects.exists()
        with pytest.raises(Refused):
            decisions.confirm(case, version=case.version, by=first)
        with pytest.raises(Refused):
            approve(case, second)
        decision = decisions.confirm(case, version=case.version, by=second)
        assert (decision.decided_by, decision.approved_by) == (first, second)
        assert ledger.outstanding(case.invoice_id) == 750
        assert not Proposal.objects.exists()
        proven()

    def test_at_the_limit_one_is_enough(self, case):
        rules(case, second_person_above=D("250.00"))
        assert isinstance(approve(case, staff_of(case)), Decision)

    @pytest.mark.parametrize("act", ["approve", "refuse"])
    def test_a_clerk_prepares_and_an_approver_agrees(self, case, act):
        clerk = staff_of(case, Staff.Role.CLERK)
        if act == "approve":
            approve(case, clerk)
        else:
            decisions.refuse(case, reason=REASON, version=0, by=clerk)
        case.refresh_from_db()
        assert case.status == Status.AT_PROVIDER
        with pytest.raises(Refused):
            decisions.confirm(case, version=case.version, by=staff_of(case, Staff.Role.CLERK))
        decisions.confirm(case, version=case.version, by=staff_of(case))
        case.refresh_from_db()
        assert case.status == (Status.ADJUSTED if act == "approve" else Status.REJECTED)

    def test_a_proposal_can_be_put_aside(self, case):
        clerk = staff_of(case, Staff.Role.CLERK)
        approve(case, clerk)
        case.refresh_from_db()
        with pytest.raises(Refused):
            decisions.turn_down(case, version=case.version, by=staff_of(case, Staff.Role.CLERK))
        decisions.turn_down(case, version=case.version, by=clerk)
        assert not Proposal.objects.exists()
        approve(case, staff_of(case))
        assert AuditEvent.objects.filter(action="case_proposal_put_aside").exists()


class TestRefusing:
    def acts(self, case, by, version=0):
        given = {"reason": REASON, "version": version, "by": by}
        return (
            lambda: decisions.approve(case, outcome=granted("750.00"), **given),
            lambda: decisions.refuse(case, **given),
            lambda: decisions.ask_more(case, **given),
            lambda: decisions.correct(case, outcome=granted("700.00"), **given),
            lambda: decisions.confirm(case, version=version, by=by),
            lambda: decisions.turn_down(case, version=version, by=by),
        )

    def test_people_of_elsewhere_decide_nothing(self, case):
        for by in (
            factories.staff(role=Staff.Role.APPROVER),
            factories.staff(role=Staff.Role.OPERATIONS),
            staff_of(case, is_active=False),
        ):
            for act in self.acts(case, by):
                with pytest.raises(Refused):
                    act()
        assert not Decision.objects.exists()

    def test_an_old_page_changes_nothing(self, case):
        CoulanceCase.objects.update(version=3)
        for act in self.acts(case, staff_of(case), version=2):
            with pytest.raises(Stale):
                act()
        assert not Decision.objects.exists()

    @pytest.mark.parametrize("status", sorted(set(Status) - {Status.AT_PROVIDER}))
    def test_only_a_case_at_the_provider_is_decided(self, case, status):
        CoulanceCase.objects.update(status=status)
        for act in self.acts(case, staff_of(case))[:3]:
            with pytest.raises(Refused):
                act()

    @pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
    def test_a_reason_is_needed(self, case, reason):
        """To refuse, to ask and to take back. The amounts of an approval speak for themselves; too long is too long."""
        by = staff_of(case)
        for act in (decisions.refuse, decisions.ask_more):
            with pytest.raises(Refused):
                act(case, reason=reason, version=case.version, by=by)
        with pytest.raises(Refused) if len(reason) > 2 else nullcontext():
            approve(case, by, reason=reason)

    def test_nothing_to_lower_is_no_approval(self, case):
        with pytest.raises(Refused):
            approve(case, staff_of(case), granted("1000.00"))

    def test_a_withdrawn_invoice_is_not_decided(self, case):
        type(case.invoice).objects.update(withdrawn_at=timezone.now())
        with pytest.raises(Refused):
            approve(case, staff_of(case))


@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_mail_is_complete_in_both_languages(language):
    for act in ("approve", "refuse", "ask_more", "correct"):
        case = at_desk()
        type(case.invoice.patient).objects.update(language=language)
        by = staff_of(case)
        if act == "correct":
            approve(case, by)
            case.refresh_from_db()
        given = {"reason": REASON, "version": case.version, "by": by}
        if act in ("approve", "correct"):
            given["outcome"] = amounts.by_hand(D("1000.00"), new_due=D("0.00"))
        getattr(decisions, act)(case, **given)
        letter = mail()
        assert letter.language == language
        assert letter.subject
        assert "None" not in letter.text
        assert case.invoice.payment_reference[-4:] in letter.text
