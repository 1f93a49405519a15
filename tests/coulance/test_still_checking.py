"""While a file is being checked nobody ends anything over it, and what can't be checked holds nothing for ever."""

from datetime import timedelta

import pytest
from django.core.files.storage import storages
from django.utils import timezone

from billing.errors import Refused
from billing.models import AuditEvent, Staff, StaffTask
from coulance import cases, deadlines, decisions, intake, specifications
from coulance.desk import panel
from coulance.models import CoulanceCase, Decision, Proposal, Specification
from guests.files import cleaning, storage
from tests import factories
from tests.coulance.desk.desk_cases import at_desk, picture_of, staff_of
from tests.coulance.test_reopened import case, decide, held, last_mail, mails, reopen, send  # noqa: F401

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
Status, FileStatus = CoulanceCase.Status, Specification.Status


class TestDeciding:
    def test_it_waits_for_a_file_that_is_being_checked(self):
        row = at_desk()
        picture_of(row)
        new = send(row)
        for act, due in (("approve", "750.00"), ("refuse", None)):
            with pytest.raises(Refused, match="minuut"):
                decide(act, row, staff_of(row), due)
        assert held(row)
        assert mails("coulance_adjusted") == 0
        specifications.check(new.pk)
        decide("approve", row, staff_of(row), "750.00")
        row.refresh_from_db()
        assert (row.status, row.reopened, held(row)) == (Status.ADJUSTED, 0, False)

    def test_correcting_waits_too(self, case):  # noqa: F811
        send(case)
        with pytest.raises(Refused, match="minuut"):
            decide("correct", case, staff_of(case), "700.00")
        assert held(case)

    def test_agreeing_as_the_second_person_waits_too(self):
        row = at_desk()
        decide("approve", row, staff_of(row, Staff.Role.CLERK), "750.00")
        send(row)
        row.refresh_from_db()
        with pytest.raises(Refused, match="minuut"):
            decisions.confirm(row, version=row.version, by=staff_of(row))
        assert Proposal.objects.exists()

    @pytest.mark.parametrize("kept_back", ["quarantined", "failing"])
    def test_what_takes_long_holds_up_nobody(self, kept_back):
        row = at_desk()
        new = send(row)
        rows = Specification.objects.filter(pk=new.pk)
        if kept_back == "quarantined":
            rows.update(status=FileStatus.QUARANTINED)
        else:
            rows.update(uploaded_at=timezone.now() - timedelta(hours=2))
        assert isinstance(decide("approve", row, staff_of(row), "750.00"), Decision)
        new.refresh_from_db()
        assert new.status in Specification.PENDING


class TestStopping:
    def test_a_file_that_nobody_has_seen_goes_with_it(self, case):  # noqa: F811
        """Also one that another browser sent: else the end of its check opened the case again."""
        reopen(case)
        new = send(case, 11)
        cases.withdraw(case.pk, today=timezone.localdate())
        specifications.check(new.pk)
        for row in (case, new):
            row.refresh_from_db()
        assert (case.status, held(case)) == (Status.ADJUSTED, False)
        assert (new.status, new.stored_name) == (FileStatus.WITHDRAWN, "")
        assert mails("coulance_received") == 1, "that of the first new file"


class TestWriting:
    """A case that the patient sees as with the care provider is on its desk."""

    def test_a_message_on_a_new_case_goes_there(self):
        (row,) = intake.offer([factories.invoice(amount="1000.00")], today=timezone.localdate(), by="test")
        cases.write_message(row.pk, "Mijn verzekeraar weigert.")
        row.refresh_from_db()
        assert (row.status, held(row), last_mail().kind) == (Status.AT_PROVIDER, True, "coulance_answered")
        assert panel.overview(staff_of(row), today=timezone.localdate()).waiting == 1

    def test_a_page_from_before_the_decision_is_refused(self, case):  # noqa: F811
        with pytest.raises(Refused, match="al beslist"):
            cases.write_message(case.pk, "Ik was wel verzekerd.")
        assert not case.messages.filter(author="patient").exists()


def unchecked():
    return StaffTask.objects.get(kind="file_unchecked")


class TestNeverChecked:
    def test_a_file_that_can_not_be_read_is_refused_after_a_week(self):
        (row,) = intake.offer([factories.invoice(amount="1000.00")], today=timezone.localdate(), by="test")
        new = send(row)
        storages["default"].delete(new.stored_name)
        specifications.check(new.pk)
        new.refresh_from_db()
        assert new.status == FileStatus.RECEIVED
        assert unchecked().closed_at is None
        specifications.check(new.pk, now=timezone.now() + timedelta(days=8))
        new.refresh_from_db()
        assert (new.status, new.reason, last_mail().kind) == (FileStatus.REFUSED, "damaged", "coulance_file_refused")
        item = unchecked()
        assert (item.note, item.closed_at is not None) == ("FileNotFoundError: refused", True)
        closed = AuditEvent.objects.get(action="task_closed", invoice=row.invoice)
        assert (closed.by, closed.details) == ("system", {"kind": "file_unchecked", "reason": "refused"})
        deadlines.run_day(row.specification_due_on + timedelta(days=1))
        row.refresh_from_db()
        assert (row.status, held(row)) == (Status.EXPIRED, False)

    def test_one_over_which_the_sanitizer_breaks_is_not_called_damaged_but_after_a_week(self, monkeypatch):
        (row,) = intake.offer([factories.invoice(amount="1000.00")], today=timezone.localdate(), by="test")
        new = send(row)
        with monkeypatch.context() as broken:
            broken.setattr(cleaning, "command", lambda kind: ["false"])
            specifications.check(new.pk)
            new.refresh_from_db()
            assert (new.status, new.reason, unchecked().note) == (FileStatus.RECEIVED, "", "SanitizerError")
            specifications.check(new.pk, now=timezone.now() + timedelta(days=8))
        new.refresh_from_db()
        assert (new.status, new.reason, unchecked().note) == (FileStatus.REFUSED, "damaged", "SanitizerError: refused")

    @pytest.mark.parametrize("ends_by", ["its check", "the patient"])
    def test_staff_are_asked_no_longer_once_it_is_over(self, ends_by, media):
        (row,) = intake.offer([factories.invoice(amount="1000.00")], today=timezone.localdate(), by="test")
        new = send(row)
        (path,) = [path for path in media.rglob("*") if path.is_file()]
        path.rename(path.with_suffix(".away"))
        specifications.check(new.pk)
        assert unchecked().closed_at is None
        path.with_suffix(".away").rename(path)
        if ends_by == "the patient":
            specifications.take_back(new, today=timezone.localdate())
        else:
            specifications.check(new.pk)
        item = unchecked()
        outcome = {"its check": "clean", "the patient": "withdrawn"}[ends_by]
        assert (item.note, item.closed_at is not None) == (f"FileNotFoundError: {outcome}", True)

    def test_one_that_was_taken_back_meanwhile_is_nobodys_work(self, monkeypatch):
        (row,) = intake.offer([factories.invoice(amount="1000.00")], today=timezone.localdate(), by="test")
        new = send(row)
        read = storage.get

        def takes_back_first(found):
            specifications.take_back(Specification.objects.get(pk=found.pk), today=timezone.localdate())
            return read(found)

        monkeypatch.setattr(storage, "get", takes_back_first)
        specifications.check(new.pk)
        assert not StaffTask.objects.exists()
