"""The mails about a complaint, in both languages: they tell what happened and where to look, never what was said."""

import re
from datetime import date

import pytest

from billing import rooms
from billing.outbox import rendering
from complaints import notices

PAGE = "https://rekening.example/klacht/abc"
BASE = {"number": "K26-7QF4-M2XK", "page": PAGE}
DAY = date(2026, 12, 22)
FACTS = {
    "complaint_received": BASE | {"acknowledge_by": DAY, "answer_by": DAY, "frozen": True, "goes_on": False},
    "complaint_noted": BASE | {"received_on": DAY},
    "complaint_news": BASE | {"what": "question", "until": DAY},
    "complaint_state": BASE | {"answer_by": DAY, "since": DAY, "late": False, "waits_until": None},
    "complaint_permission": BASE | {"until": DAY},
    "complaint_answered": BASE | {"frozen_until": DAY, "escalate_until": DAY, **dict.fromkeys(notices._MONEY)},
}


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("kind", sorted(notices.NEEDS))
def test_each_says_its_number_and_the_day_and_where_to_look(kind, language):
    mail = rendering.render(kind, language=language, context=FACTS[kind])
    assert BASE["number"] in mail.subject + mail.text
    assert re.search("22 (december|December) 2026", mail.text)
    assert (PAGE in mail.html) == (kind != "complaint_noted"), "who did not write it gets no link to it"
    assert rooms.message_kinds()[kind].needs == notices.NEEDS[kind]


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({}, "U krijgt ons antwoord uiterlijk op 22 december 2026."),
        ({"late": True}, "Wij beloofden u een antwoord op 22 december 2026. Dat is niet gelukt."),
        ({"waits_until": DAY}, "Wij wachten op uw antwoord op onze vraag."),
    ],
)
def test_how_it_stands_is_told_as_it_is(facts, says):
    mail = rendering.render("complaint_state", language="nl", context=FACTS["complaint_state"] | facts)
    assert says in " ".join(mail.text.split())
    assert ("teamleider" in mail.text) == ("waits_until" not in facts)


@pytest.mark.parametrize(
    "what",
    [
        "acknowledgement",
        "admitted",
        "question",
        "extension",
        "inadmissible",
        "state",
        "file_refused",
        "referral",
        "mandate",
    ],
)
@pytest.mark.parametrize("language", ["nl", "en"])
def test_news_says_what_kind_it_is(what, language):
    facts = BASE | {"what": what, "until": None}
    texts = {
        other: rendering.render("complaint_news", language=language, context=facts | {"what": other}).text
        for other in (what, "question" if what != "question" else "extension")
    }
    assert len(set(texts.values())) == 2
