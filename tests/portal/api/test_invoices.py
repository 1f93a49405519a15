"""Invoices by the interface: the same rules as a batch, and each request acts once."""

import json
from decimal import Decimal

import pytest

from billing import ledger
from billing.invoices import open_links
from billing.models import AccessEvent, AuditEvent, CareDetail, CreditNote, Invoice, Patient
from portal.api import showing
from portal.intake.batch import import_file
from portal.models import ApiAnswer
from tests import factories
from tests.portal.api.program import Program
from tests.portal.intake.batches import AGB_CODE, batch, changed, invoice
from tests.portal.intake.test_batch_checks import WRONG, steps_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    return Program(factories.provider(agb_code=AGB_CODE))


def codes(answer):
    return {error["pointer"]: error["code"] for error in answer.json()["errors"]}


def test_one_invoice_comes_in_and_is_answered_with_reference_and_link(program):
    answer = program.post("/invoices", invoice(1, insurer_paid="8.51"))
    assert answer.status_code == 201
    row = Invoice.objects.get()
    (told,) = answer.json()["invoices"]
    assert told["payment_reference"] == row.payment_reference
    assert (told["total"], told["insurer_paid"], told["outstanding"]) == ("28.51", "8.51", "20.00")
    assert told["is_new"]
    assert told["status"] == "open"
    opened = open_links.read(told["link"].rstrip("/").rpartition("/")[2], today=factories.TODAY)
    assert opened.token == row.token
    assert "Periodieke" not in answer.content.decode()
    assert "Vries" not in answer.content.decode()
    assert AuditEvent.objects.get(action="batch_imported").by == "api:Praktijkpakket"
    assert program.get("/invoices/2026-00001").json() == {k: v for k, v in told.items() if k not in ("is_new", "link")}
    assert program.get("/invoices").json()["items"] == [program.get("/invoices/2026-00001").json()]


def test_each_link_that_is_told_is_in_the_access_log(program):
    """Whoever has it can be taken for the patient."""
    program.post("/invoices?dry_run=true", invoice(1))
    assert not AccessEvent.objects.exists()
    program.post("/invoices", {"invoices": [invoice(1), invoice(2)]})
    told = {(event.invoice.number, event.who, event.data) for event in AccessEvent.objects.all()}
    assert told == {(f"2026-0000{place}", f"api:{program.key.public_id}", "links by program") for place in (1, 2)}
    program.get("/invoices")
    program.get("/invoices/2026-00001")
    assert AccessEvent.objects.count() == 2
    program.post("/invoices", invoice(1))
    assert AccessEvent.objects.count() == 3


def test_nothing_is_written_as_nothing(program):
    program.post("/invoices", invoice(1))
    answer = program.get("/invoices")
    assert "-0.00" not in answer.content.decode()
    told = answer.json()["items"][0]
    assert (told["paid"], told["reduced"], told["insurer_paid"], told["credit"]) == ("0.00",) * 4
    assert showing.euros(Decimal("-0.004")) == "0.00"
    assert showing.euros(Decimal("-0.01")) == "-0.01"


def test_many_come_in_together_or_not_at_all(program):
    wrong = invoice(2)
    wrong["lines"][0]["unit_price"] = "12,50"
    wrong["patient"]["surname"] = ""
    answer = program.post("/invoices", {"invoices": [invoice(1), wrong]})
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid"
    assert codes(answer) == {
        "/invoices/1/patient/surname": "missing",
        "/invoices/1/lines/0/unit_price": "amount-comma",
    }
    assert not Invoice.objects.exists()
    answer = program.post("/invoices", {"invoices": [invoice(1), invoice(2)]})
    assert [row["number"] for row in answer.json()["invoices"]] == ["2026-00001", "2026-00002"]
    assert answer.json()["patients_created"] == 2


@pytest.mark.parametrize(("path", "value"), [(path, value) for path, value, *_rest in WRONG][::6])
def test_what_a_batch_refuses_is_refused_with_the_same_words(program, tmp_path, path, value):
    whole = changed(batch(invoice(1)), steps_of(path), value)
    if len(whole.get("invoices", [])) != 1 or not isinstance(whole["invoices"][0], dict):
        return
    file = tmp_path / "batch.json"
    file.write_text(json.dumps(whole | {"format": "invoice-batch/2"}))
    wanted = import_file(file, dry_run=True, today=factories.timezone.localdate(), by="test")
    answer = program.post("/invoices", {"invoices": whole["invoices"]}, **{"Accept-Language": "nl"})
    told = {(error["code"], error["detail"]) for error in answer.json().get("errors", [])}
    assert {(error.code, error.sentence) for error in wanted.errors if error.path.startswith("invoices[")} == told


