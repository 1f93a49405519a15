"""A paper from the patient to the desk: checked, read by a worker, shown with its places, and compared."""

from decimal import Decimal

import pytest
from django.utils import timezone

from coulance import amounts, cases, decisions, intake, specifications
from coulance.desk import figures
from coulance.models import CoulanceCase, PracticeRules, Specification, SpecificationReading
from coulance.reading import reader, readings
from tests import factories
from tests.coulance.desk.desk_cases import picture_of, rules, staff_of
from tests.coulance.reading.test_command import invoice_of
from tests.coulance.specimens import case_of, drawing, layouts
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db
Reading = SpecificationReading
SEED = 1


@pytest.fixture(autouse=True)
def proposing(settings):
    settings.PROPOSE_AMOUNTS = True


def layout(pile, name):
    return next(layout for layout in layouts(pile) if layout.name == name)


def sent(draw, *, seed=SEED):
    """A case with a paper that was checked and read."""
    specimen = case_of(seed)
    (case,) = intake.offer([invoice_of(specimen)], today=factories.TODAY, by="test")
    add(case, draw(specimen))
    return specimen, CoulanceCase.objects.select_related("invoice__provider").get(pk=case.pk)


def add(case, html):
    CoulanceCase.objects.filter(pk=case.pk).update(specification_due_on="2099-01-01")
    (row,) = specifications.receive(case.pk, [specifications.Upload("brief.pdf", drawing.pdf(html))])
    specifications.check(row.pk)
    row.refresh_from_db()
    assert row.status == Specification.Status.CLEAN
    readings.read(Reading.objects.get(specification=row).pk)


def decide(case, specimen, *, deductible=None):
    deductible = Decimal(specimen.total("deductible")) / 100 if deductible is None else deductible
    granted = Decimal(specimen.total("granted")) / 100
    share = Decimal(specimen.total("declared")) / 100
    outcome = amounts.by_insurer(share, paid_out=granted - deductible, deductible=deductible)
    case.refresh_from_db()
    decisions.approve(case, outcome=outcome, reason="", version=case.version, by=staff_of(case))


def page(case):
    answer = signed_in(staff_of(case)).get(f"/beheer/coulance/coulancecase/{case.pk}/change/")
    assert answer.status_code == 200
    return answer.content.decode()


def read_already(*, reasons=(), case=None, insurer=""):
    """A case with a paper as the worker leaves it, without drawing, cleaning and reading one."""
    specimen = case_of(SEED)
    if case is None:
        (case,) = intake.offer([invoice_of(specimen)], today=factories.TODAY, by="test")
    CoulanceCase.objects.filter(pk=case.pk).update(status=CoulanceCase.Status.AT_PROVIDER)
    row = Reading(specification=picture_of(case), status=Reading.Status.ABSTAINED, reasons=list(reasons))
    row.version, row.read_at = reader.VERSION, timezone.now()
    if not reasons:
        row.status = Reading.Status.PROPOSED
        row.paid_out = Decimal(specimen.total("paid_out")) / 100
        row.deductible = Decimal(specimen.total("deductible")) / 100
    row.facts = {"marks": [["paid_out", specimen.total("paid_out"), 1, 500, 400, 600, 420]], "insurer": insurer}
    row.save()
    return specimen, CoulanceCase.objects.select_related("invoice__provider").get(pk=case.pk)


def test_what_was_read_fills_the_form_and_is_marked_on_the_picture():
    draw = layout("worked_on", "premium set off").draw
    specimen, case = sent(lambda specimen: draw(specimen).replace(specimen.insurer, "Menzis"))
    row = Reading.objects.get()
    assert (row.status, row.reasons) == (Reading.Status.PROPOSED, [])
    assert row.paid_out * 100 == specimen.total("paid_out")
    shown = page(case)
    assert "Ingevuld door een machine" in shown
    assert f'value="{specimen.total("paid_out") // 100}' in shown.replace(".", "")
    assert 'class="mark mark-paid_out"' in shown
    assert 'class="mark mark-deductible"' in shown
    assert "Papier van Menzis." in shown
    assert "Op de rekening staat CZ." in shown
    readings.read(row.pk)
    assert Reading.objects.get().read_at == row.read_at, "a file is read once"


