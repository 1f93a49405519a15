"""The staff site in a real browser: axe at zero and nothing refused by the headers, light and dark, desk to phone."""

from base64 import b32decode

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from billing import audit
from billing.colleagues import invitations
from billing.models import Membership, OutboxMessage, Staff, StaffTask
from portal.staff import idle
from tests import factories
from tests.browser import follow, listen
from tests.portal.staff.staff_client import code_of, enrolled

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def complaints(page):
    """Everything that the console or the network of the page complains about. Asked before axe reads the sheets
    itself, which the headers refuse."""
    return listen(page)


def look(page: Page, complaints: list[str]) -> None:
    """The page fits, complains of nothing and is accessible. What axe sees on a tablet it saw on the desk too."""
    page.wait_for_load_state()  # a click returns when the next page has begun, with nothing of it there to measure
    assert complaints == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{page.url} is wider than the screen"
    rooms = {820: 150, 1280: 105, 1366: 105}.get(page.viewport_size["width"] if page.viewport_size else 0, 60)
    assert page.evaluate("document.querySelector('nav.menu')?.offsetHeight ?? 0") <= rooms, "the menu takes the page"
    if page.viewport_size and page.viewport_size["width"] == 820:
        return
    violations = Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in violations] == [], page.url
    complaints.clear()


def fill_in(page: Page, member: Staff, code: str) -> None:
    page.fill("#id_username", member.username)
    page.fill("#id_password", factories.PASSWORD)
    page.fill("#id_code", code)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def rows(provider) -> dict[str, object]:
    invoice = factories.invoice(provider=provider)
    audit.open_task(StaffTask.Kind.SURPLUS, dedupe_key="1", invoice=invoice, note="credit")
    message = OutboxMessage.objects.create(
        kind="receipt",
        invoice=invoice,
        language="nl",
        recipient="a@post.example",
        subject="Wij hebben uw betaling ontvangen",
        text="Goedendag",
        html="",
        dedupe_key="1",
        status=OutboxMessage.Status.FAILED,
        error="550 " + "x" * 80,
    )
    return {
        "invoice": invoice,
        "patient": invoice.patient,
        "stafftask": StaffTask.objects.get(),
        "outboxmessage": message,
    }


def find_by_keyboard(page: Page, complaints: list[str]) -> None:
    """Nobody touches the mouse from any page to a patient: the field, what was found, and the first of it."""
    factories.patient(surname="Vriesema"), factories.patient(surname="Bakker")
    page.keyboard.press("/")
    page.keyboard.type("vries")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    look(page, complaints)
    assert page.locator(".found > li").count() == 2
    assert "vries" not in page.url
    page.keyboard.press("ArrowDown")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "/billing/patient/" in page.url
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "sought"


