"""The buttons of the desk look like buttons of the desk, and links in sentences do not differ by colour alone."""

import re

from django.conf import settings

TEMPLATES = settings.ROOT / "templates/staff/admin"
# The frame around every page, and the viewer of papers, have rules for their own.
OF_THE_FRAME = {"base_site.html", "search_field.html", "session_end.html", "submit_line.html"}
BUTTON = re.compile(r"<button\b[^>]*>")
LOOK = re.compile(r'class="(main|plain|button)\b|data-view=')


def test_every_button_has_one_of_the_looks_of_the_desk():
    pages = {path: path.read_text() for path in TEMPLATES.rglob("*.html") if path.name not in OF_THE_FRAME}
    buttons = [(path.name, tag) for path, text in pages.items() for tag in BUTTON.findall(text)]
    assert len(buttons) > 80
    assert [(name, tag) for name, tag in buttons if not LOOK.search(tag)] == []


def test_a_link_that_looks_like_a_button_has_the_class_that_links_have():
    """`.button` is for buttons; a link with it stays small blue text."""
    links = {p.name: re.findall(r'<a [^>]*class="button', p.read_text()) for p in TEMPLATES.rglob("*.html")}
    assert {name: found for name, found in links.items() if found} == {}