def test_the_same_key_acts_once(program):
    first = program.post("/invoices", invoice(1), once="a")
    again = program.post("/invoices", invoice(1), once="a")
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert program.post("/invoices", invoice(2), once="a").json()["code"] == "idempotency-key-used"
    assert Invoice.objects.count() == 1
    # Whoever reads the rows can't be the patient.
    assert first.json()["invoices"][0]["link"].rsplit("/", 2)[1] not in json.dumps(ApiAnswer.objects.get().outcome)


def test_a_key_of_another_practice_is_another_key(program):
    other = Program(factories.provider())
    assert program.post("/invoices", invoice(1), once="a").status_code == 201
    assert other.post("/invoices", invoice(1), once="a").status_code == 201
    assert Invoice.objects.count() == 2


def test_the_same_invoice_written_otherwise_is_known_and_another_one_is_refused(program):
    program.post("/invoices", invoice(1))
    known = program.post("/invoices", invoice(1, due_on=None, insurer_paid="0"))
    assert [row["is_new"] for row in known.json()["invoices"]] == [False]
    answer = program.post("/invoices", invoice(1, insurer_paid="1.00"))
    assert (answer.status_code, answer.json()["code"], codes(answer)) == (
        409,
        "differs",
        {"/number": "invoice-differs"},
    )


def test_a_dry_run_changes_nothing(program):
    answer = program.post("/invoices?dry_run=true", {"invoices": [invoice(1)]})
    assert answer.json() == {"invoices": [{"number": "2026-00001", "is_new": True}]}
    assert not Invoice.objects.exists()
    assert not ApiAnswer.objects.exists()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{", "incomplete"),
        ("[", "not-an-object"),
        ('{"number": 1, "number": 2}', "field-twice"),
        ("{'a': 1}", "single-quote"),
        ('{"invoices": []}', "not-a-list"),
        ('{"invoices": 5}', "not-a-list"),
        ('{"invoices": [1], "a": 2}', "unknown-field"),
    ],
)
def test_what_is_no_right_json_is_explained_as_in_a_batch(program, body, code):
    answer = program.post("/invoices", body)
    assert answer.status_code == 422
    assert code in {error["code"] for error in answer.json()["errors"]}


def test_more_than_fits_is_refused(program):
    assert program.post("/invoices", {"invoices": [1] * 201}).json()["errors"][-1]["code"] == "too-many"
    assert program.post("/invoices", " " * (2 * 1024**2 + 1)).json()["code"] == "too-large"


def test_an_act_needs_an_idempotency_key_and_json(program):
    bare = program.client.post("/api/v1/invoices", "{}", content_type="application/json", headers=program.headers())
    assert (bare.status_code, bare.json()["code"]) == (400, "idempotency-key-missing")
    form = program.client.post("/api/v1/invoices", {"a": "b"}, headers=program.headers())
    assert (form.status_code, form.json()["code"]) == (415, "not-json")


def test_an_invoice_is_withdrawn(program):
    program.post("/invoices", invoice(1))
    answer = program.post("/invoices/2026-00001/withdrawal", {"reason": "Dubbel gestuurd"})
    assert answer.status_code == 201
    (note,) = answer.json()["credit_notes"]
    assert (note["credits"], note["amount"], note["is_whole"]) == ("2026-00001", "28.51", True)
    told = program.get("/invoices/2026-00001").json()
    assert (told["status"], told["outstanding"]) == ("withdrawn", "0.00")
    assert program.post("/invoices", invoice(1)).json()["invoices"][0]["link"] is None
    again = program.post("/invoices/2026-00001/withdrawal", {"reason": "Nog eens"})
    assert codes(again) == {"/credits": "credit-refused"}
    assert codes(program.post("/invoices/2026-00001/withdrawal", {"why": "x"})) == {"/why": "unknown-field"}
    listed = program.post("/invoices/2026-00001/withdrawal", {"credit_notes": [{"reason": "x"}]})
    assert codes(listed) == {"/credit_notes": "unknown-field"}
    assert program.post("/invoices/2026-00009/withdrawal", {"reason": "x"}).status_code == 404