@pytest.mark.parametrize(
    ("width", "scheme"), [(390, "dark"), (1280, "light"), pytest.param(820, "light", marks=pytest.mark.long)]
)
def test_every_page_is_accessible_and_fits(page, sandbox, complaints, width, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    member, key = enrolled(role=Staff.Role.OPERATIONS)
    shown = rows(factories.provider())
    page.goto(f"{sandbox.url}/beheer/")
    look(page, complaints)
    fill_in(page, member, "123")
    look(page, complaints)
    fill_in(page, member, code_of(key))
    look(page, complaints)
    find_by_keyboard(page, complaints)
    paths = ["herstelcodes/", "password_change/", "billing/staff/add/", f"billing/staff/{member.pk}/change/"]
    paths += [f"billing/staff/{member.pk}/password/", f"billing/staff/{member.pk}/history/", "billing/"]
    for table, row in shown.items():
        paths += [f"billing/{table}/", f"billing/{table}/{row.pk}/change/"]
    paths += [f"billing/patient/{shown['patient'].pk}/gegevens/", f"rekening/{shown['invoice'].pk}/regels/"]
    for path in [*paths, "billing/posting/", "billing/payment/", "billing/auditevent/", "cijfers/"]:
        page.goto(f"{sandbox.url}/beheer/{path}")
        look(page, complaints)


@pytest.mark.parametrize(
    ("width", "scheme"), [(390, "dark"), (1366, "light"), pytest.param(820, "light", marks=pytest.mark.long)]
)
def test_the_pages_of_people_are_accessible_and_fit(page, sandbox, complaints, width, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{sandbox.url}/beheer/wachtwoord-vergeten/")
    look(page, complaints)
    member, key = enrolled(role=Staff.Role.APPROVER)
    Membership.objects.create(staff=member, provider=factories.provider(name="De Eik"), role="clerk")
    factories.staff(provider=member.provider)
    invitation = invitations.invite("nieuw@linde.example", "clerk", by=member)
    page.goto(f"{sandbox.url}/beheer/uitnodiging/{invitations.link_of(invitation)}/")
    look(page, complaints)
    page.goto(f"{sandbox.url}/beheer/")
    fill_in(page, member, code_of(key))
    patient = rows(member.provider)["patient"].pk
    for path in ("", "collegas/", "rechten/", f"patient/{patient}/taak/", f"patient/{patient}/betaler/"):
        page.goto(f"{sandbox.url}/beheer/{path}")
        look(page, complaints)
    page.locator("#practice").select_option(label="De Eik")
    follow(page.get_by_role("button", name="Voor deze praktijk werken"))
    assert "De Eik" in page.locator(".who").inner_text()


def test_a_new_member_gets_in_without_javascript(browser, sandbox):
    member = factories.staff()
    context = browser.new_context(locale="nl-NL", java_script_enabled=False, viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.goto(f"{sandbox.url}/beheer/")
    fill_in(page, member, "")
    secret = page.locator(".secret").inner_text()
    assert page.locator(".qr svg").bounding_box()["width"] > 200
    page.get_by_role("textbox").fill(code_of(hex_of(secret)))
    follow(page.get_by_role("button", name="Bevestigen").or_(page.get_by_role("button", name="Confirm")))
    assert page.locator(".codes li").count() == 10
    follow(page.locator("a.main"))
    assert page.url == f"{sandbox.url}/beheer/"
    context.close()


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_a_new_member_chooses_a_password_first(page, sandbox, complaints, width, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    member, key = enrolled(password_given=True)
    page.goto(f"{sandbox.url}/beheer/")
    fill_in(page, member, code_of(key))
    assert page.get_by_text("Iemand anders heeft uw wachtwoord gemaakt").is_visible()
    look(page, complaints)
    page.locator("[name=old_password]").fill(factories.PASSWORD)
    for name in ("new_password1", "new_password2"):
        page.locator(f"[name={name}]").fill("zorgrekening2026")
    follow(page.locator("[type=submit]").last)
    assert page.get_by_text("Anderen kunnen dit wachtwoord raden").is_visible()
    look(page, complaints)
    page.locator("[name=old_password]").fill(factories.PASSWORD)
    for name in ("new_password1", "new_password2"):
        page.locator(f"[name={name}]").fill("paard-batterij-anders")
    follow(page.locator("[type=submit]").last)
    page.goto(f"{sandbox.url}/beheer/")
    assert page.url == f"{sandbox.url}/beheer/"


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
def test_who_is_about_to_be_signed_out_is_asked_and_leaves_when_the_time_is_over(
    page, sandbox, complaints, settings, width, scheme
):
    settings.STAFF_IDLE_SECONDS = 110  # within the two minutes of the warning
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    member, key = enrolled()
    page.goto(f"{sandbox.url}/beheer/")
    fill_in(page, member, code_of(key))
    page.get_by_text("U wordt over twee minuten uitgelogd").wait_for()
    look(page, complaints)
    settings.STAFF_IDLE_SECONDS = 3600
    page.get_by_role("button", name="Ingelogd blijven").click()
    page.get_by_text("U blijft ingelogd.").wait_for()
    settings.STAFF_IDLE_SECONDS = 3
    page.goto(f"{sandbox.url}/beheer/")
    page.wait_for_url("**/beheer/login/**")  # by itself


def test_pages_left_open_neither_extend_the_session_nor_sign_out_somebody_at_work_in_another(
    page, sandbox, settings, monkeypatch
):
    monkeypatch.setattr(idle, "_SEEN_EVERY_SECONDS", 0)  # as one minute is to an hour
    settings.STAFF_IDLE_SECONDS = 15
    member, key = enrolled()
    page.goto(f"{sandbox.url}/beheer/")
    fill_in(page, member, code_of(key))
    page.goto(f"{sandbox.url}/beheer/herstelcodes/")
    page.wait_for_timeout(6000)
    other = page.context.new_page()
    other.goto(f"{sandbox.url}/beheer/")
    with page.expect_response("**/beheer/blijven/") as asked:  # its own time is over
        pass
    assert asked.value.json()["seconds"] > 0
    assert page.url.endswith("/herstelcodes/")
    for left in (page, other):
        left.wait_for_url("**/beheer/login/**")
    assert "U deed een uur lang niets" in page.content() + other.content()


def hex_of(secret: str) -> str:
    return b32decode(secret.replace(" ", "")).hex()
