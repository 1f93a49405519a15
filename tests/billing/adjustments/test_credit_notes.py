"""Taking back an invoice, whole or in part: everything that rests on it ends, and nothing is booked twice."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from billing import ledger
from billing.adjustments import credit_notes
from billing.adjustments.credit_notes import NewCreditNote
from billing.dunning import letters, staff_acts
from billing.errors import Refused
from billing.invoices.holds import active_hold
from billing.ledger.verification import discrepancies
from billing.models import CreditNote, Hold, Invoice, OutboxMessage, PaymentPlan, ReminderStep, StaffTask
from billing.plans import agreements
from tests import factories
from tests.billing.invoices.schedule_walk import (
    COSTS_ON,
    FINAL_ON,
    MONDAY,
    NOTICED,
    REMINDED,
    Step,
    at,
    charged,
    kinds,
    live,
    live_through,
    new_invoice,
    pay,
    reasons,
    until,
)

pytestmark = pytest.mark.django_db
D = Decimal
DAY = date(2026, 5, 20)


@pytest.fixture(autouse=True)
def _by_day(sink, settings):
    settings.NOTICE_HOURS = (7, 22)


def whole(number="C-1", reason="Verkeerde patiënt"):
    return NewCreditNote(number=number, issued_on=timezone.localdate(), reason=reason)


def part(amount, number="C-1"):
    return replace(whole(number), amount=D(amount))


def of_lines(*amounts, number="C-1"):
    return replace(whole(number), lines=tuple(factories.line(amount=amount) for amount in amounts))


def take(invoice, note, on=DAY):
    return credit_notes.take(invoice, note, by="staff:els", now=at(on))


def fresh(invoice):
    return Invoice.objects.get(pk=invoice.pk)


def surplus():
    return list(StaffTask.objects.filter(kind="surplus", closed_at=None).values_list("note", flat=True))


def text_of(kind):
    return " ".join(OutboxMessage.objects.get(kind=kind).text.replace("\xa0", " ").split())


# --- the whole invoice ------------------------------------------------------------------------------


def test_withdrawn_after_costs_everything_is_off_and_no_letter_follows():
    invoice = until(new_invoice(amount="100.00"), COSTS_ON)
    assert sum(charged(invoice).values()) > 40
    row = take(invoice, whole())
    assert (row.amount, row.is_whole) == (D("100.00"), True)
    assert ledger.balance(invoice.pk) == 0
    assert sum(charged(invoice).values()) == 0
    assert (fresh(invoice).withdrawn_at, fresh(invoice).next_step_on) == (at(DAY), None)
    before = kinds()
    live_through(DAY, FINAL_ON + timedelta(days=40), every=3)
    assert kinds() == before
    assert list(discrepancies()) == []


def test_the_patient_is_told_and_staff_see_it():
    invoice = until(new_invoice(amount="100.00"), COSTS_ON)
    taken_off = f"{sum(charged(invoice).values())}".replace(".", ",")
    take(invoice, whole())
    text = text_of("invoice_withdrawn")
    assert "U hoeft niet te betalen" in text
    assert f"De kosten en de rente van € {taken_off} vervallen ook." in text
    assert "Verkeerde patiënt" not in text, "the reason may name care: it stands in the sealed document"
    assert OutboxMessage.objects.get(kind="invoice_withdrawn").recipient == invoice.patient.email
    event = invoice.audit_events.get(action="invoice_withdrawn")
    assert (event.by, event.details) == ("staff:els", {"credit_note": "C-1", "amount": "100.00"})


def test_of_an_invoice_that_nobody_was_told_about_no_mail_goes_out_at_all():
    invoice = new_invoice()
    take(invoice, whole(), on=MONDAY)
    live(MONDAY)
    assert kinds() == []
    assert reasons(invoice, ReminderStep.Status.DROPPED) == [(Step.NOTICE, "withdrawn")]


def test_a_letter_that_waits_to_be_sent_stays_here():
    invoice = until(new_invoice(), REMINDED - timedelta(days=1))
    ReminderStep.objects.create(invoice=invoice, step=Step.REMINDER, due_on=invoice.due_on, planned_on=REMINDED)
    letters.compose(invoice.patient_id, now=at(REMINDED))
    take(invoice, whole(), on=REMINDED)
    live(REMINDED, 11)
    assert "reminder" not in kinds(status=OutboxMessage.Status.SENT)


def test_what_was_paid_becomes_credit_and_a_task():
    invoice = until(new_invoice(amount="100.00"), COSTS_ON)
    pay(invoice, "60.00", COSTS_ON)
    take(invoice, whole())
    assert ledger.balance(invoice.pk) == D("-60.00")
    assert surplus() == ["60.00"]
    assert "U heeft € 60,00 betaald. Dat geld blijft van u. U krijgt het binnen 14 dagen terug." in text_of(
        "invoice_withdrawn"
    )


def test_what_the_insurer_paid_is_no_credit_of_the_patient():
    invoice = factories.invoice(amount="250.00", insurer_paid="150.00")
    assert take(invoice, whole()).amount == D("100.00")
    assert (ledger.balance(invoice.pk), surplus()) == (0, [])
    paid_up = factories.invoice(amount="45.00", insurer_paid="45.00")
    assert take(paid_up, whole("C-2")).amount == 0
    assert fresh(paid_up).withdrawn_at


def test_a_plan_a_hold_and_pointless_tasks_end():
    invoice = factories.invoice(amount="90.00")
    agreements.agree_installments(invoice.pk, count=3, first_on=timezone.localdate() + timedelta(days=10), by="patient")
    staff_acts.pause(invoice, by="staff:els", note="klacht")
    letters.leave_to_staff(invoice, "no_address", key="x")
    take(invoice, whole(), on=timezone.localdate())
    assert PaymentPlan.objects.get().status == PaymentPlan.Status.CANCELED
    assert active_hold(invoice.pk) is None
    assert not StaffTask.objects.filter(closed_at=None).exists()
    with pytest.raises(Refused, match=r"Nothing keeps|Niets houdt|ingetrokken"):
        agreements.agree_deferral(invoice.pk, until=timezone.localdate() + timedelta(days=5), by="patient")
    agreements.run_day(timezone.localdate() + timedelta(days=60))
    assert not OutboxMessage.objects.filter(kind__startswith="installment").exists()


# --- a part -----------------------------------------------------------------------------------------


def test_a_part_lowers_what_is_owed_and_undoes_the_costs_that_rest_on_it():
    """€ 285.10 for € 28.51: the costs were counted over an amount that was never owed."""
    invoice = until(new_invoice(amount="285.10"), COSTS_ON)
    row = take(invoice, of_lines("256.59"))
    assert (row.amount, row.is_whole) == (D("256.59"), False)
    assert ledger.balance(invoice.pk) == D("28.51")
    assert sum(charged(invoice).values()) == 0
    assert fresh(invoice).withdrawn_at is None
    assert fresh(invoice).due_on >= DAY + timedelta(days=14)
    assert (Step.FINAL_NOTICE, "credited") in reasons(invoice, ReminderStep.Status.VOID)
    text = text_of("invoice_credited")
    assert "Betaal € 28,51 uiterlijk op" in text
    assert "De kosten en de rente van" in text
    live_through(DAY + timedelta(days=1), DAY + timedelta(days=16), every=5)
    assert kinds().count("final_notice") == 1, "nothing further before the new last day"
    live_through(DAY + timedelta(days=20), DAY + timedelta(days=90), every=1)
    assert charged(invoice)["costs"] == D("40.00")
    assert kinds().count("final_notice") == 2


def test_a_running_14_day_letter_with_the_old_amount_is_void():
    invoice = until(new_invoice(amount="285.10"), NOTICED)
    take(invoice, part("256.59"), on=NOTICED + timedelta(days=2))
    assert (Step.FINAL_NOTICE, "credited") in reasons(invoice, ReminderStep.Status.VOID)
    live(COSTS_ON)
    assert charged(invoice) == {}


def test_parts_that_add_up_to_all_withdraw_the_invoice():
    invoice = factories.invoice(amount="100.00")
    take(invoice, part("40.00", "C-1"))
    assert fresh(invoice).withdrawn_at is None
    take(invoice, part("60.00", "C-2"))
    assert fresh(invoice).withdrawn_at
    assert ledger.balance(invoice.pk) == 0


@pytest.mark.parametrize("amount", ["100.01", "0.00", "-5.00"])
def test_more_than_the_invoice_asks_or_nothing_is_refused_and_changes_nothing(amount):
    invoice = factories.invoice(amount="150.00", insurer_paid="50.00")
    with pytest.raises(Refused):
        take(invoice, part(amount))
    assert (ledger.balance(invoice.pk), CreditNote.objects.count()) == (D("100.00"), 0)


def test_costs_and_payments_do_not_change_what_can_be_credited():
    invoice = until(new_invoice(amount="100.00"), COSTS_ON)
    pay(invoice, "100.00", COSTS_ON)
    with pytest.raises(Refused):
        take(invoice, part("100.01"))
    take(invoice, part("30.00"))
    assert ledger.balance(invoice.pk) == D("-30.00")
    assert surplus() == ["30.00"]


# --- twice ------------------------------------------------------------------------------------------


def test_the_same_note_twice_is_known_and_another_content_is_refused():
    invoice, other = factories.invoice(amount="100.00"), None
    row = take(invoice, of_lines("10.00", "20.00"))
    assert take(invoice, of_lines("10.00", "20.00")) == row
    assert take(invoice, replace(of_lines("10.0", "20.00"), reason=" Verkeerde  patiënt ")) == row, "it means the same"
    other = factories.invoice(provider=invoice.provider)
    for changed in (of_lines("10.00"), replace(of_lines("10.00", "20.00"), issued_on=MONDAY), whole()):
        with pytest.raises(Refused, match=r"other content|andere inhoud"):
            take(invoice, changed)
    with pytest.raises(Refused, match=r"other content|andere inhoud"):
        take(other, of_lines("10.00", "20.00"))
    assert ledger.balance(invoice.pk) == D("70.00")


def test_a_second_note_on_a_withdrawn_invoice_is_refused():
    invoice = factories.invoice()
    take(invoice, whole())
    take(invoice, whole())
    with pytest.raises(Refused):
        take(invoice, whole("C-2"))
    assert OutboxMessage.objects.filter(kind="invoice_withdrawn").count() <= 1


def test_a_reason_is_needed():
    with pytest.raises(Refused):
        take(factories.invoice(), whole(reason="  "))


def test_the_number_that_staff_get_is_free():
    invoice = factories.invoice()
    assert credit_notes.next_number(invoice) == f"{invoice.number}-C1"
    take(invoice, part("1.00", credit_notes.next_number(invoice)))
    assert credit_notes.next_number(invoice) == f"{invoice.number}-C2"


def test_the_preview_says_what_happens():
    invoice = until(new_invoice(amount="100.00"), COSTS_ON)
    pay(invoice, "60.00", COSTS_ON)
    seen = credit_notes.preview(invoice, whole())
    off = sum(charged(invoice).values())
    assert off > 40
    assert (seen.amount, seen.charges, seen.outstanding, seen.credit) == (D("100.00"), off, 0, D("60.00"))
    assert (seen.is_whole, seen.ends_plan, seen.tells) == (True, False, True)
    take(invoice, whole())
    assert ledger.balance(invoice.pk) == -seen.credit
    assert Hold.objects.count() == 0
