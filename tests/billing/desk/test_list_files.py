"""Every list as a file: the same rows to the same people, typed, harmless, and written down before they leave."""

import csv
import io
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from django.contrib import admin
from django.utils import timezone

from billing import ledger, rights
from billing.desk.lists import files, listing
from billing.models import AccessEvent, AuditEvent, Invoice, Payment, Staff
from billing.privacy import access_log
from billing.statements import spreadsheet
from tests import factories
from tests.billing.desk.test_admin import payment_of
from tests.portal.staff.staff_client import signed_in
from tests.portal.staff.test_staff_matrix import filled

pytestmark = pytest.mark.django_db
INVOICES = "/beheer/billing/invoice/"
_TEXT_THAT_IS_MORE = re.compile(r"<|€|\d{1,2}[-/]\d{1,2}[-/]\d{4}|^[a-z]+_[a-z_]+$")


@pytest.fixture
def practice():
    return factories.provider()


@pytest.fixture
def clerk(practice):
    return factories.staff(provider=practice, role=Staff.Role.CLERK)


@pytest.fixture
def desk(clerk):
    return signed_in(clerk)


def as_csv(client, address: str, **asked) -> list[list[str]]:
    response = client.get(f"{address}lijst.csv", asked)
    assert response.status_code == 200
    return list(csv.reader(io.StringIO(response.getvalue().decode("utf-8-sig")), delimiter=";"))


def as_xlsx(client, address: str, **asked) -> list[list]:
    response = client.get(f"{address}lijst.xlsx", asked)
    assert response.status_code == 200
    book = openpyxl.load_workbook(io.BytesIO(response.getvalue()))
    cells = [[cell.value for cell in row] for row in book.active.iter_rows()]
    return [[day_of(cell) for cell in row] for row in cells]


def day_of(cell):
    """A day as such: a workbook knows only moments."""
    return cell.date() if isinstance(cell, datetime) and not (cell.hour or cell.minute) else cell


def test_every_list_is_a_file_with_words_days_and_numbers():
    filled(factories.provider(), "EIGEN")
    client = signed_in(factories.staff(role=Staff.Role.OPERATIONS))
    for model, table in admin.site._registry.items():
        address = f"/beheer/{model._meta.app_label}/{model._meta.model_name}/"
        page = client.get(address)
        shown = page.context["cl"]
        assert shown.result_count, f"{model.__name__}: make one in the matrix of addresses"
        assert f'href="{address}lijst.xlsx"' in page.content.decode()
        rows = as_xlsx(client, address)
        assert len(rows) == shown.result_count + 1
        assert len(rows[0]) == len([*table.list_display, *table.also_in_files])
        for head, *cells in zip(*rows, strict=True):
            assert head == head[:1].upper() + head[1:]
            for cell in cells:
                where = f"{model.__name__}, {head}: {cell!r}; say in `values_behind` where the value is"
                assert not (isinstance(cell, str) and _TEXT_THAT_IS_MORE.search(cell)), where


def test_a_file_has_the_rows_that_the_list_shows_and_no_others(desk, practice):
    wanted = factories.invoice(provider=practice, amount="80.50", issued_on=date(2026, 3, 1), due_on=date(2026, 3, 31))
    factories.invoice(provider=practice, amount="80.50", issued_on=date(2026, 4, 1), due_on=date(2026, 4, 30))
    factories.invoice(amount="80.50", issued_on=date(2026, 3, 1), due_on=date(2026, 3, 31))  # of another practice
    asked = {"dag_van": "2026-03-01", "dag_tot": "2026-03-31", "status": "overdue"}
    heads, row = as_xlsx(desk, INVOICES, **asked)
    assert dict(zip(heads, row, strict=True)) == {
        "Nummer van de rekening": wanted.number,
        "Patiëntnummer": wanted.patient.number,
        "Laatste dag om te betalen": date(2026, 3, 31),
        "Openstaand": 80.5,
        "Status": "te laat",
        "Datum van de rekening": date(2026, 3, 1),
        "Voldaan": None,
    }
    assert as_csv(desk, INVOICES, **asked)[1] == [
        wanted.number, wanted.patient.number, "2026-03-31", "80,50", "te laat", "2026-03-01", "",
    ]  # fmt: skip


