"""The command as a practice runs it: real processes on a database of their own, killed and run side by side."""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone, translation

from billing.models import Invoice, LedgerTransaction, Provider
from coulance.models import CoulanceCase
from portal.intake.batch import import_file
from portal.ops import demo
from tests import factories
from tests.migrated import put_migrated
from tests.portal.intake.batches import AGB_CODE, batch, invoice, written

ROOT = Path(settings.ROOT)


def recent(place: int, **fields: Any) -> dict[str, Any]:
    """An invoice of yesterday: the command goes by the day of the machine."""
    yesterday = str(timezone.localdate() - timedelta(days=1))
    made = invoice(place, issued_on=yesterday)
    made["lines"][0]["performed_on"] = yesterday
    return made | fields


@pytest.fixture
def practice(db):
    with translation.override("en"):
        yield factories.provider(agb_code=AGB_CODE)


def run(capsys: Any, *arguments: Any) -> str:
    call_command("import_invoices", *map(str, arguments))
    return capsys.readouterr().out


def test_what_the_command_says(tmp_path, practice, capsys):
    path = written(tmp_path, batch(recent(1), recent(2)))
    output = run(capsys, path, "--dry-run")
    assert "The file is right. New invoices: 2; handed in before: 0. Nothing was changed." in output
    assert "Done. New invoices: 2; handed in before and left alone: 0." in run(capsys, path)
    assert "Nothing to do: all 2 invoices were handed in before." in run(capsys, path)
    written(tmp_path, batch(recent(1), recent(2), recent(3)))
    assert "Done. New invoices: 1; handed in before and left alone: 2." in run(capsys, path)
    assert LedgerTransaction.objects.first().by.startswith("import:")


def test_the_command_tells_of_corrections_and_of_what_it_left_alone(tmp_path, practice, capsys):
    run(capsys, written(tmp_path, batch(recent(1))))
    other = recent(1)
    other["patient"]["email"] = "new@example.org"
    assert "Of 1 patient" in run(capsys, written(tmp_path, batch(other)))
    only = {"format": "invoice-batch/2", "provider": {"agb_code": AGB_CODE}}
    path = written(tmp_path, only | {"patients": [{"number": "P-1", "email": "new@example.org"}]})
    assert run(capsys, path, "--dry-run") == "Corrections of patients in the file: 1. Nothing was changed.\n"
    assert run(capsys, path) == "Patients corrected: 1 of 1.\n"
    assert run(capsys, path) == "Patients corrected: 0 of 1.\n"


def test_errors_are_listed_up_to_fifty(tmp_path, practice, capsys):
    path = written(tmp_path, batch(*(recent(place, issued_on="x") for place in range(60))))
    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command("import_invoices", str(path))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("invoices[0].issued_on: Write a date that exists")
    assert lines[0].endswith("(invoice 2026-00000, number 1 in the file, patient P-0; date-invalid)")
    assert lines[-1] == "… and 10 more errors."
    assert len(lines) == 51


# --- the demo ---------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_example_in_the_repository_is_right_and_made_by_the_demo(capsys):
    demo.seed_providers()
    path = ROOT / "demo" / "batch-example.json"
    day = factories.TODAY.replace(month=2, day=9)
    made = json.loads(json.dumps(demo.build_batches(day)[1].content).replace("2026-001", "2026-002"))
    assert json.loads(path.read_text()) == made, "the same care, under numbers that a running demo has not used"
    result = import_file(path, dry_run=True, today=day, by="test")
    assert (result.errors, result.new) == ([], 11)


@pytest.mark.django_db
def test_the_demo_shows_every_kind_of_invoice(tmp_path):
    demo.seed_providers()
    for _twice in range(2):
        for one in (demo.build_unpaid(factories.TODAY), *demo.build_batches(factories.TODAY)):
            result = import_file(written(tmp_path, one.content), dry_run=False, today=one.received_on, by="test")
            assert result.errors == []
    dentist = Provider.objects.get(agb_code="11012345")
    assert Invoice.objects.filter(provider=dentist).count() == 21
    assert Invoice.objects.filter(provider__agb_code__startswith="04").count() == 2
    assert Invoice.objects.filter(due_on__lt=factories.TODAY, settled_at=None).count() == 3
    assert Invoice.objects.exclude(settled_at=None).count() == 1
    assert CoulanceCase.objects.filter(invoice__provider=dentist).count() == 2
    assert CoulanceCase.objects.count() == 3
    assert LedgerTransaction.objects.filter(kind="insurer_paid").count() == 2
    assert Invoice.objects.filter(patient__language="en").exists()
    shown = demo.references(factories.TODAY)
    assert len(shown) == 20
    assert {reference for reference, _ in shown} <= set(Invoice.objects.values_list("payment_reference", flat=True))


# --- real processes ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def empty_place(tmp_path_factory):
    """A data folder with a migrated database that knows one provider."""
    folder = tmp_path_factory.mktemp("data")
    environment = place_environment(folder)
    put_migrated(folder)
    seed = f"from billing.models import Provider as P; P.objects.create(agb_code='{AGB_CODE}', name='Linde')"
    manage(environment, "shell", "--no-imports", "--command", seed)
    return folder


@pytest.fixture
def place(empty_place, tmp_path):
    """A copy of it; the environment for processes, and the database file."""
    folder = shutil.copytree(empty_place, tmp_path / "data")
    return place_environment(folder), folder / "zorgrekening.sqlite3"


