"""The CAMT.053 that we write: read back, it tells the same."""

from datetime import UTC, date, datetime
from decimal import Decimal
from xml.etree import ElementTree

from banking.reading import camt
from banking.reading.facts import Entry, Sheet
from banking.writing.camt053 import Heading, Movement, write

HEADING = Heading(
    number=7, account="ZR11012345", holder="Praktijk Müller & Zn", from_on=date(2026, 11, 1), to_on=date(2026, 11, 30),
    opening=Decimal("-5.00"), made_at=datetime(2026, 12, 1, 6, tzinfo=UTC), servicer="Zorgrekening",
)  # fmt: skip
MOVEMENTS = [
    Movement(Decimal("38.74"), date(2026, 11, 3), "M1", "rekening 2026-12 <b>", name="é", iban="NL02 ABNA 0123 4567 89",
             payment_reference="1234432112344321"),
    Movement(Decimal("-10.00"), date(2026, 11, 4), "M2", "", end_to_end="ZR-7", value_on=date(2026, 11, 5)),
]  # fmt: skip


def test_what_is_written_is_read_back():
    content = "".join(write(HEADING, MOVEMENTS)).encode()
    *entries, sheet = camt.read([content])
    first, second = (entry for entry in entries if isinstance(entry, Entry))
    assert isinstance(sheet, Sheet)
    assert (sheet.account, sheet.opening, sheet.closing, sheet.number) == ("ZR11012345", -500, 2374, "7")
    assert (sheet.from_on, sheet.to_on) == (HEADING.from_on, HEADING.to_on)
    told = first.parts[0].details
    assert (told.name, told.iban, told.structured) == ("e", "NL02ABNA0123456789", "1234432112344321")
    assert told.text == "rekening 2026-12 .b."
    assert (second.cents, second.value_on, second.parts[0].details.end_to_end) == (-1000, date(2026, 11, 5), "ZR-7")


def test_another_reader_finds_the_same_balances():
    tree = ElementTree.fromstring("".join(write(HEADING, MOVEMENTS)))  # noqa: S314
    space = {"c": "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"}
    balances = {
        bal.findtext("c:Tp/c:CdOrPrtry/c:Cd", namespaces=space): (
            bal.findtext("c:Amt", namespaces=space), bal.findtext("c:CdtDbtInd", namespaces=space),
        )
        for bal in tree.iterfind(".//c:Bal", space)
    }  # fmt: skip
    assert balances == {"OPBD": ("5.00", "DBIT"), "CLBD": ("23.74", "CRDT")}
    assert len(tree.findall(".//c:Ntry", space)) == 2
