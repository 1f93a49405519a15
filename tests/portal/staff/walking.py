"""What is looked at on a page of the desk in a browser: language, size, headings, and where the Tab key leads."""

import re
from functools import cache
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from portal.ops import translations

TABS = 600  # more than any page has

# What a page is made of: words with the language that they claim, and what a person may use.
_PARTS = """() => {
  const seen = e => e.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true });
  const words = [], language = e => e.closest("[lang]").lang.slice(0, 2);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); ) {
    const e = node.parentElement;
    if (node.data.trim() && !e.closest("script, style, template, textarea, pre") && seen(e))
      words.push([language(e), node.data.replace(/\\s+/g, " ").trim()]);
  }
  for (const e of document.querySelectorAll("[title], [aria-label], [placeholder], [alt], input[type=submit]"))
    for (const name of ["title", "aria-label", "placeholder", "alt", ...(e.type === "submit" ? ["value"] : [])])
      if (e.getAttribute(name)) words.push([language(e), e.getAttribute(name).replace(/\\s+/g, " ").trim()]);
  words.push([document.documentElement.lang, document.title.split(" | ")[0].trim()]);
  const wide = [...document.querySelectorAll("body *")].filter(e => seen(e) && e.getBoundingClientRect().right >
    document.documentElement.clientWidth + 1 && !e.closest(".scrolls, .results, .table-wrapper, pre")).slice(0, 3);
  return {
    words, language: document.documentElement.lang, headings: [...document.querySelectorAll("h1")].filter(seen).length,
    width: document.documentElement.scrollWidth, room: innerWidth, wide: wide.map(e => e.outerHTML.slice(0, 120)),
  };
}"""

# Notes each thing that gets the focus: whether it shows that, and whether something lies over it.
_LISTEN = """() => {
  window.reached = [];
  window.marked = [...document.querySelectorAll(
    "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]")].filter(
    e => !e.disabled && e.checkVisibility({ visibilityProperty: true }) && !e.closest("[inert]"));
  const plain = new Map(marked.map(e => [e, look(e)]));
  function look(e) {
    const s = getComputedStyle(e);
    return [s.outlineStyle, s.outlineWidth, s.boxShadow, s.borderColor, s.backgroundColor, s.textDecorationLine].join();
  }
  document.addEventListener("focusin", event => {
    const e = event.target, box = e.getClientRects()[0] ?? e.getBoundingClientRect();  // the first line of a link
    const x = Math.min(Math.max(box.left + Math.min(box.width / 2, 40), 0), innerWidth - 1);
    const y = box.top + box.height / 2;
    const over = document.elementFromPoint(x, Math.min(Math.max(y, 0), innerHeight - 1));
    const label = e.labels?.[0], inside = box.bottom > 0 && box.top < innerHeight;
    reached.push({
      place: marked.indexOf(e), html: e.outerHTML.slice(0, 160), positive: e.tabIndex > 0,
      shows: plain.get(e) !== look(e) || (label && getComputedStyle(label).outlineStyle !== "none"),
      covered: box.width > 1 && !(inside && over && (e.contains(over) || over.contains(e) || label?.contains(over))),
    });
  });
}"""

_MISSED = """() => marked.filter((e, place) => e.isConnected && !reached.some(one => one.place === place)
  && !(e.type === "radio" && e.name && [...marked].some((o, n) => o.name === e.name && o.form === e.form &&
       reached.some(one => one.place === n))) && e.checkVisibility({ visibilityProperty: true })
  && !(e.tabIndex < 0 && (e.matches("main, h1, h2, dialog, [role=alert], [tabindex='-1']:not(a, button, input)"))))
  .map(e => e.outerHTML.slice(0, 160))"""


@cache
def _catalogue() -> dict[str, dict[str, str]]:
    """By the language of a page: each text of the other language, and what it should be."""
    dutch = {str(m.id): str(m.string) for m in translations.read() if m.id and not m.pluralizable}
    plain = {e: d for e, d in dutch.items() if "%" not in e and e.casefold() != d.casefold() and len(e) > 3}
    return {"nl": {e.strip(): d for e, d in plain.items()}, "en": {d.strip(): e for e, d in plain.items()}}


