"""Payouts: firm money less reserve and fees, two persons, and statements on which every movement stands once."""

from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO

import pypdf
import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pycamt.parser import Camt053Parser

from banking.models import FeeInvoice, OutgoingOrder, Payout, PayoutTerms, StatementLine
from banking.orders import agreeing, batches, outcome
from banking.payouts import due, fees, files, run
from billing import ledger
from billing.documents import pdf
from billing.errors import Refused
from billing.ledger.events import Share, Side
from billing.models import AuditEvent, IbanChange, Invoice, LedgerTransaction, Provider, StaffTask
from billing.models.ledger import Account
from billing.money import ZERO
from tests import factories
from tests.accessible_pdf import faults_of
from tests.banking import lines
from tests.banking.orders import made
from tests.drawn import downloaded
from tests.portal.staff.staff_client import signed_in

Kind, Status, Why = LedgerTransaction.Kind, Payout.Status, Payout.Why
pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]
IBAN = "NL44RABO0123456789"
TODAY = timezone.localdate


def _practice(**terms):
    lines.account()
    provider = factories.provider(iban=IBAN, name="Tandartspraktijk De Linde")
    PayoutTerms.objects.create(**{"provider": provider, "fees_from": date(2026, 1, 1)} | terms)
    return provider


def _paid(provider, amount="100.00", through=Account.BANK, days_ago=1):
    invoice = factories.invoice(amount=Decimal(amount), patient=factories.patient(provider=provider))
    Invoice.objects.filter(pk=invoice.pk).update(created_at=timezone.now() - timedelta(days=days_ago))
    ledger.post(
        invoice, Kind.PAYMENT, -Decimal(amount), external_id=f"t{invoice.pk}", by="test", through=through,
        occurred_at=timezone.now() - timedelta(days=days_ago),
    )  # fmt: skip
    return invoice


def not_firm(*providers):
    return tuple(due.not_firm([provider.pk for provider in providers]).values())


def _agree(payout):
    for person in made.people():
        agreeing.approve(payout.order, by=person)
    payout.refresh_from_db()


def test_a_payout_from_the_money_to_its_proof():
    provider = _practice(fee_per_invoice=Decimal("1.95"))
    _paid(provider)
    _paid(provider, "50.00")
    payout = run.run(provider, today=TODAY())
    fee = payout.fee_invoice
    assert (fee.count, fee.net, fee.vat, fee.total) == (2, Decimal("3.90"), Decimal("0.82"), Decimal("4.72"))
    assert (payout.amount, payout.status) == (Decimal("145.28"), Status.PROPOSED)
    assert run.run(provider, today=TODAY()).pk == payout.pk
    _agree(payout)
    assert (payout.status, payout.opening, payout.closing) == (Status.ORDERED, ZERO, ZERO)
    batch = batches.make(lines.account(), by="test")
    assert f"Uitbetaling {payout.number}".encode() in batches.export(batch, by="test")
    line, said = made.debit(batch.reference, payout.amount)
    assert outcome.carried_out(line, said)
    payout.refresh_from_db()
    assert payout.status == Status.PAID
    assert made.sums() == {"bank": Decimal("4.72"), "fees": Decimal("-3.90"), "vat": Decimal("-0.82")}
    assert made.wrong() == []


def test_money_at_mollie_is_paid_out_once_its_settlement_arrived():
    provider, other = _practice(), _practice()
    _paid(provider, "40.00", through=Account.GATEWAY, days_ago=5)
    _paid(other, "60.00", through=Account.GATEWAY, days_ago=3)
    _paid(provider, "30.00", through=Account.GATEWAY, days_ago=1)
    assert not_firm(provider, other) == (Decimal("70.00"), Decimal("60.00"))
    _settlement("40.00")
    assert not_firm(provider, other) == (Decimal("30.00"), Decimal("60.00"))
    _settlement("59.99")
    assert not_firm(provider, other) == (Decimal("30.00"), Decimal("60.00"))
    _settlement("0.01")
    assert not_firm(other) == (ZERO,)
    assert run.run(provider, today=TODAY()).amount == Decimal("40.00")


def _settlement(amount):
    sides = (Side(Account.BANK, Decimal(amount)), Side(Account.GATEWAY, -Decimal(amount)))
    ledger.transfer(Kind.SETTLEMENT, sides, external_id=f"s{amount}", occurred_at=timezone.now(), by="test")


