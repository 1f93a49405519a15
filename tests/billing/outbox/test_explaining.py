"""Below a Dutch letter: what it is about, in the language of its reader."""

import re
from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pytest

from billing.money import ZERO
from billing.outbox import explaining, rendering
from billing.outbox.delivery import mail_of
from billing.outbox.queue import queue_message
from tests import factories

pytestmark = pytest.mark.django_db
LANGUAGES = ("tr", "ar", "pl", "uk")


def facts(provider, **more):
    line = {
        "number": "2026-1", "reference": "0494 1819 0479 8657", "reference_ending": "8657", "link": "http://t.example/x/",
    }  # fmt: skip
    asked, day = Decimal("45.00"), date(2026, 12, 18)
    return {
        "provider": provider, "invoice_number": "2026-1", "lines": [line], "several": False, "account": None,
        "total": asked, "principal": asked, "costs": ZERO, "interest": ZERO, "due_on": day, "last_day": day,
        "on_hold": False, "plan": None, "link_until": date(2027, 1, 1),
    } | more  # fmt: skip


@pytest.fixture
def provider():
    return factories.provider(name="Zonnebloem")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_letter_is_dutch_and_the_explanation_the_readers(provider, language):
    mail = rendering.render("invoice_notice", language=language, context=facts(provider))
    dutch = rendering.render("invoice_notice", language="nl", context=facts(provider))
    assert '<html lang="nl">' in mail.html
    direction = "rtl" if language == "ar" else "ltr"
    assert f'<div class="own" lang="{language}" dir="{direction}">' in mail.html
    assert dutch.text.splitlines()[0] == mail.text.splitlines()[0], "the letter goes first"
    below = mail.html.partition('<div class="own"')[2]
    assert '<bdi dir="ltr">18-12-2026</bdi>' in re.sub(r"[\u2066\u2069]", "", below)
    assert "45,00" in below
    assert 'class="dutch"' not in below, "the Dutch is the letter above it"
    assert mail.subject.startswith(dutch.subject)
    assert mail.subject[len(dutch.subject)] == " "
    assert mail.subject[-1] == "\u2069", "what is from right to left is isolated from the Dutch"


@pytest.mark.parametrize("language", ["nl", "en"])
def test_who_reads_the_letter_gets_no_explanation(provider, language):
    mail = rendering.render("invoice_notice", language=language, context=facts(provider))
    assert 'class="own"' not in mail.html
    assert "\u2069" not in mail.subject


def test_what_rests_asks_for_no_money(provider):
    mail = rendering.render("invoice_notice", language="tr", context=facts(provider, on_hold=True))
    below = mail.html.partition('<div class="own"')[2]
    assert "Şimdi ödemeniz gerekmez." in below
    assert "45,00" not in below


def test_who_speaks_for_somebody_is_asked_for_nothing(provider):
    other = SimpleNamespace(whose="A. Jansen", by="Bureau", relation="administrator")
    mail = rendering.render("invoice_notice", language="pl", context=facts(provider, represented=other))
    assert "45,00" not in mail.html.partition('<div class="own"')[2]


def test_the_mail_names_both_languages():
    invoice = factories.invoice()
    invoice.patient.language = "uk"
    invoice.patient.save(update_fields=["language"])
    told = facts(invoice.provider)
    message = queue_message("invoice_notice", invoice=invoice, context=told, dedupe_key="explained")
    assert message.language == "uk"
    assert b"Content-Language: nl, uk" in mail_of(message)


def test_a_language_that_is_not_offered_reads_the_letter_alone(provider, settings):
    settings.LANGUAGES = [("nl", "Nederlands"), ("en", "English")]
    assert explaining.explanation("invoice_notice", "tr", facts(provider)) == ""
    assert explaining.subject("Uw rekening", "tr") == "Uw rekening"
