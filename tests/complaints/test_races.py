"""A complaint that comes at the same moment as a letter, a payment, a decision or the last step before hand-over.

`COMPLAINT_RACES=1:1000 pytest tests/complaints/test_races.py --servers` runs a thousand; a seed replays its own race.
Handing over itself is not built: in its place stands the step that leaves an invoice to staff for it.
"""

import os
import random
import threading
import time
from contextlib import contextmanager, nullcontext
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.db import transaction

from billing import ledger
from billing.dunning import planning
from billing.ledger import verification
from billing.models import Hold, Invoice, OutboxMessage, StaffTask
from billing.outbox import delivery
from complaints import answers, days, filing, freeze, handling
from complaints.models import Complaint
from complaints.remedies import Wanted
from tests import factories
from tests.billing.conftest import sink  # noqa: F401
from tests.billing.invoices.schedule_walk import FINAL_ON, REMINDED, Step, at, new_invoice, pay, until, with_letter
from tests.billing.outbox.test_outbox_races import in_threads
from tests.complaints.test_files import drafted, filed, fresh, point

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
Mail = OutboxMessage.Status
FIRST, LAST = map(int, os.environ.get("COMPLAINT_RACES", "1:8").split(":"))


@pytest.fixture(autouse=True)
def by_day(sink, settings):  # noqa: F811
    settings.NOTICE_HOURS = (7, 22)


def later(rng, act):
    pause = rng.uniform(0, 0.02)

    def run():
        time.sleep(pause)
        return act()

    return run


def pay_at_once(invoice):
    with transaction.atomic():
        pay(invoice, "60.00", REMINDED)


def race_with_letter(rng):
    """No letter is sent by a worker that looks after the complaint was taken, and the payment is booked."""
    invoice, message = with_letter()
    taken, late = threading.Event(), []

    def complain():
        filed(invoice, now=at(REMINDED))
        taken.set()

    def send():
        if taken.is_set() and fresh(message).status == Mail.QUEUED:
            late.append("looked after the complaint was taken")
        delivery.deliver(message.pk, now=at(REMINDED))

    acts = [later(rng, act) for act in (complain, send, send, lambda: pay_at_once(invoice))]
    rng.shuffle(acts)
    assert [error for error in in_threads(*acts) if error] == []
    delivery.deliver(message.pk, now=at(REMINDED))
    assert fresh(message).status in ((Mail.CANCELED,) if late else (Mail.SENT, Mail.CANCELED))
    assert ledger.outstanding(invoice.pk) == Decimal("40.00")
    assert freeze.rests(invoice)


def race_with_payment(rng):
    """A payment that is reported twice while somebody complains about the rest is booked once, and so is the rest."""
    invoice = factories.invoice(amount="100.00")
    acts = [
        later(rng, lambda: filed(invoice, disputed=Decimal("40.00"))),
        later(rng, lambda: pay_at_once(invoice)),
        later(rng, lambda: pay_at_once(invoice)),
    ]
    rng.shuffle(acts)
    assert [error for error in in_threads(*acts) if isinstance(error, Exception)] == []
    assert ledger.outstanding(invoice.pk) == Decimal("40.00")
    assert freeze.rests(invoice)
    assert not StaffTask.objects.filter(invoice=invoice, kind=StaffTask.Kind.PAID_ON_HOLD).exists()
    with transaction.atomic():
        pay(invoice, "40.00", REMINDED.replace(day=REMINDED.day + 1))
    assert fresh(invoice).settled_at is not None


def race_with_decision(rng):
    """Two complaints: while one is answered the other comes, and the invoice rests for it."""
    invoice, staff = factories.invoice(amount="100.00"), factories.staff(role="operations", provider=None)
    first = filed(invoice, subject="price")
    handling.acknowledge(first.pk, text="Ik ben Anna.", staff=staff)
    draft = drafted([point("upheld")], wanted=Wanted(lower_to=Decimal("80.00")))
    acts = [
        later(rng, lambda: answers.answer(first.pk, draft, staff=staff)),
        later(rng, lambda: filed(invoice, subject="letters")),
        later(rng, lambda: pay_at_once(invoice)),
    ]
    rng.shuffle(acts)
    assert [error for error in in_threads(*acts) if isinstance(error, Exception)] == []
    assert ledger.outstanding(invoice.pk) == Decimal("20.00")
    assert Complaint.objects.filter(invoice=invoice, status__in=Complaint.OPEN).count() == 1
    assert freeze.rests(invoice)
    assert Hold.objects.filter(invoice=invoice, reason=freeze.HOLD, released_at=None).count() == 1


