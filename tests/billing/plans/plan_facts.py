"""Example facts for the messages about paying later, pauses and charges."""

from datetime import date
from decimal import Decimal

from billing.invoices.transfers import Account
from billing.ledger.breakdown import Parts
from billing.models import Provider
from billing.plans.options import payment_schedule

PROVIDER = Provider(
    name="Tandartspraktijk De Linde",
    email="balie@linde.example",
    phone="+31201234567",
    phone_hours="ma-vr 9-12 uur",
)
_BASE = {
    "invoice_number": "2026-00123",
    "reference_ending": "4321",
    "lines": [
        {
            "number": "2026-00123",
            "link": "https://rekening.example/openen/abc/",
            "reference": "1234 5678 8765 4321",
            "reference_ending": "4321",
        }
    ],
    "account": Account("NL02ABNA0123456789", "Rekeningdienst B.V.", is_ours=True),
    "link_until": date(2027, 3, 1),
    "provider": PROVIDER,
}
_AMOUNT = Decimal("100.00")
_INSTALLMENT = {"amount": Decimal("33.34"), "due_on": date(2026, 12, 1), "number": 1}
FACTS = {
    "statement_copy": _BASE,
    "invoice_again": _BASE,
    "deferral_agreed": _BASE | {"amount": _AMOUNT, "until": date(2027, 1, 15)},
    "plan_agreed": _BASE
    | {
        "amount": _AMOUNT,
        "until": date(2027, 2, 28),
        "voided": date(2026, 11, 2),
        "terms": payment_schedule(_AMOUNT, count=3, first_on=date(2026, 12, 31)),
    },
    "installment_due": _BASE | _INSTALLMENT | {"count": 12, "is_deferral": False},
    "installment_missed": _BASE | _INSTALLMENT | {"grace_until": date(2026, 12, 12), "outstanding": _AMOUNT},
    "plan_broken": _BASE
    | {
        "outstanding": _AMOUNT,
        "due_on": date(2027, 1, 15),
        "parts": Parts(principal=Decimal("59.43"), interest=Decimal("0.57"), costs=Decimal("40.00")),
    },
    "plan_completed": _BASE,
    "plan_undone": _BASE | {"outstanding": _AMOUNT, "due_on": date(2026, 12, 1), "is_deferral": False},
    "hold_placed": _BASE | {"outstanding": _AMOUNT, "voided": date(2026, 11, 2)},
    "hold_ended": _BASE
    | {"outstanding": _AMOUNT, "due_on": date(2027, 1, 15), "plan": False, "plan_until": date(2027, 1, 15)},
    "payment_reversed": _BASE
    | {"amount": _AMOUNT, "paid_at": date(2026, 11, 2), "outstanding": _AMOUNT, "state": "paused"},
    "payment_moved": _BASE
    | {
        "was": Decimal("0.00"),
        "now": _AMOUNT,
        "undone": False,
        "paid_on": date(2026, 11, 2),
        "start_again": True,
        "due_on": date(2027, 1, 15),
        "on_hold": False,
        "plan": None,
        "outstanding": _AMOUNT,
        "credit": Decimal("1.00"),
    },
    "charges_taken_off": _BASE
    | {
        "amount": Decimal("40.57"),
        "paid_on": date(2026, 11, 2),
        "start_again": True,
        "spared": False,
        "due_on": date(2027, 1, 15),
        "on_hold": False,
        "plan": None,
        "outstanding": _AMOUNT,
        "credit": Decimal("1.00"),
    },
}
