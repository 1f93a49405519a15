"""Files made to hurt, and files that are none: each gets a refusal, and nothing else ever comes out."""

import random
import socket
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banking.matching.references import Place, written_in
from banking.models import BankLine, Statement, StatementFile
from banking.reading import camt, files, mt940
from banking.reading.files import documents
from billing.errors import Refused
from tests.banking import mt940_files
from tests.banking.camt_files import MONDAY, Pay, document, statement
from tests.banking.importing import hand_in

PAYS = [Pay("10.00", MONDAY, "een", "NL02ABNA0123456789", "J"), Pay("-3.00", MONDAY, parts=[Pay("-3.00", MONDAY, "b")])]
CAMT = document(statement(PAYS, "1.00", MONDAY))
MT940 = mt940_files.statement(PAYS, "1.00", MONDAY).encode()
DIALECTS = [path.read_bytes() for path in sorted((Path(__file__).parent / "dialects").glob("*.940"))]


def refused_or_read(facts) -> bool:
    """Read all of it; anything but a refusal is raised."""
    try:
        list(facts)
    except Refused:
        return False
    return True


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Return the bytes with a few changed, lost, doubled, or cut off."""
    mangled = bytearray(content)
    for _time in range(chance.randint(1, 6)):
        place = chance.randrange(len(mangled) + 1)
        match chance.randrange(5):
            case 0:
                mangled[place : place + 1] = bytes([chance.randrange(256)])
            case 1:
                del mangled[place : place + chance.randint(1, 40)]
            case 2:
                mangled[place:place] = mangled[max(0, place - 60) : place]
            case 3:
                mangled[place:place] = chance.choice(
                    [b"<x>", b"&#0;", b":61:", b"\x00", b"-\n", b"]]>", b"9" * 30, b","]
                )
            case 4:
                del mangled[len(mangled) - chance.randint(0, 50) :]
    return bytes(mangled)


@given(seed=st.integers(0, 2**32))
def test_a_damaged_file_is_read_or_refused(seed):
    chance = random.Random(seed)
    refused_or_read(camt.read([damaged(CAMT, chance)]))
    mangled = damaged(chance.choice([MT940, *DIALECTS]), chance)
    refused_or_read(mt940.read(mangled.decode("latin-1").split("\n")))


@given(content=st.binary(max_size=300))
def test_any_bytes_are_refused(content):
    assert not refused_or_read(camt.read([content]))
    refused_or_read(mt940.read(content.decode("latin-1").split("\n")))


def zipped(name: str, content: bytes, times: int = 1) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(times):
            archive.writestr(f"{number}{name}", content)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"PK\x03\x04 and then nothing", "damaged"),
        (zipped(".xml", b"<Document>" + b" " * 5_000_000), "unpacks to far more"),
        (zipped(".xml", CAMT, times=1001), "too many"),
        (zipped(".zip", zipped(".xml", CAMT)), "Unpack it first"),
        (zipped(".xml", CAMT, times=0), "empty"),
        (b"%PDF-1.7", "no bank statement"),
        (b"datum;bedrag\n", "no bank statement"),
        (b"a" * 300_000, "no bank statement"),
    ],
    ids=["empty", "broken", "bomb", "many", "nested", "no member", "pdf", "csv", "one line"],
)
@pytest.mark.django_db
def test_it_is_refused_with_a_sentence_and_changes_nothing(content, why, tmp_path):
    outcome = hand_in(tmp_path, content)
    assert why in outcome.refused_because
    assert (Statement.objects.count(), BankLine.objects.count()) == (0, 0)
    assert StatementFile.objects.get().refused_because == outcome.refused_because


def test_a_zip_whose_bytes_are_damaged_is_refused(tmp_path):
    content = zipped(".xml", CAMT * 3)
    for seed in range(200):
        path = tmp_path / "a.zip"
        path.write_bytes(damaged(content, random.Random(seed)))
        try:
            for one in documents(path):
                list(one.read())
        except Refused:
            pass


def test_a_zip_that_lies_about_its_size_is_refused(tmp_path):
    content = bytearray(zipped(".xml", CAMT))
    size = len(CAMT).to_bytes(4, "little")
    assert content.count(size) >= 2
    path = tmp_path / "a.zip"
    path.write_bytes(bytes(content).replace(size, (50).to_bytes(4, "little")))
    with pytest.raises(Refused):
        list(documents(path)[0].read())


def test_a_zip_with_a_list_without_end_is_not_listed(tmp_path, monkeypatch):
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.comment = b"x" * 60_000
        for number in range(3):
            archive.writestr(f"{number}" * 400, b"")
    path = tmp_path / "a.zip"
    path.write_bytes(packed.getvalue())
    monkeypatch.setattr(files, "_LIST_BYTES", 1_000)
    monkeypatch.setattr(zipfile, "ZipFile", None)  # it would read the whole list
    with pytest.raises(Refused, match="too many"):
        documents(path)


@pytest.mark.parametrize(
    "long",
    [b"<Ntry a='" + b"x" * 3_000_000 + b"'/>", b"<!--" + b"x" * 3_000_000 + b"-->", b"<a" + b"b" * 3_000_000 + b"/>"],
    ids=["attribute", "comment", "name"],
)
def test_what_never_ends_is_refused_before_all_of_it_is_in_memory(long):
    read = []

    def chunks():
        whole = CAMT.replace(b"<GrpHdr>", long + b"<GrpHdr>", 1)
        for start in range(0, len(whole), files.CHUNK):
            read.append(start)
            yield whole[start : start + files.CHUNK]

    assert not refused_or_read(camt.read(chunks()))
    assert read[-1] < 1_200_000


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ((b">10.00<", b">-10.00<"), "no amount"),
        ((b">10.00<", b">1e1<"), "no amount"),
        ((b">10.00<", b">10.001<"), "parts of a cent"),
        ((b">10.00<", "> ١٠.00<".encode()), "no amount"),
        ((b'Ccy="EUR">10.00', b'Ccy="USD">10.00'), "in USD"),
        ((b"<Ccy>EUR</Ccy>", b"<Ccy>CHF</Ccy>"), "in CHF"),
        ((b">CRDT<", b">XXXX<"), "came in or went out"),
        ((b">2026-11-23<", b">2026-02-30<"), "no date"),
        ((b"<Cd>CLBD</Cd>", b"<Cd>CLAV</Cd>"), "balance"),
        ((b">8.00<", b">8.01<"), "does not add up"),
        ((b"<GrpHdr>", b"<!DOCTYPE a><GrpHdr>"), ""),
        ((b"Document", b"<Document"), "XML"),
    ],
)
@pytest.mark.django_db
def test_a_file_that_lies_is_refused_whole_with_why(change, why, tmp_path):
    assert change[0] in CAMT
    outcome = hand_in(tmp_path, CAMT.replace(*change))
    assert outcome.refused_because
    assert why in outcome.refused_because
    assert not BankLine.objects.exists()


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("begin", [b"", b"\xef\xbb\xbf"])
@pytest.mark.django_db
def test_line_ends_and_a_mark_of_the_encoding_change_nothing(end, begin, tmp_path):
    for number, content in enumerate((CAMT, MT940)):
        outcome = hand_in(tmp_path, begin + content.replace(b"\n", end))
        assert (outcome.refused_because, outcome.statements[0].new) == ("", 0 if number else 2)


def test_a_reference_of_iso_11649_is_kept_and_is_no_payment_reference_of_ours():
    creditor = "RF18539007547034"
    pay = Pay("10.00", MONDAY, structured=creditor)
    content = document(statement([pay], "1.00", MONDAY)).replace(b"<Issr>CUR</Issr>", b"<Issr>ISO</Issr>")
    entry = next(iter(camt.read([content])))
    said = entry.parts[0].details
    assert (said.structured, said.issuer) == (creditor, "ISO")
    assert written_in([(Place.STRUCTURED, said.structured)]).exact == {}


def test_a_text_of_140_characters_keeps_its_last_one():
    text = "x" * 139 + "!"
    for facts in (
        camt.read([document(statement([Pay("10.00", MONDAY, text)], "1.00", MONDAY))]),
        mt940.read(mt940_files.statement([Pay("10.00", MONDAY, text)], "1.00", MONDAY).split("\n")),
    ):
        assert next(iter(facts)).parts[0].details.text.endswith("!")


def test_no_connection_is_opened(monkeypatch):
    def refuse(*told):
        raise AssertionError(f"a connection: {told}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    evil = CAMT.replace(b"?>\n", b'?>\n<!DOCTYPE Document SYSTEM "http://127.0.0.1:9/a.dtd">', 1)
    assert not refused_or_read(camt.read([evil]))
    included = CAMT.replace(
        b"<GrpHdr>", b'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/><GrpHdr>'
    )
    assert refused_or_read(camt.read([included]))
