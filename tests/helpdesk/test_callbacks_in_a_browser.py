"""Asking to be called on a small phone, by keyboard, from the card that stands on every page."""

import pytest
from playwright.sync_api import Page

from helpdesk.models import Callback
from tests.browser import follow
from tests.helpdesk.test_callbacks import week  # noqa: F401
from tests.portal.staff.test_staff_in_a_browser import complaints, look  # noqa: F401  a fixture

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


def test_a_time_is_chosen_and_said_back(page: Page, sandbox, complaints):  # noqa: F811
    page.set_viewport_size({"width": 320, "height": 700})
    page.goto(f"{sandbox.url}/contact/")
    follow(page.locator("#contact").get_by_role("link", name="Laat u terugbellen"))
    page.get_by_label("Wanneer zullen wij bellen?").select_option(index=1)
    page.get_by_label("Uw telefoonnummer").fill("06 12345678")
    look(page, complaints)
    follow(page.get_by_role("button", name="Bel mij dan"), "Enter")
    page.get_by_role("heading", name="Wij bellen u op").wait_for()
    look(page, complaints)
    assert "12345678" not in page.content()
    assert Callback.objects.get().tries == 0
