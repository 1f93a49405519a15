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
OF_HELPER = {"their_reference": "SHV-7", "until": DAY, "today": DAY, "by_court": False}
FACTS = {
    "forbearance_begun": {"until": DAY, "days_after": 14, "voided": None},
    "forbearance_heirs": {"numbers": ["2026-00007", "2026-00008"]},
    "forbearance_of_age": {"references": [("2026-00007", "1234 5678")]},
    "forbearance_over": {
        "lines": [
            LINE | {"amount": Decimal("60.00"), "due_on": DAY},
            LINE | {"amount": Decimal("40.00"), "due_on": DAY},
        ],
        "total": Decimal("100.00"),
    },
    "forbearance_represented": {
        "lines": [LINE | {"amount": Decimal("60.00"), "due_on": DAY}],
        "total": Decimal("60.00"),
        "since": DAY,
    },
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
        "3 maanden",
    ],
    ("forbearance_heirs", "en"): ["condolences", "2026-00007, 2026-00008", "Do not pay yet", "notary", "three months"],
    ("forbearance_represented", "nl"): ["sinds 4 januari 2027", "60,00, uiterlijk op", "kenmerk 1234", "alleen aan u"],
    ("forbearance_represented", "en"): ["since 4 January 2027", "60.00, on 4", "reference 1234", "write to you only"],
    ("forbearance_over", "nl"): [
        "60,00, uiterlijk op 4 januari 2027",
        "op de dag die erbij staat",
        "100,00",
        "gratis herinnering",
        "0800 8115",
    ],
    ("forbearance_over", "en"): ["60.00, on 4 January 2027", "100.00", "free reminder", "0800 8115"],
    ("forbearance_of_age", "nl"): ["18 jaar", "naar uw kind zelf", "2026-00007", "geen herinneringen"],
    ("forbearance_of_age", "en"): ["18 now", "to your child", "2026-00007", "no reminders"],
    ("forbearance_balance", "nl"): ["SHV-7", "100,00", "40,00", "140,40", "Tot en met 4 januari 2027", "verlengen"],
    ("forbearance_balance", "en"): ["SHV-7", "100.00", "40.00", "140.40", "4 January 2027", "extend"],
}


def test_every_kind_is_read_here():
    assert {kind for kind, _language in SAYS} == FACTS.keys() == notices.NEEDS.keys()


@pytest.mark.parametrize(
    ("language", "says"), [("nl", "zorg van vóór de uitspraak"), ("en", "care of before the order")]
)
def test_whom_a_court_appointed_hears_of_old_claims_alone(language, says):
    context = open_link_context(factories.invoice(), until=DAY) | FACTS["forbearance_balance"]
    context |= {"by_court": True, "until": None, "invoice_number": "2026-00007", "reference_ending": "1234"}
    mail = rendering.render("forbearance_balance", language=language, context=context)
    assert says in " ".join(mail.text.split())
    assert "None" not in mail.text


@pytest.mark.parametrize(("kind", "language"), SAYS)
def test_it_says_what_happens_next(kind, language):
    shared = open_link_context(factories.invoice(), until=DAY)
    context = shared | {"lines": [LINE], "invoice_number": "2026-00007", "reference_ending": "1234"} | FACTS[kind]
    mail = rendering.render(kind, language=language, context=context)
    for words in SAYS[kind, language]:
        assert words in " ".join(mail.text.split())
    assert mail.subject
