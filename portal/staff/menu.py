"""The menu of the staff site: the pages that are opened all day; tables and settings lie behind one button."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from billing.rooms import DeskPage


class Link(NamedTuple):
    """A link of the menu. `current` is the value of aria-current: this page, a page below it (true), or nothing."""

    label: str
    address: str
    current: str


class Menu(NamedTuple):
    """The links of somebody on a page, and the label of the one that the page belongs to."""

    pages: list[Link]
    more: list[Link]

    @property
    def here(self) -> str:
        return next((link.label for link in [*self.pages, *self.more] if link.current), "")

    @property
    def within(self) -> str:
        """Return the label of the page behind the button that is open; empty when none is."""
        return next((link.label for link in self.more if link.current), "")


def menu(request: HttpRequest, pages: Iterable[DeskPage], apps: Iterable[dict[str, Any]]) -> Menu:
    """Return the menu for who asks: our pages and those of rooms that they may open, and Django's list of tables."""
    own = [("index", _("Today"))]
    if getattr(request.user, "is_operations", False):
        own.append(("operations", _("How it is doing")))
    own.append(("figures", _("Figures")))
    seldom = [("colleagues", _("Colleagues"))] if getattr(request.user, "provider_id", None) else []
    for page in pages:
        (seldom if page.seldom else own).append((page.name, capfirst(str(page.label))))
    home = reverse("admin:index")
    models = [model for app in apps for model in app["models"] if model["admin_url"]]
    tables = [_link(request, capfirst(str(model["name"])), model["admin_url"], home) for model in models]
    beside, behind = (
        [_link(request, label, reverse(f"admin:{name}"), home) for name, label in of] for of in (own, seldom)
    )
    return Menu(beside, [*behind, *tables])


def _link(request: HttpRequest, label: str, address: str, home: str) -> Link:
    if request.path == address:
        return Link(label, address, "page")
    below = address != home and request.path.startswith(address)
    return Link(label, address, "true" if below else "")
