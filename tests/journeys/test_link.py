"""From the mail about a new invoice to the invoice, by its link."""

import re

import pytest

from tests.browser import follow
from tests.journeys.product import wait_for


@pytest.mark.parametrize(
    ("width", "language", "javascript"), [(320, "nl", True), (1280, "en", True), (390, "nl", False)]
)
def test_from_the_mail_to_the_invoice(width, language, javascript, product, visit):
    bill = product.take(language)
    mail = wait_for(lambda: product.mails_about(bill, "invoice_notice"), seconds=60)[0]
    link = re.search(r"/openen/[A-Za-z0-9_-]+/", mail["text"].replace("\n", "")).group(0)
    patient = visit(width=width, javascript=javascript, dark=width == 1280)
    for _visit in range(2):
        patient.open(link)
        patient.speak(language)
        patient.look("link")
        follow(patient.page.locator("main form button"))
        patient.page.wait_for_url(f"**/rekening/{bill.token}/")
        patient.look("invoice")
        patient.says_nothing_personal()
    patient.open(link[:-2] + "_/")
    patient.look("link-over")
    patient.problems = [problem for problem in patient.problems if "404" not in problem]  # the browser's own remark
    follow(patient.page.locator("main a.button"))
    assert patient.page.get_by_role("textbox").count() == 1