def place_environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    return kept | {"DATA_DIR": str(folder), "SANDBOX": "1", "ENV_FILE": ""}


def manage(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120)


def start_import(environment: dict[str, str], path: Path) -> subprocess.Popen[str]:
    command = [sys.executable, str(ROOT / "manage.py"), "import_invoices", str(path)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def counts(database: Path) -> dict[str, int]:
    tables = ("billing_invoice", "billing_patient", "billing_caredetail", "billing_ledgertransaction", "billing_hold")
    with sqlite3.connect(database) as connection:
        return {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}  # noqa: S608


@pytest.mark.slow_because("the file is so large that the middle can be hit")
def test_an_import_that_is_killed_in_the_middle_is_continued(place, tmp_path):
    environment, database = place
    path = written(tmp_path, batch(*(recent(n, coulance=n % 9 == 0) for n in range(1500))))
    process, so_far = start_import(environment, path), 0
    while not so_far and process.poll() is None:
        so_far = counts(database)["billing_invoice"]
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait(20) == -signal.SIGKILL, "it was done before it could be killed"
    left = counts(database)
    assert 0 < left["billing_invoice"] < 1500
    assert left["billing_invoice"] % 100 == 0  # whole parts, each with everything that belongs to it
    for table in ("billing_patient", "billing_caredetail", "billing_ledgertransaction"):
        assert left[table] == left["billing_invoice"]
    assert left["billing_hold"] == -(-left["billing_invoice"] // 9)
    assert batches_of(database) == [(1500, left["billing_invoice"], False)]

    output = start_import(environment, path).communicate(timeout=120)[0]
    assert "onderbroken" in output
    assert f"{1500 - left['billing_invoice']}" in output
    assert f"{left['billing_invoice']}" in output
    assert counts(database) == dict.fromkeys(left, 1500) | {"billing_hold": 167}
    assert batches_of(database) == [(1500, 1500, True)]


def batches_of(database: Path) -> list[tuple[int, int, bool]]:
    with sqlite3.connect(database) as connection:
        rows = connection.execute("SELECT invoices, done, finished_at IS NOT NULL FROM billing_submittedbatch")
        return [(invoices, done, bool(finished)) for invoices, done, finished in rows]


def test_two_processes_with_the_same_file_write_it_once(place, tmp_path):
    environment, database = place
    path = written(tmp_path, batch(*(recent(n) for n in range(800))))
    both = [start_import(environment, path) for _ in range(2)]
    output = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert all(sum(map(int, re.findall("[0-9]+", said))) == 800 for said in output)  # new and known, in each
    assert counts(database)["billing_invoice"] == 800


DEFERRED = """
import os, time
from datetime import date
from django.conf import settings
from django.db import connection
from billing.invoices import intake
from portal.intake.batch import import_file
connection.settings_dict["OPTIONS"]["transaction_mode"] = "DEFERRED"
known = intake.known_fingerprints
def known_to_both(*args):
    found = known(*args)
    if not connection.in_atomic_block:
        return found  # the check before writing holds no lock in any case
    open(os.path.join({folder!r}, str(os.getpid())), "w").close()
    until = time.monotonic() + 60
    while len(os.listdir({folder!r})) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    return found
intake.known_fingerprints = known_to_both
result = import_file({path!r}, dry_run=False, today=date.today(), by="test")
print("new", result.new, "errors", result.error_count)
"""


def test_without_immediate_transactions_the_second_is_thrown_out(place, tmp_path):
    """The twin: both read that every number is free before either writes, and SQLite can serve only one."""
    environment, database = place
    (meeting := tmp_path / "meeting").mkdir()
    script = DEFERRED.format(path=str(written(tmp_path, batch(recent(1)))), folder=str(meeting))
    command = [sys.executable, str(ROOT / "manage.py"), "shell", "--no-imports", "--command", script]
    both = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    output = sorted(process.communicate(timeout=120)[0].strip() for process in both)
    assert output == ["new 0 errors 1", "new 1 errors 0"]
    assert counts(database)["billing_invoice"] == 1


def test_exit_code_and_sentence_for_a_wrong_file(place, tmp_path):
    environment, database = place
    process = start_import(environment, written(tmp_path, batch(recent(1, issued_on="x"))))
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert out == ""
    assert "invoices[0].issued_on: " in err
    assert "Traceback" not in err
    assert set(counts(database).values()) == {0}


MEMORY = """
import pathlib, re
from datetime import date
from portal.intake import batch
batch.KEPT_BYTES = 0  # as if both files were longer than what is kept
result = batch.import_file({path!r}, dry_run=False, today=date.today(), by="test")
most = re.search("VmHWM: +([0-9]+)", pathlib.Path("/proc/self/status").read_text().expandtabs())
print(result.new, most[1])  # getrusage would tell of the process that started this one, when that is larger
"""


@pytest.mark.long
def test_memory_does_not_grow_with_the_file(place, tmp_path):
    """Three times the invoices cost only what the numbers met so far take: some hundred bytes each."""
    environment, _database = place
    peaks = []
    for first, count in ((0, 2000), (2000, 6000)):  # the first fills what SQLite keeps of its pages
        path = written(tmp_path, batch(*(recent(n) for n in range(first, first + count))))
        output = manage(environment, "shell", "--no-imports", "--command", MEMORY.format(path=str(path))).stdout.split()
        assert int(output[0]) == count
        peaks.append(int(output[1]) * 1024)
    assert peaks[1] - peaks[0] < 4000 * 1500, peaks
