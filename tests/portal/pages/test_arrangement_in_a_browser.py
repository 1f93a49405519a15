"""Paying later in a real browser: the plan on the page is always the plan of the day in the field."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from billing.models import PaymentPlan
from tests import factories
from tests.browser import follow, listen

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def invoice(db):
    return factories.invoice(amount="100.00")


def go(page, sandbox, invoice, name="plan"):
    page.goto(sandbox.url)
    page.get_by_role("textbox").fill(invoice.payment_reference)
    follow(page.get_by_role("textbox"), "Enter")
    page.goto(sandbox.url + reverse(name, args=[invoice.token]))


def in_days(days):
    return (timezone.localdate() + timedelta(days=days)).isoformat()


def test_another_day_shows_its_plan_and_an_impossible_year_none(sandbox, page, invoice):
    complaints = listen(page)
    go(page, sandbox, invoice)
    day = page.locator("#id_first_on")
    day.fill(in_days(9))
    expect(page.locator("input[name=shown_on]")).to_have_value(in_days(9))
    page.locator("label[for=count-3]").click()
    day.fill("2028-12-28")
    expect(page.locator("#choices")).to_be_hidden()
    page.get_by_role("button", name="Toon de dagen en bedragen").click()
    expect(page.get_by_role("alert").first).to_contain_text("Kies een dag van")
    expect(page.locator(".summary")).to_be_focused()
    assert day.input_value() == "2028-12-28", "refused, and not made into another day"
    assert not PaymentPlan.objects.exists()
    assert complaints == []


def test_without_a_script_a_changed_day_is_shown_before_it_is_agreed(sandbox, browser, invoice):
    with browser.new_context(java_script_enabled=False, locale="nl-NL") as context:
        page = context.new_page()
        go(page, sandbox, invoice)
        page.locator("#id_first_on").fill(in_days(12))
        page.locator("label[for=count-2]").click()
        follow(page.get_by_role("button", name="Ik ga akkoord met deze regeling"))
        expect(page.locator(".summary")).to_contain_text("U koos een andere dag")
        expect(page.locator(".summary")).to_be_focused()
        follow(page.get_by_role("button", name="Ik ga akkoord met deze regeling"))
        expect(page.get_by_role("heading", level=1)).to_contain_text("staat klaar")
    assert PaymentPlan.objects.get().installments.first().due_on.isoformat() == in_days(12)


@pytest.mark.parametrize("javascript", [True, False])
def test_after_an_error_the_summary_has_the_focus(sandbox, browser, javascript):
    with browser.new_context(java_script_enabled=javascript, locale="nl-NL") as context:
        page = context.new_page()
        page.goto(sandbox.url)
        page.get_by_role("textbox").fill("12")
        follow(page.get_by_role("textbox"), "Enter")
        expect(page.locator(".summary")).to_be_focused()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_role("textbox")).to_be_focused()


def test_the_bar_with_the_time_never_hides_what_has_the_focus(sandbox, page, invoice, settings):
    """WCAG 2.4.11: from the first warning on, each control that Tab reaches lies above the bar."""
    settings.GUEST_IDLE_SECONDS = 110
    page.set_viewport_size({"width": 390, "height": 640})
    go(page, sandbox, invoice)
    bar = page.locator(".session-end.soon")
    expect(bar).to_have_count(1)
    assert bar.evaluate("bar => getComputedStyle(bar).position") == "sticky"
    reached = 0
    for _ in range(25):
        page.keyboard.press("Tab")
        page.wait_for_timeout(30)
        hidden = page.evaluate(
            """() => {
                const bar = document.querySelector(".session-end"), focused = document.activeElement;
                if (focused === document.body || bar.contains(focused)) return null;
                const box = focused.getBoundingClientRect();
                const over = bar.getBoundingClientRect();
                return box.bottom > over.top + 1 && box.top < over.bottom - 1;
            }"""
        )
        if hidden is not None:
            reached += 1
            assert not hidden, page.evaluate("document.activeElement.outerHTML")
    assert reached > 8
    page.set_viewport_size({"width": 390, "height": 400})
    assert bar.evaluate("bar => getComputedStyle(bar).position") == "static", "a keyboard on the screen leaves no room"


def test_what_was_chosen_is_kept_when_the_time_is_over(sandbox, page, invoice, settings):
    settings.GUEST_IDLE_SECONDS = 8
    go(page, sandbox, invoice)
    page.locator("label[for=count-3]").click()
    page.wait_for_url(sandbox.url + "/")
    expect(page.locator(".notice").last).to_contain_text("bewaard wat u heeft ingevuld")
    page.get_by_role("textbox").fill(invoice.payment_reference)
    follow(page.get_by_role("textbox"), "Enter")
    page.wait_for_url("**/betalingsregeling/")
    expect(page.locator("#count-3")).to_be_checked()
