"""What the terminal of `make demo` promises, tried."""

import base64
import re

import pytest
from django_otp.oath import totp

from tests.browser import follow
from tests.journeys.product import Product

pytestmark = pytest.mark.browser
BANK_PAGES = {
    "bank": "/beheer/bank/",
    "statements": "/beheer/bank/afschriften/",
    "payouts": "/beheer/uitbetalingen/",
    "stand-in-account": "/sandbox/account/",
}


def printed(product: Product, pattern: str) -> list[tuple[str, ...]]:
    """All groups of `pattern` in what the demo printed."""
    return [found.groups() for line in product.output if (found := re.search(pattern, line))]


def test_every_reference_that_it_prints_opens_an_invoice(product, visit):
    references = printed(product, r"^  (\d{16})  (.+)")
    assert len(references) >= 6
    patient = visit(width=390)
    seen = set()
    for reference, _shows in references:
        patient.open()
        patient.look_up(reference)
        seen |= patient.state()
        patient.look(f"reference-{len(seen)}")
    assert {"open", "overdue", "on_hold", "paid"} <= seen


def test_staff_get_in_with_what_it_prints(product, visit):
    ((password, secret),) = printed(product, r"^  beheer +password (\S+) .*secret: ([A-Z2-7 ]+)\)")
    key = base64.b32decode(secret.replace(" ", ""))
    staff = visit()
    staff.open("/beheer/")
    page = staff.page
    page.locator("input[name=username]").fill("beheer")
    page.locator("input[name=password]").fill(password)
    page.locator("input[name=code]").fill(f"{totp(key):06d}")
    follow(page.locator("main button[type=submit], main input[type=submit]").first)
    assert page.url == f"{product.url}/beheer/"
    assert page.locator("input[name=password]").count() == 0
    staff.look("staff-start")
    read_a_statement(staff)
    for name, path in BANK_PAGES.items():
        staff.open(path)
        staff.fits(name)
        page.set_viewport_size({"width": 320, "height": 900})
        staff.look(name)
        page.set_viewport_size({"width": 1280, "height": 900})


def read_a_statement(staff):
    """A transfer at the stand-in bank, and its statement at the desk: the script sends the file and shows progress."""
    page = staff.page
    staff.open(BANK_PAGES["stand-in-account"])
    page.locator("#amount").fill("12,50")
    page.locator("#text").fill("tandarts, bedankt")
    follow(page.locator("button[value=pay_in]"))
    content = page.request.get(f"{staff.home}/sandbox/account/1.xml").body()
    staff.open(BANK_PAGES["statements"])
    page.locator("#files").set_input_files({"name": "dag.xml", "mimeType": "text/xml", "buffer": content})
    follow(page.locator("form.send button.main"))
    assert "Alle bestanden zijn gelezen." in page.locator(".messagelist").inner_text()


def test_a_second_one_on_the_same_port_is_refused_with_a_sentence(product):
    result = product.manage("demo")
    assert result.returncode == 1
    assert f"Port {product.port} is in use" in result.stderr
    assert "Traceback" not in result.stderr


def test_other_commands_meet_the_demo_without_settings(product):
    """In a second terminal: nothing is set there but where the data lies."""
    bare = {name: value for name, value in product.environment.items() if name not in ("SANDBOX", "PORT")}
    before, product.environment = product.environment, bare
    try:
        result = product.manage(
            "shell", "-v", "0", "-c", "from django.conf import settings; print(settings.PUBLIC_URL)"
        )
    finally:
        product.environment = before
    assert result.stdout.strip() == product.url


def test_no_token_and_no_address_stands_in_the_log(product, visit):
    bill = product.take()
    patient = visit()
    patient.open()
    patient.look_up(bill.reference)
    patient.open(f"/rekening/{bill.token}/nothing-here/")
    patient.problems = [one for one in patient.problems if "404" not in one]  # Chromium reports the answer it got
    log = "\n".join(product.output)
    assert "method=GET path=/rekening/…/ status=200" in log
    assert bill.token not in log
    assert bill.reference not in log
    assert "post.example" not in log
