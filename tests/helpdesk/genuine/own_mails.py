"""The facts of every mail that the product sends, with a number of the invoice like a telephone number."""

from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from billing import rooms
from billing.invoices import references
from billing.invoices.transfers import Account
from debt_collection import notices
from tests import factories
from tests.billing.outbox.test_messages import FACTS as BILLING
from tests.complaints.test_mails import FACTS as COMPLAINTS
from tests.debt_collection.cases import agency
from tests.forbearance.test_mails import FACTS as FORBEARANCE
from tests.helpdesk.genuine.test_ours import HOST, IBAN

DAY, NUMBER = date(2026, 12, 18), "0201500123"


def _claim() -> dict[str, Any]:
    amounts = dict.fromkeys(("amount", "outstanding", "total", "invoiced", "principal"), Decimal(60))
    nothing = dict.fromkeys(("insurer", "lowered", "paid", "costs", "interest"), Decimal("0.25"))
    return amounts | nothing | {
        "number": NUMBER, "reference": "0494 1819 0479 8657", "reference_ending": "8657", "link": f"https://{HOST}/x/",
        "issued_on": date(2026, 11, 1), "due_on": DAY, "interest_from": date(2026, 12, 2),
    }  # fmt: skip


def _dunning(claim: dict[str, Any]) -> dict[str, Any]:
    """What the letters of the schedule need, with everything that only some of them have."""
    return {
        "lines": [claim, claim], "several": True, "total": Decimal(120), "principal": Decimal(100), "days_to_pay": 14,
        "costs": Decimal(40), "interest": Decimal("1.25"), "last_day": DAY, "debtors": ["J. Jansen", "A. Jansen"],
        "before_on": date(2026, 11, 16), "announced": Decimal(40), "least": Decimal(40), "part_from": Decimal(5),
        "costs_from": Decimal(2), "with_vat": True, "earlier": [(date(2026, 10, 1), Decimal(20))],
        "together": Decimal(60), "counted_once": True, "rate": Decimal(4), "rate_of": date(2026, 7, 1),
        "taken_back": date(2026, 11, 20), "on_hold": False, "plan": None,
    }  # fmt: skip


def _coulance() -> dict[str, Any]:
    """What the mails about a case say; each of them takes what it needs."""
    return {
        "before": Decimal(100), "reduction": Decimal(40), "charges_off": Decimal("1.25"), "on_hold": False,
        "specification_due_on": DAY, "decided_before": True, "asked_more": True, "until": DAY, "send_until": DAY,
        "can_send": True, "wants_specification": True, "expired": True, "rests": False, "voided": date(2026, 11, 2),
        "reference_ending": "8657", "reason": "Uw verzekeraar betaalde de helft.", "waiting": 2,
        "desk": f"https://{HOST}/beheer/", "plan": None,
    }  # fmt: skip


def all_of_them() -> dict[str, dict[str, Any]]:
    """Return the facts of each kind that is announced, also of those that go to staff and practices."""
    row = agency(dispute_body_url="https://bureaugeschil.example/", phone="+31302345678")
    claim = _claim()
    shared = {
        "provider": factories.provider(phone="+31201234567", email="balie@linde.example", name="De Linde"),
        "lines": [claim], "total": Decimal(60), "link_until": date(2027, 1, 1), "agency": row, "credit": Decimal(5),
        "case": SimpleNamespace(number="IN-1"), "iban": references.grouped(row.iban), "old_ending": "4567",
        "due_on": DAY, "today": date(2026, 12, 1), "resting": 0, "taken_off": Decimal(0), "outstanding": Decimal(60),
        "account": Account(IBAN, "Zorgrekening B.V.", is_ours=True),
    }  # fmt: skip
    dunning, coulance = shared | _dunning(claim), shared | _coulance()
    letters = ("invoice_notice", "friendly_note", "reminder", "final_notice", "notice_of_costs", "final")
    told = {
        **BILLING,
        **{kind: shared | facts for kind, facts in (FORBEARANCE | COMPLAINTS).items()},
        **dict.fromkeys(notices.NEEDS, shared),
        **dict.fromkeys(letters, dunning),
        **{kind: coulance for kind in rooms.message_kinds() if kind.startswith("coulance_")},
        "message_answered": shared,
        "helpdesk_fraud": shared | {"until": DAY, "voided": date(2026, 11, 2)},
    }
    return {kind: facts | {"invoice_number": NUMBER, "provider": shared["provider"]} for kind, facts in told.items()}
