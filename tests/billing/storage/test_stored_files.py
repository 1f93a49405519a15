"""A file is in the storage only as long as a row says so, whatever fails or dies in between."""

import errno
import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, storages
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from billing.documents import full_invoice
from billing.encryption import seal, seal_parts, sealed_size, unseal
from billing.models import AuditEvent, InvoiceDocument, StaffTask, StoredFile
from billing.privacy import retention
from billing.storage import files, upkeep
from tests import factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
State = StoredFile.State


class Failing(FileSystemStorage):
    """A disk that is full, or that refuses to remove some files. It stands in for the machine's own."""

    full_after: int | None = None
    stuck: tuple[str, ...] = ()

    def _save(self, name, content):
        if self.full_after is None:
            return super()._save(name, content)
        path = Path(self.path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(content.chunks())[: self.full_after])  # what a disk takes before it is full
        raise OSError(errno.ENOSPC, "No space left on device")

    def delete(self, name):
        if name in self.stuck:
            raise OSError(errno.EIO, "Input/output error")
        super().delete(name)


@pytest.fixture
def disk(settings, tmp_path):
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": f"{__name__}.Failing", "OPTIONS": {"location": tmp_path / "media"}}
    }
    return storages["default"]


def on(disk):
    return sorted(files.names(disk))


def kept(content=b"x"):
    name = files.put("invoices", content)
    files.keep(name)
    return name


class TestWriting:
    def test_the_row_is_there_before_a_byte(self, disk):
        seen = []
        save = disk._save
        disk._save = lambda name, content: seen.append(StoredFile.objects.get(name=name).state) or save(name, content)
        kept()
        assert seen == [State.WRITING]

    def test_an_invoice_is_stored_outside_any_transaction(self, disk):
        """Else the row would be rolled back, and the bytes would stay without it."""
        seen = []
        save = disk._save
        disk._save = lambda name, content: seen.append(connection.in_atomic_block) or save(name, content)
        full_invoice.invoice_pdf(factories.invoice(), language="nl")
        assert seen == [False]

    def test_what_nobody_kept_is_removed_after_an_hour(self, disk):
        name = files.put("invoices", b"the process dies now")
        upkeep.sweep()
        assert on(disk) == [name]
        assert upkeep.sweep(now=timezone.now() + timedelta(hours=2)) == 1
        assert (on(disk), StoredFile.objects.count()) == ([], 0)

    def test_what_is_removed_meanwhile_can_not_be_kept(self, disk):
        name = files.put("invoices", b"slow")
        upkeep.sweep(now=timezone.now() + timedelta(hours=2))
        with pytest.raises(LookupError), transaction.atomic():
            files.keep(name)

    def test_twin_a_row_that_does_not_compare_would_keep_it(self, disk):
        name = files.put("invoices", b"slow")
        upkeep.sweep(now=timezone.now() + timedelta(hours=2))
        StoredFile.objects.update_or_create(name=name, defaults={"state": State.KEPT})
        assert upkeep.compare()["missing"] == 1

    def test_a_full_disk_leaves_nothing(self, disk):
        disk.full_after = 3
        with pytest.raises(files.NotStored):
            files.put("invoices", b"more than three bytes")
        assert (on(disk), StoredFile.objects.count()) == ([], 0)

    def test_a_reserve_is_left_for_the_database(self, disk, settings):
        settings.STORAGE_RESERVE_BYTES = 1 << 60
        with pytest.raises(files.NotStored):
            files.put("invoices", b"x")
        assert (on(disk), StoredFile.objects.count()) == ([], 0)


