"""The patient's side of coulance in a real browser: from the offer to the end, with the script and without it."""

import io
import re
from datetime import timedelta

import pytest
from django.utils import timezone
from PIL import Image
from playwright.sync_api import Page, expect

from coulance import decisions, intake, specifications
from coulance.models import CoulanceCase, Specification
from guests.files import storage
from sandbox.models import Message
from tests import factories, pictures
from tests.browser import follow
from tests.coulance.desk.desk_cases import REASON, granted, staff_of
from tests.guests.files import hostile, odd_pictures
from tests.portal.staff.test_staff_in_a_browser import complaints, look  # noqa: F401  a fixture

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
Status = CoulanceCase.Status

PDF = {"name": "specificatie.pdf", "mimeType": "application/pdf", "buffer": hostile.pdf()}
PHOTO = {"name": "foto van de brief.jpg", "mimeType": "image/jpeg", "buffer": hostile.picture("JPEG", (900, 1200))}
NEWER = {"name": "nieuw.png", "mimeType": "image/png", "buffer": hostile.picture("PNG", (300, 400))}
WRONG = {"name": "brief.pdf", "mimeType": "application/pdf", "buffer": hostile.SCRIPT}
BROKEN = {"name": "kapot.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7\n"}


@pytest.fixture
def case(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    invoice = factories.invoice(
        amount="1000.00", provider=factories.provider(name="Tandartsenpraktijk De Zonnebloemstraat Noordoost")
    )
    return intake.offer([invoice], today=timezone.localdate(), by="test")[0]


def enter(page: Page, url: str, case: CoulanceCase) -> str:
    """By the payment reference to the page of the case; its address."""
    page.goto(url)
    page.get_by_role("textbox").fill(case.invoice.payment_reference)
    follow(page.get_by_role("textbox"), "Enter")
    page.wait_for_url("**/rekening/**")
    follow(page.locator("main a[href$='/coulance/']").first)
    page.wait_for_url("**/coulance/")
    return page.url


def send(page: Page, *files: dict[str, object]) -> None:
    page.set_input_files("input[type=file]", list(files))
    page.locator("form.send button").click()


def enter_code(page: Page) -> None:
    """Ask for the code on its page and enter it; the page that it was asked for follows."""
    follow(page.locator("button[name=send]"))
    page.wait_for_selector("input.code")
    code = re.search(r"\b\d{6}\b", Message.objects.order_by("-pk").first().text)
    page.get_by_role("textbox").fill(code.group())
    follow(page.get_by_role("textbox"), "Enter")


def check_all() -> None:
    for row in Specification.objects.filter(status=Specification.Status.RECEIVED):
        specifications.check(row.pk)


@pytest.mark.parametrize(("width", "scheme", "language"), [(320, "light", "nl"), (1280, "dark", "en")])
def test_from_offer_to_decision_it_fits_and_is_accessible(page, sandbox, complaints, case, width, scheme, language):  # noqa: F811
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    page.context.add_cookies([{"name": "language", "value": language, "url": sandbox.url}])

    def seen(state: str) -> None:
        pictures.keep(page, f"coulance-{width}-{scheme}-{language}-{state}")
        look(page, complaints)

    address = enter(page, sandbox.url, case)
    seen("1-offered")
    send(page, PHOTO, WRONG)
    expect(page.locator(".progress .failed")).to_have_count(1)
    expect(page.locator(".progress .done")).to_have_count(1)
    expect(page.locator("input[type=file]")).to_be_focused()
    complaints.clear()  # Chromium reports every answer that is not 200
    seen("2-one-not-taken")
    send(page, PDF, BROKEN)
    page.wait_for_selector(".sent li.received")
    expect(page.locator(".sent > li")).to_have_count(3)
    expect(page.locator(".bill")).to_contain_text("nagekeken" if language == "nl" else "checked")
    seen("3-sent")
    check_all()
    page.goto(address)
    assert page.locator(".sent li.clean").count() == 2
    assert page.locator(".sent li.refused").count() == 1
    seen("4-checked")
    case.refresh_from_db()
    decisions.approve(case, outcome=granted("750.00"), reason=REASON, version=case.version, by=staff_of(case))
    page.goto(address)
    seen("5-lowered")
    follow(page.locator("#send a[href*='/code/']"))
    seen("5b-first-a-code")
    enter_code(page)
    page.wait_for_url(address)
    send(page, NEWER)
    page.wait_for_selector(".sent li.received")
    expect(page.locator("main .amount, main a[href='#send']")).to_have_count(0)
    seen("6-new-file-being-checked")
    check_all()
    page.goto(address)
    expect(page.locator(".sent li form")).to_have_count(1)  # of what was decided with nothing is taken back
    seen("7-opened-again")
    follow(page.locator("main a[href$='/stoppen/']"))
    seen("8-stop")
    follow(page.locator("main .panel button"))
    page.goto(address)
    expect(page.locator("main .amount")).to_contain_text("750")
    seen("9-earlier-decision-stands")


def test_without_javascript_files_are_sent_taken_back_and_the_case_is_stopped(browser, sandbox, case):
    with browser.new_context(
        locale="nl-NL", java_script_enabled=False, viewport={"width": 390, "height": 800}
    ) as context:
        walk_without_javascript(context.new_page(), sandbox, case)
    case.refresh_from_db()
    assert case.status == Status.WITHDRAWN
    assert case.invoice.due_on >= timezone.localdate() + timedelta(days=14)


def walk_without_javascript(page, sandbox, case):
    address = enter(page, sandbox.url, case)
    page.locator("form.send button").click()
    expect(page.get_by_role("alert")).to_contain_text("Kies minstens één bestand")
    send(page, WRONG)
    expect(page.get_by_role("alert")).to_contain_text("brief is geen pdf")
    send(page, PDF, PHOTO)
    expect(page.locator(".sent > li.received")).to_have_count(2)
    expect(page.locator("main")).to_contain_text("Wij kijken ze nu na")
    check_all()
    page.goto(address)
    follow(page.locator(".sent > li.clean button").first)
    expect(page.locator(".sent > li.clean")).to_have_count(1)
    follow(page.locator("main a[href$='/stoppen/'], main a[href*='stop']"))
    enter_code(page)
    expect(page).to_have_url(f"{address}stoppen/")
    follow(page.locator("main .panel button"))
    expect(page.locator("main .amount")).to_contain_text("1.000,00")
    page.goto(address)
    assert page.locator(".stages, .sent, form.send").count() == 0


class TestLargePhotos:
    """The photo of a phone costs its sender little: the browser makes it as small as we keep it."""

    def send_photo(self, page, live_server, case, name, kind, content):
        enter(page, live_server.url, case)
        send(page, {"name": name, "mimeType": kind, "buffer": content})
        expect(page.locator("ul.sent")).to_contain_text(name.rpartition(".")[0])
        return Specification.objects.get()

    def test_a_photo_of_twenty_megabytes_arrives_small_and_sharp(self, page, live_server, case):
        content = odd_pictures.saved("JPEG", odd_pictures.photo((8064, 6048)), quality=100)
        assert len(content) > 20_000_000
        row = self.send_photo(page, live_server, case, "brief.jpg", "image/jpeg", content)
        assert row.size < 3_000_000
        with Image.open(io.BytesIO(storage.get(row))) as picture:
            assert picture.size == (3500, 2625)
            assert picture.convert("L").getpixel((700, 525)) < 110, "the mark, upright"

    def test_what_the_browser_can_not_read_is_sent_as_it_is(self, page, live_server, case):
        content = odd_pictures.saved("HEIF") + b"\0" * 3_000_000
        row = self.send_photo(page, live_server, case, "IMG_0001.HEIC", "image/heic", content)
        assert (row.kind, row.size) == ("heic", len(content))
        specifications.check(row.pk)
        row.refresh_from_db()
        assert (row.status, row.kind, row.name) == ("clean", "jpeg", "IMG_0001.jpg")
