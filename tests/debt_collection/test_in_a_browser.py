"""The pages of collection in a browser: what fits on a small phone and at the desk, and what axe says."""

import pytest
from playwright.sync_api import Page

from tests import factories
from tests.browser import follow
from tests.coulance.desk.test_desk_in_a_browser import enter
from tests.debt_collection.cases import agency, handed_over, ready
from tests.portal.staff.test_staff_in_a_browser import complaints, look  # noqa: F401  a fixture

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


def test_the_patient_and_the_desk_see_who_has_it(page: Page, sandbox, complaints):  # noqa: F811
    page.set_viewport_size({"width": 320, "height": 800})
    invoice, to_come = ready(), ready()
    case = handed_over(invoice, to=agency())
    page.goto(sandbox.url)
    page.get_by_role("textbox").fill(invoice.payment_reference)
    follow(page.get_by_role("textbox"), "Enter")
    page.wait_for_url("**/rekening/**")
    look(page, complaints)
    follow(page.get_by_role("link", name="Bekijk hoe u betaalt"))
    look(page, complaints)
    follow(page.get_by_role("button", name="Vraag om meer tijd"))
    page.get_by_text("U heeft om meer tijd gevraagd.").wait_for()
    page.set_viewport_size({"width": 1280, "height": 1000})
    enter(page, sandbox.url, factories.staff(role="operations", provider=None))
    page.goto(f"{sandbox.url}/beheer/incasso/")
    look(page, complaints)
    follow(page.get_by_role("link", name=to_come.number))
    look(page, complaints)
    page.goto(f"{sandbox.url}/beheer/incasso/{case.pk}/")
    look(page, complaints)
    page.goto(f"{sandbox.url}/beheer/incasso/bureaus/")
    look(page, complaints)