def test_reserve_and_minimum():
    provider = _practice(reserve_fixed=Decimal("10.00"), reserve_percent=Decimal("12.50"), minimum=Decimal("77.50"))
    _paid(provider)
    assert run.run(provider, today=TODAY()).amount == Decimal("77.50")
    small = _practice(minimum=Decimal("100.01"))
    _paid(small)
    carried = run.run(small, today=TODAY())
    assert (carried.status, carried.why, carried.amount) == (Status.CARRIED, Why.TOO_LITTLE, ZERO)
    assert (carried.opening, carried.closing) == (ZERO, Decimal("100.00"))


def test_a_negative_account_is_carried_over_and_told():
    provider = _practice()
    invoice = _paid(provider)
    _agree(run.run(provider, today=TODAY()))
    ledger.post(
        invoice, Kind.CHARGEBACK, Decimal("100.00"), external_id="chb", occurred_at=timezone.now(), by="t",
        through=Account.BANK,
    )  # fmt: skip
    carried = run.run(provider, today=TODAY() + timedelta(days=7))
    assert (carried.why, carried.opening, carried.closing) == (Why.NEGATIVE, ZERO, Decimal("-100.00"))
    assert StaffTask.objects.filter(kind=run.CARRIED).count() == 1
    assert made.wrong() == []


def test_costs_and_interest_go_to_whom_the_contract_says():
    provider = _practice(charges_to="operator")
    invoice = factories.invoice(amount=Decimal("100.00"), patient=factories.patient(provider=provider))
    now = timezone.now()
    ledger.post(invoice, Kind.COSTS, Decimal("40.00"), external_id="c", occurred_at=now, by="t")
    paid = ledger.post(
        invoice, Kind.PAYMENT, Decimal("-140.00"), external_id="p", occurred_at=now, by="t", through=Account.BANK
    )
    payout = run.run(provider, today=TODAY())
    assert payout.amount == Decimal("100.00")
    assert made.sums()["charges"] == Decimal("-40.00")
    agreeing.refuse(payout.order, by=made.people()[0], reason="not yet")
    ledger.reverse(invoice, paid, external_id="u", occurred_at=now, by="t")
    run.run(provider, today=TODAY() + timedelta(days=7))
    assert "charges" not in made.sums()
    assert made.wrong() == []


def test_costs_that_moved_credit_paid_go_there_too():
    provider = _practice(charges_to="operator")
    payer = factories.patient(provider=provider)
    source = factories.invoice(amount=Decimal("10.00"), patient=payer)
    target = factories.invoice(amount=Decimal("100.00"), patient=payer)
    now = timezone.now()
    ledger.post(target, Kind.COSTS, Decimal("40.00"), external_id="c", occurred_at=now, by="t")
    ledger.post(
        source, Kind.PAYMENT, Decimal("-150.00"), external_id="p", occurred_at=now, by="t", through=Account.BANK
    )
    shares = [Share(source, Decimal(140)), Share(target, Decimal(-140))]
    assert ledger.post_shares(shares, Kind.CREDIT_MOVED, external_id="m", occurred_at=now, by="t")
    assert run.run(provider, today=TODAY()).amount == Decimal("110.00")
    assert made.sums()["charges"] == Decimal("-40.00")


def test_costs_that_were_paid_before_they_were_charged_go_there_too():
    """Credit pays them when they are charged; what a lower price takes off, nobody paid."""
    provider, now = _practice(charges_to="operator"), timezone.now()
    paid, lower = (factories.invoice(amount=Decimal("10.00"), patient=factories.patient(provider=provider))
                   for _number in range(2))  # fmt: skip
    booked = {"occurred_at": now, "by": "t"}
    ledger.post(paid, Kind.PAYMENT, Decimal("-30.00"), external_id="p", through=Account.BANK, **booked)
    ledger.post(paid, Kind.INTEREST, Decimal("5.00"), external_id="i", **booked)
    ledger.post(lower, Kind.COSTS, Decimal("40.00"), external_id="c", **booked)
    ledger.post(lower, Kind.REDUCTION, Decimal("-30.00"), external_id="r", **booked)
    assert due.charges_of_operator([provider.pk])[provider.pk] == Decimal("5.00")
    ledger.post(paid, Kind.REPAID, Decimal("30.00"), external_id="b", **booked)
    assert due.charges_of_operator([provider.pk])[provider.pk] == ZERO, "what was paid back pays them no more"


