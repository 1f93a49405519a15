"""The menu of the staff site: what somebody may open, each once, and where they are."""

import re

import pytest

from billing.models import Staff
from tests import factories
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db


def menu_of(client, path):
    page = client.get(f"/beheer/{path}").content.decode()
    nav = re.search(r'<nav class="menu".*?</nav>', page, re.S)
    return nav[0] if nav else ""


def links(nav, *, on_a_phone):
    """Return the addresses that are shown: those beside each other, or those within the list."""
    hidden = r'<a class="beside".*?</a>' if on_a_phone else r'<li class="within">.*?</li>'
    return re.findall(r'href="([^"]+)"', re.sub(hidden, "", nav, flags=re.S))


@pytest.mark.parametrize("role", [Staff.Role.OPERATIONS, Staff.Role.APPROVER])
def test_every_width_shows_the_same_links_each_once(role):
    client = signed_in(factories.staff(role=role))
    nav = menu_of(client, "")
    wide, phone = links(nav, on_a_phone=False), links(nav, on_a_phone=True)
    assert wide == phone
    assert len(wide) == len(set(wide)) > 8
    assert ("/beheer/toestand/" in wide) == (role == Staff.Role.OPERATIONS)
    assert all(client.get(address).status_code == 200 for address in wide)


@pytest.mark.parametrize(
    ("path", "current", "here"),
    [
        ("", 'href="/beheer/" aria-current="page"', "Vandaag"),
        ("billing/invoice/", 'href="/beheer/billing/invoice/" aria-current="page"', "Rekeningen"),
        ("billing/invoice/{}/change/", 'href="/beheer/billing/invoice/" aria-current="true"', "Rekeningen"),
        ("bank/afschriften/", 'href="/beheer/bank/" aria-current="true"', "Bank"),
    ],
)
def test_it_says_where_one_is_also_when_it_is_closed(path, current, here):
    client = signed_in(factories.staff(role=Staff.Role.OPERATIONS))
    nav = menu_of(client, path.format(factories.invoice().pk))
    assert current in nav
    assert f"Menu: <b>{here}</b>" in nav
    assert (f'<span class="beside">Meer: <b>{here}</b>' in nav) == ("billing" in path)


def test_nobody_who_is_not_signed_in_has_one(client):
    assert menu_of(client, "login/") == ""
