"""What an answer puts right by itself besides the invoice's own amounts: a payment that was booked on the wrong one."""

import random
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from billing import ledger
from billing.dunning import hold_messages
from billing.errors import Refused
from billing.ledger.verification import BOOKS
from billing.models import LedgerTransaction, OutboxMessage, Reallocation
from billing.money import ZERO
from complaints import answers, filing, handling, notices, remedies
from complaints.models import Remedy
from complaints.remedies import Wanted
from tests import factories
from tests.billing.adjustments.test_reallocation import at, late_invoice, paid
from tests.complaints.test_files import drafted, filed, fresh, point, said
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db
Kind = LedgerTransaction.Kind
CHARGES = (Kind.COSTS, Kind.INTEREST)


@pytest.fixture
def handler():
    return factories.staff(role="operations", provider=None)


def charged_on(invoice, *, days_ago, costs="40.00", interest="0.52"):
    for kind, amount in ((Kind.COSTS, costs), (Kind.INTEREST, interest)):
        key = f"{kind}:{invoice.pk}:{days_ago}"
        ledger.post(invoice, kind, Decimal(amount), external_id=key, occurred_at=at(days_ago), by="system")


def investigated(invoice, handler, **more):
    complaint = filed(invoice, **{"subject": "payment"} | more)
    return handling.acknowledge(complaint.pk, text="Ik kijk ernaar.", staff=handler)


def charges_of(invoice):
    return sum((e.amount for e in ledger.entries.standing_entries(invoice) if e.kind in CHARGES), ZERO)


def mended(booking, **more):
    return drafted([point("upheld", said="ik heb al betaald")], wanted=Wanted(booking=booking.pk, **more))


def contradictions():
    return [found for check in BOOKS for found in check()]


def test_a_payment_moves_in_the_transaction_of_the_answer_with_all_that_followed(handler):
    mother = factories.patient()
    wrong, right = late_invoice(mother, "100.00"), late_invoice(mother, "100.00")
    booking = paid({wrong: "100.00"}, days_ago=60)
    charged_on(right, days_ago=20)
    complaint = investigated(right, handler)
    answer = answers.answer(complaint.pk, mended(booking), staff=handler)
    assert (answer.before, answer.after) == (Decimal("140.52"), ZERO)
    assert (ledger.balance(wrong.pk), charges_of(right)) == (Decimal("100.00"), ZERO)
    assert fresh(wrong).due_on >= timezone.localdate() + timedelta(days=14), "nobody is late by our mistake"
    row = Remedy.objects.get(complaint=complaint, kind=Remedy.Kind.MONEY_MOVED)
    assert (row.amount, row.done_at is not None) == (Decimal("140.52"), True)
    assert contradictions() == []


def test_what_stands_on_the_trail_of_the_invoice_names_no_file_about_us(handler):
    wrong = late_invoice(factories.patient(), "100.00")
    right = late_invoice(wrong.patient, "100.00")
    booking = paid({wrong: "100.00"})
    complaint = investigated(right, handler)
    answers.answer(complaint.pk, mended(booking), staff=handler)
    desk = signed_in(factories.staff(provider=wrong.provider))
    for invoice in (wrong, right):
        page = desk.get(reverse("admin:billing_invoice_change", args=[invoice.pk])).content.decode()
        assert complaint.number not in page


def test_above_the_limit_of_moving_money_two_persons_decide(handler, settings):
    settings.REALLOCATION_SECOND_PERSON_ABOVE = Decimal(50)
    settings.COMPLAINTS_SECOND_PERSON_ABOVE = Decimal(1000)
    wrong = late_invoice(factories.patient(), "100.00")
    right = late_invoice(wrong.patient, "100.00")
    booking = paid({wrong: "100.00"})
    complaint = investigated(right, handler)
    proposed = answers.answer(complaint.pk, mended(booking), staff=handler)
    assert proposed.given_at is None
    assert ledger.balance(right.pk) == Decimal("100.00"), "nothing moved yet"
    second = factories.staff(role="operations", provider=None)
    answers.confirm(complaint.pk, staff=second)
    moved = Reallocation.objects.get()
    assert (moved.status, moved.asked_by, moved.confirmed_by) == ("booked", handler, second)


