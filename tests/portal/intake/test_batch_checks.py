"""Everything a batch can have wrong: where the error points, what it says, and that nothing gets in."""

import pytest

from billing.models import Invoice
from portal.intake.batch import import_file
from tests.portal.intake.batch_errors import TODAY, errors_of, practice  # noqa: F401  practice is used by being here
from tests.portal.intake.batches import AGB_CODE, LEFT_OUT, batch, changed, invoice, written

pytestmark = [pytest.mark.django_db]


def steps_of(path):
    """`patient.address.city` or `lines[0].code` of the first invoice, as steps from the root."""
    steps = ["invoices", 0]
    for part in path.replace("]", "").replace("[", ".").split("."):
        steps.append(int(part) if part.isdigit() else part)
    return tuple(steps)


MISSING, NOT_TEXT = "This is missing.", "This must be text"
BAD_DATE, CONTROL = "Write a date that exists", "invisible control character"
NOTHING = "nothing to see"
WRONG = [
    ("number", LEFT_OUT, MISSING),
    ("number", "", MISSING),
    ("number", "   ", MISSING),
    ("number", None, MISSING),
    ("number", 12, NOT_TEXT),
    ("number", "9" * 41, "too long: at most 40"),
    ("number", "12\x0034", CONTROL),
    ("number", "2026-1\n", CONTROL),
    ("issued_on", LEFT_OUT, MISSING),
    ("issued_on", "2026-02-29", BAD_DATE),
    ("issued_on", "20261102", BAD_DATE),
    ("issued_on", "2026-W45-1", BAD_DATE),
    ("issued_on", "02-11-2026", BAD_DATE),
    ("issued_on", "2026-11-02T00:00", BAD_DATE),
    ("issued_on", "２０２６-11-02", BAD_DATE),
    ("issued_on", 20261102, BAD_DATE),
    ("issued_on", "2026-11-17", "This date is in the future."),
    ("issued_on", "2021-11-15", "more than 5 years old"),
    ("issued_on", "0001-01-01", "more than 5 years old"),
    ("due_on", "2026-11-01", "due date is before the invoice date"),
    ("due_on", "2027-11-03", "more than a year after"),
    ("due_on", "soon", BAD_DATE),
    ("coulance", "yes", "Write true or false"),
    ("coulance", 1, "Write true or false"),
    ("patient", LEFT_OUT, MISSING),
    ("patient", [], "This must be an object"),
    ("patient", "P-1", "This must be an object"),
    ("patient.bsn", "111222333", "not part of the format"),
    ("patient.number", LEFT_OUT, MISSING),
    ("patient.surname", LEFT_OUT, MISSING),
    ("patient.surname", "V" * 81, "too long: at most 80"),
    ("patient.surname", "Vries\u202e", CONTROL),
    ("patient.surname", "Vri\x1bes", CONTROL),
    ("patient.initials", "J" * 21, "too long: at most 20"),
    ("patient.infix", ["de"], NOT_TEXT),
    ("patient.surname", "\u200b\u200d\ufeff", NOTHING),
    ("patient.surname", "\u3164\u2800", NOTHING),
    ("patient.surname", "\U0001d159\U00016fe4", NOTHING),
    ("patient.surname", "\u0301", NOTHING),
    ("number", "\u2060", NOTHING),
    ("lines[0].description", "\u00ad \u200b", NOTHING),
    ("patient.address.street", "\u200e", NOTHING),
    ("patient.address.country", "XX", "don't know this country"),
    ("patient.address.country", "ZZ", "don't know this country"),
    ("patient.address.country", "EU", "don't know this country"),
    ("patient.insurer_uzovi", "0000", "not only zeros"),
    ("lines[0].practitioner_agb", "00000000", "not only zeros"),
    ("patient.date_of_birth", LEFT_OUT, MISSING),
    ("patient.date_of_birth", "2027-01-01", "This date is in the future."),
    ("patient.date_of_birth", "1880-01-01", "too long ago"),
    ("patient.date_of_birth", "1981-02-29", BAD_DATE),
    ("patient.email", "geen adres", "not one e-mail address"),
    ("patient.email", "a@example.org, b@example.org", "not one e-mail address"),
    ("patient.email", "a@example.org;b@example.org", "not one e-mail address"),
    ("patient.email", "a@b@example.org", "not one e-mail address"),
    ("patient.email", "a b@example.org", "not one e-mail address"),
    ("patient.email", "a@example.org\r\nBcc: b@example.org", CONTROL),
    ("patient.email", "Jan <a@example.org>", "not one e-mail address"),
    ("patient.email", "a@localhost..", "not one e-mail address"),
    ("patient.email", "@example.org", "not one e-mail address"),
    ("patient.email", f"{'a' * 250}@example.org", "too long: at most 254"),
    ("patient.mobile", "0201234567", "not a mobile number"),
    ("patient.mobile", "+31201234567", "not a mobile number"),
    ("patient.mobile", "+3168765432", "not a mobile number"),
    ("patient.mobile", "+31691234567", "not a mobile number"),
    ("patient.mobile", "0612345678 tst 12", "not a mobile number"),
    ("patient.mobile", "0900-1234", "not a mobile number"),
    ("patient.mobile", "112", "not a mobile number"),
    ("patient.mobile", 31612345678, NOT_TEXT),
    ("patient.language", "de", "The language is one of nl, en, tr, ar, pl and uk."),
    ("patient.language", ["nl"], "The language is one of nl, en, tr, ar, pl and uk."),
    ("patient.address", None, MISSING),
    ("patient.address", "Dorpsstraat 1", "This must be an object"),
    ("patient.address.street", "", MISSING),
    ("patient.address.house_number", "1" * 11, "too long: at most 10"),
    ("patient.address.postcode", LEFT_OUT, "not a Dutch postcode"),
    ("patient.address.postcode", "0123 AB", "not a Dutch postcode"),
    ("patient.address.postcode", "1234 SS", "not a Dutch postcode"),
    ("patient.address.postcode", "12345", "not a Dutch postcode"),
    ("patient.address.country", "Nederland", "as its two capitals"),
    ("patient.address.city", LEFT_OUT, MISSING),
    ("patient.address.floor", "2", "not part of the format"),
    ("patient.insurer_uzovi", "331", "4 digits"),
    ("patient.insurer_uzovi", "33111", "4 digits"),
    ("patient.insurer_uzovi", "33l1", "4 digits"),
    ("patient.insurer_uzovi", 3311, NOT_TEXT),
    ("patient.insured_number", "1" * 21, "at most 20"),
    ("patient.insured_number", "12<3", "only letters and digits"),
    ("insurer_paid", "28.52", "more than the lines add up to"),
    ("insurer_paid", "-1.00", "can't be negative"),
    ("insurer_paid", 0, "Write the amount as text"),
    ("lines", LEFT_OUT, MISSING),
    ("lines", [], "at least one line"),
    ("lines", {}, "at least one line"),
    ("lines", [{}], MISSING),
    ("lines", ["C002"], "This must be an object"),
    ("lines", [invoice()["lines"][0]] * 201, "at most 200 lines"),
    ("lines[0].performed_on", "2026-11-03", "after the invoice date"),
    ("lines[0].performed_on", "1980-02-28", "before the patient's date of birth"),
    ("lines[0].performed_on", "2021-11-01", "more than 5 years before the invoice"),
    ("lines[0].code", LEFT_OUT, MISSING),
    ("lines[0].code", "C002<b>", "only letters and digits"),
    ("lines[0].description", "x" * 201, "too long: at most 200"),
    ("lines[0].description", 1.5, NOT_TEXT),
    ("lines[0].tooth", "19", "not a tooth number"),
    ("lines[0].tooth", "56", "not a tooth number"),
    ("lines[0].tooth", 9, "not a tooth number"),
    ("lines[0].tooth", True, "not a tooth number"),
    ("lines[0].tooth", "3６", "not a tooth number"),
    ("lines[0].quantity", 0, "whole number from 1"),
    ("lines[0].quantity", -1, "whole number from 1"),
    ("lines[0].quantity", 1.5, "whole number from 1"),
    ("lines[0].quantity", 0.0, "whole number from 1"),
    ("lines[0].quantity", 1e300, "whole number from 1"),
    ("lines[0].quantity", "1", "whole number from 1"),
    ("lines[0].quantity", True, "whole number from 1"),
    ("lines[0].quantity", 1000, "whole number from 1"),
    ("lines[0].unit_price", LEFT_OUT, MISSING),
    ("lines[0].unit_price", 28.51, "Write the amount as text"),
    ("lines[0].unit_price", 28, "Write the amount as text"),
    ("lines[0].unit_price", "28,51", "a point instead of a comma"),
    ("lines[0].unit_price", "28.511", "Write the amount as euros"),
    ("lines[0].unit_price", "1e3", "Write the amount as euros"),
    ("lines[0].unit_price", "-28.51", "hand in a credit note"),
    ("lines[0].unit_price", " 28.51", "Write the amount as euros"),
    ("lines[0].unit_price", "٢٨.٥١", "Write the amount as euros"),
    ("lines[0].unit_price", "NaN", "Write the amount as euros"),
    ("lines[0].unit_price", "1000000.01", "too large"),
    ("lines[0].unit_price", "9" * 400, "Write the amount as euros"),
    ("lines[0].practitioner_agb", "1200123", "8 digits"),
    ("lines[0].practitioner_agb", "1200123a", "8 digits"),
    ("lines[0].vat", "0.00", "not part of the format"),
    ("number", "2026-00901\u200b", "that nobody sees"),
    ("number", "2026\u00ad-00901", "that nobody sees"),
    ("patient.number", "P-1002\ufeff", "that nobody sees"),
    ("patient.number", "P-1002\ufe0f", "that nobody sees"),
    ("patient.number", "P-1002\u034f", "that nobody sees"),
    ("patient.email", "j@exam\u200bple.org", "that nobody sees"),
    ("patient.email", "ali.y\u0131ld\u0131z@post.example", "not one e-mail address"),
    ("patient.email", '"a,b"@post.example', "not one e-mail address"),
    ("patient.email", "a,b@post.example", "not one e-mail address"),
    ("patient.email", "a..b@post.example", "not one e-mail address"),
    ("patient.email", "a@[192.0.2.1]", "not one e-mail address"),
    ("patient.email", "a@post.123", "not one e-mail address"),
    ("patient.email", "a@post", "not one e-mail address"),
    ("patient.email", "a@-post.example", "not one e-mail address"),
    ("patient.email", "a@post_office.example", "not one e-mail address"),
    ("patient.email", "a@\u2603.example", "not one e-mail address"),
    ("patient.date_of_birth", "0000-00-00", BAD_DATE),
    ("patient.date_of_birth", "1960-00-05", BAD_DATE),
    ("patient.date_of_birth", "2027-00-00", "This date is in the future."),
    ("currency", "EUR", "not part of the format"),
]