class TestRemoving:
    def test_one_error_loses_nothing(self, disk, settings):
        """Four documents, and an error at the second: the others go at once, that one later."""
        invoice = factories.invoice()
        for number in range(4):
            full_invoice._store(b"%d" % number, invoice, "nl", f"version-{number}")
        names = list(InvoiceDocument.objects.order_by("pk").values_list("name", flat=True))
        disk.stuck = (names[1],)
        with transaction.atomic():
            assert retention._delete_documents([invoice.pk]) == 4
        assert on(disk) == [names[1]]
        assert StoredFile.objects.get().state == State.REMOVING
        disk.stuck = ()
        assert upkeep.sweep(now=timezone.now() + timedelta(hours=1)) == 1
        assert (on(disk), StoredFile.objects.count()) == ([], 0)

    def test_a_process_that_dies_before_the_first_byte_goes(self, disk, monkeypatch):
        name = kept()
        monkeypatch.setattr(files, "_remove_quietly", lambda name: None)  # it was killed after the commit
        files.discard(name)
        assert on(disk) == [name]
        assert upkeep.sweep() == 1
        assert on(disk) == []

    def test_an_erasure_that_is_rolled_back_keeps_the_file(self, disk):
        name = kept()
        with transaction.atomic():
            files.discard(name)
            transaction.set_rollback(True)
        assert on(disk) == [name]
        assert StoredFile.objects.get().state == State.KEPT

    def test_what_fails_waits_longer_each_time_and_holds_up_nobody(self, disk):
        stuck = [kept() for _ in range(upkeep.SWEEP_BATCH)]
        disk.stuck = tuple(stuck)
        files.discard(*stuck)
        other = kept()
        files.discard(other, *[""])
        now = timezone.now()
        for _sweep in range(6):
            now += timedelta(hours=7)
            upkeep.sweep(now=now)
        assert on(disk) == sorted(stuck)
        assert StaffTask.objects.filter(kind="storage", closed_at=None).count() == 1
        assert StoredFile.objects.filter(next_try_at__gt=timezone.now() + timedelta(hours=1)).count() == len(stuck)


class TestComparing:
    def test_the_same_says_nothing(self, disk):
        full_invoice.invoice_pdf(factories.invoice(), language="nl")
        assert not any(upkeep.compare().values())
        assert not StaffTask.objects.exists()

    def test_each_difference_is_found_and_told_once(self, disk, settings):
        full_invoice.invoice_pdf(factories.invoice(), language="nl")
        document = InvoiceDocument.objects.get()
        disk.delete(document.name)  # missing
        unnamed = kept()
        StoredFile.objects.filter(name=unnamed).update(since=timezone.now() - timedelta(hours=2))
        disk.save("specifications/of-nobody.sealed", ContentFile(b"x"))
        tomorrow = timezone.now() + timedelta(days=2)
        found = upkeep.compare(now=tomorrow)
        assert found == {"unknown": 1, "missing": 1, "unnamed": 1, "unrecorded": 0}
        StoredFile.objects.filter(name=document.name).delete()
        assert upkeep.compare(now=tomorrow) == {"unknown": 1, "missing": 0, "unnamed": 1, "unrecorded": 1}
        upkeep.compare(now=tomorrow)
        notes = list(StaffTask.objects.order_by("pk").values_list("note", flat=True))
        assert [len(note.split(",")) for note in notes] == [3, 3]

    def test_a_task_that_was_closed_comes_again_while_it_is_so(self, disk):
        disk.save("specifications/of-nobody.sealed", ContentFile(b"x"))
        for day in (2, 3):
            upkeep.compare(now=timezone.now() + timedelta(days=day))
            StaffTask.objects.filter(closed_at=None).update(closed_at=timezone.now())
        assert StaffTask.objects.filter(kind="storage").count() == 2

    def test_what_no_row_knows_is_removed_by_a_person(self, disk):
        full_invoice.invoice_pdf(factories.invoice(), language="nl")
        disk.save("specifications/of-nobody.sealed", ContentFile(b"x"))
        assert upkeep.remove_unknown() == 0, "it may be part of a restore under way"
        assert upkeep.remove_unknown(now=timezone.now() + timedelta(days=2)) == 1
        assert on(disk) == [InvoiceDocument.objects.get().name]
        assert AuditEvent.objects.get(action="unknown_files_removed").details == {"files": 1}
        said = io.StringIO()
        call_command("compare_storage", stdout=said)
        assert "the same" in said.getvalue()


def test_sealing_in_parts_is_sealing():
    parts = [b"a" * 70_000, b"", b"b" * 3]
    sealed = b"".join(seal_parts(parts, bound_to="here"))
    assert unseal(sealed, bound_to="here") == b"".join(parts)
    assert len(sealed) == sealed_size(70_003) == len(seal(b"".join(parts), bound_to="here"))


def test_a_file_made_while_it_is_read_gives_every_byte_once():
    made = files.Parts(iter([b"abc", b"defg", b"h"]), size=8)
    assert (made.seek(0), made.read(2), made.read(3), made.read(), made.read(1)) == (0, b"ab", b"cde", b"fgh", b"")
