"""Larger text never cuts anything off (WCAG 1.4.4): every amount, button and line of every page of the patient."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from billing.invoices import holds
from billing.models import Hold, LedgerTransaction
from billing.payments import attempts
from billing.plans import agreements
from coulance import intake
from tests import factories
from tests.billing.payments import bank
from tests.browser import follow
from tests.portal.pages.test_invoice_page import book
from tests.portal.pages.test_steps import announce

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

BROWSERS_OWN_SIZE = 16  # CSS pixels: the text size of 100 %
SIZES, WIDTHS = (100, 131, 150, 175, 200), (320, 360, 390)

# Every line of text as it is painted must lie in the window and in each box that clips it, and no amount may be broken.
WHAT_IS_CUT = r"""() => {
  const found = [];
  const say = (what, element) => found.push(
    `${what}: ${element.tagName}.${element.className}: ${(element.textContent || element.value).trim().slice(0, 50)}`);
  const unseen = (e) => e.closest(".unseen, .skip, noscript, [hidden]");
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, element = node.parentElement;
    if (!node.data.trim() || unseen(element) || ["SCRIPT", "STYLE"].includes(element.tagName)) continue;
    const style = getComputedStyle(element);
    const shown = element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
    if (!shown) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      if (box.width < 1) continue;
      if (box.right > innerWidth + 0.5 || box.left < -0.5) say("outside the window", element);
      for (let up = element; up && up !== document.body; up = up.parentElement) {
        const clip = getComputedStyle(up), edge = up.getBoundingClientRect();
        const clips = [clip.overflowX, clip.overflowY].some((how) => how !== "visible");
        const framed = parseFloat(clip.borderLeftWidth) || clip.backgroundColor !== "rgba(0, 0, 0, 0)";
        if (clip.display === "inline" || !(clips || framed)) continue;
        if (box.right > edge.right + 0.5 || box.left < edge.left - 0.5) say("outside its box", element);
        if (clips && (box.bottom > edge.bottom + 1 || box.top < edge.top - 1)) say("cut off", element);
      }
    }
    for (const sum of node.data.matchAll(/€[\s\u00a0]?[\d.,]*\d/g)) {
      range.setStart(node, sum.index);
      range.setEnd(node, sum.index + sum[0].length);
      const lines = new Set([...range.getClientRects()].map((box) => Math.round(box.top)));
      if (lines.size > 1) say("broken amount", element);
    }
  }
  for (const field of document.querySelectorAll("input:not([type=hidden]), textarea, button, .button, select")) {
    if (unseen(field) || !field.checkVisibility()) continue;
    const box = field.getBoundingClientRect();
    if (box.left < -0.5 || box.right > innerWidth + 0.5) say("outside the window", field);
    if (field.scrollWidth > field.clientWidth + 1) say("too narrow", field);
  }
  if (document.documentElement.scrollWidth > innerWidth) found.push("the page scrolls sideways");
  return found;
}"""


def addresses():
    """Each page and state of a patient, by name: what is opened with a reference, and where."""
    named = factories.provider(name="Tandartsenpraktijk Zonnebloemstraat-Noordoost")
    large = factories.invoice(amount="1234567.89", insurer_paid="234.50", provider=named)
    late = factories.invoice(issued_on=timezone.localdate() - timedelta(days=50), provider=named)
    held, paid, plan, deferred, free = (factories.invoice(amount="12537.40", provider=named) for _ in range(5))
    holds.place_hold(held, Hold.STAFF, by="test", until=timezone.localdate())
    book(paid, LedgerTransaction.Kind.PAYMENT, "-12540.00")
    first_on = timezone.localdate() + timedelta(days=10)
    agreements.agree_installments(plan.pk, count=5, first_on=first_on, by="patient")
    agreements.agree_deferral(deferred.pk, until=deferred.due_on + timedelta(days=9), by="patient")
    case = factories.invoice(amount="12345.67", provider=named)
    intake.offer([case], today=timezone.localdate(), by="test")
    for name, invoice in {"large": large, "late": late, "held": held, "paid": paid, "plan": plan, "free": free}.items():
        yield name, invoice, reverse("invoice", args=[invoice.token])
    for page in ("plan", "deferral", "code", "complain"):
        yield page, free, reverse(page, args=[free.token])
    yield "steps", large, reverse("steps", args=[announce(large).token])
    yield "proof", paid, reverse("proof", args=[paid.token])
    yield "agreed", plan, reverse("plan", args=[plan.token])
    yield "later", deferred, reverse("deferral", args=[deferred.token])
    yield "not-possible", plan, reverse("deferral", args=[plan.token])
    yield "coulance", case, reverse("coulance", args=[case.token])
    yield "coulance-stop", case, reverse("coulance_stop", args=[case.token])
    waits = attempts.start_payment(free.pk, language="nl", by="patient")
    arrived = bank.paid(factories.invoice(amount="12345.67", provider=named))
    for payment in (waits, arrived):
        yield "payment", None, reverse("payment_return", args=[payment.token])
    for path in ("/", "/klaar/", "/nee/", "/privacy/", "/voorwaarden/", "/contact/", "/toegankelijkheid/"):
        yield path, None, path


@pytest.mark.slow_because("each of some twenty pages is laid out in fifteen sizes and widths")
@pytest.mark.parametrize("language", ["nl", pytest.param("en", marks=pytest.mark.long)])
def test_larger_text_cuts_nothing_off(sandbox, page, language):
    page.context.add_cookies([{"name": "language", "value": language, "url": sandbox.url}])
    browser = page.context.new_cdp_session(page)
    cut, seen = [], 0
    for name, invoice, path in addresses():
        if invoice:
            page.goto(sandbox.url)
            page.get_by_role("textbox").fill(invoice.payment_reference)
            follow(page.get_by_role("textbox"), "Enter")
        page.goto(sandbox.url + path)
        for size in SIZES:
            pixels = round(BROWSERS_OWN_SIZE * size / 100)
            browser.send("Page.setFontSizes", {"fontSizes": {"standard": pixels, "fixed": pixels}})
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 800})
                cut += [f"{name} at {width} px and {size} %: {what}" for what in page.evaluate(WHAT_IS_CUT)]
                seen += 1
        assert page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)") == 32
    assert seen > 20 * len(SIZES) * len(WIDTHS) - 1
    assert not cut, "\n".join(cut)
