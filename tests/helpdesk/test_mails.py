"""Every mail of ours that says "call" or "mail" says where."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from billing.outbox import rendering
from billing.outbox.facts import about, open_link_context
from billing.rooms import message_kinds
from portal.settings import office
from tests import factories

FOLDER = Path(settings.ROOT) / "templates" / "messages"
# A sentence that tells somebody to call or mail us, up to its end.
_TOLD = re.compile(r"(?:\bbel(?:t)? ons\b|\bmail ons\b|\bcall us\b|\bmail us\b)[^.<]*", re.IGNORECASE)
_NEAR = re.compile(r"operator\.(?:phone|email)|parts/contact\.")


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.html")), ids=lambda path: path.name)
def test_who_is_told_to_call_us_reads_the_number(path):
    text = path.read_text()
    told = [text[found.start() : found.end() + 60] for found in _TOLD.finditer(text)]
    wrong = [words for words in told if not _NEAR.search(words)]
    assert wrong == []


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_mail_about_an_invoice_names_the_practice_for_care_and_us_for_paying(settings, language):
    settings.OPERATOR = settings.OPERATOR | {"phone": "+31 30 123 45 67", "email": "hulp@bedrijf.example"}
    settings.OFFICE_WEEK = office.week("ma-vr 9:00-17:00")
    provider = factories.provider(name="Praktijk Linde", phone="+31201234567", email="balie@linde.example")
    invoice = factories.invoice(provider=provider)
    facts = about(invoice) | open_link_context(invoice, until=timezone.localdate())
    assert "message_answered" in message_kinds()
    text = " ".join(rendering.render("message_answered", language=language, context=facts).text.split())
    parts = ["Praktijk Linde", "balie@linde.example", "+31 30 123 45 67", "hulp@bedrijf.example"]
    places = [text.find(part) for part in parts]
    assert -1 not in places
    assert places == sorted(places)
    assert {"nl": "maandag tot en met vrijdag van 09:00", "en": "Monday to Friday from 09:00"}[language] in text
