"""The pages about programs in a real browser: they fit, nothing is asked elsewhere, and axe finds nothing."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings

from billing.models import Staff
from portal.api import keys
from portal.webhooks import endpoints
from tests import factories
from tests.browser import follow, listen
from tests.portal.staff.staff_client import signed_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


def test_both_pages_fit_and_are_accessible(page, sandbox):
    complaints = listen(page)
    member = factories.staff(role=Staff.Role.APPROVER)
    row, _text = keys.make(member.provider, "Exquise", by="staff:a")
    keys.revoke(row, by="staff:a")
    keys.make(member.provider, "Praktijkpakket van een leverancier, lange naam", by="staff:a")
    hook, _secret = endpoints.add(member.provider, "https://praktijk.nl/" + "a" * 80, by="staff:a")
    endpoints.test(hook)
    session = signed_in(member).cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": sandbox.url}])
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    for path in ("/api/", "/beheer/programmas/"):
        page.goto(sandbox.url + path)
        assert page.url == sandbox.url + path
        for width, scheme in ((390, "dark"), (820, "light"), (1366, "light")):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (path, width)
        assert complaints == [], path
        violations = Axe().run(page).response["violations"]
        assert [(v["id"], v["nodes"][0]["html"]) for v in violations] == [], path
        complaints.clear()
    assert {url for url in asked if not url.startswith(sandbox.url)} == set()
    page.get_by_label("Voor welk programma").fill("Nieuw pakket")
    page.locator("input[name=scope]").first.check()
    follow(page.get_by_role("button", name="Sleutel maken"))
    assert page.locator("code.secret").inner_text().startswith("zk_test_")
