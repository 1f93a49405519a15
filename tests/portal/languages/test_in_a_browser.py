"""Every core page and state in a real browser, in each language of the menu, on a small phone and on a wide screen.

SCREENSHOTS=/tmp/shots keeps a picture of each, for who looks at the order from right to left, words that are cut off,
and digits and days.
"""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as configured
from django.utils import timezone
from playwright.sync_api import Page

from billing.invoices import holds
from billing.models import ReminderStep
from billing.payments import attempts
from billing.plans import agreements
from helpdesk.genuine import fraud
from portal import languages
from portal.settings import office
from tests import factories, pictures
from tests.accessible_page import faults_of
from tests.billing.invoices.test_history import letter_about
from tests.billing.payments import bank
from tests.browser import follow, listen
from tests.portal.pages.test_steps import announce
from tests.portal.pages.test_templates_in_a_browser import AT_THE_BANK, find

REFUSED = ("403", "404", "409", "422")  # a browser complains about every answer that says no
READERS = (*languages.WHOLE, languages.EASY, *languages.OF_THE_CORE)
SWINDLE = "Betaal € 115,40 via https://rekening-zorg.example.net/ of op NL91 ABNA 0417 1643 00, of bel 06 12345678."
# What reaches over either edge: from right to left it is the left one.
OVER = """() => [...document.querySelectorAll("body *")].filter((one) => one.checkVisibility()
  && !one.closest(".skip, .unseen, svg") && !["BODY", "HTML"].includes(one.tagName))
  .filter((one) => { const box = one.getBoundingClientRect();
    return box.width && (box.left < -0.5 || box.right > document.documentElement.clientWidth + 0.5); })
  .map((one) => one.outerHTML.slice(0, 90))"""

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser, pytest.mark.long]


@pytest.fixture(autouse=True)
def operator(settings):
    """Everything that the contact on each page may show."""
    settings.OPERATOR = settings.OPERATOR | {
        "name": "Rekeningdienst B.V.", "iban": "NL02ABNA0123456789", "phone": "+31 30 123 45 67",
        "email": "hulp@rekeningdienst.example",
    }  # fmt: skip
    settings.OFFICE_WEEK = office.week("ma-vr 9:00-17:00")
    settings.OFFICE_LANGUAGES = ["nl", "en", "tr"]


def invoices():
    """An invoice in each state, by its name."""
    today, of = timezone.localdate(), factories.provider(name="Tandartsenpraktijk De Zonnebloemstraat Noordoost")
    plain = ("open", "rests-decision", "rests-dispute", "rests-fraud", "paid", "stopped", "withdrawn", "plan", "later")
    named = {name: factories.invoice(amount="234.50", provider=of) for name in (*plain, "part")}
    named["overdue"] = factories.invoice(amount="1234.50", issued_on=today - timedelta(days=50), provider=of)
    named["reminded"] = factories.invoice(amount="75.00", issued_on=today - timedelta(days=50), provider=of)
    letter_about(named["reminded"], ReminderStep.Step.REMINDER, sent_on=today - timedelta(days=4))
    holds.place_hold(named["rests-decision"], "awaiting_decision", by="test", until=today)
    holds.place_hold(named["rests-dispute"], "dispute", by="test")
    fraud.rest(named["rests-fraud"].token, today=today)
    first_on = today + timedelta(days=10)
    agreements.agree_installments(named["plan"].pk, count=3, first_on=first_on, by="patient")
    agreements.agree_deferral(named["later"].pk, until=named["later"].due_on + timedelta(days=20), by="patient")
    part = bank.start_part(named["part"], Decimal(100))
    bank.end(part, "paid")
    attempts.sync_payment(part.pk)
    named["withdrawn"].withdrawn_at = timezone.now()
    named["withdrawn"].save(update_fields=["withdrawn_at"])
    announce(named["open"])
    return named


def post(page: Page, **filled: str) -> None:
    """Fill in the form of the page by the names of its fields, and send it."""
    for name, text in filled.items():
        page.locator(f"main [name={name}]").fill(text)
    follow(page.locator("main form:not([action$='/taal/']) button:not([name=entry])").first)


