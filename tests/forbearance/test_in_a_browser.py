"""Whoever can't pay, on a small phone, and the desk: what fits, and what axe says."""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from forbearance import reports
from forbearance.models import Forbearance
from tests import factories
from tests.browser import follow
from tests.coulance.desk.test_desk_in_a_browser import enter
from tests.portal.staff.test_staff_in_a_browser import complaints, look  # noqa: F401  a fixture

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


def test_a_breathing_space_on_a_small_phone(page: Page, sandbox, complaints):  # noqa: F811
    page.set_viewport_size({"width": 390, "height": 800})
    invoice = factories.invoice(amount="100.00")
    page.goto(sandbox.url)
    page.get_by_role("textbox").fill(invoice.payment_reference)
    follow(page.get_by_role("textbox"), "Enter")
    page.wait_for_url("**/rekening/**")
    follow(page.get_by_role("link", name="Ik kan dit nu niet betalen"))
    look(page, complaints)
    follow(page.get_by_role("button", name="Adempauze beginnen"))
    page.get_by_text(re.compile("U heeft rust tot en met")).wait_for()
    look(page, complaints)
    assert Forbearance.objects.count() == 1
    follow(page.get_by_role("link", name="Bekijk wie kan helpen"))
    look(page, complaints)
    page.goto(f"{sandbox.url}/niet-kunnen-betalen/")
    look(page, complaints)


def test_staff_report_and_end(page: Page, sandbox, complaints):  # noqa: F811
    page.set_viewport_size({"width": 1280, "height": 1000})
    invoice = factories.invoice(amount="100.00")
    said = reports.Said(kind="deceased", since=timezone.localdate(), why="De zoon belde.")
    reports.report(invoice.patient_id, said, by="staff:anna")
    enter(page, sandbox.url, factories.staff(role="operations", provider=None))
    page.goto(f"{sandbox.url}/beheer/")
    follow(page.get_by_role("link", name="Meld een patiënt die ontzien moet worden"))
    look(page, complaints)
    page.goto(f"{sandbox.url}/beheer/ontzien/")
    look(page, complaints)
    follow(page.get_by_role("link", name=invoice.patient.number))
    look(page, complaints)