def test_all_rows_leave_in_the_order_of_the_list(desk, practice, monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(files, "_CHUNK", 2)
    monkeypatch.setattr(listing, "MOST", 3)  # the pages show no more
    who = factories.patient(provider=practice)
    numbers = [factories.invoice(patient=who).number for _n in range(5)]
    with django_assert_max_num_queries(23):
        rows = as_csv(desk, INVOICES)
    assert [row[0] for row in rows[1:]] == numbers[::-1]


def test_what_left_is_written_down_once_with_which_rows(desk, practice, clerk):
    who = factories.patient(provider=practice)
    keys = [factories.invoice(patient=who).pk for _n in range(3)]
    as_csv(desk, INVOICES)
    look = AccessEvent.objects.get(act=AccessEvent.Act.EXPORT)
    assert (look.data, look.who, look.patient, look.invoice) == ("exported list", f"staff:{clerk.pk}", who, None)
    event = AuditEvent.objects.get(action="list_exported")
    assert event.details == {"list": "invoice", "format": "csv", "rows": 3, "keys": f"{keys[0]}-{keys[-1]}"}
    assert event.by == f"staff:{clerk.username}"


def test_every_patient_finds_the_file_that_left_in_the_own_list(desk, practice, monkeypatch):
    monkeypatch.setattr(access_log, "CHUNK", 2)
    theirs = [factories.invoice(provider=practice) for _n in range(5)]
    of_others = factories.invoice()
    as_csv(desk, "/beheer/billing/patient/")
    for one in theirs:
        assert [event.data for event in access_log.of_invoice(one)] == ["exported list"]
    assert not access_log.of_invoice(of_others).exists()
    assert list(access_log.breaks()) == []


def test_every_list_about_patients_says_about_whom():
    about = {model.__name__: files.patient_paths(t) for model, t in admin.site._registry.items() if t.about_patients}
    assert len(about) > 10
    assert about["BankLine"] == ["matches__invoice__patient"]
    # The texts of a practice name nobody.
    assert {name for name, paths in about.items() if not paths} == {"NoteTemplate"}


def test_a_list_about_no_patient_is_no_look_at_one(desk):
    as_csv(desk, "/beheer/billing/provider/")
    assert AuditEvent.objects.filter(action="list_exported").count() == 1
    assert not AccessEvent.objects.filter(act=AccessEvent.Act.EXPORT).exists()


def test_a_practice_may_keep_lists_with_patients_from_its_clerks(desk, practice):
    factories.invoice(provider=practice)
    rights.decide(practice, {"download": False}, by=factories.staff(provider=practice, role=Staff.Role.APPROVER))
    assert desk.get(f"{INVOICES}lijst.csv").status_code == 403
    assert "lijst.csv" not in desk.get(INVOICES).content.decode()
    assert desk.get("/beheer/billing/provider/lijst.csv").status_code == 200


def test_without_the_access_log_nothing_leaves(desk, practice, monkeypatch):
    factories.invoice(provider=practice)

    def full(*_args, **_named):
        raise OSError("disk full")

    monkeypatch.setattr(access_log, "_append", full)
    with pytest.raises(OSError, match="disk full"):
        desk.get(f"{INVOICES}lijst.csv")


@pytest.mark.parametrize("text", ["=1+1", "+31 6", "-5", "@SUM(A1)", "\t=1", "http://evil.example"])
def test_text_is_never_a_formula_or_a_link(text):
    rows = [["Kop"], [text]]
    quoted = spreadsheet.as_csv(rows).decode("utf-8-sig").split("\r\n")[1]
    assert quoted.strip('"') == (text if text.startswith("http") else f"'{text}")
    book = openpyxl.load_workbook(io.BytesIO(b"".join(spreadsheet.xlsx_pieces(rows, title="Lijst: [a]"))))
    cell = book.active["A2"]
    assert (cell.value, cell.data_type, cell.hyperlink) == (text, "s", None)


def test_a_workbook_leaves_nothing_on_the_disk(settings):
    pieces = spreadsheet.xlsx_pieces(([n, Decimal("1.50"), "naam"] for n in range(3000)), title="Lijst")
    assert next(pieces).startswith(b"PK")
    assert list(Path(settings.DATA_DIR).glob("sheet-*")) == []  # while it is still being sent
    pieces.close()


def test_more_than_a_workbook_takes_is_a_sentence(desk, practice, monkeypatch):
    monkeypatch.setattr(files, "XLSX_MOST", 1)
    who = factories.patient(provider=practice)
    [factories.invoice(patient=who) for _n in range(2)]
    response = desk.get(f"{INVOICES}lijst.xlsx?dag_van=2020-01-01", follow=True)
    assert response.redirect_chain[0][0] == f"{INVOICES}?dag_van=2020-01-01"
    assert "Kies een kortere periode" in response.content.decode()
    assert len(as_csv(desk, INVOICES)) == 3


def test_another_kind_is_not_found(desk):
    assert desk.get(f"{INVOICES}lijst.pdf").status_code == 404


# --- filters and sums -------------------------------------------------------------------------------


def shown(client, address, **asked):
    response = client.get(address, asked)
    assert response.status_code == 200
    return response.context["cl"], response.content.decode()


def test_days_are_those_of_amsterdam(desk, practice):
    row = factories.invoice(provider=practice)
    at = datetime(2026, 10, 31, 22, 59, tzinfo=UTC)  # 23:59 on the 31st
    late = payment_of(row, status=Payment.Status.EXPIRED, created_at=at)
    early = payment_of(row, created_at=datetime(2026, 10, 31, 23, 1, tzinfo=UTC))  # the first of November
    address = "/beheer/billing/payment/"
    assert list(shown(desk, address, dag_tot="31-10-2026")[0].result_list) == [late]
    assert list(shown(desk, address, dag_van="2026-11-01", dag_tot="2026-11-01")[0].result_list) == [early]


def test_amounts_are_read_as_people_type_them(desk, practice):
    for amount in ("19.99", "20.00", "1234.50", "1234.51"):
        factories.invoice(provider=practice, amount=amount)
    found, page = shown(desk, INVOICES, bedrag_van="20,-", bedrag_tot="€ 1.234,50")
    assert [row.balance for row in found.result_list] == [Decimal("1234.50"), Decimal("20.00")]
    assert 'value="1234,50"' in page


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"bedrag_van": "63,165"}, "Typ een bedrag als 12,50."),
        ({"dag_van": "morgen"}, "Typ een dag als 31-12-2026."),
        ({"dag_tot": "9999-12-31"}, "Typ een dag als 31-12-2026."),
        ({"dag_van": "2026-02-01", "dag_tot": "2026-01-01"}, "“Van” is later dan “tot en met”."),
    ],
)
def test_what_cant_be_read_is_said_and_shows_no_rows(desk, practice, asked, sentence):
    factories.invoice(provider=practice)
    found, page = shown(desk, INVOICES, **asked)
    assert sentence in page
    assert found.result_count == 0
    assert all(f'value="{typed}"' in page for typed in asked.values())


