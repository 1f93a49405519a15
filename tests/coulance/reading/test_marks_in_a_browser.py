"""What a machine read, as who decides sees it: on the paper, and decided with one chord."""

import io
from decimal import Decimal

import pytest
from django.utils import timezone

from billing.models import Staff
from coulance import intake
from coulance.models import CoulanceCase, Decision, SpecificationReading
from coulance.reading import reader
from tests import factories
from tests.coulance.desk.desk_cases import clean_file, staff_of
from tests.coulance.reading.test_command import invoice_of
from tests.coulance.specimens import drawing, layouts, reading
from tests.portal.staff.staff_client import signed_in
from tests.portal.staff.test_staff_in_a_browser import complaints, look  # noqa: F401  a fixture

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
SEED = 1


def read_case():
    """A case with a paper and what the reader says of it, without the worker between them."""
    layout = next(layout for layout in layouts("worked_on") if layout.name == "premium set off")
    specimen, content = reading.paper(layout, SEED)
    found = reading.outcome(layout, SEED, "text").reading
    (case,) = intake.offer([invoice_of(specimen)], today=factories.TODAY, by="test")
    CoulanceCase.objects.filter(pk=case.pk).update(
        status=CoulanceCase.Status.AT_PROVIDER, provider_since=timezone.now()
    )
    sheet = io.BytesIO()
    drawing.pictures(content, 100)[0].save(sheet, "PNG")
    row = SpecificationReading(specification=clean_file(case, "png", "brief.png", sheet.getvalue()))
    row.status, row.version, row.read_at = SpecificationReading.Status.PROPOSED, reader.VERSION, timezone.now()
    row.paid_out, row.deductible = (Decimal(specimen.total(what)) / 100 for what in ("paid_out", "deductible"))
    row.facts = {"marks": [[m.field, m.cents, m.page, *m.place] for m in found.marks], "insurer": "Menzis"}
    row.save()
    return CoulanceCase.objects.select_related("invoice__provider").get(pk=case.pk), specimen, found.marks


def test_the_marks_stand_on_the_amounts_and_a_right_proposal_takes_one_chord(
    page,
    sandbox,
    complaints,  # noqa: F811
    settings,
):
    settings.PROPOSE_AMOUNTS = True
    case, specimen, marks = read_case()
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 1366, "height": 768})
    name, member = settings.SESSION_COOKIE_NAME, staff_of(case, Staff.Role.APPROVER)
    page.context.add_cookies([{"name": name, "value": signed_in(member).cookies[name].value, "url": sandbox.url}])
    page.goto(f"{sandbox.url}/beheer/coulance/coulancecase/{case.pk}/change/")
    picture = page.locator(".sheet img").bounding_box()
    for number, mark in enumerate(marks, start=1):
        box = page.locator(f"#mark-{number}").bounding_box()
        middle = picture["y"] + picture["height"] * (mark.place[1] + mark.place[3]) / 2000
        assert box["y"] < middle < box["y"] + box["height"]
        assert box["x"] < picture["x"] + picture["width"] * mark.place[2] / 1000 < box["x"] + box["width"] + 4
    button = page.locator("button[value=approve]").bounding_box()
    for field in ("#id_paid_out", "#id_deductible"):
        box = page.locator(field).bounding_box()
        assert box["y"] + box["height"] <= button["y"], f"{field} is out of sight"
    look(page, complaints)
    page.locator("#read-by-machine a").first.press("Enter")
    assert page.locator("#mark-1").evaluate("mark => getComputedStyle(mark).strokeWidth") == "3px"
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.set_viewport_size({"width": 1366, "height": 768})
    page.locator("#id_paid_out").focus()
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    decision = Decision.objects.get()
    assert decision.new_due * 100 == specimen.total("granted")
    assert SpecificationReading.objects.get().decided == SpecificationReading.Decided.SAME