@pytest.mark.parametrize(("path", "value", "sentence"), WRONG)
def test_what_is_wrong_is_named_with_its_path(tmp_path, path, value, sentence):
    found = errors_of(tmp_path, changed(batch(), steps_of(path), value))
    below = {"[{}]": f"{path}[0].performed_on", "['C002']": f"{path}[0]"}.get(str(value), path)
    assert found[0][0] == f"invoices[0].{below}"
    assert sentence in found[0][1]
    follow = {
        "[{}]": 5,
        "2021-11-15": 2,
        "0001-01-01": 2,
        "2027-01-01": 2,
        "2027-00-00": 2,
    }  # dates that no longer fit to the others
    assert len(found) == follow.get(str(value), 1)


RIGHT = [
    ("due_on", "2026-11-02"),
    ("due_on", "2027-11-02"),
    ("due_on", ""),
    ("issued_on", "2026-11-16"),
    ("coulance", LEFT_OUT),
    ("insurer_paid", LEFT_OUT),
    ("insurer_paid", "28.51"),
    ("patient.email", ""),
    ("patient.email", None),
    ("patient.email", LEFT_OUT),
    ("patient.email", "anna@stra\u00dfe.example"),
    ("patient.email", "anna@b\u00fccher.example"),
    ("patient.address.country", "nl"),
    ("patient.language", "NL"),
    ("patient.date_of_birth", "1960-00-00"),
    ("patient.date_of_birth", "1960-05-00"),
    ("lines[0].quantity", 1.0),
    ("patient.email", "jan.o'neil+rekening@sub.example.org"),
    ("patient.mobile", ""),
    ("patient.mobile", "06 1234 5678"),
    ("patient.mobile", "0031612345678"),
    ("patient.mobile", "+4915112345678"),
    ("patient.language", "en"),
    ("patient.surname", "Łukaszewska-Öztürk 李"),
    ("patient.surname", "O\u200dBrien"),
    ("patient.address.country", "BE"),
    ("patient.address.country", "CW"),
    ("patient.infix", ""),
    ("patient.date_of_birth", "2026-10-28"),
    ("patient.address.postcode", "1234ab"),
    ("patient.insurer_uzovi", None),
    ("lines[0].tooth", "36"),
    ("lines[0].tooth", 48),
    ("lines[0].tooth", "85"),
    ("lines[0].quantity", 999),
    ("lines[0].unit_price", "28.5"),
    ("lines[0].performed_on", "2026-11-02"),
]


