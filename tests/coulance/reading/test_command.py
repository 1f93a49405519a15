"""`manage.py read_specification`: the contract of its JSON."""

import io
import json
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from billing.models import AccessEvent
from coulance.reading import document
from guests.files import cleaning, words
from guests.files.sanitizer.pdf import of_pictures
from tests import factories
from tests.coulance.specimens import drawing, layouts
from tests.coulance.specimens.cases import case_of
from tests.coulance.specimens.reading import ours

KEYS = {"pages", "insurer", "lines", "totals", "checks", "confidence", "proposal", "abstains_because"}


def invoice_of(case):
    """The invoice of a specimen."""
    lines = [factories.line(amount=Decimal(x.declared) / 100, performed_on=x.day.isoformat()) for x in case.lines]
    initials, infix, surname = case.name
    who = factories.patient(
        initials=initials,
        infix=infix,
        surname=surname,
        identity={"date_of_birth": case.born.isoformat(), "insurer_uzovi": "9664"},
    )
    total = Decimal(case.total("declared")) / 100
    return factories.invoice(patient=who, amount=total, lines=lines, number=case.number, issued_on=case.issued_on)


def read(path, *options):
    out = StringIO()
    call_command("read_specification", str(path), *options, stdout=out)
    return json.loads(out.getvalue())


@pytest.fixture
def specimen(tmp_path):
    case = case_of(1)
    path = tmp_path / "paper.pdf"
    path.write_bytes(drawing.pdf(layouts("worked_on")[0].draw(case)))
    return case, path


@pytest.mark.django_db
def test_a_paper_beside_its_invoice(specimen):
    case, path = specimen
    invoice = invoice_of(case)
    told = read(path, "--invoice", invoice.number, "--provider", invoice.provider.agb_code)
    assert told.keys() == KEYS
    assert told["abstains_because"] == []
    assert Decimal(told["proposal"]["granted"]) * 100 == case.total("granted")
    assert Decimal(told["proposal"]["new_due"]) * 100 == case.total("granted")
    assert Decimal(told["proposal"]["deductible"]) * 100 == case.total("deductible")
    assert [line["declared"] for line in told["lines"]] == [f"{x.declared / 100:.2f}" for x in case.lines]
    assert [line["date"] for line in told["lines"]] == [x.day.isoformat() for x in case.lines]
    assert {check["name"] for check in told["checks"]} >= {"invoice_number", "patient", "sums", "declared"}
    assert AccessEvent.objects.filter(invoice=invoice, data="specification compared").count() == 1


@pytest.mark.django_db
def test_without_an_invoice_nothing_is_proposed(specimen):
    case, path = specimen
    told = read(path)
    assert told["proposal"] is None
    assert told["abstains_because"] == ["no_invoice"]
    assert Decimal(told["totals"]["declared"]) * 100 == case.total("declared")


def blank(pages):
    """A checked PDF on which nothing can be seen."""
    sheet = io.BytesIO()
    Image.new("RGB", (42, 59), "white").save(sheet, "JPEG")
    return of_pictures([sheet.getvalue()] * pages)


def test_text_that_the_picture_does_not_show_is_not_believed(specimen):
    case, path = specimen
    reading = document.read(words.of_text(path.read_bytes()), blank(1), cleaning.Kind.PDF, ours(case))
    assert reading.proposal is None
    assert reading.reasons == ("picture_differs",)


def test_more_pages_than_are_read_lead_to_nothing(specimen):
    case, path = specimen
    reading = document.read(words.of_text(path.read_bytes()), blank(6), cleaning.Kind.PDF, ours(case))
    assert (reading.proposal, reading.reasons) == (None, ("too_many_pages",))


@pytest.mark.django_db
def test_refusals(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("no file")
    with pytest.raises(CommandError, match="not a PDF"):
        read(path)
    with pytest.raises(CommandError, match="no file"):
        read(tmp_path / "none")
    with pytest.raises(CommandError, match="both"):
        read(path, "--invoice", "1")
    with pytest.raises(CommandError, match="no invoice"):
        read(path, "--invoice", "1", "--provider", "11012345")
