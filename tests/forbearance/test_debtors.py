"""Help with debts is about the person who owes, so it counts for all patients for whom that person answers."""

from datetime import timedelta

import pytest

from billing.ledger import verification
from billing.models import OutboxMessage, Payer
from forbearance import breathing_space, days, reports, rests
from forbearance.models import Forbearance
from tests import factories
from tests.billing.conftest import sink  # noqa: F401
from tests.billing.invoices.schedule_walk import COSTS_ON, FINAL_ON, NOTICED, REMINDED, live, new_invoice, until
from tests.forbearance.test_reports import by_day, charged, reasons, report  # noqa: F401

pytestmark = pytest.mark.django_db


def child_of_mother(provider=None, **of_payer):
    child = factories.patient(**({"provider": provider} if provider else {}))
    mother = {"name": "M. Moeder", "email": "moeder@post.example", "postcode": "1234AB", "house_number": "1"}
    Payer.objects.create(patient=child, relation="parent", **mother | of_payer)
    return child


@pytest.mark.parametrize("kind", ["debt_help", "wsnp", "moratorium"])
def test_a_notice_about_a_mother_spares_her_for_all_her_children(kind):
    child = child_of_mother()
    children = [child, *(child_of_mother(child.provider) for _ in range(2))]
    of_another = child_of_mother(child.provider, name="V. Ander", email="vader@post.example")
    lines = [factories.line(performed_on="2026-02-20")]
    invoices = [new_invoice(patient=one, amount="50.00", lines=lines) for one in children]
    elsewhere = new_invoice(patient=of_another, amount="50.00", lines=lines)
    helper = {"name": "Schuldhulp", "email": "hulp@gemeente.example", "reference": "R-1"}
    row = report(invoices[1], kind, REMINDED, **helper)
    held = rests.HOLDS[kind]
    assert Payer.objects.count() == 4, "whoever pays stays who pays"
    assert [reasons(one) for one in [*invoices, elsewhere]] == [[held], [held], [held], []]
    reports.answer(row.pk, by="staff:anna", today=REMINDED)
    text = OutboxMessage.objects.get(kind="forbearance_balance").text
    assert all(one.number in text for one in invoices)
    assert elsewhere.number not in text

    fourth = child_of_mother(child.provider)
    late = new_invoice(patient=fourth, lines=lines)
    rests.INTAKE.accept([(late, None)], REMINDED, "import:x")
    assert reasons(late) == [held]

    if kind == "debt_help":
        lasts = reports.extend(row.pk, by="staff:anna", today=REMINDED)
        assert set(Forbearance.objects.values_list("until", flat=True)) == {lasts}
    assert days.end(row.pk, by="staff:anna", today=REMINDED, written="Vergissing.")
    assert not Forbearance.objects.filter(ended_at=None).exists()
    assert [reasons(one) for one in [*invoices, late]] == [[]] * 4
    assert list(verification.discrepancies()) == []


def test_costs_that_go_off_are_told_and_a_whole_new_14_day_letter_follows_the_rest():
    invoice = until(new_invoice(amount="100.00"), COSTS_ON)
    assert charged(invoice) > 0
    row = report(invoice, "debt_help", COSTS_ON - timedelta(days=8), today=COSTS_ON)
    mail = OutboxMessage.objects.get(kind="charges_taken_off", invoice=invoice)
    text = " ".join(mail.text.split())
    assert "Uw rekening staat stil. U hoeft nu niet te betalen." in text
    assert "Onze eerdere herinneringen en aanmaningen vervallen." in text
    days.end(row.pk, by="staff:anna", today=COSTS_ON, written="Klaar.")
    live(FINAL_ON)
    for _step in range(4):
        invoice.refresh_from_db()
        live(invoice.next_step_on)
    asked = OutboxMessage.objects.filter(invoice=invoice, kind__in=("reminder", "final_notice", "final")).order_by("pk")
    assert list(asked.values_list("kind", flat=True))[-2:] == ["reminder", "final_notice"]


def test_who_takes_a_breathing_space_hears_that_the_14_day_letter_no_longer_counts():
    invoice = until(new_invoice(amount="100.00"), NOTICED)
    breathing_space.take(invoice.pk, today=NOTICED + timedelta(days=1))
    text = " ".join(OutboxMessage.objects.get(kind="forbearance_begun").text.split())
    assert "Onze aanmaning van 23 april 2026 vervalt." in text
