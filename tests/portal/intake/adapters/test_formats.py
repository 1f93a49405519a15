"""Spreadsheets, MZ301 and GDS801 read as a batch: what they mean in our terms, and no citizen number anywhere."""

from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from json import dumps, loads

import pytest
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.errors import Refused
from billing.models import CareDetail, Invoice, Payer, SubmittedFile
from portal.intake.adapters import columns, gds801, mz301, recognising, table
from portal.intake.batch import import_stream
from tests import factories
from tests.portal.intake.adapters import made_gds801 as gds
from tests.portal.intake.adapters import made_mz301 as mz
from tests.portal.intake.batch_errors import TODAY
from tests.portal.intake.batches import AGB_CODE, batch, changed, invoice

pytestmark = pytest.mark.django_db
Kind = SubmittedFile.Kind

SHEET = """\
Factuurnummer;Factuurdatum;Patiëntnummer;BSN;Voorletters;Tussenvoegsel;Achternaam;Geboortedatum;E-mail;Telefoon;Adres;\
Postcode;Woonplaats;Datum behandeling;Code;Omschrijving;Aantal;Bedrag;Vergoed;AGB behandelaar;Kenmerk
2026-9;02-11-2026;P-1001;123456782;J.;de;Vries;29-02-1980;j.devries@post.example;612345678;Dorpsstraat 12 a;\
1234ab;Ons Dorp;28-10-2026;V92;"Vulling; twee vlakken";2;€ 1.157,54;8,50;4001234;x
2026-9;02-11-2026;P-1001;123456782;J.;de;Vries;29-02-1980;j.devries@post.example;612345678;Dorpsstraat 12 a;\
1234ab;Ons Dorp;28-10-2026;C002;;1;28,51;8,50;4001234;y
"""


@pytest.fixture(autouse=True)
def practice():
    with translation.override("en"):
        yield factories.provider(agb_code=AGB_CODE)


def handed_in(converted):
    """Hand a converted file in; return the result."""
    assert b"123456782" not in converted.content()
    file = BytesIO(converted.content())
    return import_stream(file, dry_run=False, today=TODAY, by="test", problems=converted.problems)


def codes(result):
    return sorted({error.code for error in result.errors})


def sheet(text=SHEET, encoding="utf-8"):
    read = table.read(text.encode(encoding))
    fields = columns.recognise(read.header, {})
    return read, fields, table.convert(read, fields, agb_code=AGB_CODE)


def test_a_format_is_known_by_what_is_in_the_file():
    for content, kind in (
        (dumps(batch()).encode(), Kind.JSON),
        (b"\xef\xbb\xbf {}", Kind.JSON),
        (SHEET.encode(), Kind.CSV),
        (SHEET.encode("utf-16"), Kind.CSV),
        (mz.File().content(), Kind.MZ301),
        (gds.file(), Kind.GDS801),
    ):
        assert recognising.kind_of(content) == kind
    for content in (
        b"PK\x03\x04rest",
        b"%PDF-1.7\n",
        b"<html>\n",
        b"hello",
        b"\xff\xfe" + "{}".encode("utf-16-le"),
        ' \n{"patient": {"bsn": "1"}}'.encode("utf-16"),
        ' \n{"patient": {"bsn": "1"}}'.encode("utf-16-be"),
        b'{"invoices": [{"bsn": "123456782"}]}',
    ):
        with pytest.raises(Refused):
            recognising.kind_of(content)


def test_a_spreadsheet_as_programs_export_it(practice):
    read, fields, converted = sheet()
    assert (read.dropped, columns.missing(fields)) == (["BSN"], [])
    assert fields[-1] == ""
    result = handed_in(converted)
    assert (result.new, result.errors) == (1, [])
    stored = Invoice.objects.get()
    assert stored.number == "2026-9"
    first, second = stored.care_detail.lines
    assert (first["quantity"], first["unit_price"], first["practitioner_agb"]) == (2, "578.77", "04001234")
    assert (second["code"], second["description"]) == ("C002", "Verrichting C002")
    patient = stored.patient
    assert (str(patient.mobile), patient.postcode, patient.house_number) == ("+31612345678", "1234 AB", "12 a")
    assert stored.issued_on.isoformat() == "2026-11-02"
    assert handed_in(sheet(SHEET, "utf-16")[2]).known == 1
    assert handed_in(sheet(SHEET, "cp1252")[2]).known == 1
    assert handed_in(sheet(SHEET.replace('"Vulling; twee vlakken"', "Vulling twee vlakken"))[2]).error_count == 1


