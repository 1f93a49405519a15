"""The full invoice after a code by SMS, on a phone and at a desk, with and without JavaScript."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import follow
from tests.journeys.product import wait_for

MOBILE = "31612345678"


def code_in_sms(product, seen):
    """The code in the first SMS that was not there before."""
    found = wait_for(lambda: [m for m in product.mails_to(MOBILE) if m["id"] not in seen], seconds=20)
    return re.search(r"\b\d{6}\b", found[0]["text"]).group()


@pytest.mark.parametrize(
    ("width", "language", "javascript"), [(320, "nl", True), (1280, "en", True), (390, "nl", False)]
)
def test_from_the_reference_to_the_file_and_the_list(width, language, javascript, product, visit):
    bill = product.take(language)
    patient = visit(width=width, javascript=javascript, dark=width == 1280)
    patient.open()
    patient.speak(language)
    patient.look_up(bill.reference)
    page = patient.page
    follow(page.locator("a[href$='/code/']"))
    page.locator("button[name=send][value=first]").wait_for()
    patient.look("code-before")
    patient.says_nothing_personal()
    seen = {message["id"] for message in product.mails_to(MOBILE)}
    follow(page.locator("button[name=send]"))
    page.get_by_role("textbox").wait_for()
    patient.look("code-sent")
    code = code_in_sms(product, seen)
    page.get_by_role("textbox").fill("000000" if code != "000000" else "000001")
    page.keyboard.press("Enter")
    page.locator("input[aria-invalid=true]").wait_for()
    patient.look("code-wrong")
    page.get_by_role("textbox").fill(f" {code[:3]} {code[3:]}")
    page.keyboard.press("Enter")
    page.locator("a[href$='/rekening.pdf']").wait_for()
    patient.look("document")
    with page.expect_download() as download:
        page.locator("a[href$='/rekening.pdf']").click()
    assert download.value.suggested_filename == "rekening.pdf"
    # The script asks in the background; without it the browser goes there and comes back to this page.
    with page.expect_response("**/langer/") if javascript else page.expect_navigation():
        page.locator(".session-end button").click()
    follow(page.locator("a[href$='/inzage/']"))
    page.wait_for_url("**/inzage/")
    assert page.locator(".looks li").count() == 1
    patient.look("access-list")
    page.go_back()
    follow(page.locator("section.leave button"))
    page.locator("section.leave").wait_for(state="detached")
    patient.look("finished")
    patient.open(f"/rekening/{bill.token}/rekening.pdf")
    assert page.locator(".looks, a[href$='.pdf']").count() == 0


def test_the_page_warns_before_it_closes_and_can_stay_open(product, visit):
    bill = product.take()
    patient = visit()
    patient.page.clock.install()
    patient.open()
    patient.look_up(bill.reference)
    page = patient.page
    assert page.locator(".session-end.soon").count() == 0
    page.clock.fast_forward("13:30")
    page.clock.run_for(2000)
    assert page.locator(".session-end.soon").count() == 1
    assert page.locator(".session-end .live").inner_text()
    patient.page.locator(".session-end button").click()
    expect(page.locator(".session-end .live")).not_to_contain_text("?")
    page.clock.run_for(2000)
    assert page.locator(".session-end.soon").count() == 0
