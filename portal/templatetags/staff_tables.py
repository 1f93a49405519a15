"""Tables of the staff site: each cell carries the name of its column, so that a phone can show a row as a card."""

import re
from collections.abc import Iterable
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import gettext

register = template.Library()
_ICON = re.compile(r'<img src="[^"]*icon-(yes|no|unknown)\.[^"]*" alt="[^"]*">')
_DAY = re.compile(r">([0-9]{2}-[0-9]{2}-[0-9]{4}(?: [0-9]{2}:[0-9]{2})?)<")


@register.filter
def labelled(results: Iterable[Iterable[str]], headers: list[dict[str, Any]]) -> list[list[SafeString]]:
    """Return the cells that Django rendered, each with `data-label`."""
    names = ["" if "action-checkbox" in header.get("class_attrib", "") else str(header["text"]) for header in headers]
    return [[_with_label(in_words(cell), name) for cell, name in zip(row, names, strict=True)] for row in results]


@register.filter
def in_words(cell: str) -> SafeString:
    """Return what Django rendered with yes or no in words, which it draws, and each day or moment on one line."""
    words = {"yes": gettext("yes"), "no": gettext("no"), "unknown": "–"}
    said = _ICON.sub(lambda icon: words[icon[1]], str(cell))
    said = _DAY.sub(r'><span class="whole">\1</span><', said)
    return mark_safe(said)  # noqa: S308  rendered and escaped by Django


def _with_label(cell: str, name: str) -> SafeString:
    if not name:
        return mark_safe(cell)  # noqa: S308  rendered and escaped by Django's own list
    label = format_html(' data-label="{}"', capfirst(name))
    tag = cell[:3]  # "<th" or "<td"
    return mark_safe(tag + label + cell[3:])  # noqa: S308  the same