def without_an_invoice(page: Page, home: str) -> Iterator[str]:
    """Go to each page that asks for no invoice."""
    page.goto(home)
    yield "lookup"
    page.locator("#language summary").click()
    yield "menu"
    for name, typed in {"empty": "", "mistyped": "5000 0567 8901 2346", "unknown": "5000 0567 8901 2345"}.items():
        find(page, type("Site", (), {"url": home}), typed)
        yield name
    for name, path in {
        "finished": "/klaar/", "not-found": "/nee/", "ended": "/rekening/aaaaaaaaaaaaaaaaaaaaaaaa/",
        "genuine-paid": "/echt/betaald/", "complaint-general": "/klacht/", "help": "/hulp/", "genuine": "/echt/",
    }.items():  # fmt: skip
        page.goto(home + path)
        yield name
    for name, text in {"genuine-false": SWINDLE, "genuine-ours": "030 123 45 67", "genuine-nothing": "Beste"}.items():
        page.goto(f"{home}/echt/")
        post(page, what=text)
        yield name
    questions = {"help-answer": "Kan ik later betalen?", "help-none": "Faturayı sonra ödeyebilir miyim?"}
    for name, text in (questions | {"help-despair": "intihar"}).items():
        page.goto(f"{home}/hulp/")
        post(page, question=text)
        yield name


def of_payments(page: Page, home: str, named) -> Iterator[str]:
    """Go to the page of a payment in each state."""
    waits, arrived, stopped = bank.start(named["overdue"]), bank.paid(named["paid"]), bank.start(named["stopped"])
    bank.end(stopped, "canceled")
    attempts.sync_payment(stopped.pk)
    page.route(AT_THE_BANK, lambda route: route.fulfill(status=204))  # so that the page that forwards stays
    for name, path in {
        "bank": f"{waits.token}/naar-uw-bank/",
        "waiting": f"{waits.token}/",
        "arrived": f"{arrived.token}/",
        "unpaid": f"{stopped.token}/",
    }.items():
        page.goto(f"{home}/betaling/{path}")
        yield name
    page.unroute(AT_THE_BANK)


def of_invoices(page: Page, home: str, named) -> Iterator[str]:
    """Go to the page of each invoice, and to what may be done with an open one."""
    for name, invoice in named.items():
        find(page, type("Site", (), {"url": home}), invoice.payment_reference)
        yield f"invoice-{name}"
        page.goto(f"{home}/klaar/")
    find(page, type("Site", (), {"url": home}), named["open"].payment_reference)
    own = page.url
    for name, path in {
        "later": "uitstel/", "in-parts": "betalingsregeling/", "steps": "stappen/", "complaint": "klacht/",
        "help-of-invoice": "hulp/",
    }.items():  # fmt: skip
        page.goto(own + path)
        yield name
    for name, path in {"complaint-wrong": "klacht/", "later-wrong": "uitstel/", "later-agreed": "uitstel/"}.items():
        page.goto(own + path)
        if name == "later-wrong":
            page.locator("main input[type=date]").fill("")
        post(page)
        yield name


def wrong_on(page: Page, language: str, complaints: list[str]) -> list[str]:
    """Return everything that should not be so on this page."""
    wrong = [f"console: {one}" for one in complaints if not any(status in one for status in REFUSED)]
    tag = languages.as_tag(language)
    if page.locator("html").get_attribute("lang") != tag:
        wrong.append("it is in another language")
    if (page.locator("html").get_attribute("dir") == "rtl") != (language == "ar"):
        wrong.append("it goes in the wrong direction")
    wrong += [f"over the edge: {one}" for one in page.evaluate(OVER)] + faults_of(page)
    found = Axe().run(page)
    return wrong + ([found.generate_report()] if found.violations_count else [])


@pytest.mark.slow_because("a browser looks at some forty pages, and axe at each of them")
@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("language", READERS)
def test_every_core_page_and_state(sandbox, page, language, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.context.add_cookies([{"name": configured.LANGUAGE_COOKIE_NAME, "value": language, "url": sandbox.url}])
    complaints, wrong, seen = listen(page), {}, 0
    named = invoices()
    for walk in (without_an_invoice(page, sandbox.url), of_payments(page, sandbox.url, named),
                 of_invoices(page, sandbox.url, named)):  # fmt: skip
        for name in walk:
            pictures.keep(page, f"{language}-{width}-{seen:02}-{name}")
            if found := wrong_on(page, language, complaints):
                wrong[name] = found
            complaints.clear()
            seen += 1
    assert seen > 40
    assert not wrong, "\n".join(f"{name}\n    " + "\n    ".join(what) for name, what in wrong.items())
