"""A file from the receipt to its end: the invoice rests, promises are kept or told, and what was wrong is put right."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone, translation

from billing import ledger
from billing.dunning import planning
from billing.errors import Refused
from billing.law.calendar import AMSTERDAM
from billing.models import Hold, LedgerTransaction, OutboxMessage
from complaints import answers, days, deadlines, filing, freeze, handling, remedies
from complaints.answers import Draft, Point
from complaints.file import lessons
from complaints.models import Answer, Complaint, ComplaintMessage, Remedy
from tests import factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
Status = Complaint.Status
TODAY = timezone.localdate()


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def invoice():
    return factories.invoice(amount="100.00")


@pytest.fixture
def handler():
    return factories.staff(role="operations", provider=None)


@pytest.fixture
def second():
    return factories.staff(role="operations", provider=None)


def said(**more):
    return filing.Said(**{"story": "Nooit een brief gehad.", "email": "iemand@post.example"} | more)


def filed(invoice=None, **more):
    subject = more.pop("subject", "letters")
    return filing.file(said(), subject=subject, invoice_id=invoice.pk if invoice else None, **more)


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def mails(kind):
    return list(OutboxMessage.objects.filter(kind=kind).order_by("pk"))


def point(decision="not_upheld", **more):
    return Point(**{"said": "geen brief", "found": "de brief kwam aan", "decision": decision} | more)


def drafted(points, **more):
    """An answer with all that it must have."""
    return Draft(points, **{"looked_at": "De brieven.", "apology": "Het spijt ons."} | more)


class TestFiling:
    def test_the_invoice_rests_from_the_moment_of_filing_and_stays_payable(self, invoice):
        complaint = filed(invoice)
        hold = Hold.objects.get(invoice=invoice, released_at=None)
        assert hold.reason == "dispute"
        from billing.invoices.state import look_at

        seen = look_at(invoice.token, today=TODAY)
        assert seen.can_pay
        assert freeze.rests(invoice)
        assert complaint.number.startswith(f"K{TODAY.year % 100}-")
        [mail] = mails("complaint_received")
        assert mail.recipient == "iemand@post.example"
        assert complaint.number in mail.subject
        assert "Nooit een brief" not in mail.text

    def test_the_patient_hears_of_it_at_the_known_address(self, invoice):
        complaint = filed(invoice)
        [note] = mails("complaint_noted")
        assert note.recipient == invoice.patient.email
        assert complaint.number in note.text
        assert complaint.token not in note.text

    def test_nobody_is_told_twice_at_one_address(self, invoice):
        filing.file(said(email=invoice.patient.email.upper()), subject="letters", invoice_id=invoice.pk)
        assert mails("complaint_noted") == []

    def test_without_an_invoice_it_has_a_file_all_the_same(self):
        complaint = filed(subject="service")
        assert complaint.invoice is None
        assert complaint.provider is None
        assert len(mails("complaint_received")) == 1

    def test_by_telephone_it_counts_from_the_day_of_the_call(self, invoice):
        called = datetime(2026, 12, 18, 16, 50, tzinfo=AMSTERDAM)
        complaint = filing.file(
            said(email="", phone="0612345678"),
            subject="price",
            invoice_id=invoice.pk,
            channel="phone",
            received_at=called,
        )
        assert (complaint.acknowledge_by, complaint.answer_by) == (date(2026, 12, 22), date(2027, 1, 8))
        assert complaint.provider == invoice.provider

    @pytest.mark.parametrize(
        ("facts", "why"),
        [
            ({"story": " "}, "what happened"),
            ({"story": "x" * 4001}, "too long"),
            ({"email": ""}, "reach you"),
        ],
    )
    def test_what_can_not_be_answered_changes_nothing(self, invoice, facts, why):
        with pytest.raises(Refused, match=why):
            filing.file(said(**facts), subject="letters", invoice_id=invoice.pk)
        assert not Complaint.objects.exists()
        assert not freeze.rests(invoice)

    def test_no_more_can_be_disputed_than_is_left_to_pay(self, invoice):
        with pytest.raises(Refused, match="more than what is left"):
            filed(invoice, disputed=Decimal("100.01"))
        assert filed(invoice, disputed=Decimal("100.00")).disputed == Decimal("100.00")

    def test_a_letter_that_was_made_before_does_not_leave(self, invoice):
        """The hold stands in the transaction that files, so the last look before sending finds it."""
        filed(invoice)
        planning.run_day(TODAY + timedelta(days=400))
        assert not OutboxMessage.objects.exclude(kind__startswith="complaint").exists()

    def test_the_same_ground_rests_once(self, invoice, handler):
        complaint = filed(invoice)
        handling.acknowledge(complaint.pk, text="Ik ben Anna en kijk ernaar.", staff=handler)
        answers.answer(complaint.pk, drafted([point()]), staff=handler)
        Complaint.objects.filter(pk=complaint.pk).update(frozen_until=TODAY - timedelta(days=1))
        days.run_day(TODAY)
        assert not freeze.rests(invoice)
        filed(invoice)
        assert not freeze.rests(invoice)
        filed(invoice, subject="price")
        assert freeze.rests(invoice)


class TestAnswer:
    @pytest.fixture
    def complaint(self, invoice, handler):
        complaint = filed(invoice)
        return handling.acknowledge(complaint.pk, text="Ik ben Anna.", staff=handler)

    @pytest.mark.parametrize(
        ("draft", "why"),
        [
            (drafted([]), "at least one"),
            (drafted([point(), point(decision="")]), "Point 2 has no decision"),
            (drafted([point(found=" ")]), "Point 1"),
            (drafted([point("upheld")]), "choose what we do"),
            (drafted([point()], looked_at=" "), "looked at"),
            (drafted([point("upheld", why="excuus is genoeg")], apology=""), "say sorry"),
            (drafted([point()], wanted=remedies.Wanted(lower_to=Decimal(1))), "agree with nothing"),
            (drafted([point("upheld")], wanted=remedies.Wanted(charges_off=True)), "No costs"),
            (drafted([point("upheld")], wanted=remedies.Wanted(lower_to=Decimal(100))), "new amount"),
        ],
    )
    def test_no_answer_leaves_without_all_of_it(self, complaint, handler, draft, why):
        with pytest.raises(Refused, match=why):
            answers.answer(complaint.pk, draft, staff=handler)
        assert fresh(complaint).status == Status.ACKNOWLEDGED
        assert not Answer.objects.exists()

    def test_a_refusal_lets_the_invoice_rest_two_weeks_more(self, complaint, invoice, handler):
        answers.answer(complaint.pk, drafted([point()]), staff=handler)
        row = fresh(complaint)
        assert (row.status, row.frozen_until) == (Status.ANSWERED, deadlines.frozen_until(TODAY))
        assert freeze.rests(invoice)
        days.run_day(row.frozen_until)
        assert freeze.rests(invoice)
        days.run_day(row.frozen_until + timedelta(days=1))
        assert not freeze.rests(invoice)
        assert fresh(invoice).due_on >= row.frozen_until + timedelta(days=15)
        assert len(mails("hold_ended")) == 1

    def test_a_lower_price_moves_in_the_transaction_of_the_answer(self, complaint, invoice, handler):
        draft = drafted([point("upheld")], wanted=remedies.Wanted(lower_to=Decimal("60.00")))
        row = answers.answer(complaint.pk, draft, staff=handler)
        assert (row.before, row.after) == (Decimal("100.00"), Decimal("60.00"))
        assert ledger.balance(invoice.pk) == Decimal("60.00")
        assert not freeze.rests(invoice)
        assert fresh(invoice).due_on >= TODAY + timedelta(days=14)
        [remedy] = Remedy.objects.all()
        assert (remedy.kind, remedy.amount) == ("lowered", Decimal("40.00"))

    def test_an_upheld_complaint_takes_costs_and_interest_off_for_good(self, complaint, invoice, handler):
        for kind, amount in ((LedgerTransaction.Kind.COSTS, "40.00"), (LedgerTransaction.Kind.INTEREST, "0.82")):
            ledger.post(invoice, kind, Decimal(amount), external_id=f"{kind}:x", occurred_at=timezone.now(), by="test")
        draft = drafted([point("upheld")], wanted=remedies.Wanted(charges_off=True))
        answers.answer(complaint.pk, draft, staff=handler)
        assert ledger.balance(invoice.pk) == Decimal("100.00")
        with pytest.raises(Refused, match="moved on"):
            answers.answer(complaint.pk, draft, staff=handler)
        assert ledger.balance(invoice.pk) == Decimal("100.00")

    def test_an_invoice_is_taken_back(self, complaint, invoice, handler):
        draft = drafted([point("upheld")], wanted=remedies.Wanted(withdraw=True))
        answers.answer(complaint.pk, draft, staff=handler)
        assert fresh(invoice).withdrawn_at is not None
        assert ledger.balance(invoice.pk) == Decimal(0)

    def test_above_an_amount_a_second_person_agrees(self, complaint, invoice, handler, second, settings):
        settings.COMPLAINTS_SECOND_PERSON_ABOVE = Decimal(30)
        draft = drafted([point("upheld")], wanted=remedies.Wanted(lower_to=Decimal("60.00")))
        proposed = answers.answer(complaint.pk, draft, staff=handler)
        assert proposed.given_at is None
        assert ledger.balance(invoice.pk) == Decimal("100.00")
        with pytest.raises(Refused, match="Somebody else"):
            answers.confirm(complaint.pk, staff=handler)
        answers.confirm(complaint.pk, staff=second)
        assert ledger.balance(invoice.pk) == Decimal("60.00")
        assert fresh(proposed).confirmed_by == second

    def test_the_person_complained_about_does_not_answer(self, complaint, handler, second):
        Complaint.objects.filter(pk=complaint.pk).update(handler=None, about=second)
        with pytest.raises(Refused, match="about you"):
            answers.answer(complaint.pk, drafted([point()]), staff=second)
        with pytest.raises(IntegrityError), transaction.atomic():
            Complaint.objects.filter(pk=complaint.pk).update(handler=second)

    def test_the_second_line_is_another_person(self, complaint, invoice, handler, second):
        answers.answer(complaint.pk, drafted([point()]), staff=handler)
        handling.escalate(complaint.pk, text="", today=TODAY)
        assert fresh(complaint).status == Status.SECOND_LINE
        days.run_day(TODAY + timedelta(days=20))
        assert freeze.rests(invoice)
        with pytest.raises(Refused, match="Somebody else"):
            answers.answer(complaint.pk, drafted([point()]), staff=handler)
        with pytest.raises(IntegrityError), transaction.atomic():
            Complaint.objects.filter(pk=complaint.pk).update(second_handler=handler)
        answers.answer(complaint.pk, drafted([point("upheld", why="excuus is genoeg")]), staff=second)
        assert fresh(complaint).status == Status.ANSWERED_AGAIN

    def test_payment_during_the_rest_is_booked_and_the_complaint_stays(self, complaint, invoice):
        ledger.post(
            invoice, LedgerTransaction.Kind.PAYMENT, Decimal("-60.00"), external_id="tr_1",
            occurred_at=timezone.now(), by="test",
        )  # fmt: skip
        assert ledger.outstanding(invoice.pk) == Decimal("40.00")
        assert fresh(complaint).status == Status.ACKNOWLEDGED
        assert freeze.rests(invoice)


class TestDays:
    def test_when_nobody_wrote_an_honest_message_leaves_by_itself(self, invoice):
        complaint = filed(invoice)
        days.run_day(complaint.next_state_on - timedelta(days=1))
        assert mails("complaint_state") == []
        for _twice in range(2):
            days.run_day(complaint.next_state_on)
        assert len(mails("complaint_state")) == 1
        assert complaint.messages.get().kind == ComplaintMessage.Kind.STATE
        assert fresh(complaint).next_state_on == deadlines.status_due(
            deadlines.PROCEDURES["ours"], deadlines.received_on(complaint.received_at), 2
        )

    def test_a_message_of_a_person_in_that_week_counts_as_it(self, invoice, handler):
        complaint = filed(invoice)
        moment = timezone.now() + timedelta(days=(complaint.next_state_on - TODAY).days - 3)
        handling.acknowledge(complaint.pk, text="Ik ben Anna.", staff=handler, now=moment)
        days.run_day(complaint.next_state_on)
        assert mails("complaint_state") == []

    def test_a_question_rests_our_clock_and_not_the_laws(self, invoice, handler):
        complaint = filed(invoice)
        handling.acknowledge(complaint.pk, text="Ik ben Anna.", staff=handler)
        handling.ask(complaint.pk, text="Welke brief?", staff=handler, today=TODAY)
        handling.reply(complaint.pk, text="De laatste.", today=TODAY + timedelta(days=5))
        row = fresh(complaint)
        assert row.status == Status.INVESTIGATING
        assert complaint.answer_by <= row.answer_by <= complaint.answer_by + timedelta(days=5)
        assert row.legal_end == complaint.legal_end

    def test_what_was_asked_and_never_came_closes_and_opens_again(self, invoice, handler):
        complaint = filed(invoice)
        handling.acknowledge(complaint.pk, text="Ik ben Anna.", staff=handler)
        handling.ask(complaint.pk, text="Welke brief?", staff=handler, today=TODAY)
        days.run_day(TODAY + timedelta(days=14))
        assert fresh(complaint).status == Status.WAITING_FOR_PATIENT
        days.run_day(TODAY + timedelta(days=15))
        assert (fresh(complaint).status, fresh(complaint).why_inadmissible) == (Status.INADMISSIBLE, "no_proof")
        handling.reply(complaint.pk, text="Hier is hij.", today=TODAY + timedelta(days=16))
        assert fresh(complaint).status == Status.INVESTIGATING
        assert freeze.rests(invoice)

    def test_more_time_once_and_with_a_reason(self, invoice, handler):
        complaint = filed(invoice)
        handling.acknowledge(complaint.pk, text="Ik ben Anna.", staff=handler)
        with pytest.raises(Refused, match="Write something"):
            handling.extend(complaint.pk, reason=" ", staff=handler, today=TODAY)
        handling.extend(complaint.pk, reason="De praktijk is dicht.", staff=handler, today=TODAY)
        with pytest.raises(Refused, match="once"):
            handling.extend(complaint.pk, reason="Nog eens.", staff=handler, today=TODAY)

    def test_taken_back_it_ends_the_rest_with_two_weeks_to_pay(self, invoice):
        complaint = filed(invoice)
        handling.withdraw(complaint.pk, today=TODAY)
        assert not freeze.rests(invoice)
        assert fresh(invoice).due_on >= TODAY + timedelta(days=14)

    def test_one_complaint_ends_and_the_other_still_needs_the_rest(self, invoice):
        first = filed(invoice)
        filed(invoice, subject="price")
        handling.withdraw(first.pk, today=TODAY)
        assert freeze.rests(invoice)

    def test_an_answered_file_closes_after_six_weeks(self, invoice, handler):
        complaint = filed(invoice)
        handling.acknowledge(complaint.pk, text="Ik ben Anna.", staff=handler)
        answers.answer(complaint.pk, drafted([point()]), staff=handler)
        days.run_day(TODAY + timedelta(days=42))
        assert fresh(complaint).status == Status.ANSWERED
        lessons.learn(complaint.pk, lessons.Learnt("other", False, because="niets"), staff=handler, today=TODAY)
        days.run_day(TODAY + timedelta(days=43))
        assert fresh(complaint).status == Status.CLOSED