def test_fees_begin_on_the_day_agreed_on_and_spare_what_was_withdrawn_at_once():
    provider, now = _practice(fee_per_invoice=Decimal("1.95"), fees_from=TODAY() - timedelta(days=2)), timezone.now()
    _of_before, counted, gone = (_paid(provider, days_ago=days) for days in (400, 1, 1))
    Invoice.objects.filter(pk=gone.pk).update(withdrawn_at=now - timedelta(days=1))
    Invoice.objects.filter(pk=counted.pk).update(withdrawn_at=now)
    assert run.run(provider, today=TODAY()).fee_invoice.count == 1
    assert PayoutTerms(provider=provider).fees_from == TODAY()


def test_no_payout_to_an_iban_that_changed_less_than_two_days_ago():
    provider = _practice()
    _paid(provider)
    payout = run.run(provider, today=TODAY())
    first, second = made.people()
    agreeing.approve(payout.order, by=first)
    change = IbanChange.objects.create(provider=provider, iban="NL02ABNA0123456789", asked_by="staff:x")
    with pytest.raises(Refused, match="IBAN of the practice"):
        agreeing.approve(payout.order, by=second)
    agreeing.refuse(payout.order, by=second, reason="the IBAN changes")
    IbanChange.objects.filter(pk=change.pk).update(approved=True, decided_at=timezone.now() - timedelta(days=1))
    held = run.run(provider, today=TODAY() + timedelta(days=1))
    assert (held.why, held.amount) == (Why.IBAN, ZERO)
    IbanChange.objects.filter(pk=change.pk).update(decided_at=timezone.now() - timedelta(days=3))
    assert run.run(provider, today=TODAY() + timedelta(days=2)).amount == Decimal("100.00")


def test_a_payout_that_comes_back_is_on_the_account_again():
    provider = _practice()
    _paid(provider)
    payout = run.run(provider, today=TODAY())
    _agree(payout)
    batches.export(batches.make(lines.account(), by="test"), by="test")
    order = OutgoingOrder.objects.get(pk=payout.order_id)
    assert outcome.rejected(order, reason="AC04")
    payout.refresh_from_db()
    assert (payout.status, due.balance(provider)) == (Status.FAILED, Decimal("100.00"))
    again = run.run(provider, today=TODAY() + timedelta(days=7))
    assert (again.amount, again.number) != (payout.amount, payout.number)
    assert made.wrong() == []


def test_runs_are_due_by_their_rhythm():
    weekly, monthly = _practice(), _practice(rhythm="monthly", minimum=Decimal("0.01"))
    monday = date(2026, 11, 30)
    run.run_day(monday)
    assert Payout.objects.count() == 2
    run.run_day(monday + timedelta(days=1))  # the first of a month
    assert list(Payout.objects.values_list("provider", flat=True)) == [weekly.pk, monthly.pk, monthly.pk]
    with pytest.raises(Refused, match="no terms"):
        run.run(factories.provider(), today=monday)