def race_with_hand_over(rng):
    """Never both handed over and not at rest: 7 of the acceptance tests."""
    invoice = until(new_invoice(amount="100.00"), FINAL_ON)
    day = invoice.next_step_on
    assert invoice.next_step == Step.HAND_OVER
    planning.run_day(day)
    acts = [later(rng, lambda: filed(invoice, now=at(day))), later(rng, lambda: planning.sweep(now=at(day)))]
    rng.shuffle(acts)
    assert [error for error in in_threads(*acts) if isinstance(error, Exception)] == []
    assert freeze.rests(invoice)
    planning.run_day(day)
    planning.sweep(now=at(day, 12))
    ready = StaffTask.objects.filter(invoice=invoice, kind=StaffTask.Kind.READY_FOR_HAND_OVER, closed_at=None)
    assert not ready.exists(), "whichever came first, staff are not asked to hand it over"


RACES = (race_with_letter, race_with_decision, race_with_hand_over, race_with_payment)
CHUNK = 4  # of one test: emptying the database costs more than a race


@pytest.mark.parametrize("first", range(FIRST, LAST + 1, CHUNK))
def test_07_whatever_comes_at_once_the_invoice_rests_and_no_money_is_lost(first):
    for seed in range(first, min(first + CHUNK, LAST + 1)):
        rng = random.Random(seed)
        with say_which(seed):
            RACES[seed % len(RACES)](rng)
    assert list(verification.discrepancies()) == []
    days.run_day(REMINDED)


@contextmanager
def say_which(seed: int):
    try:
        yield
    except BaseException as error:
        error.add_note(f"COMPLAINT_RACES={seed}:{seed}")
        raise


def test_twin_without_the_hold_in_the_same_transaction_a_letter_leaves_after_the_complaint(monkeypatch):
    invoice, message = with_letter()
    monkeypatch.setattr(freeze, "place_hold", lambda *args, **more: None)
    filed(invoice, now=at(REMINDED))
    delivery.deliver(message.pk, now=at(REMINDED))
    assert fresh(message).status == OutboxMessage.Status.SENT


def test_twin_without_the_lock_an_answer_ends_the_rest_that_another_complaint_needs(monkeypatch):
    invoice, staff = factories.invoice(amount="100.00"), factories.staff(role="operations", provider=None)
    first = filed(invoice, subject="price")
    handling.acknowledge(first.pk, text="Ik ben Anna.", staff=staff)
    looked, came = threading.Event(), threading.Event()
    needed = freeze._needed

    def slow_look(*args):
        found = needed(*args)
        looked.set()
        came.wait(20)
        return found

    unlocked = SimpleNamespace(atomic=nullcontext)
    monkeypatch.setattr(freeze, "_needed", slow_look)
    monkeypatch.setattr(answers, "lock", lambda pk: Complaint.objects.select_related("invoice").get(pk=pk))
    monkeypatch.setattr(answers, "transaction", unlocked)
    monkeypatch.setattr(filing, "lock_invoice", lambda pk: Invoice.objects.get(pk=pk))

    def complain():
        assert looked.wait(20)
        filed(invoice, subject="letters")
        came.set()

    draft = drafted([point("upheld")], wanted=Wanted(action="wij bellen u"))
    results = in_threads(lambda: answers.answer(first.pk, draft, staff=staff), complain)
    assert [error for error in results if isinstance(error, Exception)] == []
    assert Complaint.objects.filter(status__in=Complaint.OPEN).count() == 1
    assert not freeze.rests(invoice)
