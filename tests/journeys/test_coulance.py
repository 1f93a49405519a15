"""Both sides of coulance: a patient on a phone sends the specification, the practice lowers the amount on a tablet."""

import base64
import json
import re
import sys
import time
from typing import Any

import pytest
from django_otp.oath import totp
from playwright.sync_api import Page

from tests.browser import follow
from tests.guests.files import hostile
from tests.journeys.product import Bill, Product, batch, wait_for

pytestmark = pytest.mark.browser
NUMBER, MOBILE = "J-coulance-1", "+31687654321"
PAID_OUT, DEDUCTIBLE, NEW_TOTAL = "30,00", "12,02", "42,02"  # of an invoice of 57.02
MAIL_SECONDS = 5


def hand_in(product: Product) -> Bill:
    """One invoice more of the practice, with coulance, for a patient with a phone of their own."""
    content: dict[str, Any] = batch(each=1)
    invoice = content["invoices"][0] | {"number": NUMBER, "coulance": True}
    email = f"{NUMBER.lower()}@post.example"
    invoice["patient"] |= {"number": f"P-{NUMBER}", "email": email, "mobile": MOBILE}
    file = product.folder / "coulance.json"
    file.write_text(json.dumps(content | {"invoices": [invoice]}))
    result = product.manage("import_invoices", str(file))
    assert result.returncode == 0, result.stdout + result.stderr
    find = f"row = Invoice.objects.get(number='{NUMBER}'); print(row.payment_reference, row.token)"
    shown = product.manage("shell", "-v", "0", "-c", f"from billing.models import Invoice; {find}")
    reference, token = shown.stdout.split()
    return Bill(NUMBER, reference, token, email)


def sign_in(product: Product, page: Page) -> None:
    """The practice's own staff, with the password and the code app that the demo printed."""
    pattern = r"^  praktijk +password (\S+) .*secret: ([A-Z2-7 ]+)\)"
    ((password, secret),) = (found.groups() for line in product.output if (found := re.search(pattern, line)))
    page.locator("input[name=username]").fill("praktijk")
    page.locator("input[name=password]").fill(password)
    page.locator("input[name=code]").fill(f"{totp(base64.b32decode(secret.replace(' ', ''))):06d}")
    follow(page.locator("#login-form button"))


def plain(text: str) -> str:
    return text.replace("\xa0", " ")


def test_from_the_invoice_on_hold_to_the_receipt_of_the_lower_amount(product, visit, capsys):
    bill = hand_in(product)
    patient = visit(width=390)
    send_specification(product, patient, bill)
    mail, seconds = decide(product, visit(width=820), bill)
    with capsys.disabled():
        sys.stdout.write(f"\nFrom the decision to the mail: {seconds:.1f} s\n")
    assert seconds <= MAIL_SECONDS
    pay_the_new_total(product, patient, bill, mail)
    result = product.manage("verify_ledger")
    assert result.returncode == 0, result.stdout + result.stderr


def send_specification(product, patient, bill):
    """From the invoice on hold to the file that the patient sees again, behind a code by SMS."""
    patient.open()
    patient.look_up(bill.reference)
    assert patient.state() == {"on_hold"}
    patient.look("on-hold")
    page = patient.page
    follow(page.locator(f"main a[href$='/{bill.token}/coulance/']").first)
    page.locator("input[type=file]").set_input_files(
        {"name": "specificatie.pdf", "mimeType": "application/pdf", "buffer": hostile.pdf()}
    )
    patient.look("file-chosen")
    page.locator("form.send button.button").click()
    page.locator(".sent li.clean").wait_for()
    patient.look("file-checked")
    seen = {message["id"] for message in product.mails_to(MOBILE.removeprefix("+"))}
    page.locator(".sent li.clean a").click()
    follow(page.locator("button[name=send]"))
    page.get_by_role("textbox").fill(sms_code(product, seen))
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/rekening/{bill.token}/coulance/")
    with page.expect_download() as download:
        page.locator(".sent li.clean a").click()
    assert download.value.path().read_bytes().startswith(b"%PDF-")


def sms_code(product, seen):
    found = wait_for(lambda: [m for m in product.mails_to(MOBILE.removeprefix("+")) if m["id"] not in seen], seconds=20)
    return re.search(r"\b\d{6}\b", found[0]["text"]).group()


def decide(product, staff, bill):
    """What the insurer granted, entered and approved: the mail, and the seconds from the decision to its delivery."""
    page = staff.page
    staff.open("/beheer/")
    staff.look("staff-sign-in")
    sign_in(product, page)
    staff.look("desk")
    follow(page.locator(".queue a", has_text=bill.number))
    page.fill("#id_paid_out", PAID_OUT)
    page.fill("#id_deductible", DEDUCTIBLE)
    assert NEW_TOTAL in page.locator("#live-due").inner_text()
    page.fill("#id_reason", "Uw verzekeraar vergoedt een deel.")
    staff.look("case")
    start = time.monotonic()
    page.locator("button[value=approve]").click(no_wait_after=True)
    (mail,) = wait_for(lambda: product.mails_about(bill, "coulance_adjusted"), seconds=30)
    seconds = time.monotonic() - start
    page.locator(".messagelist").wait_for()
    staff.look("after")
    return mail, seconds


def pay_the_new_total(product, patient, bill, mail):
    """By the link in the mail to the invoice, to the practice's bank, to the receipt."""
    assert f"€ {NEW_TOTAL}" in plain(mail["text"])
    assert "vergoedt" not in mail["text"] + mail["html"]
    link = re.search(r"/openen/[A-Za-z0-9_-]+/", mail["text"].replace("\n", "")).group(0)
    patient.open(link)
    follow(patient.page.locator("main form button"))
    patient.page.wait_for_url(f"**/rekening/{bill.token}/")
    assert patient.state() == {"open"}
    assert NEW_TOTAL in patient.page.locator("main .panel").first.inner_text()
    patient.look("lowered")
    patient.pay()
    assert NEW_TOTAL in patient.page.locator("body").inner_text()
    patient.choose("pay")
    patient.until("paid")
    patient.look("paid")
    assert f"€ {NEW_TOTAL}" in plain(product.receipt(bill)["text"])
    patient.open(f"/rekening/{bill.token}/")
    assert patient.state() == {"paid"}
    assert len(product.receipts(bill)) == 1
