"""A person at a real browser, who notices everything that should not be there."""

import re
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request

from tests import pictures
from tests.browser import follow

NEWS_MILLISECONDS = 30_000
# By how many pixels a page is too wide, and which elements reach over its edge; empty when it fits.
WIDER = """() => {
    const width = document.documentElement.clientWidth, wider = document.documentElement.scrollWidth - width;
    const over = [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > width);
    return wider > 0 ? `${wider}: ${over.slice(0, 8).map((one) => `${one.tagName}.${one.className}`)}` : "";
}"""


class Visitor:
    """One browser window at `home`. Problems are gathered while walking; the fixture fails the test on any."""

    def __init__(self, context: BrowserContext, *, home: str, name: str, javascript: bool) -> None:
        self.home, self.name, self.javascript = home, name, javascript
        self.problems: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.problems.append(f"script error: {error}"))
        self.page.on("request", self._on_request)
        self._steps = 0

    def _on_console(self, message: ConsoleMessage) -> None:
        """Violations of the Content-Security-Policy arrive here as errors."""
        if message.type in ("error", "warning"):
            self.problems.append(f"console: {message.text}")

    def _on_request(self, request: Request) -> None:
        if urlsplit(request.url).netloc != urlsplit(self.home).netloc and not request.url.startswith("data:"):
            self.problems.append(f"request to a stranger: {request.url}")

    def open(self, path: str = "/") -> None:
        self.page.goto(self.home + path)

    def speak(self, language: str) -> None:
        """Choose the language from the menu in the header."""
        if self.page.locator("html").get_attribute("lang") != language:
            with self.page.expect_navigation():
                self.page.locator("#language summary").click()
                self.page.locator(f"header button[value={language}]").click()
        assert self.page.locator("html").get_attribute("lang") == language

    def look_up(self, reference: str) -> None:
        self.page.get_by_role("textbox").fill(reference)
        follow(self.page.locator("main form button").first)

    def pay(self) -> None:
        """From the invoice to the bank's page, by our own page that forwards."""
        self.page.locator("form[action$='/betalen/'] button").first.click()
        self.page.wait_for_url("**/checkout/**")

    def choose(self, choice: str) -> None:
        """What happens at the bank."""
        follow(self.page.locator(f"button[name=choice][value={choice}]"))

    def look(self, step: str) -> None:
        """Look well at this page: judge its accessibility and its width, and keep a picture where one is asked for."""
        self._steps += 1
        pictures.keep(self.page, f"{self.name}-{self._steps:02d}-{step}")
        if not self.javascript:
            return
        self.fits(step)
        results = Axe().run(self.page)
        if results.violations_count:
            self.problems.append(f"{step}: {results.generate_report()}")

    def fits(self, step: str) -> None:
        """Note when the page is wider than its window."""
        self.page.wait_for_load_state()  # after a click the next page may have begun without a thing to measure
        wider = self.page.evaluate(WIDER)
        if wider:
            self.problems.append(f"{step}: the page is wider than the window by {wider}")

    def state(self) -> set[str]:
        """What the panel of the invoice or payment says, as its style names: open, overdue, paid, waiting, …"""
        return set((self.page.locator("main .panel").first.get_attribute("class") or "").split()) - {"panel", "bill"}

    def until(self, state: str) -> None:
        """Wait until the page says so: by itself where JavaScript runs, by its refresh where not."""
        self.page.wait_for_selector(f"main .panel.{state}", timeout=NEWS_MILLISECONDS)

    def says_nothing_personal(self) -> None:
        text = self.page.locator("body").inner_text()
        found = re.findall(r"Vries|Periodieke|C002|post\.example|612345678|1980|Dorpsstraat", text)
        assert not found, found
