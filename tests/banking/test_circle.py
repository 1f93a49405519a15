"""The whole circle at the stand-in bank: a transfer, its statement, the invoice, the payout, and the proof of it."""

from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from banking import demo, proof
from banking.importing import Outcome
from banking.models import OutgoingOrder, Payout, PayoutTerms
from banking.orders import agreeing, batches
from banking.payouts import run
from billing import ledger
from billing.ledger.verification import discrepancies
from sandbox.models import Movement
from tests import factories
from tests.banking.importing import hand_in
from tests.banking.orders import made

pytestmark = pytest.mark.django_db(transaction=True)
ACCOUNT = "/sandbox/account/"


@pytest.fixture
def bank(settings):
    """The page of the stand-in bank."""
    settings.OPERATOR = settings.OPERATOR | {"name": "Zorgrekening", "iban": "NL02ABNA0123456789"}
    return Client()


def read(bank: Client, folder, days: int = 1) -> Outcome:
    """Read the statement that the bank gives of so many days up to now."""
    outcome = hand_in(folder, bank.get(f"{ACCOUNT}{days}.xml").content, today=timezone.localdate())
    assert outcome.refused_because == ""
    return outcome


def handed_in(bank: Client, content: bytes) -> int:
    given = {"act": "execute", "file": SimpleUploadedFile("orders.xml", content)}
    return bank.post(ACCOUNT, given).status_code


def test_transfer_statement_invoice_payout_and_proof(bank, tmp_path):
    invoice = factories.invoice(amount="80.00")
    demo.seed()
    assert PayoutTerms.objects.get().provider == invoice.provider
    given = {"act": "pay_in", "amount": "80,00", "text": f"tandarts {invoice.payment_reference}"}
    assert bank.post(ACCOUNT, given).status_code == 303
    assert read(bank, tmp_path).statements[0].booked == 1
    assert ledger.balance(invoice.pk) == 0

    first, second = made.people()
    payout = run.run(invoice.provider, today=timezone.localdate(), by=first)
    assert payout.order
    assert agreeing.approve(payout.order, by=second)
    batch = batches.make(payout.order.account, by="test")
    assert batch
    content = batches.export(batch, by="test")
    assert handed_in(bank, content) == 303
    assert handed_in(bank, content) == 422, "the bank executes a file once"
    for days in (1, 7, 1):  # twice and overlapping
        read(bank, tmp_path, days)
    payout.refresh_from_db()
    assert (payout.status, payout.amount) == (Payout.Status.PAID, Decimal("80.00"))
    assert Movement.objects.count() == 2
    assert list(discrepancies()) == []

    assert (
        bank.post(ACCOUNT, {"act": "come_back", "row": Movement.objects.get(amount_cents=-8000).pk}).status_code == 303
    )
    read(bank, tmp_path, 7)
    assert OutgoingOrder.objects.get().status == OutgoingOrder.Status.RETURNED
    payout.refresh_from_db()
    assert payout.status == Payout.Status.FAILED
    assert list(proof.contradictions()) == []


def test_what_the_bank_does_not_take_it_says(bank):
    for given, sentence in (
        ({"act": "pay_in", "amount": "veel"}, "Vul een bedrag in, zoals 12,50."),
        ({"act": "execute", "file": SimpleUploadedFile("a.xml", b"<a/>")}, "Dit is geen bestand met opdrachten"),
        ({"act": "settle"}, "Sinds de vorige keer betaalde niemand via Mollie."),
    ):
        answer = bank.post(ACCOUNT, given, headers={"Accept-Language": "nl"})
        assert (answer.status_code, sentence in answer.content.decode()) == (422, True), given
    assert not Movement.objects.exists()
