"""The demo as the office of a practice finds it: with money that came in, a colleague, and a file to hand in."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from playwright.sync_api import Page, Playwright

from tests.journeys.product import Product
from tests.portal.intake import batches

START = "/beheer/"
# What came in before the day began: cash for the wrong invoice, for one that was lowered since, and a euro too little.
_BEFORE = """
import json
from datetime import date
from decimal import Decimal
from django.conf import settings
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice
from banking.payouts import run as payouts
from billing.adjustments import credit_notes
from billing.adjustments.credit_notes import NewCreditNote
from billing.desk.accounts import add_member
from billing.models import Invoice, Membership, Provider, Staff
from billing.payments import receipts
from billing.payments.receipts import Received

approver = Staff.objects.get(username="praktijk")
if not Staff.objects.filter(username="balie").exists():
    add_member("balie", role=Staff.Role.CLERK, provider=approver.provider, by="demo", keeps_password=True)
for number, amount in (("2026-00811", "50.00"), ("2026-00813", "114.04"), ("2026-00127", "108.52")):
    day = date.today()
    received = Received(Decimal(amount), day, road="cash", reference="", reason="kas", by=approver, key=number)
    receipts.report(Invoice.objects.get(number=number), received, today=day)
lowered = NewCreditNote(number="C-1", issued_on=date.today(), reason="te veel", amount=Decimal("40.00"))
credit_notes.take(Invoice.objects.get(number="2026-00813"), lowered, by="demo")
payouts.run(approver.provider, today=date.today())
other = Provider.objects.exclude(pk=approver.provider_id).first()
Membership.objects.create(staff=approver, provider=other, role=approver.role)

def cookies(member):
    client = Client()
    client.force_login(member)
    session = client.session
    session["otp_device_id"] = TOTPDevice.objects.get(user=member).persistent_id
    session.save()
    return {settings.SESSION_COOKIE_NAME: session.session_key, settings.LANGUAGE_COOKIE_NAME: "nl"}

print("READY", json.dumps({
    "cookies": cookies(approver), "of_operations": cookies(Staff.objects.get(username="beheer")),
    "references": dict(Invoice.objects.values_list("number", "payment_reference")),
}))
"""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where it runs, the cookies of an approver and of operations, the references by number, and a batch to hand in."""

    url: str
    cookies: dict[str, str]
    of_operations: dict[str, str]
    references: dict[str, str]
    batch: Path


@contextmanager
def running(folder: Path) -> Iterator[Desk]:
    """The demo on a free port, made ready."""
    (folder / "data").mkdir()
    product = Product(folder / "data")
    try:
        known = [_invoice("2026-00811"), _invoice("2026-00812"), _invoice("2026-00813", patient="P-2012")]
        before = folder / "before.json"
        before.write_text(json.dumps(batches.batch(*known)))
        done = product.manage("import_invoices", str(before))
        assert done.returncode == 0, done.stdout + done.stderr
        said = product.manage("shell", "-c", _BEFORE)
        assert said.returncode == 0, said.stderr
        ready = next(line for line in said.stdout.splitlines() if line.startswith("READY"))
        facts = json.loads(ready.removeprefix("READY"))
        batch = folder / "week48.json"
        handed_in = [_invoice(f"2026-0092{i}", patient=f"P-300{i}") for i in range(10)]
        batch.write_text(json.dumps(batches.batch(*handed_in)))
        yield Desk(product.url, facts["cookies"], facts["of_operations"], facts["references"], batch)
    finally:
        product.stop()


def window(play: Playwright, desk: Desk, cookies: dict[str, str]) -> Page:
    """A window of who has these cookies, on a screen as offices have it."""
    browser = play.chromium.launch(
        executable_path=shutil.which("chromium-headless-shell"), args=["--no-sandbox", "--disable-gpu"]
    )
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="nl-NL")
    context.add_cookies([{"name": name, "value": value, "url": desk.url} for name, value in cookies.items()])
    page = context.new_page()
    page.set_default_timeout(60_000)
    return page


def _invoice(number: str, *, patient: str = "P-2011") -> dict[str, object]:
    issued = date.today() - timedelta(days=3)  # noqa: DTZ011  the day of the machine will do
    made = batches.invoice(number=number, issued_on=issued.isoformat())
    made["patient"] |= {"number": patient, "surname": "Wit", "email": f"{patient.lower()}@post.example"}
    made["lines"][0] |= {"performed_on": (issued - timedelta(days=2)).isoformat(), "quantity": 4}
    return made
