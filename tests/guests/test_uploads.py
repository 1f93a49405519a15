"""An upload waits on disk, where nobody can read it, and never in memory as a whole."""

import tracemalloc

import pytest

from billing.encryption import seal_parts, sealed_size, unseal
from billing.storage import files
from guests.uploads import LockedFile
from tests.disks import full_disk

PART = b"0123456789abcdef" * 4096


@pytest.fixture
def file(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    made = LockedFile("brief.pdf", "application/pdf")
    yield made
    made.close()


def test_it_is_read_as_often_as_wanted(file):
    for part in (b"%PDF-1.7\n", PART, b"", b"end"):
        file.add(part)
    for _time in range(2):
        assert file.read() == b"%PDF-1.7\n" + PART + b"end"
    assert file.size == len(PART) + 12
    assert len(list(file.chunks(100))) > 600


def test_a_hundred_megabytes_take_no_memory(file, tmp_path):
    """Neither while they come nor while they are sealed and stored: two megabytes at most, for a hundred."""
    tracemalloc.start()
    for _number in range(1600):
        file.add(PART)
    made = files.Parts(seal_parts(file.chunks(), bound_to="here"), size=sealed_size(file.size))
    with (tmp_path / "stored").open("wb") as stored:
        for part in made.chunks():
            stored.write(part)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert file.size == 1600 * len(PART) > 100_000_000
    assert peak < 2_000_000
    sealed = (tmp_path / "stored").read_bytes()
    assert unseal(sealed, bound_to="here") == PART * 1600


def test_a_disk_that_becomes_full_loses_it_and_keeps_nothing_of_it(file):
    file.add(PART)
    with full_disk(after=len(PART) + 100):
        file.add(PART)
        file.add(PART)
    assert file.lost
    assert file.size == 3 * len(PART), "what was sent, so that its form can name it"
    assert file.read() == b""
