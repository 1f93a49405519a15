"""A practice that chose that the good ones go on: what is wrong or disputed stays behind, the rest is taken."""

from io import BytesIO
from json import dumps

import pytest
from django.utils import translation

from billing.models import Invoice
from portal.intake.batch import import_stream
from portal.intake.checking import CHUNK
from tests import factories
from tests.portal.intake.batch_errors import TODAY
from tests.portal.intake.batches import AGB_CODE, batch, changed, invoice

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def practice():
    with translation.override("en"):
        yield factories.provider(agb_code=AGB_CODE)


def handed_in(content, *, dry_run=False, good_ones=True, **options):
    file = BytesIO(dumps(content).encode())
    return import_stream(file, dry_run=dry_run, today=TODAY, by="test", good_ones=good_ones, **options)


def taken():
    return list(Invoice.objects.order_by("number").values_list("number", flat=True))


def wrong(place):
    return changed(invoice(place), ("lines", 0, "unit_price"), "28,51")


def test_what_is_wrong_stays_behind():
    content = batch(invoice(1), wrong(2), invoice(3))
    shown = handed_in(content, dry_run=True)
    assert (shown.new, shown.error_count, shown.goes_on, taken()) == (2, 1, True, [])
    done = handed_in(content)
    assert (done.new, done.patients_created, done.goes_on, done.wrong) == (2, 2, True, {("invoices", 1)})
    assert taken() == ["2026-00001", "2026-00003"]
    again = handed_in(batch(invoice(1), invoice(2), invoice(3)))
    assert (again.new, again.known, again.error_count) == (1, 2, 0)


def test_all_or_nothing_unless_it_is_asked():
    result = handed_in(batch(invoice(1), wrong(2)), good_ones=False)
    assert (result.new, result.goes_on, taken()) == (0, False, [])


@pytest.mark.parametrize(
    ("content", "left"),
    [
        (batch(invoice(1), invoice(2), invoice(1, due_on="2026-12-24")), ["2026-00002"]),  # one number, two invoices
        (  # one patient number, two addresses
            batch(invoice(1), invoice(2), changed(invoice(3), ("patient",), invoice(1)["patient"] | {"infix": "van"})),
            ["2026-00002"],
        ),
        (  # a correction of a patient who stands on an invoice
            batch(invoice(1), invoice(2))
            | {"format": "invoice-batch/2", "patients": [{"number": "P-1", "email": "andere@post.example"}]},
            ["2026-00002"],
        ),
    ],
)
def test_of_two_that_contradict_each_other_both_stay_behind(content, left):
    result = handed_in(content)
    assert taken() == left
    assert [str(about) for about in result.beside.values()] == ["invoice 2026-00001, number 1 in the file, patient P-1"]


def test_an_invoice_that_was_handed_in_with_other_content_is_left_alone():
    handed_in(batch(invoice(1)))
    result = handed_in(batch(invoice(1, insurer_paid="1.00"), invoice(2)))
    assert ([error.code for error in result.errors], result.new) == (["invoice-differs"], 1)
    assert Invoice.objects.count() == 2


def test_an_error_of_the_file_itself_refuses_all_of_it():
    for content in (batch(invoice(1)) | {"extra": 1}, batch(invoice(1)) | {"provider": {"agb_code": "11999999"}}):
        result = handed_in(content)
        assert (result.file_errors, result.goes_on, taken()) == (1, False, [])


def test_only_the_practice_itself_hands_in_its_file():
    other = factories.provider(agb_code="11000009")
    result = handed_in(batch(invoice(1)), of=other)
    assert ([error.code for error in result.errors], taken()) == (["provider-other"], [])
    assert AGB_CODE not in str(result.errors)


def test_a_long_file_is_read_again_and_told_how_far_it_is(monkeypatch):
    monkeypatch.setattr("portal.intake.checking.CHUNK", 2)
    monkeypatch.setattr("portal.intake.batch.KEPT_BYTES", 0)
    assert CHUNK > 2
    heard = []
    places = range(1, 14)
    content = batch(*(wrong(place) if place % 5 == 0 else invoice(place) for place in places))
    result = handed_in(content, seen=heard.append)
    assert (result.new, result.error_count, len(taken())) == (11, 2, 11)
    assert heard[:7] == list(range(2, 15, 2))