_COMMON = {
    "nl": {"the", "and", "this", "that", "with", "from", "your", "you", "not", "are", "has", "have", "been", "for",
           "which", "who", "when", "what", "there", "nothing", "only"},
    "en": {"de", "het", "een", "en", "van", "dat", "niet", "uw", "met", "voor", "zijn", "wordt", "naar", "deze", "wie",
           "geen", "alleen", "heeft"},
}  # fmt: skip
_WORD = re.compile(r"[a-zéëïö]+")


def of_another_language(words: list[list[str]], language: str, *, data: set[str]) -> list[str]:
    """The texts of a page that are in its other language: of our catalogue, or by two common words of that one."""
    wrong = []
    rights = _catalogue()[language]
    own = {right.casefold() for right in rights.values()}
    for claims, text in words:
        if claims != language or text in data or text.casefold() in own:
            continue
        other = _COMMON[language] & set(_WORD.findall(text.casefold()))
        right = _COMMON["en" if language == "nl" else "nl"] & set(_WORD.findall(text.casefold()))
        if text in rights or (len(other) >= 2 and not right):
            wrong.append(text)
    return wrong


def wrong_at_a_glance(page: Page, language: str, *, data: set[str]) -> list[str]:
    """What is wrong with the page as it stands there: its words, its width and its headings."""
    parts: dict[str, Any] = page.evaluate(_PARTS)
    wrong = [f"language: {text}" for text in of_another_language(parts["words"], language, data=data)]
    if parts["language"] != language:
        wrong.append(f"language: the page says that it is in {parts['language']}")
    if parts["width"] > parts["room"]:
        wrong.append(f"wide: {parts['width']} of {parts['room']}: {parts['wide']}")
    if parts["headings"] != 1:
        wrong.append(f"headings: {parts['headings']} h1")
    return wrong


def wrong_by_keyboard(page: Page) -> list[str]:
    """What is wrong when somebody goes through the page by the Tab key, from its top to its end."""
    page.evaluate("document.activeElement?.blur(); scrollTo(0, 0)")
    page.evaluate(_LISTEN)
    stops = page.evaluate("marked.length + 6 * document.querySelectorAll('input[type^=date]').length")  # day, month, …
    for _ in range(min(TABS, stops + 2)):
        page.keyboard.press("Tab")
    reached: list[dict[str, Any]] = page.evaluate("reached")
    wrong = [f"not reached by Tab: {html}" for html in page.evaluate(_MISSED)]
    wrong += [f"focus does not show: {one['html']}" for one in reached if not one["shows"]]
    wrong += [f"focus is covered: {one['html']}" for one in reached if one["covered"]]
    wrong += [f"tabindex above 0: {one['html']}" for one in reached if one["positive"]]
    places = [one["place"] for one in reached if one["place"] >= 0]
    turns = [i for i in range(1, len(places)) if places[i] < places[i - 1]]
    if len(turns) > 1:  # once round is the end of the page
        wrong.append(f"order: back to {[reached[i]['html'] for i in turns[:3]]}")
    return wrong + _wrong_of_skip_link(page)


def _wrong_of_skip_link(page: Page) -> list[str]:
    """The first thing that Tab reaches leads past the menu."""
    page.evaluate("document.activeElement?.blur(); scrollTo(0, 0)")
    link = page.evaluate("() => marked[0]?.getAttribute('href') ?? ''")
    there = link.startswith("#") and page.evaluate("id => document.getElementById(id) !== null", link[1:])
    return [] if there else [f"skip link: the first is {page.evaluate('() => marked[0]?.outerHTML.slice(0, 120)')}"]


def wrong_by_axe(page: Page) -> list[str]:
    """What axe finds."""
    found = Axe().run(page).response["violations"]
    return [f"axe {one['id']}: {one['nodes'][0]['html'][:160]} ({len(one['nodes'])})" for one in found]
