"""The desk: what waits, counted in few queries, and the page of one case with its acts."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing import ledger
from billing.models import AccessEvent, Invoice, Staff
from coulance import cases, decisions
from coulance.desk import panel
from coulance.models import CoulanceCase, Decision
from tests import factories
from tests.coulance.desk.desk_cases import REASON, at_desk, granted, pdf_of, picture_of, rules, staff_of
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db
Status = CoulanceCase.Status
MANY = 5000


def page_of(case: CoulanceCase) -> str:
    return f"/beheer/coulance/coulancecase/{case.pk}/change/"


def filled(case: CoulanceCase, act: str, /, **fields: object) -> dict[str, object]:
    given = {"act": act, "version": case.version, "rule": "insurer", "paid_out": "365,00", "deductible": "385"}
    return given | {"own_contribution": "", "percentage": "", "new_due": "", "reason": REASON} | fields


@pytest.fixture
def case():
    return at_desk()


@pytest.fixture
def client(case):
    return signed_in(staff_of(case))


def statements(captured: CaptureQueriesContext) -> list[str]:
    """What was asked or written, the session and the access log too; marks of transactions are no queries."""
    marks = ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT")
    return [query["sql"] for query in captured if not query["sql"].startswith(marks)]


def queries_of(client, path) -> list[str]:
    client.get(path)  # what a process asks once is not counted
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return statements(captured)


def add_many(case: CoulanceCase, count: int) -> None:
    """More cases that wait at the same desk, each an hour older than the one before it, in two statements a batch."""
    like, now = case.invoice, timezone.now()
    same = {"provider": like.provider, "patient": like.patient, "issued_on": like.issued_on, "due_on": like.due_on}
    rows = (
        Invoice(number=f"M-{i}", payment_reference=f"{i:016d}", token=f"token-of-many-{i:09d}", fingerprint=b"", **same)
        for i in range(count)
    )
    CoulanceCase.objects.bulk_create(
        CoulanceCase(
            invoice=invoice,
            status=Status.AT_PROVIDER,
            specification_due_on=like.due_on,
            provider_since=now - timedelta(hours=i),
        )
        for i, invoice in enumerate(Invoice.objects.bulk_create(rows))
    )


def test_the_start_page_costs_the_same_with_five_thousand_cases(case, client):
    few = queries_of(client, "/beheer/")
    add_many(case, MANY)
    many = queries_of(client, "/beheer/")
    assert len(few) == len(many) <= 22, "\n".join(many)
    with CaptureQueriesContext(connection) as captured:
        shown = panel.overview(staff_of(case), today=timezone.localdate())
    assert shown.waiting == MANY + 1
    assert [row.case.provider_since for row in shown.rows] == sorted(row.case.provider_since for row in shown.rows)
    assert len([sql for sql in statements(captured) if "coulance" in sql or "posting" in sql]) == 3


def test_a_case_page_is_read_in_few_queries(case, client):
    """With files, messages and two decisions of two people each, and as the last of the row."""
    for _ in range(3):
        picture_of(case)
    cases.write_message(case.pk, "Ik wacht nog.")
    rules(case, second_person_above=Decimal("0.00"))
    for due in ("750.00", "600.00"):
        case.refresh_from_db()
        decide = decisions.correct if case.status == Status.ADJUSTED else decisions.approve
        decide(case, outcome=granted(due), reason=REASON, version=case.version, by=staff_of(case))
        case.refresh_from_db()
        decisions.confirm(case, version=case.version, by=staff_of(case))
    at_desk(case.invoice.provider, since=timezone.now() - timedelta(days=2))
    asked = queries_of(client, page_of(case))
    assert len(asked) <= 13, "\n".join(asked)


def test_the_next_case_is_the_next_oldest_and_after_the_last_the_oldest(case):
    provider, now, by = case.invoice.provider, timezone.now(), staff_of(case)
    second, third = (at_desk(provider, since=now - timedelta(minutes=minutes)) for minutes in (20, 10))
    assert [panel.next_after(one, by) for one in (case, second, third)] == [second, third, case]


def test_a_correction_that_is_proposed_is_in_the_list_and_comes_next_to_everybody_else(case):
    """A decided case does not wait for its provider, but its correction does: since it was proposed."""
    provider, first, second = case.invoice.provider, staff_of(case), staff_of(case)
    decisions.approve(case, outcome=granted("750.00"), reason=REASON, version=case.version, by=first)
    waits = at_desk(provider, since=timezone.now() - timedelta(days=1))
    rules(case, second_person_above=Decimal("0.00"))
    case.refresh_from_db()
    decisions.correct(case, outcome=granted("600.00"), reason=REASON, version=case.version, by=first)
    case = CoulanceCase.objects.get(pk=case.pk)
    assert [panel.next_after(waits, by) for by in (first, second)] == [None, case]
    assert panel.next_after(case, second) == waits
    shown = panel.overview(second, today=timezone.localdate())
    assert [(row.case, row.corrects, row.age) for row in shown.rows] == [(waits, False, 1), (case, True, 0)]
    client = signed_in(second)
    listed = client.get("/beheer/coulance/coulancecase/?proposed=yes").content.decode()
    assert case.invoice.number in listed
    assert waits.invoice.number not in listed
    done = client.post(page_of(case), {"act": "confirm", "version": case.version})
    assert done.headers["Location"] == page_of(waits)
    assert ledger.outstanding(case.invoice_id) == 600


def test_what_waits_for_a_second_person_is_counted_for_others_only(case):
    rules(case, second_person_above=Decimal("0.00"))
    first, second = staff_of(case), staff_of(case)
    decisions.approve(case, outcome=granted("750.00"), reason=REASON, version=case.version, by=first)
    today = timezone.localdate()
    assert [panel.overview(by, today=today).to_confirm for by in (first, second)] == [0, 1]


@pytest.mark.parametrize(
    ("came", "today", "age"),
    [
        ("2026-11-16", "2026-11-16", 0),
        ("2026-11-16", "2026-11-17", 1),
        ("2026-11-13", "2026-11-16", 1),  # Friday to Monday
        ("2026-11-14", "2026-11-16", 1),
        ("2026-12-24", "2026-12-28", 1),  # Christmas and a weekend
    ],
)
def test_age_is_counted_in_working_days(came, today, age):
    moment = timezone.make_aware(datetime.fromisoformat(f"{came}T15:00"))
    assert panel.working_days_since(moment, date.fromisoformat(today)) == age


def test_late_is_the_same_by_count_and_by_query(settings):
    for day in (date(2026, 11, 1) + timedelta(days=n) for n in range(70)):
        before = panel.late_before(day)
        for back in range(14):
            moment = timezone.make_aware(datetime.combine(day - timedelta(days=back), datetime.min.time()))
            late = panel.working_days_since(moment, day) >= settings.COULANCE_PROVIDER_WORKING_DAYS
            assert (moment < before) == late, (day, back)


def test_every_look_is_written_down_before_it_is_shown(case, client, monkeypatch):
    file = picture_of(case)
    path = f"/beheer/coulance/coulancecase/{case.pk}/document/{file.pk}/"
    response = client.get(path)
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in response.headers["Content-Security-Policy"]
    client.get(page_of(case))
    name = f"specification-{file.pk}.png"
    written = AccessEvent.objects.values_list("act", "data")
    assert list(written) == [("download", name), ("read", "case page"), ("read", "invoice lines"), ("read", name)]

    def no_log(*args, **kwargs):
        raise OSError("the log is full")

    monkeypatch.setattr("billing.privacy.access_log._append", no_log)
    monkeypatch.setattr("billing.privacy.access_log.SITTING", timedelta(0))
    for address in (path, page_of(case), f"{path}1/"):
        with pytest.raises(OSError, match="full"):
            client.get(address)


def test_a_sitting_is_one_look_of_one_person(case, client, monkeypatch):
    """Whatever is opened again, and however many pages: one line for each thing, by person, and anew an hour later."""
    file = picture_of(case)
    seen = ["case page", "invoice lines", f"specification-{file.pk}.png"]
    sitting = (page_of(case), f"/beheer/coulance/coulancecase/{case.pk}/document/{file.pk}/1/", page_of(case))

    def looks() -> list[str]:
        for address in sitting:
            assert client.get(address).status_code == 200
        return list(AccessEvent.objects.values_list("data", flat=True))

    assert looks() == looks() == seen
    client = signed_in(staff_of(case))
    assert looks() == seen * 2
    assert AccessEvent.objects.values("who").distinct().count() == 2
    monkeypatch.setattr("billing.privacy.access_log.SITTING", timedelta(0))
    assert looks() == seen * 2 + [*seen, seen[2], *seen]


def test_whose_it_is_and_what_for_stand_beside_the_paper(client, case):
    """As the practice named them with this invoice, and without the care once that was erased."""
    text = client.get(page_of(case)).content.decode().replace("\xa0", " ")
    for fact in ("J. de Vries", "29 februari 1980", "€ 1.000,00", factories.line()["description"]):
        assert fact in text, fact
    Invoice.objects.filter(pk=case.invoice_id).update(erased_at=timezone.now())
    assert "1980" not in client.get(page_of(case)).content.decode()


def test_a_page_of_a_pdf_comes_as_a_picture_that_runs_no_code(case, client):
    file = pdf_of(case, pages=2)
    address = f"/beheer/coulance/coulancecase/{case.pk}/document/{file.pk}/"
    assert client.get(page_of(case)).content.decode().count(f'src="{address}') == 2
    page = client.get(f"{address}2/")
    assert (page.headers["Content-Type"], page.content[:3]) == ("image/jpeg", b"\xff\xd8\xff")
    assert "sandbox" in page.headers["Content-Security-Policy"]
    assert [client.get(f"{address}{number}/").status_code for number in (0, 3, 99)] == [404] * 3


@pytest.mark.parametrize("status", ["received", "checking", "refused", "quarantined", "withdrawn"])
def test_a_file_that_is_not_clean_is_not_served(case, client, status):
    file = picture_of(case)
    type(file).objects.update(status=status)
    assert client.get(f"/beheer/coulance/coulancecase/{case.pk}/document/{file.pk}/").status_code == 404


def test_a_file_opens_by_its_own_case_only(case, client):
    other = at_desk(case.invoice.provider)
    file = picture_of(other)
    assert client.get(f"/beheer/coulance/coulancecase/{case.pk}/document/{file.pk}/").status_code == 404


def test_the_amount_is_shown_before_it_counts_and_then_the_next_case_opens(case, client):
    following = at_desk(case.invoice.provider)
    shown = client.post(page_of(case), filled(case, "approve"))
    assert (shown.status_code, shown.context["outcome"].new_due) == (200, Decimal("750.00"))
    assert not Decision.objects.exists()
    done = client.post(page_of(case), filled(case, "approve", shown_due="750.00"))
    assert (done.status_code, done.headers["Location"]) == (303, page_of(following))
    assert ledger.outstanding(case.invoice_id) == 750
    last = client.post(page_of(following), filled(following, "refuse"))
    assert last.headers["Location"] == "/beheer/"


def test_an_old_page_is_a_conflict_that_shows_both_states(case, client):
    old = filled(case, "approve", shown_due="750.00")
    client.post(page_of(case), filled(case, "ask_more", reason="Nog een bladzijde."))
    page = client.post(page_of(case), old)
    text = page.content.decode()
    assert page.status_code == 409
    assert "750,00" in text
    assert REASON in text
    assert "Nog een bladzijde." in text
    assert ledger.outstanding(case.invoice_id) == 1000


@pytest.mark.parametrize(
    "fields",
    [
        {"paid_out": "veel"},
        {"paid_out": "-5"},
        {"paid_out": "99999999999"},
        {"paid_out": "", "shown_due": ""},
        {"paid_out": "900", "deductible": "385", "shown_due": "1285.00"},
        {"deductible": "", "shown_due": "365.00"},
        {"paid_out": "0", "deductible": "0", "shown_due": "0.00"},
        {"rule": "manual", "new_due": "384,99", "shown_due": "384.99"},
        {"rule": "percentage", "percentage": "75", "shown_due": "250.00"},
        {"rule": "percentage", "percentage": "0"},
        {"rule": "nonsense"},
        {"act": "refuse", "reason": ""},
        {"act": "ask_more", "reason": " "},
        {"act": "delete"},
        {"version": "x"},
    ],
)
def test_what_is_wrong_is_said_and_changes_nothing(case, client, fields):
    page = client.post(page_of(case), filled(case, "approve", **fields))
    assert page.status_code == 422
    assert 'role="alert"' in page.content.decode()
    assert not Decision.objects.exists()


@pytest.mark.parametrize(
    ("text", "amount"),
    [("365", "365.00"), ("€ 1.234,50", "1234.50"), ("1,234.50", "1234.50"), ("0,5", "0.50"), ("1.234", "1234.00")],
)
def test_amounts_are_read_as_people_type_them(case, client, text, amount):
    big = at_desk(case.invoice.provider, amount="5000.00")
    page = client.post(page_of(big), filled(big, "approve", rule="manual", new_due=text, deductible=""))
    assert page.context["outcome"].new_due == Decimal(amount)


def test_a_deductible_of_zero_is_typed_and_then_stored(case, client):
    asked = client.post(page_of(case), filled(case, "approve", deductible="", shown_due="365.00"))
    assert "eigen risico" in asked.content.decode()
    client.post(page_of(case), filled(case, "approve", deductible="0", shown_due="365.00"))
    assert Decision.objects.get().deductible == 0
    assert ledger.outstanding(case.invoice_id) == 365


def test_operations_look_and_touch_nothing(case):
    client = signed_in(factories.staff(role=Staff.Role.OPERATIONS))
    assert client.get(page_of(case)).status_code == 200
    assert client.post(page_of(case), filled(case, "refuse")).status_code == 403
    assert not Decision.objects.exists()


def test_a_foreign_case_is_no_case(case):
    client = signed_in(factories.staff(role=Staff.Role.APPROVER))
    for act in ("refuse", "approve", "ask_more", "confirm"):
        assert client.post(page_of(case), filled(case, act)).status_code == 404
    assert client.get(page_of(case)).status_code == 404
    assert "Coulance" in client.get("/beheer/").content.decode()
    assert case.invoice.number not in client.get("/beheer/").content.decode()


def test_a_reopened_case_is_corrected_or_left_as_decided(case, client):
    by = staff_of(case)
    decisions.approve(case, outcome=granted("750.00"), reason=REASON, version=0, by=by)
    CoulanceCase.objects.update(status=Status.AT_PROVIDER, closed_at=None)
    case.refresh_from_db()
    text = client.get(page_of(case)).content.decode()
    assert 'value="correct"' in text
    assert 'value="approve"' not in text
    assert "€\xa0250,00" in text
    assert client.post(page_of(case), filled(case, "approve", paid_out="400", shown_due="785.00")).status_code == 422
    done = filled(case, "correct", paid_out="400", shown_due="785.00")
    assert client.post(page_of(case), done).status_code == 303
    assert ledger.outstanding(case.invoice_id) == Decimal("785.00")
