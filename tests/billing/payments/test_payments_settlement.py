"""What is booked, whatever the gateway reports and in whatever order."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from billing import ledger
from billing.channels import mollie
from billing.channels.mollie import ChargebackSnapshot, PaymentSnapshot, RefundSnapshot
from billing.invoices.holds import active_hold, place_hold, release_hold
from billing.ledger import lock_invoice
from billing.models import Chargeback, Hold, Invoice, LedgerTransaction, Patient, Payment, Refund, StaffTask
from billing.payments import attempts, settlement
from tests import factories
from tests.billing.payments import bank
from tests.books import booked

Status = Payment.Status
NOW = datetime(2026, 11, 16, 10, tzinfo=UTC)
EARLIER = [("pending", "open"), ("authorized", "open"), ("authorized", "pending")]


class TestWithTheBank:
    pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sandbox")]

    @pytest.fixture
    def invoice(self) -> Invoice:
        return factories.invoice(amount="100.00")

    def test_paid_is_booked_once_with_its_receipt(self, invoice):
        payment = bank.paid(invoice)
        for _ in range(3):
            attempts.sync_payment(payment.pk)
        (entry,) = booked(invoice, LedgerTransaction.Kind.PAYMENT)
        assert (entry.amount, entry.transaction.external_id) == (Decimal("-100.00"), payment.mollie_id)
        assert entry.transaction.by == "mollie"
        assert entry.occurred_at == payment.paid_at
        assert bank.balance(invoice) == 0
        assert bank.receipts() == 1
        assert bank.staff_tasks() == []
        invoice.refresh_from_db()
        assert invoice.settled_at

    @pytest.mark.parametrize("broken", ["{% if %}", "{{ amount|nonsense }}", "<table></table>", "<p>5", "5 < 6", None])
    def test_a_receipt_that_cannot_be_made_undoes_no_booking(self, invoice, settings, tmp_path, caplog, broken):
        if broken is None:
            Patient.objects.update(language="xx")  # no template has this language
        else:
            (tmp_path / "messages").mkdir()
            (tmp_path / "messages" / "receipt.nl.html").write_text(broken)
            settings.TEMPLATES = [engine | {"DIRS": [tmp_path, *engine["DIRS"]]} for engine in settings.TEMPLATES]
        payment = bank.paid(invoice)
        attempts.sync_payment(payment.pk)
        assert bank.balance(invoice) == 0
        assert bank.receipts() == 0
        assert bank.staff_tasks() == ["message_failed"]
        assert StaffTask.objects.get().dedupe_key == f"message_failed:receipt:{payment.mollie_id}"
        assert "could not be made" in caplog.text

    @pytest.mark.parametrize("ending", ["expired", "canceled", "failed"])
    def test_money_that_comes_after_the_end_is_booked(self, invoice, ending):
        payment = bank.start(invoice)
        bank.end(payment, ending)
        assert attempts.sync_payment(payment.pk).status == ending
        bank.end(payment, "paid", late=True)
        assert attempts.sync_payment(payment.pk).status == Status.PAID
        assert bank.balance(invoice) == 0

    def test_two_tabs_that_are_both_paid(self, invoice):
        first = bank.start(invoice)
        Payment.objects.update(expires_at=timezone.now() + timedelta(seconds=60))
        second = bank.start(invoice)
        for payment in (first, second):
            bank.end(payment, "paid")
            attempts.sync_payment(payment.pk)
        assert bank.balance(invoice) == Decimal("-100.00")
        assert bank.staff_tasks() == ["surplus"]
        assert bank.receipts() == 2

    def test_paid_while_on_hold(self, invoice):
        payment = bank.start(invoice)
        place_hold(invoice, "awaiting_decision", by="test")
        bank.end(payment, "paid")
        attempts.sync_payment(payment.pk)
        assert bank.balance(invoice) == 0
        assert bank.staff_tasks() == ["paid_on_hold"]

    def test_the_amount_was_lowered_between_link_and_money(self, invoice):
        payment = bank.start(invoice)
        with transaction.atomic():
            locked = lock_invoice(invoice.pk)
            kind = LedgerTransaction.Kind.REDUCTION
            ledger.post(locked, kind, Decimal("-30.00"), external_id="r", occurred_at=NOW, by="test")
            assert [p.pk for p in attempts.supersede_live(locked)] == [payment.pk]
        bank.end(payment, "paid")
        attempts.sync_payment(payment.pk)
        assert bank.balance(invoice) == Decimal("-30.00")
        assert bank.staff_tasks() == ["surplus"]

    def test_money_for_a_withdrawn_invoice_goes_to_staff(self, invoice):
        payment = bank.start(invoice)
        Invoice.objects.update(withdrawn_at=NOW)
        bank.end(payment, "paid")
        attempts.sync_payment(payment.pk)
        assert bank.staff_tasks() == ["surplus"]

    def test_a_refund_and_its_failure(self, invoice):
        payment = bank.paid(invoice)
        refund = bank.refund(payment, "40.00")
        attempts.sync_payment(payment.pk)
        assert bank.balance(invoice) == Decimal("40.00")
        assert bank.staff_tasks() == ["refunded"]
        assert active_hold(invoice.pk).placed_by == "mollie"
        bank.settle_refund(refund, "refunded")
        attempts.sync_payment(payment.pk)
        assert Refund.objects.get().status == "refunded"
        bank.settle_refund(refund, "failed")
        for _ in range(2):
            attempts.sync_payment(payment.pk)
        assert Refund.objects.get().status == "failed"
        assert bank.balance(invoice) == 0
        assert LedgerTransaction.objects.filter(kind="refund").count() == 2
        assert bank.staff_tasks() == ["refunded", "surplus"]
        assert active_hold(invoice.pk) is None

    def test_a_chargeback_and_its_reversal(self, invoice):
        payment = bank.paid(invoice)
        chargeback = bank.charge_back(payment, "100.00")
        for _ in range(2):
            assert attempts.sync_payment(payment.pk).status == Status.PAID, "paid stays paid at the gateway"
        assert bank.balance(invoice) == Decimal("100.00")
        assert bank.staff_tasks() == ["chargeback"]
        assert active_hold(invoice.pk).placed_by == "mollie"
        invoice.refresh_from_db()
        assert invoice.settled_at is None
        bank.reverse_chargeback(chargeback)
        for _ in range(2):
            attempts.sync_payment(payment.pk)
        assert bank.balance(invoice) == 0
        assert active_hold(invoice.pk) is None
        assert Chargeback.objects.get().reversed_at
        assert bank.receipts() == 1

    def test_what_is_still_owed_after_a_reversal_gets_a_new_last_day_to_pay(self, invoice):
        payment = bank.paid(invoice)
        chargeback = bank.charge_back(payment, "100.00")
        attempts.sync_payment(payment.pk)
        Invoice.objects.filter(pk=invoice.pk).update(due_on=invoice.issued_on)
        ledger.post(
            invoice, LedgerTransaction.Kind.COSTS, Decimal(40), external_id="costs",
            occurred_at=timezone.now(), by="test",
        )  # fmt: skip
        bank.reverse_chargeback(chargeback)
        attempts.sync_payment(payment.pk)
        invoice.refresh_from_db()
        assert (bank.balance(invoice), active_hold(invoice.pk)) == (Decimal("40.00"), None)
        assert invoice.due_on == timezone.localdate() + timedelta(days=14)

    def test_a_hold_of_staff_outlives_the_reversal(self, invoice):
        payment = bank.paid(invoice)
        place_hold(invoice, Hold.STAFF, by="staff:anna")
        chargeback = bank.charge_back(payment, "100.00")
        attempts.sync_payment(payment.pk)
        bank.reverse_chargeback(chargeback)
        attempts.sync_payment(payment.pk)
        assert active_hold(invoice.pk).placed_by == "staff:anna"

    def test_a_hold_that_staff_ended_is_not_placed_again(self, invoice):
        payment = bank.paid(invoice)
        bank.charge_back(payment, "100.00")
        attempts.sync_payment(payment.pk)
        release_hold(invoice, Hold.STAFF, by="staff:anna")
        attempts.sync_payment(payment.pk)
        assert active_hold(invoice.pk) is None

    def test_settled_follows_several_chargebacks_of_which_one_is_reversed(self, invoice):
        payment = bank.paid(invoice)
        bank.reverse_chargeback(bank.charge_back(payment, "60.00"))
        bank.charge_back(payment, "40.00")
        attempts.sync_payment(payment.pk)
        invoice.refresh_from_db()
        assert bank.balance(invoice) == Decimal("40.00")
        assert invoice.settled_at is None


# --- reports in any order, without a bank -----------------------------------------------------------


def attempt(
    invoice: Invoice, *, status: str = Status.OPEN, mollie_id: str | None = "tr_abcdef", amount: str = "100.00"
) -> Payment:
    token = f"t{invoice.pk}-{Payment.objects.count()}"
    return Payment.objects.create(
        invoice=invoice,
        amount=Decimal(amount),
        status=status,
        token=token,
        webhook_token=f"w{token}",
        mollie_id=mollie_id,
        idempotency_key=token,
        request_body="{}",
        created_at=NOW,
    )


def report(payment: Payment, status: str = "paid", **changes: Any) -> PaymentSnapshot:
    return replace(
        PaymentSnapshot(
            mollie_id=payment.mollie_id or "tr_abcdef",
            status=status,
            mode=mollie.expected_mode(),
            amount=payment.amount,
            currency="EUR",
            token=payment.token,
            created_at=NOW,
            expires_at=NOW + timedelta(minutes=15),
            paid_at=NOW if status == "paid" else None,
        ),
        **changes,
    )


@pytest.mark.django_db
class TestReports:
    @pytest.mark.parametrize(
        ("change", "note"),
        [
            ({"amount": Decimal("100.01")}, "amount"),
            ({"currency": "USD"}, "currency"),
            ({"mode": "live"}, "mode"),
            ({"token": "somebody-else"}, "token"),
            ({"mollie_id": "tr_other1"}, "id"),
        ],
        ids=str,
    )
    def test_one_that_does_not_belong_here_books_nothing(self, change, note):
        invoice = factories.invoice()
        payment = attempt(invoice)
        for _ in range(2):
            payment = settlement.settle(payment, report(payment, **change), now=NOW)
        assert (payment.status, payment.next_check_at) == (Status.OPEN, None)
        assert payment.quarantined_at == payment.superseded_at == NOW
        assert bank.balance(invoice) == 100
        item = invoice.staff_tasks.get()
        assert (item.kind, item.note, item.payment) == ("payment_mismatch", note, payment)

    @pytest.mark.parametrize("before", Status)
    @pytest.mark.parametrize("seen", ["open", "pending", "authorized", "failed", "canceled", "expired", "paid"])
    def test_a_status_only_climbs(self, before, seen):
        final = {Status.PAID, Status.FAILED, Status.CANCELED, Status.EXPIRED, Status.REJECTED}
        payment = settlement.settle(p := attempt(factories.invoice(), status=before), report(p, seen), now=NOW)
        if seen == "paid":
            assert payment.status == Status.PAID
        elif before in final or (before, seen) in EARLIER:
            assert payment.status == before
        else:
            assert payment.status == seen

    def test_an_id_is_taken_over_when_the_answer_was_lost(self):
        payment = attempt(factories.invoice(), status=Status.CREATE_UNKNOWN, mollie_id=None)
        payment = settlement.settle(payment, report(payment, checkout_url="https://bank.example"), now=NOW)
        assert (payment.mollie_id, payment.checkout_url) == ("tr_abcdef", "https://bank.example")

    def test_a_refund_first_reported_as_failed(self):
        payment = attempt(invoice := factories.invoice())
        refund = RefundSnapshot("re_1", Decimal("5.00"), "failed", NOW)
        settlement.settle(payment, report(payment, refunds=(refund,)), now=NOW)
        settlement.settle(payment, report(payment, refunds=(replace(refund, status="queued"),)), now=NOW)
        assert bank.balance(invoice) == 0
        assert Refund.objects.get().status == "failed"

    def test_totals_that_do_not_fit_the_list_are_an_alarm_and_no_more(self):
        payment = attempt(invoice := factories.invoice())
        settlement.settle(payment, report(payment, amount_refunded=Decimal("7.00")), now=NOW)
        assert bank.balance(invoice) == 0
        assert bank.staff_tasks() == ["payment_mismatch"]

    def test_a_patient_without_an_address_gets_no_receipt_but_the_money_counts(self):
        payment = attempt(invoice := factories.invoice(patient=factories.patient(email="")))
        settlement.settle(payment, report(payment), now=NOW)
        assert bank.balance(invoice) == 0
        assert bank.receipts() == 0


def history(seed: int) -> list[dict[str, Any]]:
    """Return the true reports of the gateway in chronological order: one payment with refunds and chargebacks."""
    dice = random.Random(seed)
    states: list[dict[str, Any]] = [{"status": "open"}]
    if dice.random() < 0.5:
        states.append({"status": "pending"})
    if dice.random() < 0.3:
        states.append({"status": dice.choice(["expired", "failed", "canceled"])})
    if dice.random() < 0.2:
        return states
    states.append({"status": "paid"})
    refunds: dict[str, RefundSnapshot] = {}
    chargebacks: dict[str, ChargebackSnapshot] = {}
    for step in range(dice.randrange(6)):
        kind = dice.choice(["refund", "advance", "chargeback", "reverse"])
        if kind == "refund":
            refunds[f"re_{step}"] = RefundSnapshot(f"re_{step}", Decimal("10.00"), "queued", NOW)
        elif kind == "chargeback":
            chargebacks[f"chb_{step}"] = ChargebackSnapshot(f"chb_{step}", Decimal("10.00"), NOW, None)
        elif kind == "advance" and refunds:
            name = dice.choice(sorted(refunds))
            later = {"queued": ["pending", "canceled"], "pending": ["processing", "canceled"]}
            later |= {"processing": ["refunded", "failed"], "refunded": ["failed"]}
            if refunds[name].status in later:
                refunds[name] = replace(refunds[name], status=dice.choice(later[refunds[name].status]))
        elif kind == "reverse" and chargebacks:
            name = dice.choice(sorted(chargebacks))
            chargebacks[name] = replace(chargebacks[name], reversed_at=NOW)
        states.append(
            {"status": "paid", "refunds": tuple(refunds.values()), "chargebacks": tuple(chargebacks.values())}
        )
    return states


def truth(last: dict[str, Any]) -> Decimal:
    """Compute independently what must be owed in the end on an invoice of € 100."""
    if last["status"] != "paid":
        return Decimal("100.00")
    refunds = [r.amount for r in last.get("refunds", ()) if r.status not in ("failed", "canceled")]
    chargebacks = [c.amount for c in last.get("chargebacks", ()) if c.reversed_at is None]
    return sum([*refunds, *chargebacks], Decimal("0.00"))


@pytest.mark.django_db
@hypothesis_settings(derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**9), data=st.data())
def test_late_old_and_doubled_reports_never_change_where_it_ends(seed, data):
    """Every true report, in any order, some twice, including the last one, leads to the same outcome."""
    states = history(seed)
    schedule = [*range(len(states)), *data.draw(st.lists(st.integers(0, len(states) - 1), max_size=4))]
    schedule = data.draw(st.permutations(schedule))
    invoice = factories.invoice()
    payment = attempt(invoice, mollie_id=f"tr_{invoice.pk:06d}")
    unique = {"refunds": "refund_id", "chargebacks": "chargeback_id"}
    for index in schedule:
        state = dict(states[index])
        for many, name in unique.items():  # ids of the gateway are unique over all payments
            state[many] = tuple(
                replace(row, **{name: f"{getattr(row, name)}_{invoice.pk}"}) for row in state.get(many, ())
            )
        settlement.settle(payment, report(payment, **state), now=NOW)
    assert bank.balance(invoice) == truth(states[-1])
    invoice.refresh_from_db()
    assert (invoice.settled_at is None) == (truth(states[-1]) > 0)
    assert invoice.messages.filter(kind="receipt").count() == (states[-1]["status"] == "paid")
    payment.refresh_from_db()
    ends = [s["status"] for s in states]
    assert payment.status == ("paid" if "paid" in ends else payment.status)
