"""The provider's desk as its staff use it: on a tablet and a desk, light and dark, by mouse and by keyboard."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Page

from billing import ledger
from billing.errors import Refused
from billing.links import new_token
from billing.models import Staff
from coulance.by_staff import paper
from coulance.desk.decision_form import DecisionForm
from coulance.models import CoulanceCase, Decision, PracticeRules
from tests import factories, pictures
from tests.browser import follow
from tests.coulance.desk.desk_cases import at_desk, pdf_of, picture_of, rules
from tests.portal.staff.staff_client import signed_in
from tests.portal.staff.test_staff_in_a_browser import complaints, look  # noqa: F401  a fixture

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
Status = CoulanceCase.Status


@pytest.fixture
def provider():
    return factories.provider(name="Tandartspraktijk De Lindeboom")


@pytest.fixture
def cases(provider):
    """Three that wait, the first of them too long."""
    found = [
        at_desk(provider, number=f"2026-0012{i}", since=timezone.now() - timedelta(days=days))
        for i, days in enumerate((13, 5, 1))
    ]
    for case in found:
        picture_of(case)
    return found


def enter(page: Page, url: str, member: Staff) -> None:
    """As a member of staff who is signed in."""
    name = settings.SESSION_COOKIE_NAME
    page.context.add_cookies([{"name": name, "value": signed_in(member).cookies[name].value, "url": url}])


def of_case(case: CoulanceCase) -> str:
    return f"/beheer/coulance/coulancecase/{case.pk}/change/"


@pytest.mark.parametrize(("width", "scheme"), [(820, "light"), (1280, "dark")])
def test_the_desk_is_accessible_and_fits(page, sandbox, complaints, provider, cases, width, scheme):  # noqa: F811
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 1180})
    if width == 1280 and scheme == "dark":
        page.context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": "en", "url": sandbox.url}])
    enter(page, sandbox.url, factories.staff(provider=provider, role=Staff.Role.APPROVER))
    name = f"{width}-{scheme}"
    page.goto(f"{sandbox.url}/beheer/")
    pictures.keep(page, f"desk-{name}-start")
    look(page, complaints)
    follow(page.locator(".desk-head a.main[href*=coulancecase]"))
    page.wait_for_url(f"**{of_case(cases[0])}")
    page.fill("#id_paid_out", "365")
    page.fill("#id_deductible", "385,00")
    assert "750" in page.locator("#live-due").inner_text()
    page.locator("details.keys summary").click()
    pictures.keep(page, f"desk-{name}-case")
    look(page, complaints)
    page.fill("#id_reason", "De verzekeraar vergoedt 75 procent.")
    CoulanceCase.objects.filter(pk=cases[0].pk).update(version=7)
    follow(page.locator("button[value=approve]"))
    page.wait_for_selector(".two-states")
    pictures.keep(page, f"desk-{name}-conflict")
    complaints.clear()  # Chromium reports every answer that is not 200
    look(page, complaints)
    page.goto(f"{sandbox.url}/beheer/coulance/coulancecase/")
    look(page, complaints)


MOST_KEYS, MOST_SECONDS = 15, 4.0
KEY, THOUGHT = 0.2, 1.35  # seconds of the keystroke-level model: a key of a skilled typist, and looking before one acts


class Hands:
    """Somebody at a keyboard, with the keys they press and how often they look before they act."""

    def __init__(self, page: Page) -> None:
        self.page, self.keys, self.thoughts = page, 0, 0

    def look_and(self, *acts: str) -> None:
        """Type each text, or press each chord, after one look at the page."""
        self.thoughts += 1
        for act in acts:
            chord = act in ("Tab", "Enter", "Control+Enter") or act.startswith("Alt+")
            (self.page.keyboard.press if chord else self.page.keyboard.type)(act)
            self.keys += act.count("+") + 1 if chord else len(act)

    @property
    def seconds(self) -> float:
        return self.keys * KEY + self.thoughts * THOUGHT


def test_cases_in_a_row_by_keyboard_alone(page, sandbox, provider, cases):
    """What is typed stays below fifteen keys a case; what is proposed and right takes a look and one chord."""
    rules(cases[0], rule=PracticeRules.Rule.INSURER)
    paper.type_figures(
        cases[2],
        paper.Typed(Decimal("365.00"), Decimal("385.00"), None, "balie", new_token()),
        by=factories.staff(provider=provider, role=Staff.Role.CLERK),
    )
    enter(page, sandbox.url, factories.staff(provider=provider, role=Staff.Role.APPROVER))
    page.set_viewport_size({"width": 1366, "height": 768})
    page.goto(sandbox.url + of_case(cases[0]))
    acts: list[tuple[str, ...]] = [("365,40", "384,60", "Enter"), ("Alt+3", "750,00", "Enter"), ("Control+Enter",)]
    for case, typed in zip(cases, acts, strict=True):
        assert page.url.endswith(of_case(case))
        button = page.locator("button[value=approve]").bounding_box()
        assert button["y"] + button["height"] <= 768, "the button is out of sight"
        for sought in ("#id_deductible", "#id_own_contribution"):
            box = page.locator(sought).bounding_box()
            assert box["y"] + box["height"] <= button["y"], f"{sought} is out of sight"
        hands = Hands(page)
        with page.expect_navigation():
            hands.look_and(*typed)
        assert hands.keys < MOST_KEYS
        assert hands.seconds < MOST_SECONDS
    assert page.url == f"{sandbox.url}/beheer/"
    assert [d.new_due for d in Decision.objects.order_by("pk")] == [Decimal("750.00")] * 3
    assert CoulanceCase.objects.filter(status=Status.ADJUSTED).count() == 3


def test_after_the_cents_the_hand_is_at_the_deductible_even_with_a_tab(page, sandbox, provider, cases):
    enter(page, sandbox.url, factories.staff(provider=provider, role=Staff.Role.APPROVER))
    page.goto(sandbox.url + of_case(cases[0]))
    page.keyboard.type("365,40")
    page.keyboard.press("Tab")
    page.keyboard.type("384,60")
    assert [page.input_value(f"#id_{name}") for name in ("paid_out", "deductible")] == ["365,40", "384,60"]
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.type("365,41")  # another amount, while there is a deductible: the hand stays
    assert page.evaluate("document.activeElement.id") == "id_paid_out"
    assert page.input_value("#id_deductible") == "384,60"


def test_the_paper_turns_and_grows_by_key(page, sandbox, provider, cases):
    pdf_of(cases[0], pages=2)
    enter(page, sandbox.url, factories.staff(provider=provider, role=Staff.Role.APPROVER))
    page.set_viewport_size({"width": 1366, "height": 768})
    page.goto(sandbox.url + of_case(cases[0]))
    sheet = page.locator("#sheets .sheet").first
    before = sheet.bounding_box()
    page.keyboard.press("Alt++")
    assert sheet.bounding_box()["width"] > before["width"] * 1.2
    page.keyboard.press("Alt+r")
    turned = sheet.bounding_box()
    assert turned["width"] > turned["height"]
    page.locator("button[data-view=out]").click()


def test_the_buttons_are_in_sight_on_a_phone_and_cover_no_field(page, sandbox, provider, cases):
    enter(page, sandbox.url, factories.staff(provider=provider, role=Staff.Role.APPROVER))
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(sandbox.url + of_case(cases[0]))
    for field in ("#id_paid_out", "#id_deductible", "#id_own_contribution", "#id_reason"):
        page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
        page.focus(field)
        box, button = page.locator(field).bounding_box(), page.locator("button[value=approve]").bounding_box()
        assert box["y"] + box["height"] <= button["y"]
        assert button["y"] + button["height"] <= 844


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ("insurer", {"paid_out": "365", "deductible": "385"}),
        ("insurer", {"paid_out": "365", "deductible": ""}),
        ("insurer", {"paid_out": "0", "deductible": "0"}),
        ("insurer", {"paid_out": "0", "deductible": "0", "own_contribution": "50"}),
        ("insurer", {"paid_out": "900", "deductible": "385"}),
        ("percentage", {"percentage": "75", "deductible": "385"}),
        ("percentage", {"percentage": "75", "deductible": ""}),
        ("manual", {"new_due": "384,99", "deductible": "385"}),
        ("manual", {"new_due": "385,-", "deductible": "\u20ac 385"}),
        ("manual", {"new_due": "63,165", "deductible": "0"}),
        ("manual", {"new_due": "\u20ac 385,5", "deductible": "veel"}),
    ],
)
def test_the_script_shows_what_the_server_says(page, sandbox, provider, cases, rule, fields):
    """An amount that the script shows is the server's; one that the server refuses, the script does not show."""
    enter(page, sandbox.url, factories.staff(provider=provider, role=Staff.Role.APPROVER))
    page.goto(sandbox.url + of_case(cases[0]))
    page.check(f"#decide input[name=rule][value={rule}]")
    for name, text in fields.items():
        page.fill(f"#id_{name}", text)
    shown = page.locator("#id_shown_due").input_value()
    form = DecisionForm({"version": "0", "rule": rule, "reason": "x"} | fields)
    try:
        server = str(form.outcome(Decimal("1000.00")).new_due) if form.is_valid() else ""
    except Refused as refusal:
        server, sentence = "", str(refusal)
        assert page.locator("#live-problem").inner_text()
        assert page.locator("#live-due").is_hidden() or "meer" in page.locator("#live-problem").inner_text(), sentence
        shown = ""
    assert shown == server