def test_citizen_numbers_are_dropped_whatever_their_column_is_called():
    text = "nummer;code\n" + "".join(f"{number};1\n" for number in ("123456782", "111222333", "012345672"))
    read = table.read(f"{text};2\n{text.partition(chr(10))[2]}".encode())  # a row without one among them
    assert (read.header, read.dropped) == (["code"], ["nummer"])
    assert b"111222333" not in read.content()
    for cells in (
        ("123456782",),
        ("123.456.782", "111.222.333", "1234.56.782"),
        ("BSN 123456782", "onbekend", "-"),
        ("123456782", "111222333", "87654321"),
    ):
        text = "kenmerk;code\n" + "".join(f"{cell};1\n" for cell in cells)
        assert table.read(text.encode()).dropped == ["kenmerk"]
    for cells in (("123456782", "111222334"), ("19800229",), ("28.10.2026",), ("000000000",), ("1234567820",)):
        text = "kenmerk;code\n" + "".join(f"{cell};1\n" for cell in cells)
        assert table.read(text.encode()).dropped == []
    by_chance = b"factuurnummer;telefoon\n123456782;111222333\n"
    assert table.read(by_chance).header == ["factuurnummer", "telefoon"]


def test_patients_who_are_numbered_by_citizen_numbers_are_refused():
    numbered = changed(invoice(1), ("patient", "number"), "123.456.782")
    insured = changed(invoice(1), ("patient", "insured_number"), "111222333")
    for item in (numbered, insured):
        with pytest.raises(Refused, match="There seem to be citizen numbers"):
            recognising.kind_of(dumps(batch(item)).encode())
    with pytest.raises(Refused, match="There seem to be citizen numbers"):
        recognising.kind_of(dumps({"patients": [numbered["patient"]], "format": "x"}).encode()[:-1])  # and cut off
    assert recognising.kind_of(dumps(batch(numbered, invoice(2))).encode()) == Kind.JSON  # one of two may be chance
    with pytest.raises(Refused, match="as Patiëntnummer"):
        sheet(SHEET.replace("P-1001", "111222333"))
    with pytest.raises(Refused, match="as klantcode"):
        table.read(b"klantcode;code\n111222333;1\n", {"klantcode": "patient.number"})
    for kind, content in (
        (Kind.GDS801, gds.file(gds.insured(patient="111222333"))),
        (Kind.MZ301, mz.File((mz.Insured(patient="111222333"),)).content()),
        (Kind.MZ301, mz.File((mz.Insured(debtor="111222333"),)).content()),
    ):
        with pytest.raises(Refused, match="There seem to be citizen numbers"):
            recognising.convert(kind, content, agb_code=AGB_CODE)


def test_a_row_that_is_shifted_is_refused_before_its_citizen_number_is_stored():
    with pytest.raises(Refused, match="Row 3 of this spreadsheet is shifted"):
        table.read(b"nummer;bsn;naam\n1;123456782;Vries\n2;123456782;Jansen\n".replace(b"2;123456782", b"123456782"))


def test_rows_of_one_invoice_that_contradict_each_other_are_named():
    _read, _fields, converted = sheet(SHEET.replace("j.devries@post.example", "x@post.example", 1))
    result = handed_in(converted)
    assert codes(result) == ["row-differs"]
    assert "Row 3 says something else than row 2 of the same invoice: e-mail." in result.errors[0].sentence
    assert converted.sources == [[2, 2, 3]]


@pytest.mark.parametrize(
    "text", ["", "a\nb\n", "a;a\n1;2\n", "a;b\n1;2;3\n", 'a;b\n"1;2\n3', "a;b\n\x00;2\n", f"a;b\n{'x' * 2001};2\n"]
)
def test_what_is_no_table_is_refused(text):
    try:
        read = table.read(text.encode())
    except Refused:
        return
    assert columns.missing(columns.recognise(read.header, {}))


def test_mz301_as_a_practice_makes_it_for_a_bureau():
    child = mz.Insured(
        patient="P-2", born="20200101", debtor="D-2", debtor_surname="Jansen", debtor_born="19850101",
        treatments=(mz.Treatment(), mz.Treatment(code="V71", cents=5702, times=2, tooth="00"),
                    mz.Treatment(code="T01", cents=1001, times=3, tariff=334)),
    )  # fmt: skip
    converted = mz301.convert(mz.File((mz.Insured(), child), comments=1).content())
    result = handed_in(converted)
    assert (result.new, result.errors) == (2, [])
    own, of_child = Invoice.objects.order_by("pk")
    assert (own.number, of_child.number) == ("B2026-7-D-1-P-1001", "B2026-7-D-2-P-2")
    assert (own.patient.email, str(own.patient.mobile)) == ("j.devries@post.example", "+31612345678")
    assert (own.patient.street, own.patient.house_number, own.patient.city) == ("Dorpsstraat", "12 a", "Ons Dorp")
    payer = Payer.objects.get(patient=of_child.patient)
    assert (payer.relation, payer.name) == ("parent", "M Jansen")
    prices = [(line["quantity"], line["unit_price"], line["tooth"]) for line in of_child.care_detail.lines]
    assert prices == [(1, "78.77", "36"), (2, "28.51", None), (1, "10.01", "36")]
    assert b"123456782" not in b"".join(bytes(row.sealed_lines) for row in CareDetail.objects.all())