def test_the_statement_is_read_back_by_others_with_the_same_balances():
    provider = _practice(fee_per_invoice=Decimal("1.95"), vat_number="NL123456789B13")
    invoices = [_paid(provider, f"{euros}.50") for euros in range(10, 15)]
    payout = run.run(provider, today=TODAY())
    _agree(payout)
    parsed = Camt053Parser(files.as_camt053(payout))
    (statement,) = parsed.get_statement_info()
    entries = parsed.get_transactions()
    signed = [Decimal(e["Amount"]) * (-1 if e["CreditDebitIndicator"] == "DBIT" else 1) for e in entries]
    assert (Decimal(statement["OpeningBalance"]), Decimal(statement["ClosingBalance"])) == (ZERO, ZERO)
    assert sum(signed) == ZERO
    assert len(entries) == len(invoices) + 2  # the fee, and the payout
    printed = pdf.from_html(files.to_print(payout))
    text = pypdf.PdfReader(BytesIO(printed))
    written = " ".join(page.extract_text() for page in text.pages)
    assert payout.number in written
    assert faults_of(printed) == []
    assert all(invoice.number in written for invoice in invoices)
    fee = payout.fee_invoice
    for said in (  # art. 35a Wet OB 1968
        fee.number, "Zorgrekening Demo B.V.", "Voorbeeldstraat 1, 3500 AA Utrecht", "NL100000009B01", provider.name,
        f"{provider.street} {provider.house_number}", "NL123456789B13", "1,95", "9,75", "21%", "2,05", "11,80",
    ):  # fmt: skip
        assert said in written.replace("\xa0", " "), said
    table = files.as_csv(payout).decode("utf-8-sig")
    assert table.count("\r\n") == len(entries) + 3
    (row,) = [row.split(";") for row in table.splitlines() if fee.number in row]
    assert row[3:] == [fee.number, payout.number, "-11,80", "-9,75", "21", "-2,05"]
    camt = files.as_camt053(payout).decode()
    assert f"{fee.number} van {fee.issued_on:%d-%m-%Y}: EUR 9,75 + 21 pct btw EUR 2,05</Ustrd>" in camt
    assert f"<Nb>{fee.number}</Nb><RltdDt>{fee.issued_on}</RltdDt>" in camt
    assert '<TaxAmt><Amt Ccy="EUR">2.05</Amt></TaxAmt>' in camt
    for content in (written, table, files.as_camt053(payout).decode()):
        assert invoices[0].patient.surname not in content


@pytest.mark.parametrize("missing", ["our VAT number", "the practice's address"])
def test_a_fee_waits_while_its_invoice_would_lack_what_the_law_asks(settings, missing):
    provider = _practice(fee_per_invoice=Decimal("1.95"))
    _paid(provider)
    if missing == "our VAT number":
        settings.OPERATOR = settings.OPERATOR | {"vat": ""}
    else:
        Provider.objects.filter(pk=provider.pk).update(street="", house_number="", postcode="", city="")
    assert (run.run(provider, today=TODAY()).amount, FeeInvoice.objects.count()) == (Decimal("100.00"), 0)
    assert StaffTask.objects.get(kind=fees.NOT_INVOICED).note == provider.agb_code
    provider.payout_terms.refresh_from_db()
    assert provider.payout_terms.fees_until is None  # the next run counts these invoices


def test_a_practice_sees_its_own_and_only_operations_act():
    provider, other = _practice(fee_per_invoice=Decimal("1.95")), _practice()
    _paid(provider)
    payout = run.run(provider, today=TODAY())
    _agree(payout)
    clerk = signed_in(factories.staff(provider=provider))
    page = clerk.get("/beheer/uitbetalingen/")
    assert payout.fee_invoice.number in page.content.decode()
    assert payout.number in page.content.decode()
    assert "ZR-O" not in page.content.decode()
    assert 'name="practice"' not in page.content.decode()  # who works for one practice chooses none
    assert downloaded(clerk, f"/beheer/uitbetalingen/{payout.pk}.pdf").content.startswith(b"%PDF")
    for kind in ("csv", "xml"):
        assert clerk.get(f"/beheer/uitbetalingen/{payout.pk}.{kind}").status_code == 200
    assert clerk.get(f"/beheer/uitbetalingen/{payout.pk}.exe").status_code == 404
    stranger = signed_in(factories.staff(provider=other))
    assert payout.number not in stranger.get("/beheer/uitbetalingen/").content.decode()
    assert stranger.get(f"/beheer/uitbetalingen/{payout.pk}.pdf").status_code == 404
    for client in (clerk, stranger):
        assert client.post("/beheer/uitbetalingen/", {"act": "run", "row": provider.pk}).status_code == 403
        assert client.post("/beheer/uitbetalingen/bestand/ZR-B-X/").status_code == 403