def test_a_picture_that_is_not_there_yet_has_the_room_of_a_sheet(page, sandbox, provider, cases):
    enter(page, sandbox.url, factories.staff(provider=provider, role=Staff.Role.APPROVER))
    page.route("**/document/*/", lambda route: route.abort())
    page.goto(sandbox.url + of_case(cases[0]))
    box = page.locator(".paper img").bounding_box()
    assert box["height"] > box["width"] > 200


def test_without_javascript_the_server_shows_the_amount_first(browser, sandbox, provider, cases):
    context = browser.new_context(locale="nl-NL", java_script_enabled=False, viewport={"width": 820, "height": 1180})
    page = context.new_page()
    enter(page, sandbox.url, factories.staff(provider=provider, role=Staff.Role.APPROVER))
    page.goto(sandbox.url + of_case(cases[0]))
    page.fill("#id_paid_out", "365,00")
    page.fill("#id_deductible", "385,00")
    page.fill("#id_reason", "Zie de specificatie.")
    follow(page.locator("button[value=approve]"))
    assert "750" in page.locator("#check").inner_text()
    assert not Decision.objects.exists()
    pictures.keep(page, "desk-820-nojs-check")
    follow(page.locator("#check button"))
    assert page.url.endswith(of_case(cases[1]))
    assert ledger.outstanding(cases[0].invoice_id) == 750
    context.close()


