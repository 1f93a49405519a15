"""The drill: a backup is made while the product writes, restored elsewhere, and proven there."""

import base64
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import threading
import uuid
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings as live_settings
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from billing.documents import full_invoice
from billing.models import AccessEvent, Invoice, LedgerTransaction, OutboxMessage, ReminderStep
from billing.privacy import access_log
from portal.ops.backup import archive, database, sealing
from tests import factories
from tests.portal.ops.test_backup_and_keys import database_here

ROOT = Path(__file__).resolve().parents[3]
KEY = base64.urlsafe_b64encode(b"k" * 32).decode()
CHUNK = 64 * 1024 + 16  # of an age file
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


@pytest.fixture(autouse=True)
def place(settings, tmp_path):
    settings.BACKUP_KEY = KEY
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path


@pytest.fixture
def books():
    """An invoice with a document, seen once."""
    invoice = factories.invoice()
    full_invoice.invoice_pdf(invoice, language="nl")
    access_log.record(
        AccessEvent.Act.READ, invoice=invoice, who="patient", role=AccessEvent.Role.PATIENT,
        data="invoice.pdf", grounds="sms-code", organisation=invoice.provider.agb_code,
    )  # fmt: skip
    return invoice


def backup(place, name="today.backup"):
    call_command("backup", str(place / name))
    return place / name


@pytest.fixture
def elsewhere(place):
    """`manage.py` on another machine: an empty database of the same kind, an empty folder, the same keys."""
    folder = place / "elsewhere"
    variables = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ} | {
        "ENV_FILE": "",
        "SANDBOX": "1",
        "DATA_DIR": str(folder),
        "SECRET_KEY": live_settings.SECRET_KEY,
        "FIELD_KEYS": live_settings.FIELD_KEYS,
        "DIGEST_KEYS": live_settings.DIGEST_KEYS,
        "BACKUP_KEY": KEY,
    }
    fresh = f"restored_{uuid.uuid4().hex[:8]}"
    if connection.vendor == "postgresql":
        given = connection.get_connection_params()
        variables["DATABASE_URL"] = f"postgres://{given['user']}@{given['host']}:{given['port']}/{fresh}"
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {fresh}")

    def manage(*arguments, **changed):
        return subprocess.run(
            [sys.executable, ROOT / "manage.py", *map(str, arguments)],
            env=variables | changed, cwd=place, capture_output=True, text=True,
        )  # fmt: skip

    manage.folder = folder
    yield manage
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {fresh}")


def statuses(manage) -> str:
    rows = "OutboxMessage.objects.order_by('pk').values_list('status', flat=True)"
    code = f"from billing.models import OutboxMessage; print(*{rows})"
    return manage("shell", "--no-imports", "-v0", "-c", code).stdout.split("\n")[0]


@pytest.mark.parametrize(
    ("option", "after"), [((), "in_doubt in_doubt sent"), (("--nothing-sent-since",), "queued sending sent")]
)
def test_what_waited_goes_out_again_only_when_nothing_left_since(option, after, books, place, elsewhere):
    """Between the backup and the accident a worker may have sent it: the old rows don't know."""
    for status in ("queued", "sending", "sent"):
        OutboxMessage.objects.create(
            kind="receipt", invoice=books, language="nl", recipient="j@post.example", subject="x", text="x", html="x",
            status=status, dedupe_key=status, claimed_at=None if status == "queued" else timezone.now(),
        )  # fmt: skip
    result = elsewhere("restore", backup(place), *option)
    assert result.returncode == 0, result.stderr
    assert ("2 messages waited" in result.stdout) is not bool(option)
    assert statuses(elsewhere) == after


@pytest.mark.parametrize(("option", "letters"), [((), 0), (("--nothing-sent-since",), 1)])
def test_a_letter_that_was_due_by_now_is_not_made_again(option, letters, books, place, elsewhere):
    """The backup is of this night, the accident of the afternoon: the morning's letters stand in no row of it."""
    Invoice.objects.update(next_step=ReminderStep.Step.NOTE, next_step_on=timezone.localdate())
    result = elsewhere("restore", backup(place), *option)
    assert result.returncode == 0, result.stderr
    assert ("1 invoices were due for a letter by now" in result.stdout) is not bool(option)
    assert ("bring in the invoices of that time again" in result.stdout) is not bool(option)
    assert elsewhere("run_daily").returncode == 0
    counted = "ReminderStep.objects.count(), StaffTask.objects.exclude(invoice=None).count()"
    code = f"from billing.models import ReminderStep, StaffTask; print({counted})"
    counts = elsewhere("shell", "--no-imports", "-v0", "-c", code).stdout.split("\n")[0]
    assert counts == f"{letters} {1 - letters}"


class Writer(threading.Thread):
    """A practice that imports invoices until it is stopped."""

    def __init__(self):
        super().__init__()
        self.stop, self.written, self.error = threading.Event(), 0, None

    def run(self):
        try:
            while not self.stop.is_set():
                with transaction.atomic():  # an invoice and its ledger come together, as by the import
                    factories.invoice()
                self.written += 1
        except Exception as error:  # reported by the test
            self.error = error
        finally:
            connection.close()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *failure):
        self.stop.set()
        self.join()
        assert self.error is None
        assert self.written


