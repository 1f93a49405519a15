"""A short file is read once and kept; a longer one is read again when it is stored. Both store the same."""

import zipfile

import pytest

from banking.models import BankLine
from banking.reading import files
from tests.banking import mt940_files
from tests.banking.camt_files import MONDAY, Pay, document, statement
from tests.banking.importing import hand_in, texts

PAYS = [Pay("10.00", MONDAY, "een"), Pay("-20.00", MONDAY, "twee"), Pay("10.00", MONDAY, "drie")]
CAMT = document(statement(PAYS, "0.00", MONDAY))
MT940 = mt940_files.statement(PAYS, "0.00", MONDAY).encode()


@pytest.mark.parametrize("content", [CAMT, MT940])
def test_a_short_file_is_read_once(content, tmp_path):
    path = tmp_path / "short"
    path.write_bytes(content)
    (found,) = files.documents(path)
    first = list(found.read())
    path.unlink()
    assert len(first) == len(PAYS) + 1
    assert list(found.read()) == first


def test_a_longer_file_is_read_again(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "KEPT", len(PAYS))
    path = tmp_path / "long"
    path.write_bytes(CAMT)
    (found,) = files.documents(path)
    assert len(list(found.read())) == len(PAYS) + 1
    path.unlink()
    with pytest.raises(FileNotFoundError):
        list(found.read())


def test_what_lies_beside_others_in_a_zip_is_read_again(tmp_path):
    path = tmp_path / "several.zip"
    with zipfile.ZipFile(path, "w") as several:
        several.writestr("one.xml", CAMT)
        several.writestr("two.sta", MT940)
    found = files.documents(path)
    assert [len(list(one.read())) for one in found] == [len(PAYS) + 1] * 2
    path.unlink()
    for one in found:
        with pytest.raises(FileNotFoundError):
            list(one.read())


def test_what_was_not_read_to_its_end_is_not_kept(tmp_path):
    path = tmp_path / "short"
    path.write_bytes(CAMT)
    (found,) = files.documents(path)
    next(found.read())
    assert len(list(found.read())) == len(PAYS) + 1


@pytest.mark.django_db
@pytest.mark.parametrize("kept", [0, files.KEPT])
def test_both_store_the_same(kept, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "KEPT", kept)
    assert hand_in(tmp_path, CAMT, match=False).statements[0].new == len(PAYS)
    assert texts() == ["een", "twee", "drie"]
    assert [line.place for line in BankLine.objects.order_by("pk")] == [1, 2, 3]
