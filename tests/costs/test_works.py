"""What a file of a hundred invoices costs on its way: taken in, announced, planned, paid by transfer, and paid out."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.utils import timezone

from banking.importing import import_file as import_statement
from banking.matching.lines import match_new
from banking.models import PayoutTerms
from banking.payouts import run as payouts
from billing import ledger
from billing.dunning import announcements, planning
from billing.models import Invoice, LedgerTransaction, OutboxMessage
from billing.models.ledger import Account
from billing.outbox import delivery
from portal.intake.batch import import_file
from tests import factories
from tests.banking import camt_files, lines
from tests.costs.agreed import WORKS
from tests.costs.measuring import Meter, differences, freeze
from tests.portal.intake import batches
from tests.smtp_sink import Sink

INVOICES, FEW = 100, 10  # what goes to the mail server and to the bank costs most: ten say what a hundred take


def imported(meter: Meter, folder: Path, first: int, count: int) -> list[Invoice]:
    path = batches.written(folder, batches.batch(*(batches.invoice(first + place) for place in range(count))))
    with meter.work("100 invoices imported"):
        assert not import_file(path, dry_run=False, today=factories.TODAY, by="test").errors
    return list(Invoice.objects.order_by("-pk")[:count])


def announced(meter: Meter, rows: list[Invoice], now: datetime) -> None:
    made = 0
    with meter.work("100 announcements made"):
        while more := announcements.make_next(now=now):
            made += more
    assert made == len(rows)


def planned(meter: Meter, rows: list[Invoice]) -> None:
    with meter.work("100 reminders planned"):
        assert planning.plan(rows[0].due_on + timedelta(days=20)) == len(rows)


def sent(meter: Meter, name: str, sink: Sink, now: datetime) -> None:
    """Send the first of what waits, and let the others wait for ever."""
    waiting = list(OutboxMessage.objects.filter(status="queued", next_try_at__lte=now).order_by("pk"))
    others = [message.pk for message in waiting[FEW:]]
    OutboxMessage.objects.filter(pk__in=others).update(next_try_at=now + timedelta(days=99))
    before = len(sink.mails)
    with meter.work(name):
        assert not delivery.sweep(now=now)
    assert len(sink.mails) - before == min(len(waiting), FEW) > 0
    meter.sent(name, max((bytes(mail) for mail in sink.mails[before:]), key=len))


def paid_by_transfer(meter: Meter, folder: Path, rows: list[Invoice], day: date) -> None:
    told = {"name": "J. de Vries", "iban": "NL20INGB0001234567"}
    pays = [
        camt_files.Pay("28.51", day, text=f"kenmerk {row.payment_reference}", reference=f"B{row.pk}", **told)
        for row in rows
    ]
    path = folder / f"{day}.xml"
    path.write_bytes(camt_files.document(camt_files.statement(pays, "0.00", day)))
    with meter.work("100 lines of a bank statement stored"):
        assert import_statement(path, by="test", match=False, today=day).statements[0].new == len(rows)
    with meter.work("100 transfers matched"):
        assert match_new().booked == len(rows)


def paid_out(meter: Meter, count: int) -> None:
    for _ in range(count):
        practice = factories.provider()
        PayoutTerms.objects.create(provider=practice, fees_from=date(2026, 1, 1), fee_per_invoice=Decimal("1.95"))
        invoice = factories.invoice(amount="100.00", patient=factories.patient(provider=practice))
        happened = {"external_id": f"paid:{invoice.pk}", "occurred_at": timezone.now() - timedelta(days=3)}
        ledger.post(
            invoice, LedgerTransaction.Kind.PAYMENT, Decimal("-100.00"), through=Account.BANK, by="test", **happened
        )
    with meter.work("10 payouts proposed"):
        payouts.run_day(factories.TODAY)


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_works_cost_what_was_agreed(monkeypatch, tmp_path, settings):
    now, meter = freeze(monkeypatch), Meter()
    factories.provider(agb_code=batches.AGB_CODE)
    lines.account()
    with Sink() as sink:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
        for first, count in ((0, 1), (1, INVOICES)):
            rows = imported(meter, tmp_path, first, count)
            announced(meter, rows, now)
            sent(meter, "10 announcements sent", sink, now)
            planned(meter, rows)
            paid_by_transfer(meter, tmp_path, rows, factories.TODAY - timedelta(days=INVOICES + 1 - count))
            sent(meter, "10 receipts sent", sink, now)
            paid_out(meter, min(count, FEW))
    assert not (told := differences(WORKS, meter.found)), told
