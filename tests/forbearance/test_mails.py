"""The mails of forbearance, in each language: what they promise, and what the reader can do."""

from datetime import date

import pytest

from billing.outbox import rendering
from billing.outbox.facts import open_link_context
from forbearance import notices
from tests import factories

pytestmark = pytest.mark.django_db
DAY = date(2027, 1, 4)
LINE = {"number": "2026-00007", "reference": "1234", "reference_ending": "1234", "link": "https://x.example/a/"}
FACTS = {"forbearance_begun": {"until": DAY, "days_after": 14}}
SAYS = {
    ("forbearance_begun", "nl"): ["tot en met 4 januari 2027", "geen rente", "minstens 14 dagen later", "0800 8115"],
    ("forbearance_begun", "en"): ["4 January 2027", "no costs or interest", "at least 14 days later", "0800 8115"],
}


def test_every_kind_is_read_here():
    assert {kind for kind, _language in SAYS} == FACTS.keys() == notices.NEEDS.keys()


@pytest.mark.parametrize(("kind", "language"), SAYS)
def test_it_says_what_happens_next(kind, language):
    shared = open_link_context(factories.invoice(), until=DAY)
    context = shared | {"lines": [LINE], "invoice_number": "2026-00007", "reference_ending": "1234"} | FACTS[kind]
    mail = rendering.render(kind, language=language, context=context)
    for words in SAYS[kind, language]:
        assert words in " ".join(mail.text.split())
    assert mail.subject
