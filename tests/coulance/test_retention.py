"""Data retention: files are erased after the case, everything else with the invoice."""

from datetime import timedelta

import pytest
from django.core.files.storage import storages
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from billing.invoices import holds
from billing.invoices.state import look_at
from billing.models import Invoice
from coulance import cases, decisions, retention, specifications
from coulance.desk import case_page
from coulance.models import CaseMessage, CoulanceCase, Decision, Proposal, Specification
from tests.coulance.desk import desk_cases
from tests.guests.files import hostile
from tests.portal.staff.staff_client import signed_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
Status = Specification.Status
TODAY = timezone.localdate()


def closed(*, days_ago: int, **fields) -> CoulanceCase:
    case = desk_cases.at_desk()
    at = timezone.now() - timedelta(days=days_ago)
    CoulanceCase.objects.filter(pk=case.pk).update(**{"status": CoulanceCase.Status.ADJUSTED, "closed_at": at} | fields)
    case.refresh_from_db()
    return case


def test_files_go_some_time_after_the_case_was_closed_and_no_others():
    old, young = closed(days_ago=92), closed(days_ago=88)
    waiting = closed(days_ago=92, closed_at=None, status=CoulanceCase.Status.AT_PROVIDER)
    rows = {case.pk: desk_cases.picture_of(case) for case in (old, young, waiting)}
    assert retention.erase_uploads(TODAY) == 1
    for case in (young, waiting):
        kept = Specification.objects.get(case=case)
        assert (kept.status, kept.name) == (Status.CLEAN, "specificatie.png")
        assert storages["default"].exists(kept.stored_name)
    gone = Specification.objects.get(case=old)
    assert (gone.status, gone.stored_name, bytes(gone.sealed_name)) == (Status.ERASED, "", b"")
    assert (gone.uploaded_at, gone.size) == (rows[old.pk].uploaded_at, rows[old.pk].size)
    assert not storages["default"].exists(rows[old.pk].stored_name)
    assert retention.erase_uploads(TODAY) == 0


def test_nobody_is_offered_a_file_that_is_gone():
    case = closed(days_ago=92)
    desk_cases.picture_of(case)
    retention.erase_uploads(TODAY)
    assert not case_page.viewable(case)
    assert not cases.look_at(case, today=TODAY).can_see_again
    (gone,) = case_page.load(case).files
    assert gone.name == ""
    staff = signed_in(desk_cases.staff_of(case))
    page = staff.get(reverse("admin:coulance_coulancecase_change", args=[case.pk])).content.decode()
    assert f"{gone.served_name} <span" in page  # a line without a name would tell nobody anything


def test_a_file_that_was_never_checked_goes_too():
    case = closed(days_ago=92)
    row = desk_cases.picture_of(case)
    Specification.objects.filter(pk=row.pk).update(status=Status.QUARANTINED)
    assert retention.erase_uploads(TODAY) == 1
    assert Specification.objects.get().status == Status.WITHDRAWN


def test_texts_are_erased_with_the_invoice_and_the_decision_remains():
    case, other = desk_cases.at_desk(), desk_cases.at_desk()
    for one in (case, other):
        cases.write_message(one.pk, "Ik heb nog een vraag.")
    Invoice.objects.filter(pk=case.invoice_id).update(erased_at=timezone.now())
    before = Decision.objects.count()
    assert retention.erase_messages() == 1
    assert CaseMessage.objects.get(case=case).text == ""
    assert CaseMessage.objects.get(case=other).text == "Ik heb nog een vraag."
    assert retention.erase_messages() == 0
    assert Decision.objects.count() == before
    case_page.load(case)  # staff still see the page, without the words
    call_command("rotate_field_keys", verbosity=0)


def refused_and_stopped() -> list[Specification]:
    """A file that was refused, and one whose case was closed while it was being checked."""
    case = desk_cases.at_desk()
    uploads = [specifications.Upload("chemokuur.pdf", b"%PDF-1.4 rubbish")]
    uploads.append(specifications.Upload("abortus.png", hostile.picture("PNG", (9, 9))))
    rows = specifications.receive(case.pk, uploads)
    specifications.check(rows[0].pk)
    closed_at = timezone.now() - timedelta(days=92)
    CoulanceCase.objects.update(status=CoulanceCase.Status.EXPIRED, closed_at=closed_at)
    specifications.check(rows[1].pk)
    for row in rows:
        row.refresh_from_db()
    return rows


def test_the_name_of_a_file_goes_also_when_its_bytes_went_before():
    refused, stopped = refused_and_stopped()
    assert (refused.status, refused.name) == (Status.REFUSED, "chemokuur.pdf")
    assert (stopped.status, stopped.name) == (Status.WITHDRAWN, "")
    assert retention.erase_uploads(TODAY) == 1
    refused.refresh_from_db()
    assert (refused.status, refused.name) == (Status.REFUSED, "")
    assert retention.erase_uploads(TODAY) == 0


def test_nothing_that_was_written_outlives_the_invoice():
    case = desk_cases.at_desk()
    row = desk_cases.picture_of(case, "chemokuur.png")
    by = desk_cases.staff_of(case, "clerk")
    decisions.approve(case, outcome=desk_cases.granted("750.00"), reason="Chemokuur", version=case.version, by=by)
    assert Proposal.objects.exists()
    Invoice.objects.update(erased_at=timezone.now())
    retention.erase_messages()
    row.refresh_from_db()
    assert row.name == ""
    assert not Proposal.objects.exists()


def test_a_file_that_could_never_be_checked_releases_its_invoice():
    case = closed(days_ago=92)
    row = desk_cases.picture_of(case)
    Specification.objects.filter(pk=row.pk).update(status=Status.QUARANTINED)
    holds.place_hold(case.invoice, cases.HOLD, by="patient")
    retention.erase_uploads(TODAY)
    view = look_at(case.invoice.token, today=TODAY)
    assert view.can_pay
    assert view.due_on >= TODAY + timedelta(days=14)
