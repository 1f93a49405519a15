"""Documents are drawn by a worker: once, ahead of the download, again after a worker died, and what fails is seen."""

import threading
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from billing.adjustments import credit_notes
from billing.adjustments.credit_notes import NewCreditNote
from billing.documents import drawing, full_invoice, pdf
from billing.models import CreditNote, DrawingOrder, FailedTry, Invoice, InvoiceDocument, StaffTask, StoredFile
from billing.privacy import retention
from tests import factories
from tests.billing.meeting import KEPT_WAITING, PATIENCE, met_before
from tests.billing.outbox.test_outbox_races import in_threads
from tests.billing.storage.test_stored_files import disk  # noqa: F401  a fixture

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


@pytest.fixture
def invoice():
    return factories.invoice()


@pytest.fixture
def order(invoice):
    drawing.begin(invoice, language="nl")
    return DrawingOrder.objects.get()


def found(invoice):
    return drawing.find(invoice, language="nl")


def test_it_is_there_before_anybody_downloads_it(invoice, order):
    now = timezone.now()
    assert drawing.progress(invoice, language="nl", now=now) == drawing.Progress(False, frozenset(), waits=True)
    drawing.draw(order.pk)
    assert full_invoice.content_of(found(invoice)).startswith(b"%PDF")
    assert drawing.progress(invoice, language="nl", now=now) == drawing.Progress(True, frozenset(), waits=False)
    assert not DrawingOrder.objects.exists()


def test_asked_for_again_it_is_one_order(invoice, order):
    drawing.begin(invoice, language="nl")
    assert found(invoice) is None
    assert DrawingOrder.objects.get() == order


def test_what_changed_meanwhile_is_drawn_anew(invoice, order):
    drawing.draw(order.pk)
    invoice.due_on += timedelta(days=1)
    invoice.save(update_fields=["due_on"])
    assert found(invoice) is None, "the amount and the day are those of now"
    drawing.sweep()
    assert found(invoice)
    assert InvoiceDocument.objects.count() == 2


def test_the_order_of_a_worker_that_died_comes_back(invoice, order):
    now = timezone.now()
    order.claimed_until = now + drawing.CLAIMED_FOR
    order.save()
    drawing.sweep(now=now)
    drawing.draw(order.pk, now=now)
    assert found(invoice) is None, "its worker may be drawing"
    drawing.sweep(now=now + drawing.CLAIMED_FOR)
    assert found(invoice)


def test_a_failure_is_seen_and_tried_again(invoice, order, disk):  # noqa: F811
    now = timezone.now()
    disk.full_after = 100
    drawing.draw(order.pk, now=now)
    assert FailedTry.objects.get().rule == drawing.RULE
    task = StaffTask.objects.get(kind=StaffTask.Kind.RULE_FAILED)
    assert (task.invoice, task.closed_at) == (invoice, None)
    late = now + drawing.SLOW_AFTER + timedelta(seconds=10)
    assert drawing.progress(invoice, language="nl", now=late).slow, "the page no longer promises seconds"
    disk.full_after = None
    drawing.sweep(now=late)
    assert found(invoice) is None, "its next try has not come"
    drawing.sweep(now=now + timedelta(minutes=2))
    assert found(invoice)
    task.refresh_from_db()
    assert task.closed_at


def test_an_erased_invoice_has_no_order_left(invoice, order):
    retention._delete_documents([invoice.pk])
    drawing.draw(order.pk)
    assert not DrawingOrder.objects.exists()
    assert not InvoiceDocument.objects.exists()


def drawn_by_two(order, monkeypatch, seconds):
    """Let two workers take the same order at once; return how often it was drawn."""
    claiming, at_work, drawn, render = threading.Barrier(2), threading.Barrier(2), [], pdf.render

    def seen(*args, **kwargs):
        drawn.append(1)
        with suppress(threading.BrokenBarrierError):
            at_work.wait(timeout=seconds)
        return render(*args, **kwargs)

    def work():
        with met_before(claiming, 'UPDATE "billing_drawingorder"'):
            drawing.draw(order.pk)

    monkeypatch.setattr(pdf, "render", seen)
    in_threads(work, work)
    assert InvoiceDocument.objects.count() == 1
    return len(drawn)


def test_two_workers_draw_it_once(order, monkeypatch):
    assert drawn_by_two(order, monkeypatch, KEPT_WAITING) == 1


def test_twin_without_the_claim_both_draw_it(order, monkeypatch):
    monkeypatch.setattr(drawing, "_free", lambda _now: DrawingOrder.objects.all())
    assert drawn_by_two(order, monkeypatch, PATIENCE) == 2


class TestSeveral:
    @pytest.fixture
    def note(self, invoice):
        given = NewCreditNote(number="C-1", issued_on=timezone.localdate(), reason="x", amount=Decimal("1.00"))
        return credit_notes.take(invoice, given, by="test")

    def test_a_credit_note_that_nobody_can_read_hides_no_invoice_and_is_seen(self, invoice, note):
        CreditNote.objects.filter(pk=note.pk).update(sealed_content=b"\x01 cut off")
        now = timezone.now()
        drawing.progress(invoice, language="nl", now=now)
        drawing.sweep(now=now)
        made = drawing.progress(invoice, language="nl", now=now + drawing.SLOW_AFTER + timedelta(seconds=10))
        assert made == drawing.Progress(invoice=True, notes=frozenset(), waits=True, slow=True)
        assert StaffTask.objects.get(kind=StaffTask.Kind.RULE_FAILED).invoice == invoice

    def test_what_is_ready_is_told_of_each(self, invoice, note):
        drawing.begin(invoice, language="nl")
        drawing.draw(DrawingOrder.objects.get(note=note).pk)
        made = drawing.progress(invoice, language="nl", now=timezone.now())
        assert made == drawing.Progress(invoice=False, notes=frozenset({note.pk}), waits=True)


def test_an_invoice_that_is_erased_while_it_is_drawn_gets_no_document(invoice, order, monkeypatch):
    render = pdf.render

    def erased_meanwhile(*args, **kwargs):
        retention._delete_documents([invoice.pk])
        Invoice.objects.filter(pk=invoice.pk).update(erased_at=timezone.now())
        return render(*args, **kwargs)

    monkeypatch.setattr(pdf, "render", erased_meanwhile)
    drawing.draw(order.pk)
    assert not InvoiceDocument.objects.exists()
    assert not StoredFile.objects.filter(state=StoredFile.State.KEPT).exists()
    drawing.sweep()
    assert not FailedTry.objects.exists(), "its order is gone"
    assert not StaffTask.objects.filter(closed_at=None).exists()
