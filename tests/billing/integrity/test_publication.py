"""What the owner of the tables can do with the triggers switched off is found by keyed digests, also outside."""
# ruff: noqa: S608  the names are those of our own tables

import base64
import os
import sqlite3
from contextlib import closing, contextmanager
from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, InternalError, connection, transaction
from django.utils import timezone

from billing import audit, ledger
from billing.integrity import keyed, publication
from billing.ledger.verification import discrepancies
from billing.models import AccessEvent, AuditEvent, LedgerTransaction, Posting
from billing.privacy import access_log
from portal import daily
from tests import factories

Kind = LedgerTransaction.Kind
REFUSED = (IntegrityError, InternalError)
pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


def sql(text, *values):
    with connection.cursor() as cursor:
        cursor.execute(text, values)


@contextmanager
def triggers_off(table):
    """Do what the owner of the tables can do: take the triggers off, and put them back as they were."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE {table} DISABLE TRIGGER USER")
            yield
            cursor.execute(f"SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE {table} ENABLE TRIGGER USER")
            return
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [table])
        triggers = cursor.fetchall()
        for name, _ in triggers:
            cursor.execute(f"DROP TRIGGER {name}")
        yield
        for _, text in triggers:
            cursor.execute(text, None)


@pytest.fixture
def booked():
    """Two invoices, the first paid in part."""
    invoices = [factories.invoice(amount=Decimal("100.00")), factories.invoice(amount=Decimal("28.51"))]
    ledger.post(invoices[0], Kind.PAYMENT, Decimal("-40.00"), external_id="tr_1", occurred_at=timezone.now(), by="test")
    audit.record("test", by="test", invoice=invoices[0], amount="1.00", many=[1, 2])
    return invoices


def found():
    """What verification says, but for the payment that these tests book without a row of the gateway."""
    return [sentence for sentence in discrepancies() if not sentence.startswith(("invoice ", "transaction "))]


def test_what_the_product_wrote_is_proven(booked):
    publication.publish_tables(now=timezone.now())
    assert found() == []
    out = StringIO()
    call_command("verify_ledger", stdout=out)
    assert "As published: 8 postings" in out.getvalue()


def test_the_command_says_that_nothing_is_published_yet(booked):
    out = StringIO()
    call_command("verify_ledger", stdout=out)
    assert "No digest was published yet" in out.getvalue()


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("billing_posting", "UPDATE billing_posting SET amount = 4000 WHERE amount = 10000"),
        ("billing_ledgertransaction", "UPDATE billing_ledgertransaction SET by = 'x' WHERE external_id = 'tr_1'"),
        ("billing_posting", "UPDATE billing_posting SET digest = '' WHERE account = 'gateway'"),
        ("billing_posting", "UPDATE billing_posting SET digest = '1:é' WHERE account = 'gateway'"),
        ("billing_auditevent", "UPDATE billing_auditevent SET action = 'other' WHERE action = 'test'"),
        (
            "billing_auditevent",
            "UPDATE billing_auditevent SET details = '[2]' WHERE action = 'test'",
        ),
    ],
)
def test_an_edit_with_the_triggers_off_is_found_at_once(booked, table, change):
    with triggers_off(table):
        sql(change)
    (sentence,) = found()
    assert sentence.startswith(f"table {table}: row ")
    assert sentence.endswith("is not as the product wrote it")


def test_a_forged_entry_of_the_owner_is_found_at_once(booked):
    sql(
        "INSERT INTO billing_posting (transaction_id, account, amount, provider_id, invoice_id, digest)"
        " SELECT transaction_id, 'credit', -6000, provider_id, invoice_id, digest"
        " FROM billing_posting WHERE account = 'practice'"
    )
    sentences = found()
    assert any("is not as the product wrote it" in sentence for sentence in sentences)


def test_a_copied_event_is_found(booked):
    columns = "invoice_id, action, by, at, details, event_id, digest"
    sql(f"INSERT INTO billing_auditevent ({columns}) SELECT {columns} FROM billing_auditevent WHERE action = 'test'")
    assert any("a row was copied" in sentence for sentence in found())


@pytest.mark.parametrize("table", ["billing_posting", "billing_auditevent"])
def test_a_row_that_was_removed_is_found_by_what_was_published(booked, table):
    publication.publish_tables(now=timezone.now())
    last = {"billing_posting": Posting, "billing_auditevent": AuditEvent}[table].objects.latest("pk").pk
    with triggers_off(table):
        sql(f"DELETE FROM {table} WHERE id = %s", last)
    assert any(f"table {table}: rows 1 to {last} are not those published" in sentence for sentence in found())


def test_the_second_publication_covers_what_came_since(booked):
    now = timezone.now()
    publication.publish_tables(now=now)
    first = len(publication.lines())
    publication.publish_tables(now=now)
    assert len(publication.lines()) == first, "nothing new, so nothing is published"
    newer = factories.invoice(amount=Decimal("1.00"))
    publication.publish_tables(now=now + timedelta(days=1))
    last = publication.publications("billing_posting")[-1]
    assert (last.rows, last.anew) == (10, False)
    assert found() == []
    with triggers_off("billing_posting"):
        sql("DELETE FROM billing_posting WHERE invoice_id = %s", newer.pk)
    assert any(f"to {last.through} are not those published" in sentence for sentence in found())


def test_a_line_outside_that_was_changed_or_taken_out_is_found(booked, settings):
    for day in range(3):
        factories.invoice(amount=Decimal("1.00"))
        publication.publish_tables(now=timezone.now() + timedelta(days=day))
    whole = settings.DIGESTS_FILE.read_text().splitlines(keepends=True)
    settings.DIGESTS_FILE.write_text("".join([*whole[:1], *whole[2:]]))
    assert any("line 2 of the published digests" in sentence for sentence in publication.forged())
    settings.DIGESTS_FILE.write_text("".join(whole).replace('"rows": 4', '"rows": 3'))
    assert any("of the published digests was changed" in sentence for sentence in publication.forged())
    settings.DIGESTS_FILE.write_text("nonsense\n[]\n")
    assert len(list(publication.forged())) == 2


def test_a_line_that_a_killed_process_left_half_is_written_again(booked, settings):
    publication.publish_tables(now=timezone.now())
    whole = settings.DIGESTS_FILE.read_text()
    settings.DIGESTS_FILE.write_text(whole + '{"of": "billing_pos')
    factories.invoice(amount=Decimal("1.00"))
    publication.publish_tables(now=timezone.now())
    assert settings.DIGESTS_FILE.read_text().startswith(whole)
    assert list(publication.forged()) == []
    assert found() == []


def test_after_a_restore_the_chain_begins_anew(booked):
    gone = factories.invoice(amount=Decimal("1.00"))
    publication.publish_tables(now=timezone.now())
    with triggers_off("billing_posting"):
        sql("DELETE FROM billing_posting WHERE invoice_id = %s", gone.pk)
    assert any("are not those published" in sentence for sentence in found())
    publication.publish_tables(now=timezone.now(), anew=True)
    assert not any("are not those published" in sentence for sentence in found())


def test_keys_rotate_and_an_unknown_key_proves_nothing(booked, settings):
    publication.publish_tables(now=timezone.now())
    old = settings.DIGEST_KEYS
    new = f"2:{base64.urlsafe_b64encode(os.urandom(32)).decode()}"
    settings.DIGEST_KEYS = f"{new},{old}"
    factories.invoice(amount=Decimal("1.00"))
    publication.publish_tables(now=timezone.now())
    assert Posting.objects.latest("pk").digest.startswith("2:")
    assert found() == []
    settings.DIGEST_KEYS = new
    assert sum("is not as the product wrote it" in sentence for sentence in found()) == 12


def test_the_days_work_publishes(booked):
    daily.run_day(timezone.localdate())
    assert {line.publication.of for line in publication.lines()} >= set(publication.tables()) - {"coulance_decision"}
    with triggers_off("billing_posting"):
        sql("UPDATE billing_posting SET amount = 1 WHERE amount = 2851")
    with pytest.raises(CommandError, match="NOT proven"):
        call_command("verify_ledger", stderr=StringIO())


@pytest.mark.parametrize("table", ["billing_posting", "billing_auditevent", "billing_accessevent"])
def test_the_database_refuses_to_replace_and_to_truncate(booked, table):
    access_log.record(
        AccessEvent.Act.READ, invoice=booked[0], who="patient", role=AccessEvent.Role.PATIENT, data="invoice.pdf",
        grounds="sms-code", organisation="01234567",
    )  # fmt: skip
    if connection.vendor == "postgresql":
        attempts = [f"SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE {table} CASCADE"]
    else:
        copy = f"INTO {table} SELECT * FROM {table} ORDER BY id DESC LIMIT 1"  # the same id, the same unique columns
        attempts = [f"REPLACE {copy}", f"INSERT OR REPLACE {copy}"]
    for attempt in attempts:
        with pytest.raises(REFUSED, match="append-only"), transaction.atomic():
            sql(attempt)


def test_a_row_is_not_replaced_because_another_unique_column_is_the_same(booked):
    same = "kind, external_id, occurred_at, created_at"
    other = f"({same}, by, digest) SELECT {same}, 'x', digest FROM billing_ledgertransaction"
    replace = f"REPLACE INTO billing_ledgertransaction {other}"
    if connection.vendor == "postgresql":
        conflict = "ON CONFLICT (kind, external_id) DO UPDATE SET by = EXCLUDED.by"
        replace = f"INSERT INTO billing_ledgertransaction {other} {conflict}"
    with pytest.raises(REFUSED, match="append-only"), transaction.atomic():
        sql(replace)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has no REPLACE and no such trigger")
def test_what_keeps_rows_from_being_replaced_reads_no_table_however_it_was_analyzed():
    """Most transactions undo no other: once SQLite knew that, each new one read all before it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sql FROM sqlite_master WHERE tbl_name = 'billing_ledgertransaction' AND sql IS NOT NULL")
        texts = [text for (text,) in cursor.fetchall()]
    names = "id, kind, external_id, occurred_at, created_at, by, digest"
    insert = f"INSERT INTO billing_ledgertransaction ({names}) VALUES (?, 'payment', ?, '', '', '', '')"
    parts = []
    with closing(sqlite3.connect(":memory:")) as copy:
        for text in sorted(texts, key=lambda text: not text.startswith("CREATE TABLE")):
            copy.execute(text)
        copy.executemany(insert, ((number, str(number)) for number in range(2000)))
        copy.execute("ANALYZE")
        copy.set_progress_handler(lambda: parts.append(1), 100)  # after each hundred steps of its machine
        copy.execute(insert, (2000, "2000"))
    assert len(parts) < 10


def test_one_use_of_a_digest_is_not_another():
    assert keyed.is_digest_of(keyed.keyed_digest("a", ["b"]), "a", ["b"])
    assert not keyed.is_digest_of(keyed.keyed_digest("a", ["b"]), "c", ["b"])
    assert not keyed.is_digest_of("", "a", ["b"])
