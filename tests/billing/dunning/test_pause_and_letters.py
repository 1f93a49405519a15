"""What the patient is told when an invoice is paused, goes on, or is open again, and which letters follow."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.utils import timezone

from billing.adjustments import credit_notes
from billing.channels.mollie import ChargebackSnapshot
from billing.dunning import staff_acts
from billing.errors import Refused
from billing.models import Invoice, OutboxMessage, Payment, ReminderStep, StaffTask
from billing.outbox import delivery
from billing.payments import settlement
from billing.plans import agreements
from tests.billing.invoices.schedule_walk import (
    COSTS_ON,
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
    sent,
    until,
)
from tests.billing.payments.test_payments_settlement import attempt, report

pytestmark = pytest.mark.django_db
Status = ReminderStep.Status
STAFF = "staff:els"
PAUSED, BACK = date(2026, 4, 30), date(2026, 5, 6)


@pytest.fixture(autouse=True)
def _by_day(sink, settings):
    settings.NOTICE_HOURS = (7, 22)


def text_of(kind: str) -> str:
    return " ".join(OutboxMessage.objects.filter(kind=kind).latest("pk").text.replace("\xa0", " ").split())


def sent_after(day: str) -> list[tuple[str, str]]:
    """Return (kind, day) of what was sent later, but for the friendly note before a last day and confirmations."""
    quiet = ("friendly_note", "deferral_agreed")
    return [(kind, sent_on) for kind, sent_on in sent() if sent_on > day and kind not in quiet]


@pytest.fixture
def paused():
    """An invoice that staff paused while its 14-day letter ran, and let go on six days later."""
    invoice = until(new_invoice(), NOTICED)
    staff_acts.pause(invoice, by=STAFF, note="klacht")
    staff_acts.resume(invoice, by=STAFF, note="opgelost", today=BACK)
    invoice.refresh_from_db()
    return invoice


def test_a_pause_is_told_with_the_letter_that_it_voids(paused):
    told = text_of("hold_placed")
    assert "Betaal nog niet" in told
    assert "Onze aanmaning van 23 april 2026 vervalt." in told


def test_the_end_of_a_pause_is_told_with_amount_and_day_and_the_free_reminder_comes_first(paused):
    assert paused.due_on == date(2026, 5, 20)
    live_through(BACK, date(2026, 6, 15))
    assert "Betaal € 100,00 uiterlijk op 20 mei 2026." in text_of("hold_ended")
    assert sent_after("2026-05-01") == [
        ("hold_ended", "2026-05-06"),
        ("reminder", "2026-05-27"),
        ("final_notice", "2026-06-11"),
    ]
    assert charged(paused) == {}


@pytest.mark.parametrize("how", ["bounced", "refused"])
def test_without_that_mail_no_letter_follows_and_staff_are_asked(how, paused, sink):
    if how == "refused":
        sink.refuse[paused.patient.email] = "550 no such user"
    live(BACK)
    if how == "bounced":
        assert delivery.report_bounce(OutboxMessage.objects.get(kind="hold_ended"), by="mail server")
    sink.refuse.clear()
    live_through(BACK + timedelta(days=1), BACK + timedelta(days=90), every=3)
    assert "reminder" not in [kind for kind, day in sent() if day > "2026-05-01"]
    assert charged(paused) == {}
    assert StaffTask.objects.filter(invoice=paused, kind=StaffTask.Kind.INVOICE_UNDELIVERED).exists()
    later = BACK + timedelta(days=96)  # a Monday
    staff_acts.resume(paused, by=STAFF, note="nieuw adres", today=later)
    live(later)
    assert ("hold_ended", str(later)) in sent(), "staff let it go on, and the patient is told at last"


def test_a_mail_that_waited_names_a_day_two_weeks_after_it_leaves(paused):
    sunday_after_ascension = date(2026, 5, 17)
    delivery.sweep(now=at(sunday_after_ascension))
    assert sent()[-1][0] != "hold_ended"
    live(date(2026, 5, 18))
    paused.refresh_from_db()
    assert sent()[-1] == ("hold_ended", "2026-05-18")
    assert paused.due_on == date(2026, 6, 1)
    assert "uiterlijk op 1 juni 2026" in text_of("hold_ended")


def test_the_first_mail_about_an_invoice_that_is_paid_in_parts_names_the_next_instalment():
    """The plan was agreed on from the paper, before the mail left: asking for all on one day would contradict it."""
    invoice = new_invoice()
    agreements.agree_installments(invoice.pk, count=2, first_on=date(2026, 3, 12), by="patient", today=MONDAY)
    live(MONDAY)
    told = text_of("invoice_notice")
    assert "Betaal uw volgende termijn van € 50,00 uiterlijk op 12 maart 2026." in told
    assert "12 april 2026" not in told
    assert "Liever zelf overmaken" not in told


def paid_and_taken_back(invoice, paid_on, back_on):
    payment = attempt(invoice, mollie_id="tr_back")
    paid = report(payment, created_at=at(paid_on), paid_at=at(paid_on))
    settlement.settle(payment, paid, now=at(paid_on))
    back = ChargebackSnapshot("chb_1", payment.amount, at(back_on), None)
    settlement.settle(payment, replace(paid, chargebacks=(back,)), now=at(back_on))


def test_a_chargeback_is_told_and_no_letter_says_that_nothing_was_paid():
    invoice = until(new_invoice(), NOTICED)
    paid_and_taken_back(invoice, NOTICED + timedelta(days=4), NOTICED + timedelta(days=11))
    told = text_of("payment_reversed")
    assert "Betaald op: 27 april 2026" in told
    assert "Teruggehaald: € 100,00" in told
    assert "hold_placed" not in kinds(), "one mail about one thing"
    staff_acts.resume(invoice, by=STAFF, note="nagekeken", today=BACK)
    live_through(BACK, date(2026, 6, 15))
    assert [kind for kind, _day in sent_after("2026-05-01")] == ["hold_ended", "reminder", "final_notice"]
    letter = text_of("final_notice")
    assert "Uw bank heeft uw betaling van 27 april 2026 teruggehaald." in letter
    assert "zagen wij geen betaling" not in letter
    assert charged(invoice) == {}


@pytest.fixture
def back():
    """An invoice whose payment the bank took back, and the mail about it that has not left yet."""
    invoice = new_invoice()
    paid_and_taken_back(invoice, NOTICED, NOTICED + timedelta(days=1))
    return invoice


def reversals():
    delivery.sweep(now=at(timezone.localdate() + timedelta(days=1)))
    mails = OutboxMessage.objects.filter(kind="payment_reversed").order_by("pk")
    return [(mail.status, mail.error) for mail in mails]


def test_whoever_paid_again_before_the_mail_left_is_told_that_nothing_is_open(back):
    pay(back, "100.00", NOTICED + timedelta(days=2))
    assert reversals() == [("canceled", "changed"), ("sent", "")]
    told = text_of("payment_reversed")
    assert "Teruggehaald: € 100,00" in told
    assert "Er staat niets meer open: u hoeft dit niet nog een keer te betalen." in told
    assert "weer open" not in told
    assert "betaal nog niet" not in told


def test_when_the_pause_ended_first_the_mail_does_not_promise_one(back):
    staff_acts.resume(back, by=STAFF, note="nagekeken")
    reversals()
    assert reversals() == [("canceled", "changed"), ("sent", "")]
    told = text_of("payment_reversed")
    assert "De rekening is dus weer open." in told
    assert "Een medewerker heeft ernaar gekeken." in told
    assert "betaal nog niet" not in told


def test_a_chargeback_that_the_bank_undid_before_the_mail_left_is_not_told(back):
    payment = Payment.objects.get(invoice=back)
    undone = ChargebackSnapshot("chb_1", payment.amount, at(NOTICED), at(NOTICED + timedelta(days=2)))
    settlement.settle(payment, report(payment, paid_at=at(NOTICED), chargebacks=(undone,)), now=at(NOTICED))
    assert reversals() == [("canceled", "undone")]


def test_after_costs_a_pause_brings_the_reminder_and_then_the_last_letter():
    invoice = until(new_invoice(), COSTS_ON)
    staff_acts.pause(invoice, by=STAFF, note="klacht")
    staff_acts.resume(invoice, by=STAFF, note="opgelost", today=COSTS_ON + timedelta(days=1))
    live_through(COSTS_ON + timedelta(days=1), COSTS_ON + timedelta(days=50))
    assert [kind for kind, _day in sent_after(str(COSTS_ON))] == ["hold_ended", "reminder", "final"]
    reminder = text_of("reminder")
    assert "dan krijgt u nog één brief van ons" in reminder
    assert "aanmaning" not in reminder


@pytest.mark.parametrize("asked_on", [REMINDED, date(2026, 4, 21)], ids=["its days run", "its days are over"])
def test_after_a_deferral_the_reminder_comes_as_promised(asked_on):
    invoice = until(new_invoice(), REMINDED)
    live(asked_on)
    agreements.agree_deferral(invoice.pk, until=date(2026, 4, 30), by="patient", today=asked_on)
    assert "eerst een gratis herinnering" in text_of("deferral_agreed")
    for day in range(1, 12):
        agreements.run_day(date(2026, 5, day))
        live(date(2026, 5, day))
    assert [kind for kind, _day in sent_after("2026-05-01")] == ["reminder"]
    assert reasons(invoice, Status.VOID)[-1] == (Step.REMINDER, "interrupted")


@pytest.mark.parametrize("over", ["paid", "withdrawn"])
@pytest.mark.parametrize("act", [staff_acts.pause, staff_acts.mark_announced, staff_acts.resume])
def test_nobody_is_told_to_wait_with_what_is_not_to_be_paid(over, act):
    invoice = until(new_invoice(), MONDAY)
    if over == "paid":
        pay(invoice, "100.00", MONDAY)
    else:
        today = timezone.localdate()
        credit_notes.take(invoice, credit_notes.NewCreditNote(number="C-1", issued_on=today, reason="dubbel"), by="x")
    before = OutboxMessage.objects.count(), Invoice.objects.values().get(pk=invoice.pk)
    with pytest.raises(Refused, match=r"ingetrokken|hoeft niets meer"):
        act(invoice, by=STAFF, note="klacht")
    assert (OutboxMessage.objects.count(), Invoice.objects.values().get(pk=invoice.pk)) == before


def test_a_pause_that_was_begun_before_the_payment_can_be_ended(paused):
    staff_acts.pause(paused, by=STAFF, note="klacht")
    pay(paused, "100.00", BACK)
    paused.refresh_from_db()
    assert staff_acts.staff_acts(paused) == ("resume",)
    staff_acts.resume(paused, by=STAFF, note="betaald", today=BACK)
    assert "U hoeft niets meer te betalen." in text_of("hold_ended")
