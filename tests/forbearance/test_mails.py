"""The mails of forbearance, in each language: what they promise, and what the reader can do."""

from datetime import date
from decimal import Decimal

import pytest

from billing.ledger.breakdown import Parts
from billing.outbox import rendering
from billing.outbox.facts import open_link_context
from forbearance import notices
from tests import factories

pytestmark = pytest.mark.django_db
DAY = date(2027, 1, 4)
LINE = {"number": "2026-00007", "reference": "1234", "reference_ending": "1234", "link": "https://x.example/a/"}
OPEN = {
    "number": "2026-00007",
    "issued_on": DAY,
    "amount": Decimal("140.40"),
    "parts": Parts(principal=Decimal("100.00"), interest=Decimal("0.40"), costs=Decimal("40.00")),
}
OF_HELPER = {"their_reference": "SHV-7", "until": DAY, "today": DAY}
FACTS = {
    "forbearance_begun": {"until": DAY, "days_after": 14},
    "forbearance_heirs": {"numbers": ["2026-00007", "2026-00008"]},
    "forbearance_balance": OF_HELPER | {"open_lines": [OPEN], "total": Decimal("140.40")},
}
SAYS = {
    ("forbearance_begun", "nl"): ["tot en met 4 januari 2027", "geen rente", "minstens 14 dagen later", "0800 8115"],
    ("forbearance_begun", "en"): ["4 January 2027", "no costs or interest", "at least 14 days later", "0800 8115"],
    ("forbearance_heirs", "nl"): [
        "Gecondoleerd",
        "2026-00007, 2026-00008",
        "Betaal nog niet",
        "notaris",
        "drie maanden",
    ],
    ("forbearance_heirs", "en"): ["condolences", "2026-00007, 2026-00008", "Do not pay yet", "notary", "three months"],
    ("forbearance_balance", "nl"): ["SHV-7", "100,00", "40,00", "140,40", "Tot en met 4 januari 2027", "verlengen"],
    ("forbearance_balance", "en"): ["SHV-7", "100.00", "40.00", "140.40", "4 January 2027", "extend"],
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