def test_a_part_moves_by_the_form_and_a_strangers_payment_can_not_be_named(handler):
    wrong = late_invoice(factories.patient(), "100.00")
    right, stranger = late_invoice(wrong.patient, "80.00"), late_invoice(factories.patient(), "100.00")
    booking, foreign = paid({wrong: "100.00"}), paid({stranger: "100.00"}, key="tr_2")
    complaint = investigated(right, handler)
    desk, address = signed_in(handler), reverse("admin:complaints_complaint_file", args=[complaint.pk])
    form = {"act": "answer", "looked_at": "De betalingen.", "apology": "Het spijt ons.", "said_1": "betaald",
            "found_1": "verkeerd geboekt", "decision_1": "upheld", f"share_{wrong.pk}": "20,00"}  # fmt: skip
    page = desk.get(address).content.decode()
    assert f'value="{booking.pk}"' in page
    assert f'value="{foreign.pk}"' not in page
    for wrong_form in ({"booking": foreign.pk}, {"booking": booking.pk, f"share_{right.pk}": "70,00"}):
        assert desk.post(address, form | wrong_form).status_code == 422
    with pytest.raises(Refused):
        answers.answer(complaint.pk, mended(foreign), staff=handler)
    assert not Reallocation.objects.exists()
    assert desk.post(address, form | {"booking": booking.pk, f"share_{right.pk}": "80,00"}).status_code == 302 + 1
    assert (ledger.balance(wrong.pk), ledger.balance(right.pk)) == (Decimal("80.00"), ZERO)


@pytest.mark.parametrize("own_mailbox", [True, False])
def test_whoever_pays_gets_one_mail_about_an_answer_with_amount_and_day(own_mailbox, handler):
    invoice = late_invoice(factories.patient(), "100.00")
    charged_on(invoice, days_ago=20)
    sent = said(email=invoice.patient.email.upper() if own_mailbox else "elders@post.example")
    complaint = filing.file(sent, subject="letters", invoice_id=invoice.pk)
    handling.acknowledge(complaint.pk, text="Ik kijk ernaar.", staff=handler)
    before = OutboxMessage.objects.order_by("pk").last().pk
    answers.answer(complaint.pk, drafted([point("upheld")], wanted=Wanted(charges_off=True)), staff=handler)
    queued = OutboxMessage.objects.filter(pk__gt=before, status="queued")
    mail = queued.get(kind="complaint_answered")
    invoice = fresh(invoice)
    told = date_format(invoice.due_on, "DATE_FORMAT")
    if not own_mailbox:  # the payer hears it at their own address, and a stranger no amount
        assert {row.kind for row in queued} == {"complaint_answered", "charges_taken_off", "hold_ended"}
        assert "100,00" not in mail.text
        return
    assert [row.kind for row in queued] == ["complaint_answered"]
    assert "100,00" in mail.text
    assert told in mail.text
    assert hold_messages.last_ended(invoice) == mail, "letters wait for it"
    assert hold_messages.told_of(mail) == [invoice.pk]
    ledger.post(invoice, Kind.PAYMENT, Decimal("-40.00"), external_id="tr_9", occurred_at=at(0), by="mollie")
    assert notices.may_send_answer(mail, at(0) + timedelta(days=-at(0).weekday() + 8)) is None
    assert "60,00" in OutboxMessage.objects.get(kind="hold_ended").text, "what is no longer true is told anew"


@pytest.mark.parametrize("seed", range(12))
def test_for_any_history_costs_of_the_mistake_are_gone_and_twice_is_once(seed, handler):
    """The costs of the time in which the money stood elsewhere are gone, no cent is lost, and nothing happens twice."""
    rng = random.Random(seed)
    mother = factories.patient()
    amounts = [Decimal(rng.randrange(2000, 20000)) / 100 for _ in range(3)]
    rows = [late_invoice(mother, str(amount)) for amount in amounts]
    came, sum_ = rng.randrange(30, 90), Decimal(rng.randrange(100, 15000)) / 100
    booking = paid({rows[0]: str(sum_)}, days_ago=came)
    charged = rng.random() < 0.7
    if charged:
        charged_on(rows[1], days_ago=rng.randrange(1, came))
    more = {}
    if rng.random() < 0.6 and sum_ > 1:
        first = Decimal(rng.randrange(1, int(sum_ * 100))) / 100
        more["shares"] = ((rows[1].pk, str(first)), (rows[2].pk, str(sum_ - first)))
    complaint, owed = investigated(rows[1], handler), sum(ledger.balance(row.pk) for row in rows) - charges_of(rows[1])
    answers.answer(complaint.pk, mended(booking, **more), staff=handler)
    assert charges_of(rows[1]) == ZERO
    balances = [ledger.balance(row.pk) for row in rows]
    assert sum(balances) == owed
    assert contradictions() == []
    locked = handling.lock(complaint.pk)
    wanted = mended(booking, **more).wanted
    remedies.apply(locked, wanted, line=1, decided=remedies.Decided(handler), now=timezone.now())
    assert [ledger.balance(row.pk) for row in rows] == balances
    assert Reallocation.objects.count() == 1