def test_a_backup_made_while_others_write_is_restored_elsewhere_and_proven(books, place, elsewhere):
    with Writer() as writer:
        made = archive.make(place / "today.backup", now=timezone.now())
        during = writer.written
    counts = made.manifest["database"]["tables"]
    assert counts["billing_ledgertransaction"] == counts["billing_invoice"]  # one moment: no half transactions
    assert 1 <= counts["billing_invoice"] <= during + 2

    result = elsewhere("restore", place / "today.backup")
    assert result.returncode == 0, result.stderr
    assert f"The ledger is proven: {counts['billing_ledgertransaction']} transactions" in result.stdout
    assert "The access log is whole: 1 events" in result.stdout
    assert re.search(r"\d+ s: It is intact\. Restoring .* and 1 stored documents", result.stdout)
    assert re.search(
        r"Restored the backup of .*: .* tables with \d+ rows and 1 stored documents, in [\d.]+ s", result.stdout
    )
    # What is there serves: the sealed document opens, and the guards stand.
    opened = elsewhere("shell", "--no-imports", "-c", f"""
from billing.documents import full_invoice
from billing.models import Invoice, InvoiceDocument
kept = InvoiceDocument.objects.get(invoice__payment_reference="{books.payment_reference}")
assert full_invoice.content_of(kept).startswith(b"%PDF-")
print("opened", Invoice.objects.count())
""")  # fmt: skip
    assert f"opened {counts['billing_invoice']}" in opened.stdout, opened.stderr


def test_it_is_whole_private_and_alone(books, place):
    path = backup(place)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in place.iterdir() if "part" in one.name] == []
    assert not list(Path(live_settings.DATA_DIR).glob("backup-*"))
    content = path.read_bytes()
    for secret in (b"Vries", b"SQLite format", b"PGDMP", b"manifest"):
        assert secret not in content
    with pytest.raises(CommandError, match="exists already"):
        call_command("backup", str(path))
    assert path.read_bytes() == content
    with pytest.raises(CommandError, match="does not exist"):
        call_command("backup", str(place / "nowhere" / "x.backup"))


@pytest.mark.parametrize(("key", "sentence"), [("", "BACKUP_KEY is not set"), ("short", "base64url of 32 bytes")])
def test_without_a_key_there_is_no_backup(key, sentence, place, settings):
    settings.BACKUP_KEY = key
    with pytest.raises(CommandError, match=sentence):
        backup(place)
    assert not (place / "today.backup").exists()


def opened_by_age(path, key=KEY) -> bytes:
    """What the public tool makes of a backup by the commands that docs/deployment.md gives."""
    guide = (ROOT / "docs/deployment.md").read_text()
    (commands,) = re.findall(r"```sh\n(identity\(\).*?)```", guide, re.DOTALL)
    commands = commands.replace("NEWEST.backup", path.name).replace("/var/backups/zorgrekening", str(path.parent))
    commands = re.sub(r"\| tar .*", "", commands).replace(".venv/bin/python", sys.executable)
    done = subprocess.run(["bash", "-euc", commands], env=os.environ | {"BACKUP_KEY": key}, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def test_anybody_opens_it_with_age_and_the_key(books, place):
    archive.make(place / "today.backup", now=timezone.now())
    with tarfile.open(fileobj=io.BytesIO(opened_by_age(place / "today.backup"))) as tar:
        names = tar.getnames()
        manifest = json.load(tar.extractfile("manifest.json"))
        size = tar.getmember("database").size
    assert (names[0], names[-1]) == ("database", "manifest.json")
    assert size == manifest["members"]["database"]["size"] > 10_000


def test_a_killed_backup_leaves_nothing_to_read(books, place):
    """It is stopped when the database has been copied and the documents have not."""
    code = """if True:
        import django, signal
        from pathlib import Path
        django.setup()
        from django.utils import timezone
        from portal.ops.backup import archive
        def pause():
            print("copied", flush=True)
            signal.pause()
        archive.media.names = pause
        archive.make(Path("killed.backup"), now=timezone.now())
    """
    folder = place / "data"
    folder.mkdir()
    environment = database_here() | {"DATA_DIR": str(folder), "BACKUP_KEY": KEY, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", code], env=environment, cwd=place, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "copied\n"
        process.kill()
    left = {path: path.read_bytes() for path in place.rglob("*") if path.is_file() and "media" not in path.parts}
    assert [path.suffix for path in left if path.parent != folder] == [".part"]  # encrypted as far as it came
    assert {path.name for path in left if path.parent == folder} == {"secret_key", "field_keys", "digest_keys"}
    assert not any(word in content for content in left.values() for word in (b"Vries", b"SQLite format", b"PGDMP"))


def test_it_holds_no_key(books, place):
    made = archive.make(place / "today.backup", now=timezone.now())
    assert not any("key" in name for name in made.manifest["members"])
    plain = opened_by_age(place / "today.backup")
    for key in (live_settings.FIELD_KEYS.split(":")[1], live_settings.SECRET_KEY, KEY):
        assert key.encode() not in plain


def damaged(content: bytes, how: str) -> bytes:
    middle = len(content) // 2
    body = content.index(b"\n", content.index(b"\n---") + 1) + 1 + 16  # after the header and the nonce
    first, second, rest = (
        content[body : body + CHUNK],
        content[body + CHUNK : body + 2 * CHUNK],
        content[body + 2 * CHUNK :],
    )
    return {
        "first byte": b"X" + content[1:],
        "flipped byte": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :],
        "flipped last byte": content[:-1] + bytes([content[-1] ^ 1]),
        "cut off": content[:-1000],
        "cut off after a chunk": content[: body + CHUNK],
        "chunks swapped": content[:body] + second + first + rest,
        "empty": b"",
        "longer": content + b"x",
    }[how]


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ("first byte", "not a backup"),
        ("flipped byte", "damaged"),
        ("flipped last byte", "damaged"),
        ("cut off", "its end is missing"),
        ("cut off after a chunk", "its end is missing"),
        ("chunks swapped", "damaged"),
        ("empty", "not a backup"),
        ("longer", "damaged"),
    ],
)
def test_a_damaged_backup_changes_nothing(how, sentence, books, place, monkeypatch):
    path = backup(place)
    path.write_bytes(damaged(path.read_bytes(), how))
    _refused_before_anything(path, sentence, monkeypatch)


