"""How files come in: by the command, and by the folder that is watched."""

import json
import os
import time
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from banking import folder
from banking.management.commands.import_statement import KEYS
from banking.models import BankAccount, BankLine, StatementFile
from billing.models import FailedTry
from tests.banking import lines
from tests.banking.camt_files import IBAN, MONDAY, Pay, document, statement

pytestmark = pytest.mark.django_db

DAY = MONDAY.replace(year=2025)
RIGHT = document(statement([Pay("10.00", DAY, "een"), Pay("-3.00", DAY, "twee")], "5.00", DAY, number="7"))
WRONG = document(statement([Pay("10.00", DAY, "een")], "5.00", DAY, closing="99.00"))


def said(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def right(tmp_path):
    lines.account()
    path = tmp_path / "right.xml"
    path.write_bytes(RIGHT)
    return path


def test_the_command_prints_one_object_for_each_statement(right):
    told = json.loads(said("import_statement", str(right), "--json"))
    assert told.pop("booked") + told.pop("proposed") + told.pop("unmatched") == 2
    assert told == {
        "account": IBAN, "number": "7", "from": "2025-11-23", "to": "2025-11-23", "opening": "5.00", "closing": "12.00",
        "lines": 2, "new": 2, "known": 0, "refused_because": None,
    }  # fmt: skip
    again = json.loads(said("import_statement", str(right), "--json"))
    assert (again["new"], again["known"]) == (0, 2)
    assert "already" in said("import_statement", str(right))


def test_a_dry_run_changes_nothing(right):
    assert json.loads(said("import_statement", str(right), "--json", "--dry-run"))["new"] == 2
    assert (BankLine.objects.count(), StatementFile.objects.count()) == (0, 0)


def test_a_refused_file_ends_with_an_error_and_changes_nothing(right):
    right.write_bytes(WRONG)
    out = StringIO()
    with pytest.raises(CommandError, match=r"does not add up.*Nothing was changed"):
        call_command("import_statement", str(right), "--json", stdout=out)
    told = json.loads(out.getvalue())
    assert tuple(told) == KEYS
    assert "does not add up" in told["refused_because"]
    assert BankLine.objects.count() == 0


def test_a_file_that_is_not_there_is_a_sentence(tmp_path):
    with pytest.raises(CommandError, match="There is no file"):
        call_command("import_statement", str(tmp_path / "none.xml"))


def test_an_account_is_added_once():
    assert "was added" in said("add_bank_account", "nl91 abna 0417 1643 00", "Zorgrekening", "--from", "2026-01-01")
    assert "already" in said("add_bank_account", IBAN, "Zorgrekening")
    assert BankAccount.objects.get().iban == IBAN
    with pytest.raises(CommandError, match="no IBAN"):
        call_command("add_bank_account", "NL00ABNA0417164300", "Zorgrekening")


def test_the_account_that_patients_pay_to_is_ours_without_adding_it(tmp_path, settings):
    settings.OPERATOR = settings.OPERATOR | {"iban": IBAN}
    path = tmp_path / "right.xml"
    path.write_bytes(RIGHT)
    assert json.loads(said("import_statement", str(path), "--json"))["new"] == 2
    assert BankAccount.objects.get().iban == IBAN


def put(place, name: str, content: bytes, *, age: int = 60):
    path = place / name
    path.write_bytes(content)
    os.utime(path, (time.time() - age, time.time() - age))
    return path


def test_the_folder_moves_what_was_read_and_what_was_refused(tmp_path, settings):
    settings.STATEMENT_FOLDER = str(tmp_path)
    lines.account()
    put(tmp_path, "right.xml", RIGHT)
    put(tmp_path, "wrong.xml", WRONG)
    put(tmp_path, "growing.xml", RIGHT[:50], age=0)
    put(tmp_path, ".hidden", RIGHT)
    folder.sweep()
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()) == [
        ".hidden", "done/right.xml", "growing.xml", "refused/wrong.xml",
    ]  # fmt: skip
    assert BankLine.objects.count() == 2
    assert not FailedTry.objects.exists()


def test_a_file_that_was_read_and_not_moved_is_moved_and_no_line_comes_twice(tmp_path, settings):
    """The process died between the two."""
    settings.STATEMENT_FOLDER = str(tmp_path)
    lines.account()
    for _time in range(2):
        put(tmp_path, "right.xml", RIGHT)
        folder.sweep()
    assert BankLine.objects.count() == 2
    assert len(list((tmp_path / "done").iterdir())) == 2


def test_without_a_folder_nothing_happens(settings):
    settings.STATEMENT_FOLDER = ""
    folder.sweep()
    assert StatementFile.objects.count() == 0
