"""Other formats at the desk: a spreadsheet asks what its columns are, once; nothing that is stored has a BSN in it."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from billing.encryption import unseal
from billing.models import AccessEvent, Invoice, StoredFile, SubmittedFile
from billing.storage import files
from billing.submission import uploads
from tests.portal.intake.adapters import made_gds801, made_mz301
from tests.portal.intake.adapters.test_formats import SHEET
from tests.portal.intake.desk.test_pages import ADDRESS, acted, clerk, practice  # noqa: F401  fixtures

pytestmark = pytest.mark.django_db
Status = SubmittedFile.Status
BSN = b"123456782"


def sent(client, content, name="export.csv"):
    return client.post(ADDRESS, {"files": SimpleUploadedFile(name, content)}, follow=True)


def stored_bytes():
    """All that is stored of files, opened."""
    rows = SubmittedFile.objects.exclude(stored_name="")
    return b"".join(unseal(files.read(row.stored_name), bound_to=row.content_bound_to) for row in rows) + b"".join(
        str(row.facts).encode() for row in rows
    )


def test_a_spreadsheet_asks_for_its_columns_once(clerk, practice):  # noqa: F811
    answer = sent(clerk, SHEET.encode())
    row = SubmittedFile.objects.get()
    there = f"{ADDRESS}{row.pk}/kolommen/"
    assert answer.redirect_chain[-1][0] == there
    page = answer.content.decode()
    assert "Columns with citizen numbers (BSN) were left out, and are stored nowhere: BSN." in page
    assert '<option value="patient.surname" selected>' in page
    assert AccessEvent.objects.filter(data=f"columns of file {row.pk}").count() == 1
    fields = list(row.facts["fields"])
    without = ["" if field == "number" else field for field in fields]
    refused = clerk.post(there, {"field": without})
    assert (refused.status_code, "No column is chosen yet for: invoice number." in refused.content.decode()) == (
        422,
        True,
    )
    twice = ["number" if field == "city" else field for field in fields]
    assert "Two columns can&#x27;t both be: invoice number." in clerk.post(there, {"field": twice}).content.decode()
    page = clerk.post(there, {"field": fields}, follow=True).content.decode()
    row.refresh_from_db()
    assert (row.status, row.new) == (Status.CHECKED, 1), page
    acted(clerk, row, "hand_in")
    assert (row.status, Invoice.objects.get().number) == (Status.DONE, "2026-9")
    again = sent(clerk, SHEET.replace("2026-9", "2026-10").encode())
    assert "Everything in this file is right" in again.content.decode()
    assert BSN not in stored_bytes()
    clerk_may_not = clerk.post(f"{ADDRESS}keuze/", {"forget": "yes"})
    assert clerk_may_not.status_code == 403
    uploads.forget_columns(practice)
    assert sent(clerk, SHEET.replace("2026-9", "2026-11").encode()).redirect_chain[-1][0].endswith("/kolommen/")


def test_an_error_names_the_row_of_the_spreadsheet(clerk, practice):  # noqa: F811
    sent(clerk, SHEET.replace("28,51", "28,5x").encode())
    row = SubmittedFile.objects.get()
    page = clerk.post(f"{ADDRESS}{row.pk}/kolommen/", {"field": row.facts["fields"]}, follow=True).content.decode()
    assert "Line 2: price:" in page
    assert "row 3 of the file" in page


def test_vektis_files_are_taken_and_hold_no_citizen_number(clerk):  # noqa: F811
    day = timezone.localdate()
    mz301 = made_mz301.File(issued_on=f"{day:%Y%m%d}").content()
    gds801 = made_gds801.file().replace(b"2026-11-02", f"{day:%Y-%m-%d}".encode())
    for content in (mz301, gds801):
        assert BSN in content
        page = sent(clerk, content).content.decode()
        row = SubmittedFile.objects.first()
        assert "Only hand in what patients have to pay themselves." in page
        assert f"The new invoices together: €{row.facts['found']['cents'] / 100:.2f}." in page
        acted(clerk, row, "hand_in")
        assert (row.status, row.new) == (Status.DONE, 1)
    assert BSN not in stored_bytes()
    assert StoredFile.objects.count() == 2


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"PK\x03\x04", "Save the sheet as CSV"),
        (b'{"bsn": "123456782"}', "There are citizen numbers (BSN) in this file."),
        (b"%PDF-1.7", "know this kind of file"),
        (b"", "This file is empty."),
        (made_mz301.File(total=5).content(), "This file does not add up"),
    ],
)
def test_what_can_not_be_read_is_not_stored(clerk, content, sentence):  # noqa: F811
    page = sent(clerk, content).content.decode()
    assert sentence in page
    assert not SubmittedFile.objects.exists()