def test_another_key_opens_nothing(books, place, settings, monkeypatch):
    path = backup(place)
    settings.BACKUP_KEY = base64.urlsafe_b64encode(b"x" * 32).decode()
    _refused_before_anything(path, "not the key of this backup", monkeypatch)


def test_a_backup_that_fieldkeys_can_not_open_is_refused(books, place, settings, monkeypatch):
    path = backup(place)
    settings.FIELD_KEYS = f"1:{base64.urlsafe_b64encode(b'y' * 32).decode()}"
    _refused_before_anything(path, "FIELD_KEYS can't open", monkeypatch)


def _refused_before_anything(path, sentence, monkeypatch):
    """As if the target were empty: a bad backup is refused before a byte is put anywhere."""
    touched = []
    monkeypatch.setattr(archive, "_refuse_unless_empty", lambda: None)
    monkeypatch.setattr(database, "restore", touched.append)
    monkeypatch.setattr(archive.media, "put", lambda *put: touched.append(put))
    with pytest.raises(CommandError, match=rf"{sentence}.*Nothing was changed"):
        call_command("restore", str(path))
    assert touched == []
    assert not list(Path(live_settings.DATA_DIR).glob("restore-*"))


@pytest.mark.parametrize("room_for_the_plain_bytes", [False, True])
def test_a_restore_that_would_fill_the_folder_is_refused(books, place, monkeypatch, room_for_the_plain_bytes):
    path = backup(place)
    free = iter([path.stat().st_size, 0] if room_for_the_plain_bytes else [path.stat().st_size - 1])
    monkeypatch.setattr(archive.shutil, "disk_usage", lambda _folder: SimpleNamespace(free=next(free)))
    _refused_before_anything(path, "GB in .* GB are free", monkeypatch)


def test_only_an_empty_place_takes_a_backup(books, place):
    path, before = backup(place), (LedgerTransaction.objects.count(), Invoice.objects.get().pk)
    with pytest.raises(CommandError, match="database is not empty"):
        call_command("restore", str(path))
    assert (LedgerTransaction.objects.count(), Invoice.objects.get().pk) == before


def test_documents_of_somebody_else_are_not_written_over(books, place, monkeypatch):
    path = backup(place)
    monkeypatch.setattr(database, "is_empty", lambda: True)
    with pytest.raises(CommandError, match="document storage is not empty"):
        call_command("restore", str(path))


def test_a_database_that_can_not_be_restored_leaves_no_documents(books, place, settings, monkeypatch):
    path = backup(place)
    settings.MEDIA_ROOT = place / "empty"

    def broken(source):
        raise sealing.BackupUnusable("The disk is full.")

    monkeypatch.setattr(database, "is_empty", lambda: True)
    monkeypatch.setattr(database, "restore", broken)
    with pytest.raises(CommandError, match="disk is full"):
        call_command("restore", str(path))
    assert [one for one in (place / "empty").rglob("*") if one.is_file()] == []


def test_a_file_that_goes_while_the_backup_runs_is_left_out(books, place, monkeypatch):
    store = storages["default"]
    store.save("specifications/gone.sealed", ContentFile(b"sealed"))
    listed = archive.media.names()
    store.delete("specifications/gone.sealed")
    monkeypatch.setattr(archive.media, "names", lambda: listed)
    made = archive.make(place / "today.backup", now=timezone.now())
    assert "media/specifications/gone.sealed" not in made.manifest["members"]
    assert len(made.manifest["members"]) == 2
