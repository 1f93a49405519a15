"""The drawings of the guest's pages, for the templates of the staff site: `{% icon "document" %}`, `{% logo %}`."""

from typing import Any

from django import template
from django.template import engines
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.simple_tag
def icon(name: str) -> SafeString:
    """Return the drawing called `name`."""
    return mark_safe(_drawings().icon(name))  # noqa: S308  drawn and escaped by the macro


@register.simple_tag
def logo() -> SafeString:
    """Return the logo."""
    return mark_safe(_drawings().logo())  # noqa: S308  the same


def _drawings() -> Any:
    backend: Any = engines["jinja2"]
    return backend.env.get_template("components/drawings.html").module
