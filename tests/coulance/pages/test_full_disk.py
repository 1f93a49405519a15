"""An upload to a disk that is full, or becomes so while it comes: a sentence, and nothing is left behind."""

import pytest

from billing.models import StaffTask, StoredFile
from billing.storage import upkeep
from coulance.models import Specification
from tests.coulance.pages.patient import guest, invoice, media, page, send  # noqa: F401
from tests.disks import full_disk
from tests.guests.files import hostile

# ruff: noqa: F811  the fixtures of patient.py
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sandbox", "media")]
LIMIT = 12_000_000  # bytes, more than the database has
SENTENCE = "Wij kunnen uw bestanden nu niet bewaren. Er is niets verstuurd."


def of_size(size):
    content = hostile.pdf()
    return content + b"%" * (size - len(content))


@pytest.mark.parametrize("size", [LIMIT - 1, LIMIT + 100_000], ids=["where it is stored", "where it waits"])
@pytest.mark.parametrize("by_script", [True, False])
def test_it_is_refused_with_a_sentence(guest, invoice, tmp_path, size, by_script):
    headers = {"accept": "application/json"} if by_script else {}
    with full_disk(after=LIMIT):
        response = send(guest, invoice, of_size(size), **headers)
    assert response.status_code == 409
    assert SENTENCE in (response.json()["error"] if by_script else response.content.decode())
    assert (Specification.objects.count(), StoredFile.objects.count()) == (0, 0)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert StaffTask.objects.get().kind == "storage"
    assert send(guest, invoice, hostile.pdf()).status_code == 303, "once there is room again"
    assert not any(upkeep.compare().values())


def test_of_several_files_none_is_kept(guest, invoice, tmp_path):
    with full_disk(after=LIMIT):
        assert send(guest, invoice, hostile.pdf(), of_size(LIMIT - 1)).status_code == 409
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert (Specification.objects.count(), StoredFile.objects.count()) == (0, 0)


def test_a_reserve_is_left_for_the_database(guest, invoice, settings):
    settings.STORAGE_RESERVE_BYTES = 1 << 60
    assert SENTENCE in send(guest, invoice, hostile.pdf()).content.decode()
    assert StoredFile.objects.count() == 0
    assert page(guest, invoice), "the page goes on"
