"""Two who hand in the same days at once: each line is stored and booked once. The lock has a twin without it."""

import threading
import time
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.db import DatabaseError, connection
from django.db.models import QuerySet

from banking import importing
from banking.matching.lines import match_new
from banking.models import AccountDay, BankLine, Statement, StatementFile
from banking.statements import chain, storing
from billing.ledger.verification import discrepancies
from tests.banking import lines, mt940_files
from tests.banking.camt_files import MONDAY, Pay, document, statement
from tests.banking.importing import hand_in
from tests.banking.orders import made
from tests.billing.payments.test_payment_races import at_once, meet

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]
DAY = MONDAY.replace(year=2025)
PAYS = [
    Pay(amount, DAY, f"nota {n}.", made.PAYER.iban) for n, amount in enumerate(["10.00", "10.00", "-3.00", "25.00"])
]
CAMT = document(statement(PAYS, "7.00", DAY))
MT940 = mt940_files.statement(PAYS, "7.00", DAY).encode()


def both(folder: Path, *contents: bytes):
    lines.account()  # its row is there before the two begin
    return at_once([lambda content=content: hand_in(folder, content) for content in contents], threads=len(contents))


def test_the_same_file_is_read_once(tmp_path):
    results = both(tmp_path, CAMT, CAMT)
    assert [result.refused_because for result in results] == ["", ""]
    assert sorted(result.read_before_on is None for result in results) == [False, True]
    assert (StatementFile.objects.count(), Statement.objects.count(), BankLine.objects.count()) == (1, 1, 4)
    assert list(discrepancies()) == []


def test_the_same_days_in_two_formats_are_stored_once(tmp_path):
    results = both(tmp_path, CAMT, MT940)
    assert [result.refused_because for result in results] == ["", ""]
    assert sum(statement.new for result in results for statement in result.statements) == len(PAYS)
    assert (BankLine.objects.count(), AccountDay.objects.count()) == (4, 1)
    assert chain.gaps(lines.account()) == []
    assert list(discrepancies()) == []


def test_twin_without_the_lock_the_database_refuses_what_both_store(tmp_path, monkeypatch):
    """Unlocked both see an account without lines; only what is unique keeps the money from counting twice."""
    monkeypatch.setattr(QuerySet, "select_for_update", lambda rows, **_options: rows)
    monkeypatch.setattr(importing, "transaction", SimpleNamespace(atomic=lambda: nullcontext()))  # the lock of SQLite
    monkeypatch.setattr(storing._Day, "_as_one", meet(storing._Day._as_one, 2))
    results = both(tmp_path, CAMT, MT940)
    assert sum(isinstance(result, DatabaseError) for result in results) == 1, results
    assert BankLine.objects.count() == 4


def until_somebody_waits_for_us() -> None:
    """Wait until another connection wants a lock of this one. On SQLite everybody who writes waits already."""
    ours = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))"
    stop_at = time.monotonic() + 30
    while connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(ours)
            if cursor.fetchone()[0]:
                return
        assert time.monotonic() < stop_at, "nobody wants what we hold"
        time.sleep(0.01)


def read_anew_while_they_are_settled(folder: Path, monkeypatch):
    """Read lines in another order while others are about to settle them; return what came of both."""
    pays = [Pay(f"{amount}.00", DAY, f"nota {amount}.") for amount in range(10, 14)]
    hand_in(folder, mt940_files.statement(pays, "7.00", DAY).encode(), match=False)
    holds, take = threading.Event(), storing.Store._take_details

    def taken(*told):
        take(*told)
        if not holds.is_set():
            holds.set()
            until_somebody_waits_for_us()

    def settle():
        assert holds.wait(30)
        return match_new()

    monkeypatch.setattr(storing.Store, "_take_details", taken)
    backwards = document(statement(pays[::-1], "7.00", DAY))
    return at_once([lambda: hand_in(folder, backwards, match=False), settle], threads=2)


def test_who_reads_lines_anew_and_who_settles_them_lock_them_in_one_order(tmp_path, monkeypatch, caplog):
    outcome, counts = read_anew_while_they_are_settled(tmp_path, monkeypatch)
    assert [told.known for told in outcome.statements] == [4]
    assert counts.unmatched == 4
    assert "each is tried alone" not in caplog.text
    assert list(discrepancies()) == []


def test_twin_in_the_order_of_the_file_they_wait_for_each_other(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(importing, "_lock_waiting", lambda *_told: None)
    outcome, _counts = read_anew_while_they_are_settled(tmp_path, monkeypatch)
    refused = isinstance(outcome, DatabaseError) or "each is tried alone" in caplog.text
    assert refused == (connection.vendor == "postgresql")
    assert BankLine.objects.count() == 4
    assert list(discrepancies()) == []
