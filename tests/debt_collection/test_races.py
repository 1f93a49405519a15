"""A hand-over at the same moment as a complaint, a payment, a plan or another hand-over: never both.

`HAND_OVER_RACES=1:1000 pytest tests/debt_collection/test_races.py --servers` runs a thousand; a seed replays its race.
"""

import json
import os
import random
import threading
import time
from contextlib import nullcontext
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.db import transaction
from django.utils import timezone

from billing import ledger
from billing.errors import Refused
from billing.ledger import verification
from billing.models import Hold, Invoice, LedgerTransaction, PaymentPlan
from billing.plans import agreements
from billing.plans.options import options_for
from complaints import freeze
from debt_collection import blockers, handing_over
from debt_collection.models import HandOver, Order
from debt_collection.running import recall, standing
from tests.billing.outbox.test_outbox_races import in_threads
from tests.complaints.test_files import filed
from tests.debt_collection.cases import agency, decider, fresh, ready

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
FIRST, LAST = map(int, os.environ.get("HAND_OVER_RACES", "1:10").split(":"))
Kind = LedgerTransaction.Kind


def raced(rng, *acts):
    """Run the acts at once, and return the errors that no rule of ours raised."""

    def later(act):
        pause = rng.uniform(0, 0.02)
        return lambda: (time.sleep(pause), act())[1]

    ran = [later(act) for act in acts]
    rng.shuffle(ran)
    results = in_threads(*ran)
    return [error for error in results if isinstance(error, Exception) and not isinstance(error, Refused)]


def handing(invoice):
    to, by = agency(), decider(invoice)
    return lambda: handing_over.hand_over(invoice.pk, to, by=by)


def case_of(invoice):
    return HandOver.objects.filter(claims__invoice=invoice).first()


def agree(invoice):
    """Agree to a plan as the patient's page does."""
    options = options_for(fresh(invoice), timezone.localdate())
    count, first_on = options.counts[-1], options.first_suggested
    return agreements.agree_installments(invoice.pk, count=count, first_on=first_on, by="patient")


def pay(invoice, amount="140.50"):
    with transaction.atomic():
        locked = ledger.lock_invoice(invoice.pk)
        key = f"pay:{invoice.pk}"
        ledger.post(locked, Kind.PAYMENT, -Decimal(amount), external_id=key, occurred_at=timezone.now(), by="mollie")


def race_with_payment(rng):
    """What was paid first is not handed over; what is paid after ends the case, and the agency is told."""
    invoice = ready()
    assert raced(rng, handing(invoice), lambda: pay(invoice)) == []
    standing.sweep()
    case = case_of(invoice)
    assert fresh(invoice).settled_at
    assert not Hold.objects.filter(invoice=invoice, released_at=None).exists()
    if case:
        assert case.status == HandOver.Status.PAID
        first, *others = case.orders.order_by("number")
        told = json.loads(first.facts["files"][f"{first}-dossier.json"])
        assert told["total_open"] == "140.50", "what it was before the payment"
        assert [order.kind for order in others] == ["standing"]


def race_with_plan(rng):
    """A plan or an agency, never both."""
    invoice = ready()
    assert raced(rng, handing(invoice), lambda: agree(invoice)) == []
    agreed = PaymentPlan.objects.filter(invoice=invoice, status=PaymentPlan.Status.ACTIVE).exists()
    assert agreed != (case_of(invoice) is not None)


def race_with_complaint(rng):
    """A complaint that came first keeps it here; one that comes after makes the agency wait."""
    invoice = ready()
    assert raced(rng, handing(invoice), lambda: filed(invoice, subject="price")) == []
    assert freeze.rests(invoice)
    standing.sweep()
    if case := case_of(invoice):
        assert [order.kind for order in case.orders.order_by("number")] == ["dossier", "pause"]


def race_with_itself(rng):
    """Two who hand over at once make one case, with one dossier."""
    invoice = ready()
    assert raced(rng, handing(invoice), handing(invoice)) == []
    assert HandOver.objects.filter(claims__invoice=invoice).count() == 1
    assert Order.objects.filter(hand_over__claims__invoice=invoice).count() == 1


def race_of_recall(rng):
    """Two recalls and a payment at once: the costs go off once, and no cent is lost."""
    invoice = ready()
    case = handing(invoice)()
    acts = [lambda: recall.recall(case, reason="by_hand", by="staff:anna")] * 2
    assert raced(rng, *acts, lambda: pay(invoice, "50.00"), standing.sweep) == []
    assert ledger.balance(invoice.pk) == Decimal("50.00")
    assert fresh(case).status == HandOver.Status.RECALLED


RACES = (race_with_payment, race_with_plan, race_with_complaint, race_with_itself, race_of_recall)
CHUNK = 5  # of one test: emptying the database costs more than a race


@pytest.mark.parametrize("first", range(FIRST, LAST + 1, CHUNK))
def test_whatever_comes_at_once_it_is_never_both(first):
    for seed in range(first, min(first + CHUNK, LAST + 1)):
        try:
            RACES[seed % len(RACES)](random.Random(seed))
        except BaseException as error:
            error.add_note(f"HAND_OVER_RACES={seed}:{seed}")
            raise
    assert list(verification.discrepancies()) == []


def test_twin_without_the_lock_there_is_a_plan_and_an_agency(monkeypatch):
    invoice, looked, agreed = ready(), threading.Event(), threading.Event()
    of_claim = blockers.of_claim

    def slow_look(*args, **more):
        found = list(of_claim(*args, **more))
        looked.set()
        agreed.wait(20)
        return found

    monkeypatch.setattr(blockers, "of_claim", slow_look)
    monkeypatch.setattr(handing_over, "transaction", SimpleNamespace(atomic=nullcontext))
    unlocked = Invoice.objects.order_by("pk")
    monkeypatch.setattr(handing_over, "lock_invoices", lambda keys: list(unlocked.filter(pk__in=set(keys))))

    def plan():
        assert looked.wait(20)
        agree(invoice)
        agreed.set()

    errors = [error for error in in_threads(handing(invoice), plan) if isinstance(error, Exception)]
    assert errors == []
    assert case_of(invoice)
    assert PaymentPlan.objects.filter(invoice=invoice, status=PaymentPlan.Status.ACTIVE).exists()
