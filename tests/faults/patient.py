"""A patient at a browser without JavaScript, who also sits at the bank; and what the bank itself may do."""

import random
import re
import time
from dataclasses import dataclass
from typing import Any

import requests

from tests.faults.site import Outage, Site

WAIT_SECONDS = 15
_CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
_CHECKOUT = re.compile(r'href="([^"]+/sandbox/mollie/checkout/[^"]+)"')
_AMOUNT = re.compile(r'name="amount" value="([^"]+)"')
_FIRST_ON = re.compile(r'name="first_on" value="([^"]+)"')
_COUNTS = re.compile(r'name="count" value="(\d+)"')
_MAX_DAY = re.compile(r'name="until"[^>]*max="([^"]+)"')
_ROW = re.compile(r'name="invoice" value="([^"]+)".*?<span class="sum">([^<]+)</span>', re.DOTALL)
_PART = re.compile(r'id="id_part_helptext">([^<]+)</p>')
_EUROS = re.compile(r"[0-9.]+,[0-9]{2}")


def _cents(shown: str) -> int:
    """Cents of an amount as a Dutch page shows it."""
    return int(re.sub(r"\D", "", shown))


@dataclass
class Bill:
    """An invoice as the practice wrote it; reference and token are read once it was taken in."""

    number: str
    cents: int
    email: str
    reference: str = ""
    token: str = ""
    coulance: bool = False


