"""What of docs/accessibility-by-hand.md a program can walk: the main pages of a patient, at 320 px and by keyboard."""

import os
from pathlib import Path

import pytest

from tests import factories
from tests.accessible_page import faults_of, faults_of_keyboard, faults_of_text_alone
from tests.browser import follow
from tests.journeys.visitor import WIDER

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

OF_EVERYBODY = (
    "/", "/hulp/", "/echt/", "/echt/betaald/", "/contact/", "/klachtenregeling/", "/toegankelijkheid/",
    "/niet-kunnen-betalen/", "/niet-kunnen-betalen/hulp/",
)  # fmt: skip
OF_AN_INVOICE = (
    "", "uitstel/", "betalingsregeling/", "stappen/", "terugbellen/", "klacht/", "niet-kunnen-betalen/", "overzicht/",
)  # fmt: skip
MOVES = """() => document.getAnimations().filter((one) => one.effect.getComputedTiming().duration > 1)
  .map((one) => one.animationName ?? one.transitionProperty)"""


@pytest.mark.long
def test_the_walk_by_hand(page, sandbox):
    invoice = factories.invoice(amount="234.50")
    page.goto(sandbox.url)
    page.get_by_role("textbox").fill(invoice.payment_reference)
    follow(page.get_by_role("textbox"), "Enter")
    found = {}
    for path in (*OF_EVERYBODY, *(f"/rekening/{invoice.token}/{part}" for part in OF_AN_INVOICE)):
        page.emulate_media(media="screen", reduced_motion="no-preference", forced_colors="none")
        page.set_viewport_size({"width": 320, "height": 640})
        page.goto(sandbox.url + path)
        stops, faults = faults_of_keyboard(page)
        faults += [*faults_of(page), *filter(None, [page.evaluate(WIDER)])]
        page.set_viewport_size({"width": 640, "height": 800})
        faults += faults_of_text_alone(page)
        page.emulate_media(reduced_motion="reduce")
        faults += [f"moves: {one}" for one in page.evaluate(MOVES)]
        name = path.replace(invoice.token, "…")
        print(f"{name}: {stops} stops of Tab, {len(faults)} faults")  # noqa: T201  for whoever fills in the document
        if folder := os.environ.get("SCREENSHOTS"):
            picture(page, f"{folder}/by-hand{name.replace('/', '-')}")
        if faults:
            found[name] = faults
    assert found == {}


def picture(page, name):
    """Keep what only an eye can judge: forced colours and paper, and the order in which a screen reader speaks."""
    page.evaluate("scrollTo(0, 0)")
    page.emulate_media(forced_colors="active")
    page.screenshot(path=f"{name}-forced-colours.png", full_page=True)
    page.emulate_media(forced_colors="none", media="print")
    page.screenshot(path=f"{name}-print.png", full_page=True)
    page.emulate_media(media="screen")
    Path(f"{name}-spoken.txt").write_text(page.locator("body").aria_snapshot())