def test_the_insurer_of_the_invoice_is_not_told_again():
    _, case = read_already(insurer="CZ")
    shown = page(case)
    assert "Papier van CZ." in shown
    assert "Op de rekening staat" not in shown


def test_what_an_earlier_version_read_is_not_proposed():
    _, case = read_already()
    Reading.objects.update(version=reader.VERSION - 1)
    assert "Ingevuld door een machine" not in page(case)


def test_the_same_decision_is_counted_as_right():
    specimen, case = read_already()
    decide(case, specimen)
    row = Reading.objects.get()
    assert (row.decided, row.shown) == (Reading.Decided.SAME, True)


def test_in_the_shadow_nothing_is_shown_and_all_is_compared(settings):
    settings.PROPOSE_AMOUNTS = False
    specimen, case = read_already()
    assert "Ingevuld door een machine" not in page(case)
    decide(case, specimen, deductible=Decimal("1.00"))
    row = Reading.objects.get()
    assert (row.status, row.decided, row.shown) == (Reading.Status.PROPOSED, Reading.Decided.CHANGED, False)


def test_a_paper_about_somebody_else_is_said_aloud():
    _, case = sent(layout("traps", "of somebody else").draw)
    assert Reading.objects.get().status == Reading.Status.ABSTAINED
    shown = page(case)
    assert "het gaat over iemand anders" in shown
    assert "Ingevuld door een machine" not in shown


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("correction", "verbetert iets wat eerder is betaald"),
        ("paid_to_provider", "heeft de zorgverlener zelf betaald"),
    ],
)
def test_a_danger_sign_in_one_file_counts_for_the_case(reason, told):
    _, case = read_already()
    read_already(case=case, reasons=[reason])
    shown = page(case)
    assert "Ingevuld door een machine" not in shown
    assert told in shown


def test_a_practice_that_goes_by_a_percentage_gets_no_proposal():
    specimen = case_of(SEED)
    invoice = invoice_of(specimen)
    (case,) = intake.offer([invoice], today=factories.TODAY, by="test")
    rules(case, rule=PracticeRules.Rule.PERCENTAGE, percentage=20)
    add(case, layout("traps", "another total").draw(specimen))
    row = Reading.objects.get()
    assert (row.status, row.reasons) == (Reading.Status.ABSTAINED, ["total_differs", "practice_rule"])


def test_places_go_with_the_file_and_figures_stay():
    read_already()
    row = Reading.objects.get()
    assert readings.marks_of(row)
    readings.forget([row.specification_id])
    row.refresh_from_db()
    assert not readings.marks_of(row)
    assert row.paid_out is not None


def test_marks_that_an_earlier_version_kept_are_still_shown():
    read_already()
    row = Reading.objects.get()
    row.facts = [["deductible", 100, 1, 1, 2, 3, 4]]
    assert [mark.field for mark in readings.marks_of(row)] == ["deductible"]
    assert readings.insurer_of(row) == ""


def test_a_reading_that_fails_keeps_no_file_from_the_desk(monkeypatch):
    monkeypatch.setattr("guests.files.words.PROGRAM", "guests.files.none")
    _, case = sent(layout("worked_on", "premium set off").draw)
    row = Reading.objects.get()
    assert (case.status, row.status, row.reasons) == (
        CoulanceCase.Status.AT_PROVIDER,
        Reading.Status.ABSTAINED,
        ["reader_failed"],
    )


def test_operations_see_what_became_of_proposals():
    specimen, case = read_already()
    operations = factories.staff(role="operations")
    figure = figures.of_readings(operations, *[timezone.localdate()] * 2)
    assert figure.rows == [("voorgesteld, nog niet besloten", 1)]
    decide(case, specimen)
    assert figures.of_readings(operations, *[timezone.localdate()] * 2).rows == [("voorgesteld en zo besloten", 1)]
    assert not figures.of_readings(factories.staff(), *[timezone.localdate()] * 2).rows


def test_a_patient_whose_picture_shows_nothing_is_told_at_once():
    _, case = sent(lambda specimen: "<html><body></body></html>")
    assert readings.UNREADABLE & set(Reading.objects.get().reasons)
    seen = cases.look_at(case, today=factories.TODAY)
    assert seen.unreadable == {Reading.objects.get().specification_id}
