"""Every page of the patient in a real browser: both languages, both schemes, narrow and wide, and axe at zero."""

import re
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from billing.invoices import holds
from billing.models import Hold, Payment, ReminderStep
from billing.payments import attempts
from portal.pages import payment as payment_page
from tests import factories, pictures
from tests.accessible_page import faults_of, faults_of_keyboard
from tests.billing.invoices.test_history import letter_about
from tests.billing.payments import bank
from tests.browser import follow, listen
from tests.portal.pages.test_steps import announce

AT_THE_BANK = "**/mollie/checkout/**"
_REFUSED = ("403", "404", "409", "422")  # a browser complains about every answer that says no
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def quiet(page):
    """The page, and a complaint for everything its console or its network complains about."""
    complaints = listen(page)
    yield page
    assert [c for c in complaints if not any(status in c for status in _REFUSED)] == []


def find(page, sandbox, typed):
    page.goto(sandbox.url)
    page.get_by_role("textbox").fill(typed)
    follow(page.get_by_role("textbox"), "Enter")


def states(page, sandbox):
    """Go to each page and state in turn; yields its name when it is there."""
    provider = factories.provider(name="Tandartsenpraktijk De Zonnebloemstraat Noordoost")
    is_open = factories.invoice(amount="12345.67", provider=provider)
    late = factories.invoice(issued_on=timezone.localdate() - timedelta(days=50))
    held, paid, stopped = factories.invoice(), factories.invoice(), factories.invoice()
    holds.place_hold(held, "awaiting_decision", by="test", until=timezone.localdate())
    arrived, waits, ended = bank.paid(paid), bank.start(late), bank.start(stopped)
    bank.end(ended, "canceled")
    attempts.sync_payment(ended.pk)
    page.route(AT_THE_BANK, lambda route: route.fulfill(status=204))  # so that the page that forwards stays
    for name, path in {
        "lookup": "/",
        "finished": "/klaar/",
        "not-found": "/nee/",
        "ended": "/rekening/aaaaaaaaaaaaaaaaaaaaaaaa/",
        "to-the-bank": f"/betaling/{waits.token}/naar-uw-bank/",
        "waiting": f"/betaling/{waits.token}/",
        "arrived": f"/betaling/{arrived.token}/",
        "stopped": f"/betaling/{ended.token}/",
    }.items():
        page.goto(sandbox.url + path)
        yield name
    page.unroute(AT_THE_BANK)
    for name, invoice in {"open": is_open, "overdue": late, "on-hold": held, "paid": paid}.items():
        find(page, sandbox, invoice.payment_reference)
        yield name
    page.goto(f"{sandbox.url}/rekening/{announce(is_open).token}/stappen/")
    yield "steps"
    page.goto(f"{sandbox.url}/rekening/{paid.token}/betaalbewijs/")
    yield "proof"
    letter_about(late, ReminderStep.Step.REMINDER, sent_on=timezone.localdate() - timedelta(days=4))
    find(page, sandbox, late.payment_reference)
    yield "reminded"
    page.goto(f"{sandbox.url}/rekening/{late.token}/klacht/")
    yield "complaint"
    follow(page.get_by_role("button", name=re.compile("Volgende|Next")))
    yield "complaint-wrong"
    for path in ("contact", "privacy", "voorwaarden", "toegankelijkheid"):
        page.goto(f"{sandbox.url}/{path}/")
        yield path
    for name, typed in {"mistyped": "5000 0567 8901 2346", "unknown": "5000 0567 8901 2345"}.items():
        find(page, sandbox, typed)
        yield name


@pytest.mark.parametrize(
    ("width", "scheme", "language"),
    [(320, "light", "nl"), (1280, "dark", "en"), pytest.param(390, "dark", "en", marks=pytest.mark.long)],
)
def test_every_page_and_state_is_accessible_and_fits(sandbox, quiet, width, scheme, language):
    quiet.set_viewport_size({"width": width, "height": 800})
    quiet.emulate_media(color_scheme=scheme)
    quiet.context.add_cookies([{"name": "language", "value": language, "url": sandbox.url}])
    for name in states(quiet, sandbox):
        found = Axe().run(quiet)
        assert found.violations_count == 0, f"{name}: {found.generate_report()}"
        assert quiet.evaluate("document.documentElement.scrollWidth") <= width, name
        assert quiet.locator("html").get_attribute("lang") == language, name
        assert quiet.title().endswith(" – Zorgrekening"), name
        small = quiet.evaluate(
            """() => [...document.querySelectorAll("button, .button, .option, input:not([type=hidden], [type=radio])")]
                     .filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 44).map(e => e.outerHTML)"""
        )
        assert small == [], name
        assert faults_of(quiet) == [], name
        if name == "reminded" and width == 320:
            stops, faults = faults_of_keyboard(quiet)
            assert faults == []
            assert stops > 20
        pictures.keep(quiet, f"{name}-{width}-{scheme}-{language}")


def test_the_waiting_page_turns_to_paid_by_itself_and_says_so_aloud(sandbox, quiet):
    payment = bank.start(factories.invoice())
    quiet.goto(f"{sandbox.url}/betaling/{payment.token}/")
    expect(quiet.get_by_role("heading", level=1)).to_have_text("Wij wachten op uw bank")
    bank.end(payment, "paid")
    expect(quiet.get_by_role("status")).to_have_text("Er is nieuws over uw betaling.")
    expect(quiet.get_by_role("heading", level=1)).to_have_text("Dank u wel, uw betaling is binnen")


