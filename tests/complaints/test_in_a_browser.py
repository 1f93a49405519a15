"""A complaint in a real browser: by a patient on a small phone without the script, and at the desk."""

import re

import pytest
from playwright.sync_api import Page

from complaints import filing, handling
from complaints.file import proof
from complaints.models import Complaint, ComplaintFile
from tests import factories
from tests.browser import follow
from tests.coulance.conftest import media  # noqa: F401
from tests.coulance.desk.test_desk_in_a_browser import enter
from tests.guests.files import hostile
from tests.portal.staff.test_staff_in_a_browser import complaints, look  # noqa: F401  a fixture

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser, pytest.mark.usefixtures("media")]
PHOTO = {"name": "afschrift.png", "mimeType": "image/png", "buffer": hostile.picture("PNG", (300, 400))}


def fits_too(page: Page, width: int) -> None:
    """The same page on another screen: nothing is wider than it."""
    before = page.viewport_size
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{page.url} at {width}"
    page.set_viewport_size(before)


def seen(page: Page, found: list[str], *, also: int) -> None:
    look(page, found)
    fits_too(page, also)


def go_on(page: Page) -> None:
    follow(page.get_by_role("button", name="Volgende"))


def test_a_patient_complains_on_a_small_phone_and_a_larger_one(page, sandbox, complaints):  # noqa: F811
    page.set_viewport_size({"width": 320, "height": 700})
    invoice = factories.invoice(amount="100.00")
    page.goto(sandbox.url)
    page.get_by_role("textbox").fill(invoice.payment_reference)
    follow(page.get_by_role("textbox"), "Enter")
    page.wait_for_url("**/rekening/**")
    follow(page.get_by_role("link", name=re.compile("klopt niet", re.IGNORECASE)))
    page.locator("label[for=subject-letters]").click()
    seen(page, complaints, also=390)
    go_on(page)
    page.get_by_label(re.compile("Wat is er gebeurd")).fill("Ik kreeg nooit een brief, wel kosten.")
    go_on(page)
    page.set_input_files("input[type=file]", PHOTO)
    follow(page.locator("button[name=add]"))
    page.locator(".sent .name", has_text="afschrift.png").wait_for()
    seen(page, complaints, also=390)
    go_on(page)
    page.locator("input[name=email]").fill("iemand@post.example")
    seen(page, complaints, also=390)
    go_on(page)
    seen(page, complaints, also=390)
    follow(page.get_by_role("button", name=re.compile("klacht")).first)
    page.wait_for_url("**/klacht/*/")
    complaint = Complaint.objects.get()
    assert complaint.number in page.locator("h1").inner_text()
    for row in ComplaintFile.objects.all():
        proof.check(row.pk)
    page.reload()
    page.get_by_role("link", name=re.compile("afschrift.png")).wait_for()
    look(page, complaints)
    page.set_viewport_size({"width": 390, "height": 800})
    look(page, complaints)


def test_staff_open_answer_and_learn(page, sandbox, complaints):  # noqa: F811
    page.set_viewport_size({"width": 1280, "height": 1000})
    staff = factories.staff(role="operations", provider=None)
    said = filing.Said(story="Ik kreeg nooit een brief.", email="iemand@post.example", for_somebody="Mevrouw Jansen")
    complaint = filing.file(said, subject="letters", invoice_id=factories.invoice(amount="100.00").pk)
    handling.acknowledge(complaint.pk, text="Ik ben Anna.", staff=staff)
    enter(page, sandbox.url, staff)
    page.goto(f"{sandbox.url}/beheer/klachten/")
    seen(page, complaints, also=820)
    follow(page.get_by_role("link", name=complaint.number))
    seen(page, complaints, also=820)
    page.locator("#id_found_1").fill("De brief kwam terug.")
    page.locator("#id_decision_1").select_option("not_upheld")
    follow(page.locator("button[value=answer]"))
    page.locator("#cause").select_option("not_delivered")
    page.locator("#because").fill("het adres is al verbeterd")
    follow(page.locator("button[value=learn]"))
    page.locator("#learn").wait_for()
    seen(page, complaints, also=820)
    page.goto(f"{sandbox.url}/beheer/klachten/lessen/")
    seen(page, complaints, also=820)
    complaint.refresh_from_db()
    assert (complaint.status, complaint.lesson.cause) == ("answered", "not_delivered")
