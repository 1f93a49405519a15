"""Handing in with a real browser: axe at zero, from desk to phone, with the script of the page and without."""

from json import dumps

import pytest
from django.conf import settings
from django.utils import timezone

from billing.models import Invoice, Staff, SubmittedFile
from billing.submission import uploads
from portal.intake import handing_in
from tests import factories
from tests.browser import follow, listen
from tests.portal.intake.adapters.test_formats import SHEET
from tests.portal.intake.batches import AGB_CODE, batch, changed, invoice
from tests.portal.staff.staff_client import signed_in
from tests.portal.staff.test_staff_in_a_browser import look

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


def batch_file(count: int) -> dict[str, object]:
    day = timezone.localdate().isoformat()
    wrong = changed(invoice(0), ("lines", 0, "unit_price"), "28,51")
    content = batch(wrong, *(invoice(place, issued_on=day) for place in range(1, count + 1)))
    return {"name": "november.json", "mimeType": "application/json", "buffer": dumps(content).encode()}


@pytest.mark.parametrize(
    ("width", "scheme", "script"), [(1366, "light", True), (820, "dark", True), (390, "dark", False)]
)
def test_from_a_file_to_its_answer(browser, sandbox, monkeypatch, width, scheme, script):
    practice = factories.provider(agb_code=AGB_CODE)
    uploads.choose(practice, good_ones=True, by="test")
    client = signed_in(factories.staff(provider=practice, role=Staff.Role.APPROVER))
    size = {"width": width, "height": 768}
    context = browser.new_context(locale="nl-NL", java_script_enabled=script, viewport=size, color_scheme=scheme)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": sandbox.url}])
    page = context.new_page()
    complaints = listen(page)

    def seen() -> None:
        if script:
            look(page, complaints)

    page.goto(f"{sandbox.url}/beheer/aanleveren/")
    seen()
    page.set_input_files("#files", files=[batch_file(3)])
    follow(page.get_by_role("button", name="Dit bestand bekijken"), "Enter")
    assert page.get_by_text("Rekening 2026-00000, nummer 1 in het bestand, patiënt P-0").is_visible()
    seen()
    follow(page.get_by_role("button", name="Aanleveren wat klopt"), "Enter")
    assert page.get_by_role("link", name="Voor een spreadsheet (CSV)").is_visible()
    seen()
    assert Invoice.objects.count() == 3
    page.goto(f"{sandbox.url}/beheer/aanleveren/")
    page.set_input_files("#files", files=[{"name": "e.csv", "mimeType": "text/csv", "buffer": SHEET.encode()}])
    follow(page.get_by_role("button", name="Dit bestand bekijken"), "Enter")
    page.wait_for_url("**/kolommen/")
    seen()
    follow(page.get_by_role("button", name="Dit bestand bekijken"), "Enter")
    assert SubmittedFile.objects.first().status == SubmittedFile.Status.CHECKED
    monkeypatch.setattr(handing_in, "AT_ONCE_BYTES", 0)
    follow(page.get_by_role("button", name="Aanleveren"), "Enter")
    assert page.get_by_text("Kijk opnieuw").is_visible()
    seen()
    handing_in.sweep()
    if not script:
        follow(page.get_by_role("link", name="Kijk opnieuw"))
    page.get_by_role("link", name="Voor software (JSON)").wait_for()
    context.close()
