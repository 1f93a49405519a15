"""Whoever knows the payment reference and shows no more: what they may do for a case, and how much of it."""

import re
from urllib.parse import quote_plus

import pytest

from coulance import cases
from coulance.models import CoulanceCase, Specification
from sandbox.models import Message
from tests.coulance.pages.patient import address, case_of, checked, guest, invoice, junk_file, media, page, prove, send  # noqa: F401
from tests.guests.files import hostile

# ruff: noqa: F811  the fixtures of patient.py
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sandbox", "media")]
Status = CoulanceCase.Status


class TestAStranger:
    """Whoever knows no more than the payment reference ends nothing, erases nothing, and shuts nobody out."""

    @pytest.fixture
    def other(self, guest, invoice):
        self.row = checked(guest, invoice)
        return self.browser(guest, invoice)

    def browser(self, guest, invoice):
        browser = type(guest)()
        browser.post("/", {"reference": invoice.payment_reference})
        return browser

    def stored(self):
        return Specification.objects.exclude(stored_name="").exists()

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_ends_no_case_and_is_asked_for_the_code(self, other, invoice, method):
        stop = address(invoice, "coulance_stop")
        answer = getattr(other, method)(stop)
        assert (answer.status_code, answer["Location"]) == (
            303,
            f"{address(invoice, 'code')}?verder={quote_plus(stop)}",
        )
        assert case_of(invoice).status == Status.AT_PROVIDER
        assert self.stored()

    def test_the_code_leads_on_to_where_it_was_asked_for(self, other, invoice):
        code_page = other.post(address(invoice, "coulance_stop"))["Location"]
        assert other.post(code_page, {"send": "first"})["Location"] == code_page
        code = re.search(r"\b\d{6}\b", Message.objects.order_by("-pk").first().text).group()
        assert other.post(code_page, {"code": code})["Location"] == code_page
        assert other.get(code_page)["Location"] == address(invoice, "coulance_stop")

    @pytest.mark.parametrize("elsewhere", ["//evil.example/", "https://evil.example/", "/beheer/", "/rekening/x/"])
    def test_and_nowhere_else(self, guest, invoice, elsewhere):
        prove(guest, invoice)
        assert guest.get(address(invoice, "code"), {"verder": elsewhere}).status_code == 200

    def test_takes_no_file_back(self, other, invoice):
        answer = other.post(address(invoice, "coulance_take_back", self.row.token))
        assert answer.status_code == 303
        assert answer["Location"].startswith(address(invoice, "code"))
        assert self.stored()
        assert case_of(invoice).status == Status.AT_PROVIDER

    def test_reads_neither_names_nor_messages_of_another_browser(self, other, guest, invoice):
        guest.post(address(invoice, "coulance_message"), {"message": "Het gaat om mijn kies."})
        assert "mijn kies" not in page(other, invoice)
        assert "specificatie.pdf" not in page(other, invoice)

    def test_uses_up_his_own_messages_only(self, guest, invoice):
        stranger = self.browser(guest, invoice)
        answers = [
            stranger.post(address(invoice, "coulance_message"), {"message": f"{n}"}).status_code for n in range(12)
        ]
        assert answers.count(303) == cases.MAX_MESSAGES_PER_BROWSER
        assert guest.post(address(invoice, "coulance_message"), {"message": "Van mij."}).status_code == 303

    def test_a_crowd_of_them_leaves_the_patient_what_a_code_opens(self, guest, invoice, settings):
        settings.LOOKUP_SESSIONS_PER_HOUR = 100  # they come from one address here
        for number in range(cases.MAX_MESSAGES):
            self.browser(guest, invoice).post(address(invoice, "coulance_message"), {"message": f"{number}"})
        refused = guest.post(address(invoice, "coulance_message"), {"message": "Van mij."})
        assert refused.status_code == 409
        assert f"{address(invoice, 'code')}?verder=" in refused.content.decode()
        prove(guest, invoice)
        assert guest.post(address(invoice, "coulance_message"), {"message": "Van mij."}).status_code == 303

    def test_junk_files_leave_room_for_those_of_the_patient(self, guest, invoice):
        stranger = self.browser(guest, invoice)
        junk = [junk_file(f"{number}") for number in range(11)]
        assert send(stranger, invoice, *junk[:10]).status_code == 303
        assert send(stranger, invoice, junk[10]).status_code == 409
        assert send(guest, invoice, hostile.pdf()).status_code == 303
        assert send(self.browser(guest, invoice), invoice, *[junk_file(f"b{n}") for n in range(9)]).status_code == 303
        assert send(self.browser(guest, invoice), invoice, junk_file("c")).status_code == 409
        prove(guest, invoice)
        assert send(guest, invoice, junk_file("d")).status_code == 303
