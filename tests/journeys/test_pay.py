"""From a practice's file to a paid invoice, as a patient walks it."""

import pytest

from tests.browser import follow

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("language", "width", "javascript"),
    [("nl", 320, True), ("nl", 1280, False), ("en", 320, False), ("en", 1280, True)],
)
def test_find_pay_and_get_the_receipt(product, visit, language, width, javascript):
    bill = product.take(language)
    patient = visit(width=width, javascript=javascript)
    patient.open()
    patient.speak(language)
    patient.look("lookup")
    patient.look_up(" ".join(bill.reference[i : i + 4] for i in range(0, 16, 4)))
    assert patient.state() == {"open"}
    assert bill.reference not in patient.page.url
    patient.says_nothing_personal()
    patient.look("invoice")
    patient.pay()
    patient.look("bank")
    patient.choose("pay")
    assert "/betaling/" in patient.page.url
    patient.until("paid")
    patient.says_nothing_personal()
    patient.look("paid")
    follow(patient.page.locator(f"main a[href$='/rekening/{bill.token}/']"))
    assert patient.state() == {"paid"}
    patient.look("invoice-paid")

    mail = product.receipt(bill)
    assert mail["subject"]
    assert f'lang="{language}"' in mail["html"]
    assert ("57,02" if language == "nl" else "57.02") in mail["text"]
    assert "Periodieke" not in mail["text"] + mail["html"]
    assert len(product.receipts(bill)) == 1


def test_pay_with_the_keyboard_alone(product, visit):
    bill = product.take()
    patient = visit()
    patient.open()
    patient.page.get_by_role("textbox").focus()
    patient.page.keyboard.type(bill.reference)
    _enter(patient)
    assert patient.state() == {"open"}
    _tab_to(patient, "form[action$='/betalen/'] button")
    _enter(patient)
    patient.page.wait_for_url("**/checkout/**")
    _tab_to(patient, "button[value=pay]")
    _enter(patient)
    patient.until("paid")


def _enter(patient):
    with patient.page.expect_navigation():
        patient.page.keyboard.press("Enter")


def _tab_to(patient, selector):
    patient.page.wait_for_selector(selector)
    for _ in range(30):
        patient.page.keyboard.press("Tab")
        if patient.page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} is not reached with the Tab key")


def test_pay_and_close_the_browser(product, visit):
    """The webhook alone brings the news, and the receipt."""
    bill = product.take()
    patient = visit(width=320)
    patient.open()
    patient.look_up(bill.reference)
    patient.pay()
    patient.choose("pay_and_close")
    patient.look("closed")
    patient.page.context.close()
    assert product.receipt(bill)

    later = visit(width=320)
    later.open()
    later.look_up(bill.reference)
    assert later.state() == {"paid"}
    later.look("later")


@pytest.mark.parametrize("choice", ["cancel", "fail", "expire"])
def test_not_paid_and_then_paid_after_all(product, visit, choice):
    bill = product.take()
    patient = visit(width=320)
    patient.open()
    patient.look_up(bill.reference)
    patient.pay()
    patient.choose(choice)
    patient.until("overdue")  # the look of what needs attention
    patient.look("unpaid")
    patient.pay()
    patient.choose("pay")
    patient.until("paid")
    assert product.receipt(bill)
    assert len(product.receipts(bill)) == 1


@pytest.mark.parametrize("javascript", [True, False], ids=["js", "nojs"])
def test_the_page_that_waits_turns_to_paid(product, visit, javascript):
    """By itself with JavaScript; by its own refresh without."""
    bill = product.take()
    patient = visit(width=320, javascript=javascript)
    patient.open()
    patient.look_up(bill.reference)
    patient.pay()
    bank = patient.page.url
    patient.choose("stay_open")
    assert patient.state() == {"waiting"}
    patient.look("waiting")

    phone = visit(width=390)
    phone.page.goto(bank)
    phone.choose("pay_and_close")
    patient.until("paid")
    patient.look("paid")


def test_what_the_patient_sees_in_the_dark(product, visit):
    bill = product.take()
    patient = visit(width=390, dark=True)
    patient.open()
    patient.look("lookup")
    patient.look_up(bill.reference)
    patient.look("invoice")
    patient.pay()
    patient.look("bank")
    patient.choose("cancel")
    patient.until("overdue")
    patient.look("unpaid")
    patient.pay()
    patient.choose("pay")
    patient.until("paid")
    patient.look("paid")


def test_a_typing_mistake_is_explained_and_leads_nowhere(product, visit):
    bill = product.take()
    wrong = bill.reference[:-1] + str((int(bill.reference[-1]) + 1) % 10)
    patient = visit(width=320)
    patient.open()
    patient.look_up(wrong)
    assert patient.page.get_by_role("textbox").get_attribute("aria-invalid") == "true"
    assert patient.page.title()
    patient.look("typing-mistake")
    patient.look_up(bill.reference)
    assert patient.state() == {"open"}


def test_done_erases_what_the_browser_knew(product, visit):
    bill = product.take()
    patient = visit()
    patient.open()
    patient.look_up(bill.reference)
    page = patient.page.url
    follow(patient.page.locator("section.leave button"))
    patient.look("finished")
    patient.page.goto(page)
    assert patient.page.locator(".panel.bill").count() == 0
    patient.look("session-ended")


def test_two_windows_never_pay_twice(product, visit):
    bill = product.take()
    first, second = visit(), visit()
    for patient in (first, second):
        patient.open()
        patient.look_up(bill.reference)
    first.pay()
    second.pay()
    assert first.page.url == second.page.url  # one attempt is shared
    first.choose("pay")
    assert product.receipt(bill)
    second.open(f"/rekening/{bill.token}/")
    assert second.state() == {"paid"}
    assert second.page.locator("form[action$='/betalen/']").count() == 0
