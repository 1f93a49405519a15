"""The button that reads a page aloud: there for a voice of this device alone, and silent again on a second press."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import listen

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

# Chromium without a screen has no voices: these stand in for those of a device, and keep what they were given to say.
VOICES = """
window.said = [];
Object.defineProperty(window, "speechSynthesis", { value: {
  getVoices: () => [
    { name: "elsewhere", lang: "nl-NL", localService: false },
    { name: "English", lang: "en-GB", localService: true },
    %s
  ],
  speak: (one) => { window.last = one; window.said.push(`${one.lang} ${one.text}`); },
  cancel: () => window.said.push("silence"),
} });
window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
"""


@pytest.mark.parametrize("voice", ["", '{ name: "Claire", lang: "nl-BE", localService: true }'], ids=["none", "local"])
def test_it_reads_with_a_voice_of_this_device_or_is_not_there(page: Page, sandbox, voice):
    page.add_init_script(VOICES % voice)
    complaints = listen(page)
    page.goto(f"{sandbox.url}/hulp/")
    button = page.locator("[data-aloud]")
    assert button.is_visible() == bool(voice)
    if not voice:
        return
    expect(button).to_have_text("Lees deze pagina voor")
    button.press("Enter")
    expect(button).to_have_text("Stop met voorlezen")
    said = page.evaluate("window.said")
    assert said[:2] == ["silence", "nl-BE Digitale hulp"]
    assert [one for one in said if "Lees deze pagina" in one or "Uw vraag" in one] == []
    button.press("Enter")
    expect(button).to_have_text("Lees deze pagina voor")
    assert page.evaluate("window.said").pop() == "silence"
    button.press("Enter")
    expect(button).to_have_text("Stop met voorlezen")
    page.evaluate("last.onend()")
    expect(button).to_have_text("Lees deze pagina voor")
    assert complaints == []
