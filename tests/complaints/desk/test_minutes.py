"""An answer to three points: a trained person fills in seven fields, and the rest is there already."""

import re
from html import unescape

import pytest
from django.urls import reverse

from complaints import filing
from complaints.models import Answer
from tests import factories
from tests.complaints.test_files import fresh, said
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db
FIELDS = 7


def test_three_points_need_few_fields():
    desk = signed_in(factories.staff(role="operations", provider=None))
    story = "Ik kreeg nooit een brief. Ik heb op 3 mei betaald. De kosten zijn te hoog."
    complaint = filing.file(said(story=story), subject="letters", invoice_id=factories.invoice(amount="100.00").pk)
    page = reverse("admin:complaints_complaint_file", args=[complaint.pk])
    hello = re.search(r'id="hello"[^>]*>(.*?)</textarea>', desk.get(page).content.decode(), re.DOTALL)
    desk.post(page, {"act": "acknowledge", "text": unescape(hello[1])})
    assert fresh(complaint).facts["points"] == story.replace(". ", ".|").split("|")
    text = desk.get(page).content.decode()
    form = text[text.index('aria-labelledby="answer"') :]
    fields = {
        name: unescape(value).strip()
        for name, value in re.findall(r'<textarea name="(\w+)"[^>]*>(.*?)</textarea>', form, re.DOTALL)
    }
    filled = {"sentence_1": "arrived", "decision_1": "not_upheld", "sentence_2": "no_sign",
              "decision_2": "not_upheld", "found_3": "De kosten klopten niet.", "decision_3": "partly",
              "action": "wij bellen u"}  # fmt: skip
    assert len(filled) == FIELDS
    missing = desk.post(page, {"act": "answer"} | fields | filled | {"said_3": "", "found_3": "", "decision_3": ""})
    assert missing.status_code == 422, "each point that was restated is answered"
    assert desk.post(page, {"act": "answer"} | fields | filled).status_code == 303
    assert [row.facts["found"] for row in complaint.points.all()] == [
        "Onze brief ging naar het adres dat wij kennen, en kwam niet terug.",
        "Wij hebben hier niets van gevonden.",
        "De kosten klopten niet.",
    ]
    answer = Answer.objects.get()
    assert answer.facts["apology"] == "Zo had het niet moeten gaan. Het spijt ons."