@pytest.mark.parametrize(("path", "value"), RIGHT)
def test_what_may_be_so_is_taken(tmp_path, path, value):
    assert errors_of(tmp_path, changed(batch(), steps_of(path), value)) == []
    assert Invoice.objects.count() == 1


def test_a_birth_after_the_treatment_is_pointed_out_at_the_treatment(tmp_path):
    found = errors_of(tmp_path, changed(batch(), steps_of("patient.date_of_birth"), "2026-10-29"))
    assert found == [("invoices[0].lines[0].performed_on", "The treatment is before the patient's date of birth.")]


def test_lines_may_not_add_up_to_more_than_an_invoice_can_be(tmp_path):
    lines = [invoice()["lines"][0] | {"unit_price": "600000.00"}] * 2
    assert errors_of(tmp_path, batch(invoice(lines=lines)))[0][0] == "invoices[0].lines"


def test_an_invoice_is_for_something_though_one_line_may_be_free(tmp_path):
    line = invoice()["lines"][0]
    free = batch(invoice(lines=[line | {"unit_price": "0.00"}]))
    assert errors_of(tmp_path, free) == [
        ("invoices[0].lines", "The lines add up to nothing. An invoice is for more than 0.00.")
    ]
    assert errors_of(tmp_path, batch(invoice(lines=[line, line | {"unit_price": "0.00"}]))) == []


