"""A specification on paper at the desk: scanned, or typed with where it is; and coulance that staff begin there."""

from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from billing import ledger
from billing.links import new_token
from billing.models import AuditEvent, ClerkRight, Invoice, OutboxMessage, Staff, StaffTask
from coulance import cases, decisions, export, retention, specifications
from coulance.by_staff import beginning, paper
from coulance.models import CoulanceCase, Decision, PaperFigures, Specification
from tests import factories
from tests.coulance.desk.desk_cases import REASON, at_desk, granted, staff_of
from tests.coulance.desk.test_desk import filled, page_of
from tests.guests.files import hostile
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db
Status = CoulanceCase.Status
WHERE = "Getoond aan de balie."


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def case():
    row = at_desk()
    CoulanceCase.objects.update(status=Status.OFFERED, provider_since=None)
    row.refresh_from_db()
    return row


def address(case):
    return f"/beheer/coulance/{case.pk}/papier/"


def typed(case, client=None, **fields):
    client = client or signed_in(staff_of(case, Staff.Role.CLERK))
    given = {"paid_out": "365", "deductible": "385", "own_contribution": "", "where": WHERE, "key": new_token()}
    return client.post(address(case), given | fields)


def test_what_a_clerk_types_waits_filled_in_for_the_approver(case):
    assert typed(case).headers["Location"] == page_of(case)
    case.refresh_from_db()
    assert (case.status, PaperFigures.objects.get().text) == (Status.AT_PROVIDER, WHERE)
    assert OutboxMessage.objects.filter(kind="coulance_on_paper").count() == 1
    approver = signed_in(staff_of(case))
    page = approver.get(page_of(case))
    assert [page.context["form"][name].value() for name in ("paid_out", "deductible")] == ["365,00", "385,00"]
    assert WHERE in page.content.decode()
    done = filled(case, "approve", paid_out="365,00", deductible="385,00", reason="", shown_due="750.00")
    assert approver.post(page_of(case), done).status_code == 303
    assert ledger.outstanding(case.invoice_id) == 750
    again = approver.get(page_of(case)).context["form"]
    assert again["paid_out"].value() is None  # what was decided is proposed no more


def test_a_scan_goes_the_way_of_every_file(case):
    client = signed_in(staff_of(case, Staff.Role.CLERK))
    CoulanceCase.objects.update(specification_due_on="2026-01-01")  # no last day binds staff
    scan = SimpleUploadedFile("scan.pdf", hostile.pdf())
    assert client.post(address(case), {"files": [scan], "key": new_token()}).status_code == 303
    row = Specification.objects.get()
    assert row.status == Specification.Status.RECEIVED
    specifications.check(row.pk)
    row.refresh_from_db()
    case.refresh_from_db()
    assert (row.status, row.pages, case.status) == (Specification.Status.CLEAN, 1, Status.AT_PROVIDER)
    assert AuditEvent.objects.get(action="specification_scanned").by.startswith("staff:")
    assert client.get(page_of(case)).content.decode().count(f"/document/{row.pk}/1/") == 1
    assert mails() == ["coulance_on_paper"]


def mails():
    return list(OutboxMessage.objects.filter(kind__startswith="coulance_").values_list("kind", flat=True))


def test_a_scan_that_can_not_be_read_is_told_to_the_practice_and_not_to_the_patient(case):
    client = signed_in(staff_of(case, Staff.Role.CLERK))
    for content in (b"%PDF-1.4 broken", hostile.pdf()):
        sent = {"files": [SimpleUploadedFile("scan.pdf", content)], "key": new_token()}
        assert client.post(address(case), sent).status_code == 303
        specifications.check(Specification.objects.latest("pk").pk)
        tasks = StaffTask.objects.filter(kind=specifications.UNREADABLE_SCAN)
        if content.endswith(b"broken"):
            assert mails() == []
            assert tasks.get().provider_id == case.invoice.provider_id
            assert Specification.objects.get().get_reason_display() in client.get(page_of(case)).content.decode()
            seen = cases.look_at(CoulanceCase.objects.get(), today=timezone.localdate())
            assert not seen.files  # nothing that the patient has to send again
    assert mails() == ["coulance_on_paper"]
    assert tasks.get().closed_at  # another scan can be read