def test_operations_run_agree_and_hand_out_on_the_page():
    provider = _practice()
    _paid(provider)
    first, second = (signed_in(person) for person in made.people())
    url = "/beheer/uitbetalingen/"
    assert first.post(url, {"act": "run", "row": provider.pk}).status_code == 303
    order = OutgoingOrder.objects.get()
    assert first.post(url, {"act": "approve", "row": order.pk}, follow=True).status_code == 200
    order.refresh_from_db()
    assert order.status == "proposed"  # the one who ran it is the first of the two
    second.post(url, {"act": "approve", "row": order.pk})
    second.post(url, {"act": "batch"})
    order.refresh_from_db()
    assert order.status == "in_batch"
    address = f"{url}bestand/{order.batch.reference}/"
    assert first.get(address).status_code == 405
    once, again = first.post(address), second.post(address)
    assert once.content == again.content
    assert AuditEvent.objects.filter(action="batch_exported").count() == 2
    assert first.post(url, {"act": "cancel", "row": order.pk}, follow=True).status_code == 200
    assert first.post(url, {"act": "nonsense"}).status_code == 404
    assert first.post(url, {"act": "approve", "row": "²"}).status_code == 404
    assert "Tandartspraktijk" in first.get(url).content.decode()


def test_fee_invoices_are_numbered_without_a_gap_and_never_change():
    first, second = (_practice(fee_per_invoice=Decimal("1.95")) for _number in range(2))
    for provider in (first, second):
        _paid(provider)
    payouts = [run.run(provider, today=TODAY()) for provider in (first, _practice(), second)]
    year = TODAY().year
    assert list(FeeInvoice.objects.values_list("number", flat=True)) == [f"F{year}-00001", f"F{year}-00002"]
    first.name = "Tandartspraktijk De Els"
    first.save()
    first.payout_terms.vat_percent = Decimal("9.00")
    first.payout_terms.save()
    fee = FeeInvoice.objects.get(payout=payouts[0])
    assert (fee.customer["name"], fee.percent) == ("Tandartspraktijk De Linde", 21)
    assert (fee.from_on, fee.to_on) == (date(2026, 1, 1), TODAY() - timedelta(days=1))


def test_a_fee_needs_the_vat_number_of_the_operator(settings):
    terms = PayoutTerms(provider=_practice(), fee_per_invoice=Decimal("1.95"), vat_number="NL123456789B12")
    settings.OPERATOR = settings.OPERATOR | {"vat": ""}
    with pytest.raises(ValidationError) as refused:
        terms.full_clean()
    assert {"fee_per_invoice", "vat_number"} <= set(refused.value.message_dict)


def test_terms_are_checked():
    with pytest.raises(ValidationError):
        PayoutTerms(provider=factories.provider(), reserve_percent=Decimal("100.01")).full_clean()


@given(
    st.lists(
        st.tuples(st.integers(1, 20_000), st.sampled_from(["bank", "gateway", "back", "run", "agree", "refuse"])),
        min_size=1, max_size=12,
    )
)  # fmt: skip
def test_any_history_puts_every_movement_on_one_statement(history):
    Payout.objects.count()
    provider = _practice(fee_per_invoice=Decimal("0.37"), minimum=Decimal("1.00"))
    day, person = TODAY(), made.people()
    for cents, what in history:
        amount = str(Decimal(cents) / 100)
        waiting = Payout.objects.filter(provider=provider, status=Status.PROPOSED).first()
        if what in ("bank", "gateway"):
            _paid(provider, amount, through=Account(what))
        elif what == "run":
            day += timedelta(days=1)
            run.run(provider, today=day)
        elif what == "agree" and waiting:
            try:
                _agree(waiting)
            except Refused:
                agreeing.refuse(waiting.order, by=person[0], reason="less is there")
        elif what == "refuse" and waiting:
            agreeing.refuse(waiting.order, by=person[0], reason="no")
        elif what == "back" and (invoice := Invoice.objects.filter(patient__provider=provider).last()):
            ledger.post(
                invoice, Kind.CHARGEBACK, Decimal(amount), external_id=f"b{invoice.pk}{cents}",
                occurred_at=timezone.now(), by="t", through=Account.BANK,
            )  # fmt: skip
    assert made.wrong() == []
    closed = Payout.objects.filter(provider=provider, closed_at__isnull=False).order_by("closed_at", "pk").last()
    if closed:
        late = sum((-p.amount for p in provider.postings.filter(account=Account.PRACTICE, statement_line=None)), ZERO)
        assert closed.closing + late == due.balance(provider)
    assert StatementLine.objects.values("posting").distinct().count() == StatementLine.objects.count()
