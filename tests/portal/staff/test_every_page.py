"""Every page of the desk in a real browser, with the demo and a row of every table: in six set-ups that pair each width
with each language, scheme and size of text."""

from collections.abc import Iterator

import pytest
from django.conf import settings as current
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page

from banking.models import PayoutTerms
from billing.models import OutboxMessage, Provider, Staff, StaffTask
from portal.management.commands import demo as demo_command
from portal.ops import demo
from tests import factories
from tests.browser import listen
from tests.portal.staff import walking
from tests.portal.staff.staff_client import signed_in
from tests.portal.staff.test_staff_matrix import ADDRESSES, address, filled

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser, pytest.mark.long]
SETUPS = (
    (820, "nl", "light", 100), (820, "en", "dark", 200), (1366, "nl", "dark", 100), (1366, "en", "light", 200),
    (1920, "nl", "light", 200), (1920, "en", "dark", 100),
)  # fmt: skip
MARK = "KANARIEPIET"
STRANGERS = {"login", "forgotten"}
OF_A_SESSION = {"logout", "stay", "catch all"}  # they end or only prolong what the walk stands on
FEWEST = 150  # pages of the roles together


@pytest.fixture
def rows():
    demo_command.fill(timezone.localdate())
    practice = Provider.objects.get(agb_code=demo.AGB_CODE)
    PayoutTerms.objects.filter(provider=practice).delete()  # each table has a row of our own
    return filled(practice, MARK)


def clients(rows) -> dict[str, Client]:
    """Who walks, by role."""
    practice = rows["provider"]
    return {
        "stranger": Client(),
        "approver": signed_in(factories.staff(role=Staff.Role.APPROVER, provider=practice, username="beslisser")),
        "operations": signed_in(factories.staff(role=Staff.Role.OPERATIONS, provider=None, username="beheer")),
    }


def pages(client: Client, role: str, rows) -> Iterator[tuple[str, str]]:
    """Name and path of each page that this role gets: no file, nothing that leads elsewhere."""
    for name, route in ADDRESSES:
        is_file = "." in route and "change" not in route
        if is_file or name in OF_A_SESSION or (name in STRANGERS) != (role == "stranger"):
            continue
        path = address(name, route, rows)
        answer = client.get(path)
        answer.close()
        if answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html"):
            yield name, path


def open_page(browser: Browser, client: Client, url: str, setup) -> Page:
    width, language, scheme, size = setup
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, locale={"nl": "nl-NL", "en": "en-GB"}[language]
    )
    cookies = {current.LANGUAGE_COOKIE_NAME: language}
    if current.SESSION_COOKIE_NAME in client.cookies:
        cookies[current.SESSION_COOKIE_NAME] = client.cookies[current.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies.items()])
    page = context.new_page()
    pixels = 16 * size // 100
    context.new_cdp_session(page).send("Page.setFontSizes", {"fontSizes": {"standard": pixels, "fixed": pixels}})
    return page


def said_by_people() -> set[str]:
    """Texts that people wrote or got, and names: in the language that they are in."""
    care = {description for description, _price in demo.CARE.values()}
    mails = OutboxMessage.objects.values_list("subject", flat=True)
    notes = StaffTask.objects.values_list("note", flat=True)
    return {*care, *mails, *notes, *Staff.objects.values_list("username", flat=True)}


@pytest.mark.slow_because("a browser looks at some 170 pages, and goes through each by the Tab key")
@pytest.mark.parametrize("setup", SETUPS, ids=lambda one: "-".join(map(str, one)))
def test_every_page_of_the_desk(sandbox, browser, rows, setup):
    _width, language, _scheme, size = setup
    wrong: dict[str, list[str]] = {}
    walkers = clients(rows)
    seen, data = 0, said_by_people()
    for role, client in walkers.items():
        page = open_page(browser, client, sandbox.url, setup)
        complaints = listen(page)
        for name, path in pages(client, role, rows):
            complaints.clear()
            page.goto(sandbox.url + path)
            page.wait_for_load_state()
            found = [f"console: {one}" for one in complaints] + walking.wrong_at_a_glance(page, language, data=data)
            if size == 100:
                found += walking.wrong_by_keyboard(page)
            found += walking.wrong_by_axe(page)
            seen += 1
            if found:
                wrong[f"{role} {path} ({name})"] = found
        page.context.close()
    assert seen >= FEWEST
    assert not wrong, "\n".join(f"{where}\n    " + "\n    ".join(what) for where, what in wrong.items())