def test_a_part_is_credited_by_its_lines(program):
    program.post("/invoices", invoice(1))
    line = {**invoice(1)["lines"][0], "unit_price": "10.00"}
    note = {
        "number": "C-1",
        "credits": "2026-00001",
        "issued_on": "2026-11-20",
        "reason": "Minder werk",
        "lines": [line],
    }
    answer = program.post("/credit-notes", note)
    assert (answer.json()["credit_notes"][0]["amount"], answer.json()["credit_notes"][0]["is_new"]) == ("10.00", True)
    assert ledger.outstanding(Invoice.objects.get().pk) == Decimal("18.51")
    assert not program.post("/credit-notes", {"credit_notes": [note]}).json()["credit_notes"][0]["is_new"]
    assert codes(program.post("/credit-notes", note | {"number": "C-2", "credits": "X"})) == {
        "/credits": "credits-unknown"
    }
    assert CreditNote.objects.count() == 1


def test_a_patient_is_corrected(program):
    program.post("/invoices", invoice(1))
    assert program.patch("/patients/P-1", {"mobile": "+31687654321"}).json() == {"number": "P-1", "changed": True}
    assert program.patch("/patients/P-1", {"mobile": "+31687654321"}).json()["changed"] is False
    assert str(Patient.objects.get().mobile) == "+31687654321"
    assert codes(program.patch("/patients/P-1", {"date_of_birth": "1990-01-01"})) == {
        "/date_of_birth": "patient-another-birth-date"
    }
    assert codes(program.patch("/patients/P-2", {"mobile": ""})) == {"/number": "patient-unknown"}
    assert codes(program.patch("/patients/P-1", {"number": "P-2"})) == {"/number": "unknown-field"}
    assert codes(program.patch("/patients/P-1", {})) == {"": "correction-empty"}


def test_a_list_goes_on_where_the_page_ended(program):
    program.post("/invoices", {"invoices": [invoice(place) for place in range(5)]})
    pages, cursor = [], ""
    for _page in range(3):
        answer = program.get("/invoices", limit=2, cursor=cursor)
        pages.append([row["number"] for row in answer.json()["items"]])
        cursor = answer.json()["next"]
        assert answer.json()["has_more"] == ("Link" in answer.headers)
    assert pages == [["2026-00000", "2026-00001"], ["2026-00002", "2026-00003"], ["2026-00004"]]
    assert not answer.json()["has_more"]
    later = program.get("/invoices", cursor=cursor).json()
    assert (later["items"], later["has_more"]) == ([], False)
    program.post("/invoices", invoice(9))
    assert [row["number"] for row in program.get("/invoices", cursor=later["next"]).json()["items"]] == ["2026-00009"]
    assert [row["number"] for row in program.get("/invoices", number="2026-00003").json()["items"]] == ["2026-00003"]
    stolen = Program(factories.provider()).get("/invoices", cursor=program.get("/invoices", limit=2).json()["next"])
    assert stolen.json()["errors"][0]["parameter"] == "cursor"
    for wrong in ("x", "12.3", "é", "AAAA", cursor[:-2], cursor + "AA"):
        assert program.get("/invoices", cursor=wrong).json()["errors"][0]["parameter"] == "cursor"
    assert program.get("/invoices", limit=1000).json()["errors"][0]["parameter"] == "limit"


def test_nothing_of_care_is_read_for_an_answer(program, monkeypatch):
    program.post("/invoices", invoice(1))
    monkeypatch.setattr(CareDetail, "lines", property(lambda self: pytest.fail("care was read")))
    monkeypatch.setattr(CareDetail, "person", property(lambda self: pytest.fail("care was read")))
    assert program.get("/invoices").status_code == 200


def test_a_file_and_the_interface_are_one_intake(program, tmp_path):
    """What came in by one road is known on the other."""
    file = tmp_path / "batch.json"
    file.write_text(json.dumps(batch(invoice(1))))
    import_file(file, dry_run=False, today=factories.TODAY, by="test")
    assert program.post("/invoices", invoice(1)).json()["invoices"][0]["is_new"] is False
