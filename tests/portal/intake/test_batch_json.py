"""What is no JSON, or JSON in another order: where the error points, and that nothing gets in."""

import io
import json
from datetime import date, timedelta
from functools import partial

import pytest

from portal.intake import reader
from portal.intake.batch import import_file
from tests.portal.intake.batch_errors import TODAY, errors_of, practice  # noqa: F401  practice is used by being here
from tests.portal.intake.batches import batch, invoice, written

pytestmark = [pytest.mark.django_db]


NO_JSON = [
    (b"", "", "ends too early"),
    (b"[]", "", "one JSON object"),
    (b"7", "", "one JSON object"),
    (b'{"format": "invoice-batch/1"', "format", "ends too early"),
    (b'{"format": "invoice-batch/1",\n "provider" {}}', "provider", "line 2, character 13"),
    (b'{"format": "\xff\xfe"}', "format", "line 1, character"),
    (b'{"format": "\\ud800\\udc"}', "format", "not valid JSON"),
    (b'{"format": "\\ud800"}', "format", "Half of a character stands alone at line 1, character 13"),
    (b'{"format":\n "a\\uD83Dx"}', "format", "line 2, character 4"),
    (b'{"format": "\\ud800\\ud800"}', "format", "Half of a character"),
    (b'{"format": "\\udbff\\u0041"}', "format", "Half of a character"),
    (b'{"format": "\\\\\\ud800\\\\"}', "format", "line 1, character 15"),
    (b'{"format": "\\udc00"}', "format", "Half of a character"),
    (b'{"format": ' + b"9" * 5000 + b"}", "", "thousands of digits"),
    (b'{"format": 1e99999999999999999999}', "format", "not valid JSON"),
    (b'{"format": NaN}', "format", "stands NaN or Infinity"),
    (b'{"x": {"unit_price": -Infinity}}', "x", "stands NaN or Infinity"),
    (b'{"x": nothing}', "x", "not valid JSON: it breaks at line 1, character 8"),
    (b'{"x": [1, 2,]}', "x", "ends with a comma"),
    (b'{"x": 1,\n}', "x", "At line 2, character 1 a list or object ends with a comma"),
    (b"{'x': 1}", "", "single quotation mark"),
    (b'{"x": 1, // remark\n"y": 2}', "x", "stands a comment"),
    ('{"x": "Zo\u00eb"}'.encode("cp1252"), "x", "Windows-1252"),
    ('{"x": "caf\u00e9 en meer"}'.encode("cp1252"), "x", "Windows-1252"),
    ('{"x": 1}'.encode("utf-16"), "", "is in UTF-16"),
    ('{"x": 1}'.encode("utf-16-be"), "", "is in UTF-16"),
    (b"\x1f\x8b\x08\x00", "", "is compressed"),
    (b'{"format": {"a":' + b'{"a":' * 50_000, "format", "nested more deeply"),
    (b'{"x": ' + b"[" * 50_000, "x", "nested more deeply"),
    (b'{"x": [' + b"1," * 600 + b"1]}", "x", "more in here than in any invoice"),
    (b"PK\x03\x04" + b"\x00" * 100, "", "is compressed"),
    (b"%PDF-1.7", "", "line 1, character 1"),
]


@pytest.mark.parametrize(("content", "path", "sentence"), NO_JSON)
def test_what_is_no_json(tmp_path, content, path, sentence):
    ((where, message),) = errors_of(tmp_path, content)
    assert where.startswith(path)
    assert sentence in message


@pytest.mark.parametrize("size", [1, 2, 3, 7, 11, 64])
@pytest.mark.parametrize("slashes", [0, 1, 2, 29, 30])
def test_half_a_character_is_found_however_the_file_is_cut(monkeypatch, size, slashes):
    monkeypatch.setattr(reader, "BUFFER_BYTES", size)
    before = b"\\" * slashes
    for text in (b"\\uD83D\\uDE00 \\ud83d\\udeff", b"\\uD83D\\uDE00\\ud83dx", b"\\ud83d\\ud83d\\ude00"):
        content = b'{"x": "' + before + text + b'"}'
        read = partial(list, reader.parts(io.BytesIO(content), lambda path, code, sentence: None))
        right = json.loads(content)["x"]  # Python lets halves through, so they can be seen in what it made
        if any("\ud800" <= letter <= "\udfff" for letter in right):
            with pytest.raises(reader.Broken):
                read()
        else:
            assert read() == [("x", None, right)]


def test_half_a_character_behind_many_invoices_is_named_with_its_invoice(tmp_path):
    many = [invoice(number=f"N-{number}") for number in range(200)]
    content = json.dumps(batch(*many), indent=1).replace('"N-150"', '"N-150\\ud83d"').encode()
    ((path, sentence),) = errors_of(tmp_path, content)
    assert path == "invoices[150]"
    line = content[: content.index(b"N-150")].count(b"\n") + 1
    assert f"line {line}, character" in sentence


def test_json_that_breaks_behind_many_invoices_says_where(tmp_path):
    text = json.dumps(batch(*(invoice(place) for place in range(900))), indent=0)
    line = text[: text.index("P-850")].count("\n") + 1
    broken = text.replace('"P-850"', '"P-850" "x"')
    assert len(broken) > 5 * reader.BUFFER_BYTES
    ((where, message),) = errors_of(tmp_path, broken)
    assert where == "invoices[850].patient"
    assert f"line {line}, " in message
    assert "P-850" not in message


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        ('"number": "2026-00000"', '"number": "1", "number": "2026-00000"', "invoices[0].number"),
        ('"city": "Ons Dorp"', '"city": "Ons Dorp", "city": "Ons Dorp"', "invoices[0].patient.address.city"),
        ('"format"', '"provider": {"agb_code": "11012345"}, "format"', "provider"),
        ('"invoices"', '"invoices": [], "invoices"', "invoices"),
        ('"agb_code"', '"agb_code": "04000001", "agb_code"', "provider.agb_code"),
    ],
)
def test_a_key_may_stand_once(tmp_path, before, after, path):
    found = errors_of(tmp_path, json.dumps(batch()).replace(before, after, 1))
    assert (path, "This field stands here twice. Keep one of them.") in found


def test_something_behind_the_batch_is_refused(tmp_path):
    ((_where, message),) = errors_of(tmp_path, json.dumps(batch()) + "\n{}")
    assert "line 2" in message


def test_order_of_keys_white_space_and_a_byte_order_mark_do_not_matter(tmp_path):
    turned = {key: batch()[key] for key in ("invoices", "provider", "format")}
    assert errors_of(tmp_path, b"\xef\xbb\xbf" + json.dumps(turned, indent=3).encode()) == []


def test_a_file_that_is_not_there_or_not_a_file(tmp_path):
    for path in (tmp_path / "none.json", tmp_path):
        result = import_file(path, dry_run=False, today=TODAY, by="test")
        assert "can't be opened" in result.errors[0].sentence


def test_dates_near_29_february(tmp_path):
    path = written(
        tmp_path, batch(invoice(issued_on="2019-02-28", lines=[invoice()["lines"][0] | {"performed_on": "2019-02-28"}]))
    )
    assert import_file(path, dry_run=True, today=date(2024, 2, 29), by="test").error_count == 0
    assert import_file(path, dry_run=True, today=date(2024, 2, 29) + timedelta(days=2), by="test").error_count == 1
