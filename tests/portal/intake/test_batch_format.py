"""docs/batch-format.md and its JSON Schema: held to the reader, so that a practice's software can rely on them."""

import ast
import json
import re
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import translation
from jsonschema import Draft202012Validator

from billing import rooms
from billing.models import CreditNote, Invoice, Patient, Payer
from billing.submission import error_codes, fields
from portal.intake.batch import import_file
from tests import factories
from tests.portal.intake.batches import AGB_CODE, INVOICE, batch, changed, written
from tests.portal.intake.test_batch_checks import RIGHT, WRONG, steps_of

ROOT = Path(settings.ROOT)
TEXT = (ROOT / "docs" / "batch-format.md").read_text()
SCHEMA = json.loads((ROOT / "docs" / "invoice-batch.schema.json").read_text())
FIRST, SECOND = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", TEXT, flags=re.S))
TODAY = date(2026, 11, 16)
validator = Draft202012Validator(SCHEMA)
CODES = error_codes.CODES | {code: why for room in rooms.intakes() for code, why in room.codes.items()}
FOLDERS = ("billing/submission", "billing/patients", "portal/intake", "portal/intake/adapters", "coulance")
NO_BATCH = ("providers", "error_codes")  # a practice's own details; the list itself
REPORTING = ("report", "_report", "_report_to", "noting", "FieldError", "Broken")
pytestmark = [pytest.mark.django_db]


def is_right(content: Any) -> bool:
    """Whether the schema takes it, read as JSON is."""
    return validator.is_valid(json.loads(json.dumps(content)))


def test_the_schema_is_one():
    Draft202012Validator.check_schema(SCHEMA)


def test_the_schema_has_the_fields_of_the_reader():
    kinds = {
        "address": fields.ADDRESS,
        "payer": fields.PAYER,
        "patient_1": fields.PATIENT,
        "patient_2": fields.PATIENT_2,
        "correction": fields.CORRECTION,
        "line": fields.LINE,
        "invoice_1": fields.INVOICE | rooms.intake_fields(),
        "invoice_2": fields.INVOICE | rooms.intake_fields(),
        "credit_note": fields.CREDIT_NOTE,
    }
    for name, shape in kinds.items():
        kind = SCHEMA["$defs"][name]
        assert kind["properties"].keys() == shape.keys(), name
        assert set(kind["required"]) == {field for field in shape if shape[field].required}, name
        assert kind["additionalProperties"] is False


def test_every_field_is_on_the_page():
    shapes = (fields.INVOICE, fields.PATIENT_2, fields.ADDRESS, fields.LINE, fields.PAYER, fields.CREDIT_NOTE)
    for shape in shapes:
        for name in shape:
            assert re.search(rf"`[^`]*\b{name}\b[^`]*`", TEXT), name


def codes_in(path: Path) -> tuple[set[str], set[str]]:
    """What a file names of CODES, and what it hands to a report or an error as a code."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    named = {node.value for node in nodes if isinstance(node, ast.Constant) and node.value in CODES}
    handed = set()
    for node in nodes:
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in REPORTING:
            texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
            handed |= {text for text in texts if re.fullmatch("[a-z]+(-[a-z0-9]+)+", text)}
    return named, handed


def test_the_codes_of_the_page_the_schema_and_the_reader_are_the_same():
    _before, errors = TEXT.split("## Errors")
    assert dict(re.findall(r"^\| `([a-z0-9-]+)` \| (.+) \|$", errors, flags=re.M)) == CODES
    assert SCHEMA["$defs"]["error_code"]["enum"] == list(CODES)
    places = [path for folder in FOLDERS for path in (ROOT / folder).glob("*.py") if path.stem not in NO_BATCH]
    found = [codes_in(path) for path in places]
    assert set().union(*(named for named, _handed in found)) == CODES.keys()
    assert set().union(*(handed for _named, handed in found)) <= CODES.keys()


@pytest.mark.parametrize("content", [FIRST, SECOND, json.loads((ROOT / "demo" / "batch-example.json").read_text())])
def test_the_schema_takes_every_example(content):
    assert [error.message for error in validator.iter_errors(content)] == []


def test_the_examples_are_taken_as_the_page_says(tmp_path):
    factories.provider(agb_code=AGB_CODE)
    second = deepcopy(FIRST)
    child = {"number": "P-1002", "date_of_birth": "2016-05-04"}  # a parent pays for a child, not for an adult
    second["invoices"][0] |= {"number": "2026-00124", "patient": FIRST["invoices"][0]["patient"] | child}
    for content in (FIRST, second, SECOND):
        result = import_file(written(tmp_path, content), dry_run=False, today=TODAY, by="test")
        assert result.errors == []
    assert Patient.objects.get(number="P-1001").email == "j.devries@example.net"
    assert Payer.objects.get().patient.number == "P-1002"
    assert CreditNote.objects.get().invoice.number == "2026-00123"
    assert Invoice.objects.get(number="2026-00123").withdrawn_at is not None


def test_the_error_of_the_page_is_told_as_it_says(tmp_path):
    factories.provider(agb_code=AGB_CODE)
    invoices = [
        deepcopy(INVOICE) | {"number": f"2026-{122 + n:05d}", "patient": INVOICE["patient"] | {"number": f"P-100{n}"}}
        for n in range(1, 5)
    ]
    invoices[3]["lines"][0]["unit_price"] = "28,51"
    with translation.override("nl"):
        (error,) = import_file(written(tmp_path, batch(*invoices)), dry_run=True, today=TODAY, by="test").errors
        (shown,) = re.findall(r"```text\n(.*?)\n```", TEXT, flags=re.S)
        assert str(error) == shown


@pytest.mark.parametrize(("path", "value"), RIGHT)
def test_the_schema_takes_what_the_reader_takes(path, value):
    assert is_right(changed(batch(), steps_of(path), value))


# What only the reader sees: dates and amounts against each other, check digits, what letters look like.
ONLY_THE_READER = re.compile(
    "exists|future|years|a year after|before the|after the|not a mobile|not a Dutch|don't know|not a tooth|add up"
    "|nobody sees|control|nothing to see|one e-mail|too long ago|too large"
)


def test_the_schema_refuses_what_the_reader_refuses_by_its_form():
    passed = [
        (path, value)
        for path, value, sentence in WRONG
        if is_right(changed(batch(), steps_of(path), value)) and not ONLY_THE_READER.search(sentence)
    ]
    assert [(path, value) for path, value in passed if str(value).strip()] == []