def test_without_javascript_it_turns_to_paid_too(sandbox, browser):
    payment = bank.start(factories.invoice())
    with browser.new_context(locale="nl-NL", java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{sandbox.url}/betaling/{payment.token}/")
        bank.end(payment, "paid")
        expect(page.get_by_role("heading", level=1)).to_have_text("Dank u wel, uw betaling is binnen")


def test_from_reference_to_the_bank_by_keyboard_alone(sandbox, quiet):
    """The CSP lets the patient through to the bank: a link is no form."""
    invoice = factories.invoice(amount="45.00")
    quiet.goto(sandbox.url)
    quiet.keyboard.press("Tab")
    expect(quiet.get_by_role("link", name="Direct naar de inhoud")).to_be_focused()
    quiet.keyboard.press("Enter")
    quiet.keyboard.press("Tab")
    expect(quiet.get_by_role("textbox", name="Betalingskenmerk")).to_be_focused()
    quiet.keyboard.insert_text(f"Betalingskenmerk: {invoice.payment_reference}")
    quiet.keyboard.press("Enter")
    quiet.wait_for_url("**/rekening/**")
    quiet.get_by_role("button", name="Betaal € 45,00 met iDEAL | Wero").press("Enter")
    quiet.wait_for_url("**/sandbox/**")
    assert Payment.objects.get().status == Payment.Status.OPEN


@pytest.mark.parametrize("javascript", [True, False])
@pytest.mark.parametrize("forwards", [True, False])
def test_one_press_leads_to_a_bank_on_another_site(sandbox, settings, browser, monkeypatch, forwards, javascript):
    """A redirect out of the form would be stopped by the CSP's form-action; our own page that forwards is not."""
    settings.MOLLIE_API_URL = f"{sandbox.url.replace('localhost', '127.0.0.1')}/sandbox/mollie"
    invoice = factories.invoice(amount="45.00")
    if not forwards:
        monkeypatch.setattr(
            payment_page, "reverse",
            lambda name, args=(): (
                Payment.objects.latest("pk").checkout_url if name == "payment_bank" else reverse(name, args=args)
            ),
        )  # fmt: skip
    with browser.new_context(java_script_enabled=javascript, locale="nl-NL") as context:
        page = context.new_page()
        find(page, sandbox, invoice.payment_reference)
        page.get_by_role("button", name="Betaal € 45,00 met iDEAL | Wero").click()
        if not forwards:
            page.wait_for_timeout(1000)
            assert "/rekening/" in page.url
            return
        page.wait_for_url("http://127.0.0.1:*/sandbox/mollie/checkout/**")
        page.go_back()
        assert "/rekening/" in page.url, "the page that forwards is no trap on the way back"


def test_after_done_the_back_button_shows_nothing(sandbox, quiet):
    invoice = factories.invoice()
    find(quiet, sandbox, invoice.payment_reference)
    follow(quiet.get_by_role("button", name="Klaar, wis mijn gegevens"))
    quiet.wait_for_url("**/klaar/")
    quiet.go_back()
    quiet.wait_for_load_state()
    assert invoice.number not in quiet.content()


def test_a_refused_payment_is_explained(sandbox, quiet):
    invoice = factories.invoice()
    find(quiet, sandbox, invoice.payment_reference)
    holds.place_hold(invoice, Hold.STAFF, by="test")
    quiet.get_by_role("button", name="Betaal").click()
    expect(quiet.get_by_role("alert")).to_contain_text("staat stil")
    assert Axe().run(quiet).violations_count == 0


def test_on_paper_it_says_how_to_transfer_and_leads_nowhere(sandbox, quiet, settings):
    settings.OPERATOR = settings.OPERATOR | {"iban": "NL02ABNA0123456789", "name": "Rekeningdienst B.V."}
    find(quiet, sandbox, factories.invoice().payment_reference)
    iban = quiet.get_by_text("NL02 ABNA 0123 4567 89")
    expect(iban).to_be_hidden()
    quiet.emulate_media(media="print")
    expect(iban).to_be_visible()
    for shown in quiet.get_by_role("button").all() + quiet.locator("main > p:not(.lead) > a, .languages").all():
        expect(shown).to_be_hidden()
    quiet.goto(f"{sandbox.url}{reverse('help_with_debts')}")
    for body in quiet.locator("main > section").all():
        expect(body).to_be_visible()


def test_what_cannot_be_told_to_the_computer_is_found(page):
    page.set_content(
        '<h1>Hulp</h1><a href="/a">Hulp</a> <a href="/b">Hulp</a> <a href="/b">Contact</a> <a href="/b">Contact</a>'
        '<button aria-label="Verstuur">Betaal</button> <button>Betaal <span class="unseen">nu</span></button>'
    )
    found = [one for one in faults_of(page) if one.startswith(("two places", "name lacks"))]
    assert found == [
        "two places, one name: hulp",
        'name lacks its label: <button aria-label="Verstuur">Betaal</button>',
    ]
