"""The assistant on a small phone and by keyboard, and the page of its owner: what fits, and what axe says."""

import pytest
from playwright.sync_api import Page

from helpdesk.assistant import unanswered
from tests import factories
from tests.browser import follow
from tests.coulance.desk.test_desk_in_a_browser import enter
from tests.portal.staff.test_staff_in_a_browser import complaints, look  # noqa: F401  a fixture

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


def ask(page, question):
    page.get_by_label("Uw vraag").fill(question)
    follow(page.get_by_label("Uw vraag"), "Enter")
    page.locator("#reply").wait_for()
    assert page.evaluate("document.activeElement.id") == "reply", "a screen reader begins at the answer"
    assert "?" not in page.url


def test_from_an_invoice_by_keyboard_on_a_small_phone(page: Page, sandbox, complaints):  # noqa: F811
    page.set_viewport_size({"width": 320, "height": 700})
    invoice = factories.invoice(amount="100.00")
    page.goto(sandbox.url)
    page.get_by_role("textbox").fill(invoice.payment_reference)
    follow(page.get_by_role("textbox"), "Enter")
    page.wait_for_url("**/rekening/**")
    follow(page.get_by_role("main").get_by_role("link", name="Digitale hulp", exact=True))
    look(page, complaints)
    ask(page, "Hoeveel moet ik nog betalen?")
    page.get_by_text("U moet nog").wait_for()
    look(page, complaints)
    ask(page, "iets met een brief")
    look(page, complaints)
    follow(page.locator(".titles button").first, "Enter")
    page.get_by_role("heading", name="Bedoelt u").wait_for(state="detached")
    ask(page, "ik zie het niet meer zitten")
    look(page, complaints)


def test_the_owner_reads_what_had_no_answer(page: Page, sandbox, complaints):  # noqa: F811
    unanswered.keep("kunnen jullie mijn parkeerkaart verlengen", "nl")
    enter(page, sandbox.url, factories.staff(role="operations", provider=None))
    page.goto(f"{sandbox.url}/beheer/vragen/")
    look(page, complaints)
    follow(page.get_by_role("button", name="Ik heb het gelezen"))
    page.get_by_text("Er wacht geen vraag").wait_for()