def test_mz301_gives_a_patient_no_address_of_a_debtor_who_lives_elsewhere():
    made = mz.File((mz.Insured(debtor_surname="Jansen"),)).content()
    at_home = b"00012a     1234AB         Ons Dorp"
    elsewhere = made.replace(at_home, b"00099a     9999ZZ         Elders  ")
    assert elsewhere != made
    converted = mz301.convert(elsewhere)
    assert converted.invoices[0]["patient"]["address"] == {"house_number": "12 a", "postcode": "1234AB"}
    assert "address-elsewhere" in codes(handed_in(converted))
    other_house = mz301.convert(made.replace(at_home, at_home.replace(b"00012", b"00013")))
    assert "street" not in other_house.invoices[0]["patient"]["address"]
    assert not Invoice.objects.exists()


@pytest.mark.parametrize(
    ("surname", "encoding"),
    [("Vriés", "utf-8"), ("Vriés", "cp1252"), ("Vriés", "cp850"), ("Müller", "cp850"), ("Ærø", "cp1252")],
)
def test_letters_of_older_programs_are_read_as_they_were_written(surname, encoding):
    person = mz.Insured(surname=surname, debtor_surname=surname)
    assert mz301.convert(mz.File((person,)).content(encoding)).invoices[0]["patient"]["surname"] == surname


def test_letters_of_no_known_code_page_are_refused():
    with pytest.raises(Refused, match="can't be right"):
        mz301.convert(mz.File((mz.Insured(surname="Vri\x82s\xb5"),)).content())
    assert "“Zo–dus’n”" in table.read("naam;code\n“Zo–dus’n” … € 5 Škoda;1\n".encode("cp1252")).rows[0][0]


def test_mz301_is_read_without_the_blanks_at_the_end_of_its_records():
    whole = mz.many(2).content()
    cut = b"\r\n".join(line.rstrip() for line in whole.split(b"\r\n"))
    assert len(cut) < len(whole)
    assert mz301.convert(cut).content() == mz301.convert(whole).content()
    lines = cut.split(b"\r\n")
    for place in (1, 2):  # shifted by one, also where no blank shows it
        with pytest.raises(Refused, match=f"Record {place + 1} of this file"):
            mz301.convert(b"\r\n".join([*lines[:place], lines[place][:30] + lines[place][31:], *lines[place + 1 :]]))


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (mz.File(kind="T"), "test file"),
        (mz.File(total=1), "does not add up"),
        (mz.File(missing_records=1), "counts other records"),
        (mz.File((mz.Insured(treatments=(mz.Treatment(sign="-"),)),)), "Record 3 of this file"),
    ],
)
def test_mz301_that_is_not_whole_is_refused(made, sentence):
    with pytest.raises(Refused, match=sentence):
        mz301.convert(made.content())


def test_mz301_of_another_version_or_in_another_coin_is_refused():
    made = mz.File().content()
    for content in (made.replace(b"EUR", b"USD"), made.replace(b"011760103", b"011760200")):
        with pytest.raises(Refused, match=r"not one of MZ301 version 1\.3 in euros"):
            mz301.convert(content)
    assert mz301.convert(made.replace(b"EUR", b"   ")).invoices


def test_mz301_that_is_cut_off_or_changed_never_gives_an_invoice_more_or_less():
    whole = mz.many(3).content()
    for cut in range(0, len(whole) - 2, 97):
        with pytest.raises(Refused):
            mz301.convert(b"01176" + whole[5:cut])
    lines = whole.split(b"\r\n")
    for place in range(1, len(lines) - 1):
        with pytest.raises(Refused):
            mz301.convert(b"\r\n".join([*lines[:place], lines[place][:14] + lines[place][15:], *lines[place + 1 :]]))
    for place in range(1, len(lines) - 2):
        with pytest.raises(Refused):
            mz301.convert(b"\r\n".join(lines[:place] + lines[place + 1 :]))


def test_the_dead_and_what_is_taken_back_are_left_to_a_person():
    credit = replace(mz.Treatment(), sign="C")
    made = mz.File((mz.Insured(dead="1"), mz.Insured(patient="P-2", debtor="D-2", treatments=(credit,))))
    assert codes(handed_in(mz301.convert(made.content()))) == ["credit-in-claim", "patient-deceased"]
    taken_back = gds.treatment(kind="CreditPrestatie")
    content = gds.file(gds.insured(dead="J"), gds.insured(taken_back, patient="P-2"), total="0.00")
    assert codes(handed_in(gds801.convert(content, agb_code=AGB_CODE))) == ["credit-in-claim", "patient-deceased"]
    assert not Invoice.objects.exists()


