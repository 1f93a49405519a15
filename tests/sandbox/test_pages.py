"""The bank and the mailbox in a real browser: usable at 320 px, light and dark, without a single axe violation."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone

from sandbox import mailbox, payments
from sandbox.models import Payment
from tests import pictures
from tests.sandbox.test_inbox import mail

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


def payment(sandbox, status="open"):
    fields = {
        "amount_cents": 123456,
        "description": "2026-00123",
        "redirect_url": f"{sandbox.url}/sandbox/?back",
        "locale": "nl_NL",
    }
    row = payments.create(fields=fields, now=timezone.now())
    if status != "open":
        payments.close(row, status=status, now=timezone.now())
    return row


def addresses(sandbox):
    """Every kind of page, filled."""
    is_open, is_paid, is_expired = (payment(sandbox, status) for status in ("open", "paid", "expired"))
    payments.refund(is_paid, cents=1000, now=timezone.now())
    payments.charge_back(is_paid, cents=2000, now=timezone.now())
    letter = mail("Wij hebben uw betaling ontvangen, hartelijk dank daarvoor")
    text = mailbox.store_sms(to="+31612345678", sender="Zorg", text="Uw code is 123456", now=timezone.now())
    return {
        "checkout": f"/sandbox/mollie/checkout/{is_open.reference}/",
        "checkout-ended": f"/sandbox/mollie/checkout/{is_paid.reference}/",
        "state-paid": f"/sandbox/mollie/state/{is_paid.reference}/",
        "state-expired": f"/sandbox/mollie/state/{is_expired.reference}/",
        "overview": "/sandbox/",
        "inbox": "/sandbox/inbox/",
        "mail": f"/sandbox/inbox/{letter.pk}/",
        "sms": f"/sandbox/inbox/{text.pk}/",
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_every_page_is_accessible_and_fits(sandbox, page, scheme, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    for name, address in addresses(sandbox).items():
        page.goto(sandbox.url + address)
        found = Axe().run(page)
        assert found.violations_count == 0, f"{name}: {found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        pictures.keep(page, f"{name}-{scheme}-{width}")
    assert complaints == []


def test_a_person_pays_with_the_keyboard_and_comes_back(sandbox, page):
    row = payment(sandbox)
    page.goto(f"{sandbox.url}/sandbox/mollie/checkout/{row.reference}/")
    for _ in range(2):  # past the link that skips to the content
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/sandbox/?back")
    assert Payment.objects.get().status == "paid"


def test_a_formatted_mail_runs_no_script_and_fetches_nothing(sandbox, page):
    answered = []
    row = mail(
        html="<img src='/static/x.png'><p id=p style='color:rgb(1,2,3)'>a</p><script>document.title='run'</script>"
    )
    page.on("response", lambda response: answered.append(response.url))
    page.goto(f"{sandbox.url}/sandbox/inbox/{row.pk}/html/")
    assert answered == [page.url]
    assert page.title() != "run"
    assert page.evaluate("getComputedStyle(document.getElementById('p')).color") == "rgb(1, 2, 3)"