def test_figures_beside_a_file_that_is_refused_are_not_kept(case):
    sent = SimpleUploadedFile("x.exe", b"MZ" + b"x" * 99)
    assert typed(case, files=[sent]).status_code == 422
    assert not PaperFigures.objects.exists()
    assert mails() == []
    case.refresh_from_db()
    assert case.status == Status.OFFERED


def test_a_paper_is_entered_once_however_often_it_is_sent(case):
    client, key = signed_in(staff_of(case, Staff.Role.CLERK)), new_token()
    pages = [typed(case, client, key=key, paid_out=sum_) for sum_ in ("365", "365", "366")]
    assert [page.status_code for page in pages] == [303, 303, 422]
    assert PaperFigures.objects.get().paid_out == Decimal("365.00")
    assert typed(at_desk(case.invoice.provider), client, key=key).status_code == 422  # that of another case
    assert typed(case, client, key="").status_code == 422


def test_a_key_that_is_a_letter_too_long_is_refused_and_nothing_is_kept(case):
    """A line break at its end is one more than PostgreSQL takes: it answered with an error."""
    assert typed(case, key="k" * 32 + "\n").status_code == 422
    assert not PaperFigures.objects.exists()


def test_a_paper_after_the_decision_opens_the_case_again(case):
    by = staff_of(case)
    CoulanceCase.objects.update(status=Status.AT_PROVIDER)
    case.refresh_from_db()
    decisions.approve(case, outcome=granted("750.00"), reason=REASON, version=case.version, by=by)
    assert typed(case, paid_out="215,00").status_code == 303
    case.refresh_from_db()
    assert (case.status, case.reopened) == (Status.AT_PROVIDER, 1)


@pytest.mark.parametrize(
    "fields",
    [
        {"paid_out": "", "deductible": "", "where": ""},
        {"deductible": ""},
        {"paid_out": "", "deductible": "", "own_contribution": "5"},
        {"where": " "},
        {"where": "x" * 1001},
        {"paid_out": "63,165"},
        {"paid_out": "900"},
    ],
)
def test_half_a_paper_is_said_and_changes_nothing(case, fields):
    page = typed(case, **fields)
    assert page.status_code == 422
    assert 'role="alert"' in page.content.decode()
    assert not PaperFigures.objects.exists()
    case.refresh_from_db()
    assert case.status == Status.OFFERED


def test_who_may_enter_a_paper_is_for_the_practice_and_for_nobody_else(case):
    operations = signed_in(factories.staff(role=Staff.Role.OPERATIONS))
    foreign = signed_in(factories.staff(role=Staff.Role.APPROVER))
    assert typed(case, operations).status_code in (403, 422)
    assert typed(case, foreign).status_code == 404
    ClerkRight.objects.create(provider=case.invoice.provider, act=paper.ACT, granted=False, by="test")
    assert typed(case).status_code == 403
    CoulanceCase.objects.update(status=Status.EXPIRED)
    assert typed(case, signed_in(staff_of(case))).status_code == 422
    assert not PaperFigures.objects.exists()


def test_where_the_paper_is_goes_with_the_invoice_and_is_exported_before(case):
    typed(case)
    assert WHERE in str(export.of_invoice(case.invoice))
    Invoice.objects.filter(pk=case.invoice_id).update(erased_at="2026-01-01T00:00:00Z")
    retention.erase_messages()
    row = PaperFigures.objects.get()
    assert (row.text, row.paid_out) == ("", Decimal("365.00"))


def test_coulance_is_begun_from_the_page_of_the_invoice():
    invoice = factories.invoice(amount="100.00")
    client = signed_in(factories.staff(provider=invoice.provider, role=Staff.Role.CLERK))
    page = f"/beheer/rekening/{invoice.pk}/coulance/"
    assert page in client.get(f"/beheer/billing/invoice/{invoice.pk}/change/").content.decode()
    assert client.post(page, {"reason": ""}).status_code == 422
    assert not CoulanceCase.objects.exists()
    done = client.post(page, {"reason": "Vergeten mee te sturen."})
    case = CoulanceCase.objects.get()
    assert done.headers["Location"] == page_of(case)
    shown = client.get(f"/beheer/billing/invoice/{invoice.pk}/change/").content.decode()
    assert page not in shown
    assert page_of(case) in shown
    assert client.post(page, {"reason": "Nog eens."}).status_code == 422
    assert not Decision.objects.exists()
    assert beginning.why_not(invoice, case)