def test_a_second_person_agrees(page, sandbox, complaints, provider, cases):  # noqa: F811
    rules(cases[0], second_person_above=Decimal("100.00"), rule=PracticeRules.Rule.PERCENTAGE, percentage=25)
    first, second = (factories.staff(provider=provider, role=Staff.Role.APPROVER) for _ in range(2))
    enter(page, sandbox.url, first)
    page.goto(sandbox.url + of_case(cases[0]))
    page.fill("#id_reason", "Zie de specificatie.")
    follow(page.locator("button[value=approve]"))
    page.wait_for_url(f"**{of_case(cases[1])}")
    page.goto(sandbox.url + of_case(cases[0]))
    pictures.keep(page, "desk-proposal")
    look(page, complaints)
    assert page.locator("button[value=confirm]").count() == 0
    enter(page, sandbox.url, second)
    page.goto(sandbox.url + of_case(cases[0]))
    follow(page.locator("button[value=confirm]"))
    page.wait_for_url(f"**{of_case(cases[1])}")
    decision = Decision.objects.get()
    assert (decision.decided_by, decision.approved_by) == (first, second)


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
def test_the_rules_of_a_practice_are_accessible_and_fit(page, sandbox, complaints, provider, width, scheme):  # noqa: F811
    row = PracticeRules.objects.create(provider=provider, second_person_above=Decimal("250.00"), help_text="Bel ons.")
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    enter(page, sandbox.url, factories.staff(provider=provider, role=Staff.Role.APPROVER))
    page.goto(f"{sandbox.url}/beheer/coulance/practicerules/")
    pictures.keep(page, f"desk-{width}-{scheme}-rules-list")
    look(page, complaints)
    follow(page.locator("#result_list a").first)
    page.fill("#id_second_person_above", "500")
    page.check("input[name=rule][value=percentage]")
    follow(page.locator("input[name=_save]"))
    page.locator(".errornote").wait_for()
    pictures.keep(page, f"desk-{width}-{scheme}-rules")
    look(page, complaints)
    page.fill("#id_second_person_above", "100")
    page.fill("#id_percentage", "25")
    follow(page.locator("input[name=_save]"))
    page.locator(".success").wait_for()
    row.refresh_from_db()
    assert (row.second_person_above, row.percentage) == (Decimal("100.00"), 25)