class Patient:
    """Every method may raise Outage; doing it again is always right."""

    def __init__(self, site: Site, rng: random.Random) -> None:
        self._site, self._rng = site, rng
        # Two browsers, because both sites are called 127.0.0.1 and cookies know no ports.
        self._browsers = {site.url: requests.Session(), site.bank_url: requests.Session()}
        for session in self._browsers.values():
            session.trust_env = False

    def _ask(self, method: str, url: str, **more: object) -> requests.Response:
        session = self._browsers["/".join(url.split("/", 3)[:3])]
        try:
            answer = session.request(method, url, timeout=WAIT_SECONDS, **more)  # type: ignore[arg-type]
        except requests.RequestException as error:
            raise Outage(f"{method} {type(error).__name__}") from None
        if answer.status_code >= 500:
            raise Outage(f"{method} {answer.status_code}")
        return answer

    def _submit(
        self, page: requests.Response, url: str, *, follow: bool = True, files: Any = None, **fields: Any
    ) -> requests.Response:
        found = _CSRF.search(page.text)
        if found is None:
            raise Outage("no form")  # a page of an error in between
        data = {"csrfmiddlewaretoken": found[1], **fields}
        return self._ask("POST", url, data=data, files=files, allow_redirects=follow)

    def open(self, bill: Bill) -> requests.Response:
        """Look the invoice up by its reference, as somebody who just arrived."""
        front = self._ask("GET", f"{self._site.url}/")
        page = self._submit(front, f"{self._site.url}/", reference=bill.reference)
        if f"/rekening/{bill.token}/" not in page.url:
            raise Outage(f"the invoice did not open: {page.status_code}")
        return page

    def start_payment(self, bill: Bill, *, double_click: bool = False) -> str:
        """The link to the bank, or nothing when there is nothing to pay now (or the link is not there yet)."""
        page = self.open(bill)
        if f"/rekening/{bill.token}/betalen/" not in page.text:
            return ""
        amounts = _AMOUNT.findall(page.text)
        fields = {"amount": self._rng.choice(amounts)} if amounts else {}
        for _ in range(2 if double_click else 1):
            page = self._submit(page, f"{self._site.url}/rekening/{bill.token}/betalen/", **fields)
        return self._checkout_of(page)

    def pay_part(self, bill: Bill) -> tuple[str, int]:
        """The link to the bank for a part of what is owed, and that part in cents; no link as `start_payment`."""
        page = self.open(bill)
        offered = _PART.search(page.text)
        if offered is None:
            return "", 0
        least, most = map(_cents, _EUROS.findall(offered[1]))
        part = self._rng.randint(least, most)
        url = f"{self._site.url}/rekening/{bill.token}/betalen/"
        return self._checkout_of(self._submit(page, url, part=f"{part // 100},{part % 100:02d}")), part

    def pay_together(self, bills: list[Bill]) -> tuple[str, dict[str, int]]:
        """The link to the bank, and what the page says that it pays of each invoice, in cents by invoice number.

        Nothing when less than two of them can be paid.
        """
        for bill in bills:
            self.open(bill)
        url = f"{self._site.url}/samen-betalen/"
        page = self._ask("GET", url)
        shown = {token: _cents(amount) for token, amount in _ROW.findall(page.text)}
        payable = [bill for bill in bills if bill.token in shown]
        if len(payable) < 2:
            return "", {}
        amounts = {bill.number: shown[bill.token] for bill in payable}
        total = sum(amounts.values())
        ticked = [bill.token for bill in payable]
        page = self._submit(page, url, invoice=ticked, total=f"{total // 100}.{total % 100:02d}")
        return self._checkout_of(page), amounts

    def _checkout_of(self, page: requests.Response) -> str:
        found = _CHECKOUT.search(page.text)
        if found is None and "/betaling/" in page.url:  # the bank did not answer in time: the page refreshes itself
            for _ in range(3):
                time.sleep(0.5)
                page = self._ask("GET", page.url.partition("?")[0] + "?opnieuw")
                token = page.url.partition("/betaling/")[2].partition("/")[0]
                again = self._ask("GET", f"{self._site.url}/betaling/{token}/naar-uw-bank/")
                if found := _CHECKOUT.search(again.text):
                    break
        return found[1] if found else ""

    def choose(self, checkout: str, choice: str, *, comes_back: bool) -> None:
        """What the patient does at the bank; `comes_back` opens our return page afterwards."""
        page = self._ask("GET", checkout)
        if 'name="choice"' not in page.text:
            return  # it ended already
        answer = self._submit(page, checkout, follow=False, choice=choice)
        if comes_back and answer.status_code == 303:
            self._ask("GET", answer.headers["Location"])

    def ask_credit(self, bill: Bill) -> int:
        """Ask for what was paid too much; how much our page took, in cents, or nothing."""
        url = f"{self._site.url}/rekening/{bill.token}/tegoed/"
        self.open(bill)
        page = self._ask("GET", url)
        offered = _AMOUNT.search(page.text)
        if offered is None or f"{url}terug/".removeprefix(self._site.url) not in page.text:
            return 0
        answer = self._submit(page, f"{url}terug/", amount=offered[1])
        # A refusal is the same page, with a sentence; a visit that ended (the clock leapt) leads to the front page.
        taken = answer.history and f"/rekening/{bill.token}/" in answer.url
        return _cents(offered[1]) if taken else 0

    def defer(self, bill: Bill) -> bool:
        """Ask for a later day; whether our page took it."""
        url = f"{self._site.url}/rekening/{bill.token}/uitstel/"
        self.open(bill)
        page = self._ask("GET", url)
        latest = _MAX_DAY.search(page.text)
        if latest is None:
            return False
        return self._is_arranged(bill, self._submit(page, url, until=latest[1]))

    def agree_plan(self, bill: Bill) -> bool:
        """Ask for installments; whether our page took it."""
        url = f"{self._site.url}/rekening/{bill.token}/betalingsregeling/"
        self.open(bill)
        page = self._ask("GET", url)
        first_on, amounts, counts = _FIRST_ON.search(page.text), _AMOUNT.findall(page.text), _COUNTS.findall(page.text)
        if first_on is None or not amounts or not counts:
            return False
        count = self._rng.choice(counts)
        return self._is_arranged(bill, self._submit(page, url, first_on=first_on[1], amount=amounts[0], count=count))

    @staticmethod
    def _is_arranged(bill: Bill, page: requests.Response) -> bool:
        """The page that confirms offers the days for a calendar; one that says that the session ended does not."""
        return bool(page.history) and f"/rekening/{bill.token}/betaaldagen.ics" in page.text

    def send_file(self, bill: Bill, content: bytes) -> bool:
        """Send a specification; whether our page took it."""
        url = f"{self._site.url}/rekening/{bill.token}/coulance/"
        self.open(bill)
        answer = self._submit(self._ask("GET", url), url, files={"files": ("specificatie.png", content, "image/png")})
        if answer.url != url:
            raise Outage("the session ended")
        return bool(answer.history)  # a refusal is the same page, with a sentence

    # --- the account at the bank: what anybody may do with it, and what its owner does ------------------

    def transfer(self, cents: int, text: str) -> None:
        """Transfer money to our account; asked again it is a second transfer, and the bank says so."""
        self._at_account(act="pay_in", amount=f"{cents // 100},{cents % 100:02d}", text=text)

    def statement(self, days: int) -> bytes:
        """Download the statement of so many days up to now."""
        return self._ask("GET", f"{self._site.bank_url}/sandbox/account/{days}.xml").content

    def hand_in_orders(self, content: bytes) -> None:
        """Have the bank pay a file with orders; it takes each file once."""
        self._at_account(act="execute", files={"file": ("orders.xml", content, "application/xml")})

    def let_come_back(self, row: int) -> None:
        """Have the payee's bank send a payment back."""
        self._at_account(act="come_back", row=str(row))

    def _at_account(self, **fields: Any) -> None:
        url = f"{self._site.bank_url}/sandbox/account/"
        self._submit(self._ask("GET", url), url, **fields)

    def at_bank(self, reference: str, **fields: str) -> None:
        """What the bank's own desk may do with a payment: refund, charge_back, reverse, late, fail, settle."""
        url = f"{self._site.bank_url}/sandbox/mollie/state/{reference}/"
        page = self._ask("GET", url)
        if _CSRF.search(page.text):  # without a form nothing can be done with it any more
            self._submit(page, url, **fields)

    def call_webhook(self, address: str, reference: str) -> None:
        """A call that says nothing new: the gateway may call as often as it likes."""
        self._ask("POST", address, data={"id": reference})
