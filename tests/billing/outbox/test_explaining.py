"""Below a Dutch letter: what it is about, in the language of its reader."""

import re
from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.utils import translation

from billing import rooms
from billing.money import ZERO
from billing.outbox import explaining, rendering
from billing.outbox.mime import mail_of
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
    assert '<bdi class="ordered" dir="ltr">18-12-2026</bdi>' in re.sub(r"[\u2066\u2069]", "", below)
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


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_letter_says_what_comes_next_whom_to_ask_and_how_to_check_it(settings, language):
    settings.OPERATOR = {**settings.OPERATOR, "phone": "085 123 4567"}
    provider = factories.provider(name="Zonnebloem", phone="+31201234567")
    told = facts(provider, message_code="K7QM4XPA", part_from=Decimal(5), announced=Decimal(40))
    below = explaining.explanation(
        "final_notice", language, told | {"operator": settings.OPERATOR, "portal_address": "z.example"}
    )
    letter = rooms.explained_letters()["final_notice"]
    with translation.override(language):
        assert str(letter.about) in below
        assert str(letter.otherwise) in below
    plain = re.sub(r"[\u2066\u2069]|<[^>]+>", "", below)
    for said in ("z.example/echt/", "K7QM-4XPA", "085 123 4567", "020 123 4567", "45,00", "18-12-2026"):
        assert said in plain, said


def test_what_a_letter_in_short_asks_for_is_a_fact_of_that_letter():
    """But for the friendly note, whose invoices each have their own day."""
    kinds = rooms.message_kinds()
    for kind, letter in rooms.explained_letters().items():
        asked = {name for name in (letter.amount, letter.day) if name} - (
            {"due_on"} if kind == "friendly_note" else set()
        )
        assert asked <= kinds[kind].needs, kind


def test_a_decision_that_stays_may_have_lowered_the_invoice():
    letters = rooms.explained_letters()
    assert letters["coulance_kept"] == letters["coulance_stands"] != letters["coulance_refused"]


def test_what_was_undone_promises_no_reminder_which_may_have_been_sent_before():
    assert rooms.explained_letters()["plan_undone"].otherwise == ""


def test_a_note_about_invoices_with_days_of_their_own_names_each_day_once(provider):
    days = (date(2026, 12, 20), date(2026, 12, 18), date(2026, 12, 18))
    told = facts(provider, lines=[{"due_on": day} for day in days], operator={"phone": "", "email": ""})
    del told["due_on"]
    below = explaining.explanation("friendly_note", "tr", told | {"portal_address": "z.example", "message_code": ""})
    assert re.findall(r"[0-9]{2}-12-2026", below) == ["18-12-2026", "20-12-2026"]


def test_what_rests_threatens_with_nothing(provider):
    told = facts(
        provider, on_hold=True, operator={"phone": "", "email": ""}, portal_address="z.example", message_code=""
    )
    below = explaining.explanation("final_notice", "pl", told)
    with translation.override("pl"):
        assert str(rooms.explained_letters()["final_notice"].otherwise) not in below


@pytest.mark.parametrize(
    ("kind", "is_offered"),
    [("invoice_notice", True), ("plan_undone", True), ("deferral_agreed", False), ("installment_due", False),
     ("installment_missed", False), ("plan_broken", False)],
)  # fmt: skip
def test_paying_in_parts_is_not_offered_to_who_does_so_already(provider, kind, is_offered):
    told = facts(provider, amount=Decimal(15), until=date(2026, 12, 18), outstanding=Decimal(45))
    told |= {"grace_until": date(2026, 12, 18), "operator": {"phone": "", "email": ""}}
    below = explaining.explanation(kind, "tr", told | {"portal_address": "z.example", "message_code": ""})
    with translation.override("tr"):
        assert str(translation.gettext("Amount to pay")) in below
        offer = "Can't you pay now? On our website you can often choose a later day, or pay in parts. That is free."
        assert (translation.gettext(offer) in below) is is_offered


def test_a_letter_about_interest_alone_is_not_said_to_be_about_costs():
    with translation.override("en"):
        assert "Costs, interest or both" in str(rooms.explained_letters()["notice_of_costs"].about)