def test_gds801_as_a_practice_makes_it_for_a_bureau():
    own = gds.insured(
        gds.treatment(), gds.treatment("1001", "62.30", "2"), gds.treatment("9", "0.00", information="03")
    )
    child = gds.insured(patient="P-2", born="2020-01-01", debtor="Jansen")
    only_information = gds.insured(gds.treatment(information="02"), patient="P-3")
    content = gds.file(own, child, only_information, total="145.30")
    result = handed_in(gds801.convert(content, agb_code=AGB_CODE))
    assert (result.new, result.errors) == (2, [])
    first, second = Invoice.objects.order_by("pk")
    assert (first.number, second.number) == ("F2026-9-P-1001", "F2026-9-P-2")
    lines = [(line["quantity"], line["unit_price"], line["practitioner_agb"]) for line in first.care_detail.lines]
    assert lines == [(1, "41.50", "04001234"), (2, "31.15", "04001234")]
    assert (first.patient.email, str(first.patient.mobile)) == ("j.devries@post.example", "+31612345678")
    assert Payer.objects.get().patient_id == second.patient_id


def test_the_total_of_what_was_made_is_that_of_its_lines_less_what_is_taken_back():
    taken_back = gds.treatment(euros="1.25", kind="CreditPrestatie")
    treatments = (gds.treatment("1001", "62.30", "2"), gds.treatment(euros="10.00", times="3"), taken_back)
    content = gds.file(gds.insured(*treatments), total="71.05")
    made = gds801.convert(content, agb_code=AGB_CODE)
    assert (made.total(), codes(handed_in(made))) == (Decimal("71.05"), ["credit-in-claim"])
    credit = mz.Insured(treatments=(mz.Treatment(), mz.Treatment(cents=1001, times=3, tariff=334, sign="C")))
    assert mz301.convert(mz.File((credit,)).content()).total() == Decimal("68.76")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (gds.file(kind="T"), "test file"),
        (gds.file(total="41.51"), "does not add up"),
        (gds.file(gds.insured(more=False)), "made for an insurer"),
        (gds.file()[:-20], "damaged or cut off"),
        (gds.file().replace(b"<Bericht", b'<!DOCTYPE x [<!ENTITY y "z">]><Bericht', 1), "document type"),
        *(
            (gds.file(total=amount), "not written as 12.50")
            for amount in ("x", "41.5", "41", "1E+9", "41.509", "-41.50")
        ),
        (gds.file(gds.insured(gds.treatment(), gds.treatment(euros="-5.00")), total="36.50"), "not written as 12.50"),
        (gds.file(sign="X"), "does not add up"),
    ],
)
def test_gds801_that_is_not_whole_or_for_others_is_refused(content, sentence):
    with pytest.raises(Refused, match=sentence):
        gds801.convert(content, agb_code=AGB_CODE)


def test_a_file_of_another_practice_names_that_practice_and_is_refused(practice):
    for converted in (
        mz301.convert(mz.File(agb="11000022").content()),
        gds801.convert(gds.file(agb="11000022"), agb_code=AGB_CODE),
    ):
        assert loads(converted.content())["provider"] == {"agb_code": "11000022"}
        file = BytesIO(converted.content())
        result = import_stream(file, dry_run=False, today=TODAY, by="test", of=practice)
        assert codes(result) == ["provider-other"]


DAMAGE = (b"", b"\0", b"NaN", b"1e9999999999", b"-1", b'"', b";", b"\r\n", b"\xff", b"9" * 400, b"<!DOCTYPE", b"C")


@given(
    st.sampled_from((mz.many(2).content(), gds.file(gds.insured(), gds.insured(patient="P-2"), total="83.00"))),
    st.lists(st.tuples(st.floats(0, 1), st.sampled_from(DAMAGE), st.integers(0, 20)), min_size=1, max_size=3),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damage_ends_in_a_sentence_or_in_a_batch_without_a_citizen_number(content, damage):
    for where, what, instead_of in damage:
        at = int(where * len(content))
        content = content[:at] + what + content[at + instead_of :]
    try:
        kind = recognising.kind_of(content)
        converted = recognising.convert(kind, content, agb_code=AGB_CODE) if kind in (Kind.MZ301, Kind.GDS801) else None
    except Refused:
        return
    if converted:
        assert gds.BSN.encode() not in converted.content()
        import_stream(BytesIO(converted.content()), dry_run=True, today=TODAY, by="test", problems=converted.problems)
