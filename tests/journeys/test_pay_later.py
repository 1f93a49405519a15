"""A patient who can't pay now arranges it alone, and pays in parts."""

from datetime import date, timedelta

import pytest

from tests.browser import follow


@pytest.mark.parametrize(
    ("language", "width", "javascript"), [("nl", 320, True), ("en", 1280, True), ("nl", 320, False)]
)
def test_arrange_installments_and_pay_the_first_and_then_the_rest(product, visit, language, width, javascript):
    bill = product.take(language)
    patient = visit(width=width, javascript=javascript)
    patient.open()
    patient.speak(language)
    patient.look_up(bill.reference)
    follow(patient.page.locator("a[href$='/betalingsregeling/']"))
    patient.look("options")
    first = (date.today() + timedelta(days=4)).isoformat()  # noqa: DTZ011  the day of the machine will do
    patient.page.locator(".days input").fill(first)
    if not javascript:
        follow(patient.page.locator(".days button"))
    patient.page.wait_for_selector(f"form.choice input[name=shown_on][value='{first}']", state="attached")
    patient.page.locator("label[for=count-3]").click()
    patient.look("chosen")
    follow(patient.page.locator("#choices button"))
    patient.page.wait_for_selector("main a[href$='betaaldagen.ics']")
    assert patient.page.locator("main ol.terms li").count() == 3
    patient.says_nothing_personal()
    patient.look("agreed")
    follow(patient.page.locator(f"main a[href$='/rekening/{bill.token}/']"))
    for amount in ("19.01", "38.01"):
        patient.until("plan")
        patient.look("plan")
        patient.page.locator(f"form.pays button[value='{amount}']").click()
        patient.page.wait_for_url("**/checkout/**")
        patient.choose("pay")
        patient.until("paid")
        patient.look("paid")
        follow(patient.page.locator(f"main a[href$='/rekening/{bill.token}/']"))
    patient.until("paid")


def test_get_another_day(product, visit):
    bill = product.take("nl")
    patient = visit(width=320)
    patient.open()
    patient.look_up(bill.reference)
    follow(patient.page.locator("a[href$='/uitstel/']"))
    patient.look("another-day")
    follow(patient.page.locator("main form.panel button"))
    patient.look("agreed")
    with patient.page.expect_download() as download:
        patient.page.locator("a[href$='betaaldagen.ics']").click()
    assert download.value.suggested_filename.endswith(".ics")