def test_filters_keep_each_other(desk):
    _found, page = shown(desk, INVOICES, status="open", dag_van="2026-01-01")
    assert page.count('<input type="hidden" name="status" value="open">') == 4  # in the forms of the other filters
    assert 'href="?dag_van=2026-01-01&amp;status=paid"' in page


def test_sums_are_of_all_pages_and_credit_is_not_taken_off(desk, practice, monkeypatch):
    monkeypatch.setattr(admin.site.get_model_admin(Invoice), "list_per_page", 2)
    who = factories.patient(provider=practice)
    for amount in ("10.00", "20.00", "30.00"):
        factories.invoice(patient=who, amount=amount)
    over = factories.invoice(patient=who, amount="5.00")
    ledger.post(over, "payment", Decimal("-9.00"), external_id="tr_1", occurred_at=timezone.now(), by="test")
    found, page = shown(desk, INVOICES)
    assert [sum for _words, sum in found.sums] == [Decimal("60.00"), Decimal("-4.00")]
    assert "€ 60,00" in page.replace("\xa0", " ")
    found, _page = shown(desk, INVOICES, bedrag_van="20")
    assert [sum for _words, sum in found.sums] == [Decimal("50.00"), Decimal("0.00")]


def test_a_long_list_is_counted_no_further_than_its_pages(desk, practice, monkeypatch):
    monkeypatch.setattr(listing, "MOST", 2)
    row = factories.invoice(provider=practice)
    [payment_of(row, amount=Decimal("2.50"), status=Payment.Status.PAID, paid_at=timezone.now()) for _n in range(4)]
    found, page = shown(desk, "/beheer/billing/payment/")
    assert (found.result_count, found.has_more, found.sums) == (2, True, [])
    assert "Meer dan 2 betalingen" in page
    assert 'href="?optellen=1"' in page
    found, _page = shown(desk, "/beheer/billing/payment/", optellen="1")
    assert [sum for _words, sum in found.sums] == [Decimal("10.00"), Decimal("10.00")]


@pytest.mark.parametrize("table", ["complaints/complaint", "debt_collection/handover", "forbearance/forbearance"])
def test_a_row_opens_the_page_that_its_room_has(table):
    rows = filled(factories.provider(), "EIGEN")
    row = rows[table.split("/")[1]]
    client = signed_in(factories.staff(role=Staff.Role.OPERATIONS))
    answer = client.get(f"/beheer/{table}/{row.pk}/change/", follow=True)
    assert answer.redirect_chain[0][1] == 303
    assert answer.status_code == 200
    assert "/beheer/klachten/" in answer.redirect_chain[0][0] or table != "complaints/complaint"


def test_a_complaint_is_not_listed_to_whom_it_is_about(practice, clerk, desk):
    complaint = filled(practice, "EIGEN")["complaint"]
    assert len(as_csv(desk, "/beheer/complaints/complaint/")) == 2
    type(complaint).objects.filter(pk=complaint.pk).update(about=clerk)
    assert len(as_csv(desk, "/beheer/complaints/complaint/")) == 1
    assert desk.get(f"/beheer/complaints/complaint/{complaint.pk}/change/").status_code == 404
