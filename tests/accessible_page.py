"""A judge of what axe can't see on a page: wider text, names, targets, headings, and where the focus is."""

from itertools import pairwise

from playwright.sync_api import Page

# WCAG 1.4.12, as its own bookmarklet sets it.
_SPACING = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: .12em !important;
    word-spacing: .16em !important } p { margin-block-end: 2em !important }`);
  document.adoptedStyleSheets = [sheet];
}"""
_NO_SPACING = "() => { document.adoptedStyleSheets = []; }"
# What reaches over the window's edge, or is clipped by its own box. What is typed into a line scrolls, as it should.
_CUT = """() => {
  const width = document.documentElement.clientWidth;
  const clips = (how) => ["hidden", "clip"].includes(how);
  return [...document.querySelectorAll("header *, main *, aside *, footer *")].filter((one) => {
    if (!one.checkVisibility() || one.closest(".unseen, .skip, svg, input")) return false;
    const style = getComputedStyle(one);
    return one.getBoundingClientRect().right > width + 0.5 ||
      (clips(style.overflowX) && one.scrollWidth > one.clientWidth + 1) ||
      (clips(style.overflowY) && one.scrollHeight > one.clientHeight + 1);
  }).map((one) => one.outerHTML.slice(0, 90));
}"""
# WCAG 2.5.8: links within a sentence are excepted.
_SMALL = """() => [...document.querySelectorAll("a, button, input:not([type=hidden]), select, summary, textarea")]
  .filter((one) => one.checkVisibility() && !one.closest(".skip") && getComputedStyle(one).display !== "inline")
  .filter((one) => { const box = one.getBoundingClientRect(); return box.width < 24 || box.height < 24; })
  .map((one) => one.outerHTML.slice(0, 90))"""
# WCAG 2.5.3 and 2.4.4: who speaks to the computer says what is written, and one thing answers to it.
_OTHERWISE_NAMED = r"""() => {
  // A comma or a soft hyphen is not spoken.
  const plain = (text) => text.replace(/\u00ad/g, "").replace(/[^\p{L}\p{N}]+/gu, " ").trim().toLowerCase();
  const said = (one, skipped) => {
    const walker = document.createTreeWalker(one, NodeFilter.SHOW_TEXT), words = [];
    while (walker.nextNode()) {
      const around = walker.currentNode.parentElement;
      if (around.checkVisibility() && !around.closest(skipped)) words.push(walker.currentNode.data);
    }
    return plain(words.join(" "));
  };
  const texts = (found) => [...found].map((one) => said(one, "[aria-hidden=true]")).join(" ");
  const written = (one) => said(one, ".unseen, [aria-hidden=true] svg");
  const name = (one) => {
    const by = (one.getAttribute("aria-labelledby") ?? "").split(" ").map((id) => document.getElementById(id));
    if (by.some(Boolean)) return texts(by.filter(Boolean));
    return plain(one.ariaLabel ?? "") || (one.labels?.length ? texts(one.labels) : texts([one]));
  };
  const kinds = "a[href], button, summary, input:not([type=hidden]), select, textarea";
  const controls = [...document.querySelectorAll(kinds)].filter((one) => one.checkVisibility());
  const found = [], places = new Map();
  for (const one of controls) {
    const label = one.labels?.length ? [...one.labels].map(written).join(" ") : written(one);
    if (!name(one).includes(label)) found.push(`name lacks its label: ${one.outerHTML.slice(0, 120)}`);
    if (one.matches("input, select, textarea, summary") || !label) continue;
    const place = one.href ?? `${one.form?.action} ${one.name} ${one.value}`;
    if (places.has(name(one)) && places.get(name(one)) !== place) found.push(`two places, one name: ${name(one)}`);
    places.set(name(one), place);
  }
  return found;
}"""
_HEADINGS = """() => [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")]
  .filter((one) => one.checkVisibility()).map((one) => Number(one.tagName[1]))"""
# WCAG 2.4.7 and 2.4.11. The parts of a date are the browser's: it draws its own ring around the calendar's button.
_FOCUS = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const style = getComputedStyle(one), line = one.getClientRects()[0];
  const [x, y] = [line.left + Math.min(line.width / 2, 100), line.top + Math.min(line.height / 2, 10)];
  const top = document.elementFromPoint(x, y);
  const seen = top && (one.contains(top) || top.contains(one) || top.closest("label")?.control === one);
  const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  if (seen && (ring || !one.matches(":focus"))) return "";
  return `${seen ? "no ring" : "covered"}: ${one.outerHTML.slice(0, 90)}`;
}"""


def faults_of(page: Page) -> list[str]:
    """Return what somebody would stumble over who needs wider text, speaks to the page, or jumps between headings."""
    found = [f"too small: {one}" for one in page.evaluate(_SMALL)]
    found += page.evaluate(_OTHERWISE_NAMED)
    levels = page.evaluate(_HEADINGS)
    if levels.count(1) != 1 or any(level > before + 1 for before, level in pairwise(levels)):
        found.append(f"headings: {levels}")
    page.evaluate(_SPACING)
    found += [f"cut by wider text: {one}" for one in page.evaluate(_CUT)]
    page.evaluate(_NO_SPACING)
    return found


def faults_of_keyboard(page: Page) -> tuple[int, list[str]]:
    """Return how many stops Tab makes from here to the end of the page, and those where the focus is not seen."""
    stops, found = 0, []
    for _ in range(100):
        page.keyboard.press("Tab")
        fault = page.evaluate(_FOCUS)
        if fault is None:
            return stops, found
        stops += 1
        if fault:
            found.append(fault)
    return stops, [*found, "Tab never leaves the page"]


def faults_of_text_alone(page: Page) -> list[str]:
    """Return what is cut when only the text is twice as large, and not the page."""
    page.evaluate("() => { document.documentElement.style.fontSize = '200%'; }")
    found = page.evaluate(_CUT)
    page.evaluate("() => { document.documentElement.style.fontSize = ''; }")
    return [f"cut at 200 %: {one}" for one in found]
