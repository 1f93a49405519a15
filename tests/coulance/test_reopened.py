"""A case that was decided and opened again: what was decided stands until somebody decides otherwise."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from billing import ledger
from billing.adjustments import reductions
from billing.errors import Refused
from billing.invoices.state import look_at
from billing.models import AuditEvent, Hold, LedgerTransaction, OutboxMessage, Staff
from coulance import amounts, cases, deadlines, decisions, specifications
from coulance.models import CoulanceCase, Decision, Proposal, Specification
from tests.coulance.desk.desk_cases import REASON, at_desk, picture_of, rules, staff_of
from tests.guests.files import hostile

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
Status, FileStatus = CoulanceCase.Status, Specification.Status
D = Decimal


def to(due):
    return amounts.by_hand(D("1000.00"), new_due=D(due))


def decide(act, case, by, due=None, **fields):
    case.refresh_from_db()
    given = {"reason": REASON, "version": case.version, "by": by}
    if due:
        given["outcome"] = to(due)
    return getattr(decisions, act)(case, **given | fields)


def send(case, size=9):
    upload = specifications.Upload("nieuw.png", hostile.picture("PNG", (size, size)))
    (row,) = specifications.receive(case.pk, [upload])
    return row


def reopen(case, size=9):
    row = send(case, size)
    specifications.check(row.pk)
    row.refresh_from_db()
    case.refresh_from_db()
    assert (row.status, case.status) == (FileStatus.CLEAN, Status.AT_PROVIDER)
    return row


def mails(kind):
    return OutboxMessage.objects.filter(kind=kind).count()


def last_mail():
    return OutboxMessage.objects.latest("pk")


def held(case):
    return Hold.objects.filter(invoice=case.invoice_id, released_at=None).exists()


@pytest.fixture
def case():
    """Lowered by 250 euros of 1000."""
    row = at_desk()
    picture_of(row)
    decide("approve", row, staff_of(row), "750.00")
    row.refresh_from_db()
    return row


@pytest.fixture
def rejected():
    row = at_desk()
    decide("refuse", row, staff_of(row))
    row.refresh_from_db()
    return row


class TestRefusing:
    def test_what_was_lowered_stays_lowered(self, case):
        reopen(case)
        decide("refuse", case, staff_of(case))
        case.refresh_from_db()
        assert case.status == Status.ADJUSTED
        assert ledger.outstanding(case.invoice_id) == 750
        assert LedgerTransaction.objects.filter(kind="reduction").count() == 1
        mail = last_mail()
        assert mail.kind == "coulance_kept"
        for text in (mail.text, mail.html):
            assert "750,00" in text
            assert "250,00" in text
        assert mails("coulance_refused") == 0
        assert not held(case)
        actions = list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))
        assert actions[actions.index("case_reached_provider") :].count("case_adjusted") == 0, "nothing was lowered now"
        decide("correct", case, staff_of(case), "1000.00")
        assert ledger.outstanding(case.invoice_id) == 1000

    def test_what_was_not_lowered_is_refused_as_ever(self, rejected):
        reopen(rejected)
        decide("refuse", rejected, staff_of(rejected))
        rejected.refresh_from_db()
        assert (rejected.status, last_mail().kind) == (Status.REJECTED, "coulance_refused")

    def test_approving_never_takes_back(self, case):
        reopen(case)
        for due in ("750.00", "800.00"):
            with pytest.raises(Refused):
                decide("approve", case, staff_of(case), due)
        assert decide("approve", case, staff_of(case), "700.00").kind == Decision.Kind.CORRECT
        assert reductions.reduced(case.invoice) == 300

    def test_correcting_takes_back_and_needs_no_refusal_first(self, case):
        reopen(case)
        assert decide("correct", case, staff_of(case), "800.00").kind == Decision.Kind.CORRECT
        case.refresh_from_db()
        assert (case.status, reductions.reduced(case.invoice)) == (Status.ADJUSTED, 200)
        assert not held(case)

    def test_a_first_decision_is_no_correction(self):
        row = at_desk()
        with pytest.raises(Refused):
            decide("correct", row, staff_of(row), "800.00")


class TestSecondPerson:
    def test_taking_back_much_takes_two_as_well(self, case):
        rules(case, second_person_above=D("200.00"))
        by = staff_of(case)
        assert isinstance(decide("correct", case, by, "950.00"), Proposal)
        case.refresh_from_db()
        decisions.turn_down(case, version=case.version, by=by)
        reopen(case)
        assert isinstance(decide("refuse", case, by), Proposal)

    def test_below_the_limit_one_is_enough(self, case):
        rules(case, second_person_above=D("250.00"))
        assert isinstance(decide("correct", case, staff_of(case), "950.00"), Decision)


class TestProposal:
    """It never outlives the state in which it was made."""

    @pytest.mark.parametrize("end", ["withdrawn", "taken back"])
    def test_it_goes_when_the_case_leaves_the_provider(self, end):
        row = at_desk()
        file = picture_of(row)
        decide("approve", row, staff_of(row, Staff.Role.CLERK), "750.00")
        if end == "withdrawn":
            cases.withdraw(row.pk, today=timezone.localdate())
        else:
            specifications.take_back(file, today=timezone.localdate())
        row.refresh_from_db()
        assert row.status != Status.AT_PROVIDER
        assert not Proposal.objects.exists()
        assert AuditEvent.objects.filter(action="case_proposal_put_aside", by="patient").exists()
        with pytest.raises(Refused):
            decisions.confirm(row, version=row.version, by=staff_of(row))

    def test_a_proposed_correction_goes_when_something_new_comes_in(self, case):
        decide("correct", case, staff_of(case, Staff.Role.CLERK), "700.00")
        reopen(case)
        assert not Proposal.objects.exists()

    @pytest.mark.parametrize("status", sorted(set(Status) - {Status.AT_PROVIDER}))
    def test_agreeing_elsewhere_is_a_sentence(self, status):
        row = at_desk()
        decide("approve", row, staff_of(row, Staff.Role.CLERK), "750.00")
        CoulanceCase.objects.update(status=status)
        row.refresh_from_db()
        with pytest.raises(Refused):
            decisions.confirm(row, version=row.version, by=staff_of(row))
        decisions.turn_down(row, version=row.version, by=staff_of(row))
        assert not Proposal.objects.exists()


def test_corrections_do_not_use_up_the_openings(case, settings):
    for due in ("700.00", "800.00", "750.00"):
        decide("correct", case, staff_of(case), due)
    case.refresh_from_db()
    assert case.reopened == 0
    for number in range(settings.COULANCE_REOPENINGS):
        reopen(case, 20 + number)
        decide("refuse", case, staff_of(case))
    with pytest.raises(Refused):
        send(case, 50)


class TestEnding:
    """A case that was opened again ends in the decision that was there."""

    def stands(self, case, status):
        case.refresh_from_db()
        assert case.status == status
        assert not held(case)
        assert mails("coulance_withdrawn") + mails("coulance_expired") == 0
        mail = last_mail()
        assert mail.kind == "coulance_stands"
        assert AuditEvent.objects.latest("pk").action == "case_kept"
        view = look_at(case.invoice.token, today=timezone.localdate())
        assert view.can_pay
        assert view.due_on >= timezone.localdate() + timedelta(days=14)
        return mail

    def test_withdrawing_erases_only_what_came_after_the_decision(self, case):
        older = case.specifications.get()
        new = reopen(case)
        cases.withdraw(case.pk, today=timezone.localdate())
        mail = self.stands(case, Status.ADJUSTED)
        assert "750,00" in mail.text
        assert ledger.outstanding(case.invoice_id) == 750
        older.refresh_from_db()
        new.refresh_from_db()
        assert (older.status, bool(older.stored_name)) == (FileStatus.CLEAN, True)
        assert (new.status, new.stored_name) == (FileStatus.WITHDRAWN, "")

    def test_withdrawing_after_a_refusal(self, rejected):
        reopen(rejected)
        cases.withdraw(rejected.pk, today=timezone.localdate())
        assert "1.000,00" in self.stands(rejected, Status.REJECTED).text

    @pytest.mark.parametrize("language", ["nl", "en"])
    def test_running_out(self, case, language):
        type(case.invoice.patient).objects.update(language=language)
        reopen(case)
        decide("ask_more", case, staff_of(case))
        more = last_mail()
        case.refresh_from_db()
        deadlines.run_day(case.specification_due_on - timedelta(days=1))
        nudge = last_mail()
        assert (more.kind, nudge.kind) == ("coulance_more_needed", "coulance_nudge")
        whole = "hele bedrag" if language == "nl" else "full amount"
        assert whole not in " ".join((more.text + nudge.text).replace("whole", "full").split())
        deadlines.run_day(case.specification_due_on + timedelta(days=1))
        mail = self.stands(case, Status.ADJUSTED)
        assert ("eerdere beslissing" if language == "nl" else "earlier decision") in mail.subject
        assert case.specifications.filter(status=FileStatus.CLEAN).count() == 2

    def test_a_file_that_was_decided_with_is_not_taken_back(self, case):
        older = case.specifications.get()
        new = reopen(case)
        assert cases.look_at(case, today=timezone.localdate()).can_take_back == {new.pk}
        with pytest.raises(Refused, match="beslist"):
            specifications.take_back(older, today=timezone.localdate())
        specifications.take_back(new, today=timezone.localdate())
        case.refresh_from_db()
        assert case.status == Status.WAITING_FOR_SPECIFICATION, "nothing new is left to decide on"
        older.refresh_from_db()
        assert older.status == FileStatus.CLEAN
        assert cases.look_at(case, today=timezone.localdate()).can_take_back == set()
        deadlines.run_day(case.specification_due_on + timedelta(days=1))
        self.stands(case, Status.ADJUSTED)


class TestRest:
    """After a decision an invoice is on hold as soon as a new file is received, not when it has been checked."""

    BROKEN = specifications.Upload("kapot.pdf", b"%PDF-1.7\n")

    def test_it_is_on_hold_while_a_new_file_is_checked(self, case):
        row = send(case)
        case.refresh_from_db()
        assert (case.status, held(case)) == (Status.ADJUSTED, True)
        assert not look_at(case.invoice.token, today=timezone.localdate()).can_pay
        assert cases.look_at(case, today=timezone.localdate()).step == 4, "not: pay the amount that is left"
        specifications.check(row.pk)
        assert held(case)

    def test_a_refused_file_gives_the_invoice_back_with_time_to_pay(self, case):
        type(case.invoice).objects.update(due_on=timezone.localdate() + timedelta(days=2))
        (row,) = specifications.receive(case.pk, [self.BROKEN])
        assert held(case)
        specifications.check(row.pk)
        case.refresh_from_db()
        assert (case.status, case.reopened, held(case)) == (Status.ADJUSTED, 0, False)
        case.invoice.refresh_from_db()
        assert case.invoice.due_on >= timezone.localdate() + timedelta(days=14)
        mail = last_mail()
        assert mail.kind == "coulance_file_refused"
        assert "Betaal nog niet" not in mail.text
        assert "750,00" in mail.text

    def test_it_is_on_hold_until_the_last_new_file_was_checked(self, case):
        good = specifications.Upload("nieuw.png", hostile.picture("PNG", (9, 9)))
        bad, fine = specifications.receive(case.pk, [self.BROKEN, good])
        specifications.check(bad.pk)
        assert held(case)
        assert "Betaal nog niet" in last_mail().text
        specifications.check(fine.pk)
        case.refresh_from_db()
        assert (case.status, held(case)) == (Status.AT_PROVIDER, True)

    def test_taking_the_new_file_back_before_the_check_gives_the_invoice_back(self, case):
        row = send(case)
        specifications.take_back(row, today=timezone.localdate())
        case.refresh_from_db()
        assert (case.status, held(case)) == (Status.ADJUSTED, False)
        case.invoice.refresh_from_db()
        assert case.invoice.due_on >= timezone.localdate() + timedelta(days=14)

    def test_the_same_file_again_is_nothing_new(self, case):
        row = reopen(case)
        decide("refuse", case, staff_of(case))
        upload = specifications.Upload("nieuw.png", hostile.picture("PNG", (9, 9)))
        assert specifications.receive(case.pk, [upload]) == []
        assert (held(case), row.status) == (False, FileStatus.CLEAN)


class TestAnswer:
    """What the provider asked may be answered by a message."""

    def asked(self):
        row = at_desk()
        decide("ask_more", row, staff_of(row))
        row.refresh_from_db()
        return row

    def test_a_message_brings_the_case_to_the_provider(self):
        row = self.asked()
        cases.write_message(row.pk, "De verzekeraar geeft geen specificatie.")
        row.refresh_from_db()
        assert (row.status, row.provider_nudged_at, held(row)) == (Status.AT_PROVIDER, None, True)
        assert row.provider_since > timezone.now() - timedelta(minutes=1)
        assert Hold.objects.get(invoice=row.invoice_id, released_at=None).until is None
        assert (mails("coulance_answered"), mails("coulance_received")) == (1, 0)
        assert "specificatie" not in last_mail().text
        deadlines.run_day(row.specification_due_on + timedelta(days=1))
        row.refresh_from_db()
        assert row.status == Status.AT_PROVIDER

    def test_it_comes_too_late_after_the_last_day(self):
        row = self.asked()
        late = timezone.now() + timedelta(days=60)
        cases.write_message(row.pk, "Nog even geduld.", now=late)
        row.refresh_from_db()
        assert row.status == Status.WAITING_FOR_SPECIFICATION

    def test_a_message_at_the_provider_leaves_it_there(self):
        row = at_desk()
        cases.write_message(row.pk, "Kunt u mij bellen?")
        version = row.version
        row.refresh_from_db()
        assert (row.status, row.version) == (Status.AT_PROVIDER, version + 1)
        assert not OutboxMessage.objects.exists()


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("kind", ["kept", "stands", "answered", "file_refused"])
def test_every_mail_is_complete_in_both_languages(case, language, kind):
    type(case.invoice.patient).objects.update(language=language)
    if kind == "file_refused":
        (row,) = specifications.receive(case.pk, [TestRest.BROKEN])
        specifications.check(row.pk)
    else:
        reopen(case)
    if kind == "kept":
        decide("refuse", case, staff_of(case))
    elif kind == "stands":
        cases.withdraw(case.pk, today=timezone.localdate())
    elif kind == "answered":
        decide("ask_more", case, staff_of(case))
        cases.write_message(case.pk, "Dat heb ik niet.")
    letter = last_mail()
    assert (letter.kind, letter.language) == (f"coulance_{kind}", language)
    assert letter.subject
    assert "None" not in letter.text
    assert case.invoice.payment_reference[-4:] in letter.text
    assert "open-link:" in letter.text
