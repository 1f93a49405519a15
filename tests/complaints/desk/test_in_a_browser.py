"""The file of a complaint at the desk, in a real browser: after a refusal too everything stays in its place."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from billing.models import Staff
from complaints import filing
from complaints.filing import Said
from complaints.models import Complaint
from tests import factories
from tests.browser import follow
from tests.portal.staff.staff_client import code_of, enrolled
from tests.portal.staff.test_staff_in_a_browser import fill_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


def test_a_refusal_moves_no_column_and_the_page_is_accessible(page, sandbox):
    page.set_viewport_size({"width": 1280, "height": 900})
    complaint = filing.file(
        Said(story="De prijs klopt niet.", email="iemand@post.example"),
        subject=Complaint.Subject.PRICE, invoice_id=factories.invoice().pk,
    )  # fmt: skip
    member, key = enrolled(role=Staff.Role.OPERATIONS)
    page.goto(f"{sandbox.url}/beheer/")
    fill_in(page, member, code_of(key))
    page.goto(f"{sandbox.url}/beheer/klachten/{complaint.pk}/")
    follow(page.locator("button[value=refuse]"))
    left, right = (page.locator(f".case-{side}").bounding_box() for side in ("left", "right"))
    assert left["x"] + left["width"] <= right["x"]
    assert left["y"] == right["y"], "beside each other, below the sentence"
    small = "e => e.filter(b => b.getBoundingClientRect().height < 24).map(b => b.outerHTML)"
    assert page.eval_on_selector_all("#content button, #content input[type=checkbox]", small) == []
    violations = Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in violations] == []