def test_coulance_needs_something_left_to_pay(tmp_path):
    found = errors_of(tmp_path, batch(invoice(insurer_paid="28.51", coulance=True)))
    assert [path for path, _ in found] == ["invoices[0].coulance"]


def test_a_number_may_stand_once_and_a_patient_is_one_person(tmp_path):
    same, other = invoice(0), invoice(3)
    other["patient"] = invoice(0)["patient"] | {"surname": "Jansen"}
    assert errors_of(tmp_path, batch(invoice(0), invoice(1), same, other)) == [
        ("invoices[2].number", "This number was used before in this file, for invoice number 1 in it."),
        (
            "invoices[3].patient.number",
            "This patient number stands in this file with other data on an earlier invoice. Write the same data on"
            " both; another person needs a number of their own.",
        ),
    ]


def test_every_error_of_a_file_is_printed(tmp_path):
    content = batch(*(invoice(place) for place in range(5)))
    content = changed(content, ("invoices", 1, "patient", "address", "postcode"), "x")
    content = changed(content, ("invoices", 1, "lines", 0, "tooth"), "99")
    content = changed(content, ("invoices", 4, "issued_on"), "x")
    assert [path for path, _ in errors_of(tmp_path, content | {"extra": 1})] == [
        "invoices[1].patient.address.postcode",
        "invoices[1].lines[0].tooth",
        "invoices[4].issued_on",
        "extra",
    ]


def test_errors_beyond_a_thousand_are_only_counted(tmp_path):
    path = written(tmp_path, batch(*(invoice(place, number=7) for place in range(1200))))
    result = import_file(path, dry_run=False, today=TODAY, by="test")
    assert (result.error_count, len(result.errors)) == (1200, 1000)


def test_no_error_repeats_what_stood_in_the_file(tmp_path):
    for path, value, _ in WRONG:
        if isinstance(value, str) and len(value) > 10:
            for where, sentence in errors_of(tmp_path, changed(batch(), steps_of(path), value)):
                assert value not in sentence + where


ROOTS = [
    ({"format": "invoice-batch/3"}, "format", 'must say "format": "invoice-batch/1" or "invoice-batch/2"'),
    ({"format": None}, "format", "must say"),
    ({"format": ["invoice-batch/1"]}, "format", "must say"),
    ({"patients": []}, "patients", "not part of the format"),
    ({"credit_notes": [{}]}, "credit_notes", "not part of the format"),
    ({"provider": None}, "provider", MISSING),
    ({"provider": "11012345"}, "provider", "This must be an object"),
    ({"provider": {"agb_code": "1101234"}}, "provider.agb_code", "8 digits"),
    ({"provider": {"agb_code": "99999999"}}, "provider.agb_code", "We don't know a care provider"),
    ({"provider": {"agb_code": AGB_CODE, "name": "x"}}, "provider.name", "not part of the format"),
    ({"invoices": []}, "invoices", "no list of invoices"),
    ({"invoices": {}}, "invoices", "no list of invoices"),
    ({"invoices": None}, "invoices", "no list of invoices"),
    ({"invoices": ["x"]}, "invoices[0]", "This must be an object"),
    ({"invoices[0]": invoice(5)}, "invoices[0]", "not part of the format"),
]


@pytest.mark.parametrize(("change", "path", "sentence"), ROOTS)
def test_the_frame_of_the_batch(tmp_path, change, path, sentence):
    (where, message), *_others = errors_of(tmp_path, batch() | change)
    assert where == path
    assert sentence in message
