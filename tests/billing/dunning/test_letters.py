"""What letters say, which claims share a letter, and when costs are due."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import transaction

from billing import ledger
from billing.adjustments import charges
from billing.channels.mollie import RefundSnapshot
from billing.dunning import planning, staff_acts
from billing.errors import Refused
from billing.invoices import holds, schedule
from billing.law import calendar
from billing.ledger.breakdown import Parts, parts_of
from billing.models import (
    Hold,
    Invoice,
    LedgerTransaction,
    Letter,
    OutboxMessage,
    ReminderStep,
    StaffTask,
)
from billing.money import ZERO
from billing.outbox import delivery
from billing.payments import settlement
from tests import factories
from tests.billing.invoices.schedule_walk import (
    COSTS_ON,
    FINAL_ON,
    LAST_DAY,
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
    until,
)
from tests.billing.payments.test_payments_settlement import attempt, report

pytestmark = pytest.mark.django_db
Kind, Status = LedgerTransaction.Kind, ReminderStep.Status
STAFF = "staff:els"


@pytest.fixture(autouse=True)
def _by_day(sink, settings):
    settings.NOTICE_HOURS = (7, 22)


# --- what the letters say -------------------------------------------------------------------------


def test_the_14_day_letter_has_the_safe_words_the_exact_costs_and_the_way_to_object():
    invoice = until(new_invoice(amount="300.00"), NOTICED)
    text = OutboxMessage.objects.get(kind="final_notice").text.replace("\n", " ").replace("\xa0", " ")
    assert "binnen vijftien dagen nadat deze brief bij u is bezorgd" in text
    assert "€ 45,00 incassokosten" in text
    assert "11 mei 2026" in text  # delivered on the 24th; fifteen days later is a Saturday
    assert "Bent u het er niet mee eens?" in text
    assert invoice.provider.name in text
    assert "C002" not in text
    assert invoice.payment_reference not in text


def plain(kind: str) -> str:
    """Return subject and text in one line."""
    mail = OutboxMessage.objects.get(kind=kind)
    return f"{mail.subject} {' '.join(mail.text.split())}"


def test_the_words_of_the_law_stand_once_each_beside_plain_ones():
    until(new_invoice(), COSTS_ON)
    letter = plain("final_notice")
    assert letter.startswith("Aanmaning: betaal uw rekening binnen 15 dagen, anders komen er kosten bij ")
    assert letter.count("verzuim") == 1
    assert "U bent nu in verzuim. Dat betekent: u bent te laat met betalen." in letter
    assert "incassokosten betalen. Dat zijn kosten omdat u te laat betaalt." in letter
    for other in ("reminder", "notice_of_costs"):
        assert "verzuim" not in plain(other).lower()


def test_without_costs_of_its_own_the_letter_warns_of_interest_only():
    first = new_invoice()
    new_invoice(patient=first.patient, days=44)
    for day in (MONDAY, REMINDED, date(2026, 4, 21), NOTICED, date(2026, 5, 8)):
        live(day)
    subjects = OutboxMessage.objects.filter(kind="final_notice").order_by("pk").values_list("subject", flat=True)
    assert [subject.partition(", ")[2] for subject in subjects] == [
        "anders komen er kosten bij",
        "anders komt er rente bij",
    ]


def test_the_printed_last_day_is_never_earlier_than_a_literal_reader_counts():
    until(new_invoice(), NOTICED)
    letter = Letter.objects.get(step=Step.FINAL_NOTICE)
    assert letter.last_day >= letter.delivered_on + timedelta(days=14)
    text = OutboxMessage.objects.get(kind="final_notice").text
    printed = schedule.named_day(Step.FINAL_NOTICE, letter.sent_on)
    assert printed >= letter.delivered_on + timedelta(days=15)
    assert f"{printed:%-d} mei 2026" in text


@pytest.mark.parametrize("delay", range(8))
def test_a_14_day_letter_that_leaves_late_names_a_day_counted_from_then(delay):
    until(new_invoice(), NOTICED - timedelta(days=1))
    planning.run_day(NOTICED)
    planning.sweep(now=at(NOTICED))
    day = NOTICED + timedelta(days=delay)
    while not Letter.objects.filter(step=Step.FINAL_NOTICE, sent_on__isnull=False).exists():
        for minute in range(3):
            delivery.sweep(now=at(day, 10, minute))
            planning.sweep(now=at(day, 10, minute))
        day += timedelta(days=1)
    letter = Letter.objects.get(step=Step.FINAL_NOTICE, sent_on__isnull=False)
    printed = schedule.named_day(Step.FINAL_NOTICE, letter.sent_on)
    assert printed >= calendar.fourteen_day_term(letter.sent_on, calendar.Channel.EMAIL).rolled_last_day
    assert f"{printed:%-d} mei 2026" in letter.message.text
    assert letter.sent_on == letter.made_on >= NOTICED + timedelta(days=delay)


def test_vat_only_for_a_provider_that_declares_it():
    provider = factories.provider(vat_on_costs=True)
    until(new_invoice(amount="100.00", patient=factories.patient(provider=provider)), NOTICED)
    text = OutboxMessage.objects.get(kind="final_notice").text
    assert "48,40" in text
    assert "21% btw" in text


def test_every_letter_exists_in_english():
    until(new_invoice(patient=factories.patient(language="en")), FINAL_ON)
    subjects = [m.subject for m in OutboxMessage.objects.order_by("pk")]
    assert subjects == [
        "You have a new invoice",
        "Your invoice is due soon",
        "Reminder: your invoice has not been paid yet",
        "Final notice: pay your invoice within 15 days to avoid costs",
        "Costs were added to your invoice",
        "Last letter about your invoice",
    ]


# --- one letter per debtor and creditor -----------------------------------------------------------


def test_two_invoices_of_one_patient_go_in_one_letter_and_cost_the_minimum_once():
    first = new_invoice(amount="100.00")
    second = new_invoice(amount="120.00", patient=first.patient)
    other = new_invoice(amount="100.00")
    until(first, COSTS_ON)
    assert kinds(letter__patient=first.patient).count("final_notice") == 1
    letter = Letter.objects.get(patient=first.patient, step=Step.FINAL_NOTICE)
    assert (letter.principal, letter.costs_announced) == (Decimal("220.00"), Decimal("40.00"))
    costs = [charged(invoice)["costs"] for invoice in (first, second, other)]
    assert costs == [Decimal("18.18"), Decimal("21.82"), Decimal("40.00")]


def test_an_invoice_whose_reminder_ran_out_goes_along_before_its_own_day():
    first = new_invoice(amount="100.00")
    second = new_invoice(amount="100.00", patient=first.patient, days=36)
    for day in (MONDAY, REMINDED, date(2026, 4, 10), NOTICED):
        live(day)
    letter = Letter.objects.get(step=Step.FINAL_NOTICE)
    assert set(letter.steps.values_list("invoice_id", flat=True)) == {first.pk, second.pk}


def test_a_second_letter_soon_after_adds_only_what_the_sum_allows():
    first = new_invoice(amount="100.00")
    second = new_invoice(amount="100.00", patient=first.patient, days=44)
    for day in (MONDAY, REMINDED, date(2026, 4, 21), NOTICED, date(2026, 5, 8)):
        live(day)
    letters = Letter.objects.filter(step=Step.FINAL_NOTICE).order_by("pk")
    assert [(m.principal, m.costs_announced) for m in letters] == [
        (Decimal("100.00"), Decimal("40.00")),
        (Decimal("100.00"), Decimal("0.00")),
    ]
    assert second.pk in letters[1].steps.values_list("invoice_id", flat=True)


@pytest.fixture
def costs_booked() -> Invoice:
    return until(new_invoice(amount="100.00"), COSTS_ON)


def next_letter(invoice: Invoice, amount: str, *, on: date = COSTS_ON) -> Decimal:
    """Return what a 14-day letter about another claim of the same patient may announce."""
    return charges.costs_to_announce([invoice], Decimal(amount), invoice.provider, today=on)


@pytest.mark.parametrize(
    ("amount", "more"),
    [("100.00", "0.00"), ("166.67", "0.00"), ("200.00", "5.00"), ("1000.00", "125.00")],
)
def test_a_claim_after_costs_were_booked_adds_only_what_the_sum_allows(amount, more, costs_booked):
    assert next_letter(costs_booked, amount, on=COSTS_ON + timedelta(days=1)) == Decimal(more)


def test_so_it_stays_when_those_costs_are_paid_and_for_half_a_year(costs_booked):
    pay(costs_booked, str(ledger.balance(costs_booked.pk)), COSTS_ON)
    assert next_letter(costs_booked, "100.00", on=COSTS_ON + timedelta(days=184)) == Decimal("0.00")
    assert next_letter(costs_booked, "100.00", on=COSTS_ON + timedelta(days=185)) == Decimal("40.00")


def test_costs_that_were_taken_off_count_no_more(costs_booked):
    staff_acts.waive_charges(costs_booked, by=STAFF, note="verzoek praktijk")
    assert next_letter(costs_booked, "100.00") == Decimal("40.00")


def test_of_two_claims_in_a_letter_only_the_one_whose_costs_stand_counts():
    first = new_invoice(amount="200.00")
    second = new_invoice(amount="200.00", patient=first.patient)
    until(first, COSTS_ON)
    assert charged(first)["costs"] == charged(second)["costs"] == Decimal("30.00")
    staff_acts.waive_charges(second, by=STAFF, note="verzoek praktijk")
    assert next_letter(first, "200.00") == Decimal("30.00")  # 15% of € 400, less the € 30 that stand


def test_only_what_costs_were_booked_over_counts_and_never_more_than_the_claim_alone():
    """€ 900 of € 1.000 was paid in time: € 40 was booked, and a second claim of € 100 makes it € 200."""
    invoice = until(new_invoice(amount="1000.00"), NOTICED)
    pay(invoice, "900.00", LAST_DAY)
    until(invoice, COSTS_ON)
    assert next_letter(invoice, "100.00") == Decimal("0.00")
    Letter.objects.update(costs_base=Decimal("100000.00"))
    assert next_letter(invoice, "100.00") == Decimal("40.00")


def test_another_patient_or_creditor_counts_apart(costs_booked):
    assert next_letter(new_invoice(), "100.00") == Decimal("40.00")
    other = factories.patient(provider=factories.provider(), number=costs_booked.patient.number)
    assert next_letter(new_invoice(patient=other), "100.00") == Decimal("40.00")


def test_two_letters_that_run_at_once_never_book_more_than_the_sum_allows():
    """The second announced what € 1.100 allowed; by then € 900 of the first was paid in time."""
    first = new_invoice(amount="1000.00")
    second = new_invoice(amount="100.00", patient=first.patient, days=44)
    for day in (MONDAY, REMINDED, date(2026, 4, 21), NOTICED):
        live(day)
    pay(first, "900.00", NOTICED)
    for day in (date(2026, 5, 8), COSTS_ON, date(2026, 6, 2), date(2026, 6, 3)):
        live(day)
    announced = Letter.objects.filter(step=Step.FINAL_NOTICE).order_by("pk").values_list("costs_announced", flat=True)
    assert list(announced) == [Decimal("150.00"), Decimal("15.00")]
    assert Letter.objects.filter(step=Step.FINAL_NOTICE, costs_booked_at=None).count() == 0
    assert charged(first)["costs"] == Decimal("40.00")
    assert charged(second).get("costs", Decimal(0)) == Decimal("0.00")


# --- costs only when they are lawfully due --------------------------------------------------------


def test_a_part_paid_in_time_lowers_the_costs():
    invoice = until(new_invoice(amount="1000.00"), NOTICED)
    pay(invoice, "900.00", LAST_DAY)
    until(invoice, COSTS_ON)
    assert charged(invoice)["costs"] == Decimal("40.00")  # 150 were announced over the whole
    assert parts_of(invoice).principal == Decimal("100.00")


def test_paid_in_full_before_costs_are_booked_costs_nothing():
    invoice = until(new_invoice(), LAST_DAY)
    pay(invoice, "100.00", LAST_DAY + timedelta(days=2))
    live_through(COSTS_ON, COSTS_ON + timedelta(days=2))
    assert charged(invoice) == {}
    assert "notice_of_costs" not in kinds()


def test_a_refund_after_paying_in_time_costs_nothing_and_asks_a_person():
    invoice = until(new_invoice(), NOTICED)
    paid_on = NOTICED + timedelta(days=3)
    payment = attempt(invoice, mollie_id="tr_in_time")
    paid = report(payment, created_at=at(paid_on), paid_at=at(paid_on))
    settlement.settle(payment, paid, now=at(paid_on))
    refunded_on = LAST_DAY - timedelta(days=2)
    refund = RefundSnapshot("re_later", Decimal("100.00"), "refunded", at(refunded_on))
    settlement.settle(payment, replace(paid, refunds=(refund,)), now=at(refunded_on))
    assert StaffTask.objects.get().kind == StaffTask.Kind.REFUNDED
    assert holds.active_hold(invoice.pk).reason == Hold.STAFF
    live_through(COSTS_ON, COSTS_ON + timedelta(days=2))
    assert charged(invoice) == {}
    assert not reminder_stands(invoice, Step.FINAL_NOTICE)


def test_what_was_settled_after_its_14_day_letter_gets_no_costs_of_that_letter():
    """Also without a hold in between: the letter was paid in time, whatever is owed since."""
    invoice = until(new_invoice(), NOTICED)
    pay(invoice, "100.00", NOTICED + timedelta(days=3))
    paid = LedgerTransaction.objects.get(kind=Kind.PAYMENT)
    ledger.reverse(ledger.lock_invoice(invoice.pk), paid, external_id="mended", occurred_at=at(LAST_DAY), by=STAFF)
    live_through(COSTS_ON, COSTS_ON + timedelta(days=2))
    assert charged(invoice) == {}
    assert "notice_of_costs" not in kinds()


def reminder_stands(invoice: Invoice, step: int) -> bool:
    return ReminderStep.objects.filter(invoice=invoice, step=step, status=Status.TAKEN).exists()


def test_money_pays_costs_then_interest_then_the_invoice():
    invoice = until(new_invoice(), COSTS_ON)
    pay(invoice, "45.00", COSTS_ON)
    # 40.00 of costs and 0.30 of interest are paid, and 4.70 of the invoice.
    assert parts_of(invoice) == Parts(principal=Decimal("95.30"), interest=ZERO, costs=ZERO)
    assert ledger.balance(invoice.pk) == Decimal("95.30")


def test_waiving_takes_all_of_it_off_and_says_who():
    invoice = until(new_invoice(), COSTS_ON)
    staff_acts.waive_charges(invoice, by=STAFF, note="verzoek praktijk")
    assert ledger.balance(invoice.pk) == Decimal("100.00")
    with pytest.raises(Refused):
        staff_acts.waive_charges(invoice, by=STAFF, note="nog eens")


@pytest.mark.parametrize(
    ("kind", "until_day"),
    [("reminder", REMINDED), ("final_notice", NOTICED), ("notice_of_costs", COSTS_ON), ("final", FINAL_ON)],
)
def test_every_letter_that_asks_says_for_whom_from_whom_and_where_to_complain(kind, until_day, settings):
    settings.OPERATOR = settings.OPERATOR | {"name": "Rekeningdienst B.V.", "email": "hulp@dienst.example"}
    invoice = new_invoice(amount="300.00", insurer_paid="50.00")
    with transaction.atomic():
        locked, day = ledger.lock_invoice(invoice.pk), at(MONDAY)
        ledger.post(locked, Kind.CREDITED, Decimal("-21.00"), external_id="C-1", occurred_at=day, by="x")
    until(Invoice.objects.get(pk=invoice.pk), until_day)
    text = " ".join(OutboxMessage.objects.filter(kind=kind).latest("pk").text.split()).replace("\xa0", " ")
    assert "Aan: " in text
    assert "namens Tandartspraktijk" in text
    assert "Wij zijn Rekeningdienst B.V." in text
    assert "Heeft u een klacht over ons? E-mail hulp@dienst.example" in text
    assert "0800 8115" in text
    assert "Betaald door uw zorgverzekeraar: € 50,00 Door uw zorgaanbieder eraf gehaald: € 21,00" in text
