"""A case from the offer to its end: what time does, what a check does, and what happens side by side."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.db import connection, transaction
from django.utils import timezone

from billing import ledger
from billing.errors import Refused
from billing.law import calendar
from billing.models import Hold, Invoice, LedgerTransaction, OutboxMessage, StaffTask
from billing.privacy import rotation
from coulance import cases, deadlines, decisions, intake, specifications
from coulance.models import CoulanceCase, PracticeRules, Specification
from guests.files import checking, storage
from tests import factories
from tests.coulance.desk.desk_cases import REASON, at_desk, staff_of
from tests.guests.files import hostile

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
Status, FileStatus = CoulanceCase.Status, Specification.Status


@pytest.fixture
def case():
    return intake.offer([factories.invoice(amount="200.00")], today=timezone.localdate(), by="test")[0]


def send(case, content=None):
    return specifications.receive(case.pk, [specifications.Upload("x.pdf", content or hostile.pdf())])


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def mails(kind):
    return OutboxMessage.objects.filter(kind=kind).count()


def invariants(case):
    """The invoice of an open case is on hold, of a closed one not; and nothing is stored that nobody may see."""
    row = fresh(case)
    held = Hold.objects.filter(invoice=row.invoice, released_at=None).exists()
    assert held == (row.status in CoulanceCase.OPEN)
    if row.status == Status.WITHDRAWN:
        assert not row.specifications.exclude(stored_name="").exists()
    assert Hold.objects.filter(invoice=row.invoice).count() == 1


class TestTime:
    def test_the_patient_is_reminded_once_and_then_the_case_ends(self, case):
        day = case.specification_due_on
        deadlines.run_day(day - timedelta(days=8))
        assert mails("coulance_nudge") == 0
        for today in (day - timedelta(days=7), day - timedelta(days=6), day):
            deadlines.run_day(today)
        assert (mails("coulance_nudge"), fresh(case).status) == (1, Status.OFFERED)
        deadlines.run_day(day + timedelta(days=1))
        deadlines.run_day(day + timedelta(days=1))
        assert (mails("coulance_expired"), fresh(case).status) == (1, Status.EXPIRED)
        assert Invoice.objects.get().due_on >= day + timedelta(days=15)
        invariants(case)

    def test_a_file_that_is_being_checked_keeps_the_case_open(self, case):
        send(case)
        deadlines.run_day(case.specification_due_on + timedelta(days=1))
        assert fresh(case).status == Status.WAITING_FOR_SPECIFICATION

    def test_a_provider_gets_one_mail_a_day_for_all_that_waits_five_working_days(self, settings):
        provider = factories.provider()
        PracticeRules.objects.create(provider=provider, wants_specification=False)
        rows = intake.offer(
            [factories.invoice(provider=provider) for _ in range(3)], today=timezone.localdate(), by="test"
        )
        assert {row.status for row in rows} == {Status.AT_PROVIDER}
        since = timezone.localtime(rows[0].provider_since).date()
        late = calendar.working_days_after(since, settings.COULANCE_PROVIDER_WORKING_DAYS)
        deadlines.run_day(late - timedelta(days=1))
        assert mails("coulance_waits") == 0
        deadlines.run_day(late)
        deadlines.run_day(late)
        mail = OutboxMessage.objects.get(kind="coulance_waits")
        assert (mail.recipient, "3 verzoeken" in mail.text) == (provider.email, True)
        assert rows[0].invoice.payment_reference[-4:] not in mail.text
        assert not CoulanceCase.objects.filter(provider_nudged_at=None).exists()

    def test_two_days_worked_off_at_once_after_a_standstill_tell_a_provider_once(self, settings):
        provider = factories.provider()
        PracticeRules.objects.create(provider=provider, wants_specification=False)
        rows = intake.offer([factories.invoice(provider=provider)], today=timezone.localdate(), by="test")
        late = timezone.localdate() + timedelta(days=20)
        for day in (late, late + timedelta(days=1)):  # both runs had listed this case before either told of it
            deadlines._nudge_provider(rows[0].pk, day, 1)
        assert mails("coulance_waits") == 1

    def test_telling_providers_takes_as_many_queries_for_thirty_cases_as_for_three(self, django_assert_max_num_queries):
        today = timezone.localdate() + timedelta(days=20)
        for count in (3, 30):
            provider = factories.provider()
            PracticeRules.objects.create(provider=provider, wants_specification=False)
            invoices = [factories.invoice(provider=provider) for _ in range(count)]
            intake.offer(invoices, today=timezone.localdate(), by="test")
            with django_assert_max_num_queries(20):
                deadlines.run_day(today)
            assert (
                f"{count} verzoeken" in OutboxMessage.objects.get(recipient=provider.email, kind="coulance_waits").text
            )

    def test_a_case_on_which_something_fails_keeps_no_other_waiting(self):
        rows = intake.offer([factories.invoice() for _ in range(3)], today=timezone.localdate(), by="test")
        broken = rows[1].invoice.patient
        type(broken).objects.filter(pk=broken.pk).update(language="xx")  # there is no mail in this language
        over = rows[0].specification_due_on + timedelta(days=1)
        for _ in range(2):
            deadlines.run_day(over)
        assert [fresh(row).status for row in rows] == [Status.EXPIRED, Status.OFFERED, Status.EXPIRED]
        item = StaffTask.objects.get(kind=StaffTask.Kind.RULE_FAILED)
        assert (item.invoice, item.note) == (rows[1].invoice, "TemplateDoesNotExist")
        type(broken).objects.filter(pk=broken.pk).update(language="nl")
        deadlines.run_day(over)
        assert fresh(rows[1]).status == Status.EXPIRED


class TestHold:
    """What the page of the invoice says about the end of the hold is true in every state of the case."""

    def day_of(self, case):
        return Hold.objects.get(invoice=case.invoice, released_at=None).until

    def test_no_day_is_named_while_the_provider_decides(self, case):
        assert self.day_of(case) == case.specification_due_on
        (row,) = send(case)
        specifications.check(row.pk)
        assert fresh(case).status == Status.AT_PROVIDER
        assert self.day_of(case) is None
        specifications.take_back(fresh(row), today=timezone.localdate())
        assert self.day_of(case) == case.specification_due_on

    def test_nor_when_the_provider_wants_nothing(self):
        invoice = factories.invoice()
        PracticeRules.objects.create(provider=invoice.provider, wants_specification=False)
        (case,) = intake.offer([invoice], today=timezone.localdate(), by="test")
        assert self.day_of(case) is None

    def test_who_is_asked_for_more_is_reminded_again(self):
        case = at_desk()
        nudged_on = case.specification_due_on - timedelta(days=7)
        CoulanceCase.objects.filter(pk=case.pk).update(status=Status.WAITING_FOR_SPECIFICATION)
        deadlines.run_day(nudged_on)
        CoulanceCase.objects.filter(pk=case.pk).update(status=Status.AT_PROVIDER)
        asked_on = timezone.now() + timedelta(days=24)
        decisions.ask_more(fresh(case), reason=REASON, version=case.version, by=staff_of(case), now=asked_on)
        until = self.day_of(case)
        assert until == fresh(case).specification_due_on > case.specification_due_on
        deadlines.run_day(until - timedelta(days=7))
        assert mails("coulance_nudge") == 2


class TestChecking:
    def test_what_is_stored_is_sealed_and_its_own(self, case, media):
        (row,) = send(case)
        (path,) = [path for path in media.rglob("*") if path.is_file()]
        assert b"%PDF" not in path.read_bytes()
        assert storage.get(row) == hostile.pdf() or storage.get(row).startswith(b"%PDF-")
        row.token = "another"
        with pytest.raises(Exception, match="wrong key, wrong place"):
            storage.get(row)

    def test_a_refused_file_leaves_nothing_but_the_reason(self, case, media):
        (row,) = send(case, b"%PDF-1.7\n")
        specifications.check(row.pk)
        row = fresh(row)
        assert (row.status, row.reason, row.stored_name) == (FileStatus.REFUSED, "damaged", "")
        assert not [path for path in media.rglob("*") if path.is_file()]
        assert (mails("coulance_file_refused"), fresh(case).status) == (1, Status.WAITING_FOR_SPECIFICATION)

    def test_the_same_file_is_stored_once(self, case, media):
        content = hostile.picture("PNG")
        assert len(send(case, content)) == 1
        assert send(case, content) == []
        assert len([path for path in media.rglob("*") if path.is_file()]) == 1

    def test_a_dead_worker_is_followed_by_another(self, case):
        (row,) = send(case)
        Specification.objects.update(status=FileStatus.CHECKING, claimed_at=timezone.now() - timedelta(minutes=6))
        specifications.sweep()
        assert fresh(row).status == FileStatus.CLEAN

    def test_a_file_that_lay_with_a_dead_worker_and_was_received_again_waits_for_nobody(self, case):
        (row,) = send(case)
        Specification.objects.update(claimed_at=timezone.now() - timedelta(minutes=6), tries=1)
        specifications.sweep()
        assert fresh(row).status == FileStatus.CLEAN

    def test_a_sweep_claims_each_file_by_the_clock_of_that_moment(self, case):
        rows = send(case) + send(case, hostile.picture("PNG"))
        began = timezone.now()
        specifications.sweep(now=began - checking.ABANDONED_AFTER - timedelta(seconds=1))
        assert all(fresh(row).claimed_at >= began for row in rows)
        assert fresh(rows[1]).claimed_at > fresh(rows[0]).claimed_at

    def test_a_file_over_which_we_fail_keeps_no_other_from_its_check(self, case, media):
        (lost,) = send(case)
        (path,) = [path for path in media.rglob("*") if path.is_file()]
        path.rename(path.with_suffix(".away"))
        (found,) = send(case, hostile.picture("PNG"))
        specifications.sweep()
        assert (fresh(lost).status, fresh(found).status) == (FileStatus.RECEIVED, FileStatus.CLEAN)
        (item,) = StaffTask.objects.filter(kind="file_unchecked")
        assert (item.invoice, item.note) == (case.invoice, "FileNotFoundError")
        claimed_at = fresh(lost).claimed_at
        specifications.sweep()
        assert fresh(lost).claimed_at == claimed_at
        path.with_suffix(".away").rename(path)
        specifications.sweep(now=timezone.now() + timedelta(minutes=3))
        assert fresh(lost).status == FileStatus.CLEAN

    def test_a_sweep_begins_no_check_after_its_time(self, case, monkeypatch):
        monkeypatch.setattr(checking, "SWEEP_SECONDS", -1)
        (row,) = send(case)
        specifications.sweep()
        assert fresh(row).status == FileStatus.RECEIVED

    def taken_over(self, case):
        """(the file as a slow sweep read it, the same file after another worker claimed it)"""
        (row,) = send(case)
        then = timezone.now() - timedelta(minutes=6)
        Specification.objects.update(status=FileStatus.CHECKING, claimed_at=then, tries=1)
        as_read = fresh(row)
        Specification.objects.update(claimed_at=timezone.now(), tries=2)
        return as_read, row

    def test_what_another_worker_has_claimed_is_never_requeued(self, case):
        as_read, row = self.taken_over(case)
        assert not checking._requeue(as_read)
        checking._quarantine(as_read, timezone.now())
        assert fresh(row).status == FileStatus.CHECKING

    def test_twin_without_comparing_the_claim_it_is(self, case, monkeypatch):
        monkeypatch.setattr(checking, "_is_same_claim", lambda current, row: True)
        as_read, row = self.taken_over(case)
        assert checking._requeue(as_read)
        assert fresh(row).status == FileStatus.RECEIVED

    def test_a_file_over_which_workers_die_is_refused(self, case):
        (row,) = send(case)
        then = timezone.now() - timedelta(minutes=6)
        Specification.objects.update(status=FileStatus.CHECKING, claimed_at=then, tries=3)
        specifications.sweep()
        assert (fresh(row).status, fresh(row).reason) == (FileStatus.REFUSED, "too_complex")

    def test_a_scanner_that_is_down_keeps_files_apart_until_it_answers(self, case, settings, monkeypatch):
        settings.CLAMAV_URL = "tcp://127.0.0.1:9"
        (row,) = send(case)
        specifications.check(row.pk)
        assert fresh(row).status == FileStatus.QUARANTINED
        assert StaffTask.objects.filter(kind=StaffTask.Kind.GATEWAY_ALARM).count() == 1
        settings.CLAMAV_URL = ""
        specifications.sweep(now=timezone.now() + timedelta(minutes=3))
        assert (fresh(row).status, fresh(case).status) == (FileStatus.CLEAN, Status.AT_PROVIDER)

    def test_a_second_specification_opens_a_decided_case_again_but_not_for_ever(self, case, settings):
        for number in range(settings.COULANCE_REOPENINGS):
            CoulanceCase.objects.update(status=Status.ADJUSTED, closed_at=timezone.now())
            Hold.objects.update(released_at=timezone.now())
            (row,) = send(case, hostile.picture("PNG", (9, 9 + number)))
            specifications.check(row.pk)
            assert (fresh(case).status, fresh(case).reopened) == (Status.AT_PROVIDER, number + 1)
            assert Hold.objects.filter(released_at=None).count() == 1
        CoulanceCase.objects.update(status=Status.ADJUSTED)
        with pytest.raises(Refused):
            send(case, hostile.picture("PNG", (9, 99)))

    def test_a_new_key_seals_the_files_again(self, case, settings):
        (row,) = send(case)
        settings.FIELD_KEYS = f"9:{'A' * 43}=,{settings.FIELD_KEYS}"
        assert {kind: sealed for kind, sealed in rotation.rotate_files().items() if sealed} == {
            "coulance.Specification": 1
        }
        assert not any(rotation.rotate_files().values())
        assert storage.get(fresh(row)).startswith(b"%PDF-")


def pay(case):
    with transaction.atomic():
        invoice = ledger.lock_invoice(case.invoice_id)
        ledger.post(
            invoice,
            LedgerTransaction.Kind.PAYMENT,
            Decimal("-200.00"),
            external_id=f"tr_{case.pk}",
            occurred_at=datetime.now(UTC),
            by="mollie",
        )


def decide(case):
    decisions.refuse(case, reason=REASON, version=case.version, by=staff_of(case))


def expire(case):
    deadlines.run_day(case.specification_due_on + timedelta(days=1))


def leave(case):
    cases.withdraw(case.pk, today=timezone.localdate())


def together(acts, case):
    """All at once, each in a thread of its own; what each one ended in."""
    barrier = threading.Barrier(len(acts))

    def run(act):
        barrier.wait(20)
        try:
            return act(case)
        except Refused as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


ACTS = (pay, decide, expire, leave)


@pytest.mark.parametrize("status", [Status.WAITING_FOR_SPECIFICATION, Status.AT_PROVIDER])
def test_payment_decision_end_and_withdrawal_in_every_order(status):
    for order in itertools.permutations(ACTS):
        row = intake.offer([factories.invoice(amount="200.00")], today=timezone.localdate(), by="test")[0]
        CoulanceCase.objects.filter(pk=row.pk).update(status=status)
        for act in order:
            try:
                act(row)
            except Refused:
                assert act in (decide, leave)
        invariants(row)
        assert fresh(row).status not in CoulanceCase.OPEN
        assert ledger.balance(row.invoice_id) == 0


@pytest.mark.parametrize("status", [Status.WAITING_FOR_SPECIFICATION, Status.AT_PROVIDER])
def test_payment_decision_end_and_withdrawal_at_once(status):
    for _round in range(3):
        row = intake.offer([factories.invoice(amount="200.00")], today=timezone.localdate(), by="test")[0]
        CoulanceCase.objects.filter(pk=row.pk).update(status=status)
        together(ACTS, row)
        invariants(row)
        ended = OutboxMessage.objects.filter(invoice=row.invoice_id, kind__startswith="coulance_").count()
        assert ended <= 1, "one end, one mail"
        assert ledger.balance(row.invoice_id) == 0


def test_twin_without_the_lock_two_ends_both_think_they_are_first(case, monkeypatch):
    barrier, advanced = threading.Barrier(2), []
    monkeypatch.setattr(cases, "lock", lambda pk: CoulanceCase.objects.select_related("invoice").get(pk=pk))
    monkeypatch.setattr(cases, "transaction", SimpleNamespace(atomic=nullcontext))
    drop_all = cases.drop_all

    def both_here(row, **exclude):
        advanced.append(row.status)
        barrier.wait(20)
        drop_all(row, **exclude)

    monkeypatch.setattr(cases, "drop_all", both_here)
    together([leave, leave], case)
    assert advanced == [Status.OFFERED, Status.OFFERED], "with the lock the second one is refused before this"
