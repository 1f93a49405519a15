"""A backup while the keys are changed: it would name documents that are gone when their turn comes."""

import base64
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from billing.documents import full_invoice
from billing.models import InvoiceDocument
from billing.privacy import key_lock
from portal.ops.backup import archive, database
from tests import factories
from tests.billing.outbox.test_outbox_races import in_threads

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def key(number):
    return f"{number}:{base64.urlsafe_b64encode(os.urandom(32)).decode()}"


@pytest.fixture
def place(settings, tmp_path):
    """One document, sealed with a key that has a successor already."""
    settings.BACKUP_KEY = base64.urlsafe_b64encode(b"k" * 32).decode()
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.FIELD_KEYS = old = key(1)
    full_invoice.invoice_pdf(factories.invoice(), language="nl")
    settings.FIELD_KEYS = f"{key(2)},{old}"
    return tmp_path


def rotate():
    call_command("rotate_field_keys", stdout=StringIO())


def backup_with_a_rotation_in_it(place, monkeypatch):
    """The keys are changed by somebody else after the database was copied, before the documents are: (backup, error)"""
    before, results, take = InvoiceDocument.objects.get().name, [], database.take

    def take_and_then(target):
        about = take(target)
        results.extend(in_threads(rotate))
        return about

    monkeypatch.setattr(database, "take", take_and_then)
    made = archive.make(place / "today.backup", now=timezone.now())
    return f"media/{before}" in made.manifest["members"], results[0]


def test_the_keys_can_not_be_changed_while_a_backup_is_made(place, monkeypatch):
    before = InvoiceDocument.objects.get().name
    whole, refused = backup_with_a_rotation_in_it(place, monkeypatch)
    assert whole
    assert isinstance(refused, CommandError)
    assert re.fullmatch("A backup is being made, .* Nothing was changed.", str(refused))
    rotate()
    assert InvoiceDocument.objects.get().name != before, "afterwards they can be changed"


def test_twin_without_the_lock_the_backup_lacks_a_document_that_it_names(place, monkeypatch):
    for side in ("shared", "exclusive"):
        monkeypatch.setattr(key_lock, side, nullcontext)
    assert backup_with_a_rotation_in_it(place, monkeypatch) == (False, None)


def test_no_backup_is_made_while_the_keys_are_changed(place):
    with key_lock.exclusive():
        (refused,) = in_threads(lambda: call_command("backup", str(place / "today.backup")))
        (too,) = in_threads(rotate)
    assert re.fullmatch(r"The keys are being changed .* No backup was made\.", str(refused))
    assert isinstance(too, CommandError)
    assert not (place / "today.backup").exists()


def test_two_backups_do_not_wait_for_each_other(place):
    with key_lock.shared():
        assert in_threads(lambda: call_command("backup", str(place / "today.backup"))) == [None]


def test_the_lock_ends_with_who_holds_it(place, settings):
    """A process that is killed leaves nothing behind that has to be cleaned up."""
    code = """if True:
        import django, signal
        django.setup()
        from billing.privacy import key_lock
        with key_lock.exclusive():
            print("held", flush=True)
            signal.pause()
    """
    with subprocess.Popen(
        [sys.executable, "-c", code], env=database_here(), cwd=settings.ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(CommandError):
            rotate()
        process.kill()
    until = time.monotonic() + 30  # PostgreSQL sees a moment later that its client is gone
    while time.monotonic() < until:
        try:
            return rotate()
        except CommandError:
            time.sleep(0.05)
    pytest.fail("the lock outlived its process")


def database_here():
    """The environment of a process that uses the database of this test."""
    given = connection.settings_dict
    url = f"sqlite:///{given['NAME']}"
    if connection.vendor == "postgresql":
        url = f"postgres://{given['USER']}@{given['HOST']}:{given['PORT']}/{given['NAME']}"
    return os.environ | {"DATABASE_URL": url}


def test_a_process_that_was_started_meanwhile_holds_nothing():
    """Until it runs its own program it has our open files, and with them the lock."""
    with key_lock.exclusive():
        child = os.fork()
        if not child:
            signal.pause()
    try:
        with key_lock.shared():
            pass
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
