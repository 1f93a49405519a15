"""Questions without an answer: what is kept of them, for how long, who reads them, and that no log has them."""

import logging
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from billing.models import AuditEvent
from helpdesk.assistant import unanswered
from helpdesk.models import UnansweredQuestion
from tests import factories
from tests.helpdesk.assistant.test_pages import ask
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db
UNKNOWN = "kunnen jullie mijn parkeerkaart verlengen"


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ("mijn nummer is 06-12345678, wat nu", "mijn nummer is … wat nu"),
        ("mail mij op jan.jansen@post.example graag", "mail mij op … graag"),
        ("mijn naam is jan jansen, waar is mijn rekening", "mijn naam is …, waar is mijn rekening"),
        ("De praktijk heet Tandartsen Oost", "De praktijk heet …"),
        ("ik ben Fatima Yilmaz", "ik ben …"),
        ("kijk op https://voorbeeld.example/x?a=1 svp", "kijk op … svp"),
        ("kenmerk 1234 5678 9012 3456 werkt niet", "kenmerk … werkt niet"),
        ("fatima yilmaz wil haar parkeerkaart", "… wil haar parkeerkaart"),
        ("mijn naam is jan de groot", "mijn naam is …"),
        ("ik vroeg het aan Groot", "ik … het aan …"),
        ("محمد wil een Łukasz", "… wil een …"),
        ("MIJN PARKEERKAART VERLENGEN", "mijn parkeerkaart verlengen"),
    ],
)
def test_digits_addresses_and_names_are_taken_out(asked, kept):
    assert unanswered.stripped(asked, "nl") == kept


def test_it_is_kept_sealed_without_who_asked(client, caplog):
    invoice = factories.invoice()
    with caplog.at_level(logging.DEBUG):
        page, _status = ask(client, UNKNOWN)
    assert "parkeerkaart" not in caplog.text
    row = UnansweredQuestion.objects.get()
    assert row.text == UNKNOWN
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM helpdesk_unansweredquestion")
        stored = repr([bytes(value) if isinstance(value, memoryview) else value for value in cursor.fetchone()])
    assert "parkeerkaart" not in stored
    assert invoice.token not in stored
    assert "of vraag het een mens" in page


@pytest.mark.parametrize(
    "asked",
    [
        "parkeerkaart bij de psycholoog", "parkeerkaart na een soa", "parkeerkaart wegens abortus",
        "parkeerkaart en hiv",
        "parkeerkaart met kanker", "parkeerkaart en adhd", "parkeerkaart bij depressie", "parking and my cancer",
        "parkeerkaart na behandeling van mijn knie", "parkeerkaart voor fysiotherapie",
        "parkeerkaart verdoving betalen",
    ],
)  # fmt: skip
def test_of_a_question_with_a_word_of_health_nothing_is_kept(asked):
    unanswered.keep(asked, "nl")
    assert not UnansweredQuestion.objects.exists()


def test_of_words_that_nobody_knows_nothing_is_kept():
    unanswered.keep("fatima yilmaz", "nl")
    assert not UnansweredQuestion.objects.exists()


def test_what_is_answered_is_not_kept(client):
    ask(client, "Kan ik in termijnen betalen?")
    client.post("/hulp/", {"entry": "pay-how"})
    assert not UnansweredQuestion.objects.exists()


def test_one_network_fills_no_table(client):
    for number in range(25):
        ask(client, f"{UNKNOWN} {'x' * number}")
    assert UnansweredQuestion.objects.count() == 20


def test_the_owner_reads_them_and_a_practice_does_not(client):
    ask(client, UNKNOWN)
    page, row = reverse("admin:unanswered"), UnansweredQuestion.objects.get()
    practice = signed_in(factories.staff(role="approver"))
    assert practice.get(page).status_code == 403
    assert practice.post(page, {"question": row.pk}).status_code == 403
    desk = signed_in(factories.staff(role="operations", provider=None))
    assert UNKNOWN in desk.get(page).content.decode()
    for _twice in range(2):
        assert desk.post(page, {"question": row.pk}).status_code == 303
    assert AuditEvent.objects.filter(action="unanswered_question_read").count() == 1
    assert UNKNOWN not in desk.get(page).content.decode()
    assert desk.post(page, {"question": "9" * 30}).status_code == 303


def test_it_is_erased_when_its_time_is_over(client):
    ask(client, UNKNOWN)
    last = timezone.localdate() + timedelta(days=settings.UNANSWERED_KEPT_DAYS)
    assert unanswered.erase(last) == 0
    assert unanswered.erase(last + timedelta(days=1)) == 1
