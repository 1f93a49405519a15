"""What staff type: sealed, shown to colleagues, erased with the invoice; the audit trail holds a key and no words."""

from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from billing import audit
from billing.desk.words import in_words
from billing.dunning import staff_acts
from billing.errors import Refused
from billing.invoices.holds import place_hold
from billing.models import AccessEvent, AuditEvent, Hold, StaffNote
from billing.payments import webhooks
from billing.privacy.rotation import sealed_models
from tests import factories
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db
WORDS = "mevrouw Vries heeft een implantaat"
BY = "staff:els"


def pause(invoice):
    staff_acts.pause(invoice, by=BY, note=WORDS)


def resume(invoice):
    place_hold(invoice, Hold.STAFF, by=BY)
    staff_acts.resume(invoice, by=BY, note=WORDS)


def deliver(invoice):
    staff_acts.mark_announced(invoice, by=BY, note=WORDS)


def release(invoice):
    payment = invoice.payments.create(
        amount=Decimal("10.00"),
        token="t" * 24,
        webhook_token="w" * 24,
        idempotency_key="k",
        quarantined_at=timezone.now(),
    )
    webhooks.release(payment.pk, by=BY, note=WORDS)


@pytest.mark.parametrize("act", [pause, resume, deliver, release])
def test_the_trail_keeps_the_key_only_and_colleagues_read_the_words(act):
    invoice = factories.invoice()
    act(invoice)
    note = StaffNote.objects.get()
    assert (note.invoice, note.by, note.text) == (invoice, BY, WORDS)
    assert b"implantaat" not in bytes(note.sealed_text)
    for event in AuditEvent.objects.all():
        assert "implantaat" not in str(event.details)
    assert AuditEvent.objects.filter(details__note=note.key).count() == 1
    colleague = signed_in(factories.staff(role="clerk", provider=invoice.provider))
    assert WORDS in colleague.get(reverse("admin:billing_invoice_change", args=[invoice.pk])).content.decode()


def test_a_note_that_was_erased_is_left_out():
    invoice = factories.invoice()
    pause(invoice)
    StaffNote.objects.all().delete()
    event = AuditEvent.objects.get(action="hold_placed")
    assert in_words(event, audit.words_of([event])) == "reden: onze medewerkers zoeken iets uit over deze rekening"


def test_reading_notes_is_written_down_and_a_page_without_any_as_what_it_is():
    invoice = factories.invoice()
    colleague = signed_in(factories.staff(role="clerk", provider=invoice.provider))
    page = reverse("admin:billing_invoice_change", args=[invoice.pk])
    colleague.get(page)
    pause(invoice)
    colleague.get(page)
    looks = [(event.act, event.data, event.invoice, event.outcome) for event in AccessEvent.objects.order_by("pk")]
    assert looks == [("read", "invoice page", invoice, 0), ("read", "staff notes", invoice, 0)]


def test_a_new_key_reaches_notes():
    assert StaffNote in sealed_models()


def test_without_words_there_is_no_act():
    invoice = factories.invoice()
    with pytest.raises(Refused):
        staff_acts.pause(invoice, by=BY, note=" ")
    assert not StaffNote.objects.exists()
