"""The page of statements: files handed in, what came of each in a sentence, and how far each account is known."""

import zipfile
from datetime import timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from banking.matching.lines import match_new
from banking.models import BankLine, OutgoingOrder, Statement, StatementFile
from banking.orders import agreeing
from billing.models import Staff
from tests import factories
from tests.banking import lines
from tests.banking.camt_files import Pay, document, statement
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db
ADDRESS = "/beheer/bank/afschriften/"


@pytest.fixture
def desk():
    lines.account()
    return signed_in(factories.staff(role=Staff.Role.OPERATIONS))


def sent(desk, *files: tuple[str, bytes]) -> str:
    """Hand these files in; return the page that follows."""
    given = [SimpleUploadedFile(name, content) for name, content in files]
    answer = desk.post(ADDRESS, {"files": given} if given else {}, follow=True)
    assert answer.redirect_chain == [(reverse("admin:bank_statements"), 303)]
    return answer.content.decode()


def day_file(days_ago: int, opening: str, *amounts: str, **other: str) -> bytes:
    on = timezone.localdate() - timedelta(days=days_ago)
    pays = [Pay(amount, on, f"nota {n}", "NL44RABO0123456789", "P. Bakker") for n, amount in enumerate(amounts)]
    return document(statement(pays, opening, on, **other))


def test_a_file_is_read_once_and_the_worker_finds_the_invoices(desk):
    content = day_file(1, "100.00", "25.00", "-3.00")
    assert "2 nieuwe regels" in sent(desk, ("dag.xml", content))
    assert set(BankLine.objects.values_list("status", flat=True)) == {"new"}
    assert StatementFile.objects.get().by.startswith("staff:")
    page = sent(desk, ("dag.xml", content))
    assert "al gelezen: er is niets veranderd." in page
    assert "Er ontbreekt geen regel." in page
    assert "€ 122,00" in page.replace("\xa0", " ")
    assert match_new().unmatched == 2


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "Het bestand is leeg."),
        (b"%PDF-1.7 afschrift", "Dit is geen bankafschrift"),
        (b"PK\x03\x04broken", "Het zipbestand is beschadigd"),
        (day_file(1, "0.00", "25.00", closing="24.00"), "telt niet op"),
        (day_file(1, "0.00", "25.00", iban="NL20INGB0001234567"), "is niet van ons"),
        (day_file(1, "0.00", "25.00")[:-40], "XML"),
        (day_file(-3, "0.00", "25.00"), "een dag die nog moet komen"),
    ],
)  # fmt: skip
def test_a_file_that_is_refused_says_why_and_the_list_keeps_it(desk, content, sentence):
    page = sent(desk, ("dag.xml", content))
    assert page.count(sentence) == 2, "in the message and in the list"
    assert not Statement.objects.exists()
    assert StatementFile.objects.get().status == StatementFile.Status.REFUSED


def test_each_of_several_files_is_told_by_itself_and_a_missing_day_is_shown(desk):
    page = sent(
        desk, ("een.xml", day_file(9, "0.00", "10.00")), ("fout.xml", b"x"), ("drie.xml", day_file(7, "15.00", "1.00"))
    )
    assert "“fout.xml”: Dit is geen bankafschrift" in page
    assert Statement.objects.count() == 2
    assert "samen € 5,00" in page.replace("\xa0", " ")
    assert "nieuwere afschriften" in page


def test_the_script_brings_the_files_one_by_one_and_shows_each_sentence(desk):
    content = day_file(1, "100.00", "25.00")
    by_script = {"headers": {"Accept": "application/json"}}

    def brings(name: str, content: bytes, **last: str):
        return desk.post(ADDRESS, {"files": SimpleUploadedFile(name, content), **last}, **by_script)

    refused = brings("fout.xml", b"x")
    assert (refused.status_code, "geen bankafschrift" in refused.json()["error"]) == (422, True)
    first = brings("dag.xml", content).json()
    assert (first["sent"], "1 nieuwe regel" in first["said"]) == (True, True)
    assert brings("nog.xml", content, last="1").json()["sent"]
    assert "Alle bestanden zijn gelezen." in desk.get(ADDRESS).content.decode()
    assert desk.post(ADDRESS, {}, **by_script).status_code == 422
    assert BankLine.objects.count() == 1


def test_no_file_is_said_and_one_that_is_too_large_changes_nothing(desk, settings):
    assert "Kies eerst het bestand van de bank." in sent(desk)
    settings.UPLOAD_MAX_BYTES = 1024**2
    large = b"<a>" + b" " * 1024**2
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.xml", large)
    page = sent(desk, ("groot.xml", large), ("groot.zip", packed.getvalue()))
    assert page.count("Er zit meer dan 1 MB in.") == 2
    assert not StatementFile.objects.exists()


def test_a_large_body_is_read_of_staff_with_two_factors_alone():
    big = SimpleUploadedFile("groot.xml", b"<a>" * 40_000)
    stranger = Client()
    assert stranger.post(ADDRESS, {"files": big}).status_code == 302
    clerk = signed_in(factories.staff(role=Staff.Role.CLERK, provider=factories.provider()))
    big.seek(0)
    assert clerk.post(ADDRESS, {"files": big}).status_code == 403
    assert not StatementFile.objects.exists()


def test_what_nobody_claimed_is_proposed_to_be_sent_back_by_two_people(desk):
    sent(desk, ("oud.xml", day_file(20, "0.00", "25.00")), ("nieuw.xml", day_file(3, "25.00", "30.00")))
    match_new()
    late = BankLine.objects.get(amount=Decimal("25.00"))
    start = desk.get(reverse("admin:index")).content.decode()
    assert "?alleen=unclaimed" in start
    listed = desk.get(reverse("admin:bank") + "?alleen=unclaimed").content.decode()
    assert listed.count('class="queue-row bank-row') == 1
    page = desk.get(reverse("admin:bank_line", args=[late.pk])).content.decode()
    assert "Voorstel: stuur het terug" in page
    key = page.partition('name="key" value="')[2].partition('"')[0]
    given = {"key": key, "act": "send_back", "reason": "Niemand eiste het op."}
    assert desk.post(reverse("admin:bank_line", args=[late.pk]), given).status_code == 303
    order = OutgoingOrder.objects.get()
    assert agreeing.approve(order, by=factories.staff(role=Staff.Role.OPERATIONS))
    young = BankLine.objects.get(amount=Decimal("30.00"))
    assert "Voorstel: stuur het terug" not in desk.get(reverse("admin:bank_line", args=[young.pk])).content.decode()
