"""Who must be spared is at no agency: claims come back in the transaction of the report, and a pause holds there."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from billing import ledger
from billing.models import Hold, OutboxMessage, Payer
from debt_collection import handing_over
from debt_collection.models import HandOver, Order
from debt_collection.running import recall
from forbearance import reports
from tests import factories
from tests.complaints.test_files import filed
from tests.debt_collection.cases import fresh, handed_over, ready

pytestmark = pytest.mark.django_db


def report(invoice, kind, **more):
    since = more.pop("since", timezone.localdate() - timedelta(days=1))
    said = reports.Said(kind=kind, since=since, why="De familie belde.", **more)
    return reports.report(invoice.patient_id, said, by="staff:anna")


def exported(invoice):
    case = handed_over(invoice)
    Order.objects.update(exported_at=timezone.now())
    return case


def why_not(invoice):
    return handing_over.candidates(invoice, now=timezone.now())[0].why_not


@pytest.mark.parametrize("kind", ["administration", "guardianship", "deceased", "minor", "wsnp", "moratorium"])
def test_who_comes_to_be_spared_is_recalled_at_once(kind):
    invoice = ready()
    case = exported(invoice)
    report(invoice, kind)
    assert fresh(case).status == HandOver.Status.RECALLED
    assert case.orders.filter(kind="recall").count() == 1
    assert ledger.balance(invoice.pk) == Decimal("100.00")
    hold = Hold.objects.get(invoice=invoice, released_at=None)
    assert hold.reason != handing_over.HOLD
    assert not OutboxMessage.objects.filter(kind="hold_ended").exists()


def test_the_administrator_hears_once_that_the_agency_is_gone_and_until_when_to_pay():
    invoice = ready()
    exported(invoice)
    report(invoice, "administration", name="Bureau Balans", email="bureau@balans.example")
    mails = list(OutboxMessage.objects.filter(invoice=invoice).exclude(kind="final_notice").order_by("pk"))
    assert [mail.kind for mail in mails] == ["agency_handed_over", "agency_recalled"]
    mail = mails[-1]
    assert mail.recipient == "bureau@balans.example"
    row = fresh(invoice)
    assert row.due_on == timezone.localdate() + timedelta(days=30)
    assert "100,00" in mail.text
    assert "40,50" in mail.text, "what was taken off"
    assert not Hold.objects.filter(invoice=invoice, released_at=None).exists()


def test_heirs_who_accept_are_not_written_to_by_an_agency():
    invoice = ready()
    case = exported(invoice)
    ground = report(invoice, "deceased", email="dochter@post.example")
    mail = OutboxMessage.objects.get(kind="agency_recalled")
    assert mail.recipient == "dochter@post.example"
    assert "Betaal daar nu nog niets voor" in mail.text
    reports.represent(ground.pk, name="", email="dochter@post.example", by="staff:anna")
    assert [order.kind for order in case.orders.order_by("pk")] == ["dossier", "recall"]
    assert OutboxMessage.objects.get(kind="hold_ended").recipient == "dochter@post.example"


def test_help_with_debts_stays_a_pause_at_the_agency():
    invoice = ready()
    case = exported(invoice)
    report(invoice, "debt_help")
    assert fresh(case).is_live


def test_a_recall_while_a_complaint_is_open_names_no_day_to_pay():
    invoice = ready()
    case = exported(invoice)
    filed(invoice)
    recall.recall(case, reason="by_hand", by="staff:anna")
    text = OutboxMessage.objects.get(kind="agency_recalled").text
    assert "Betaal daar nu nog niets voor" in text
    assert "Nieuwe laatste dag" not in text
    assert "uiterlijk" not in text
    assert "niets meer te betalen" not in text.replace("niet meer te betalen", "")


def test_care_of_a_minor_never_goes_in_the_name_of_who_is_of_age_now():
    born = timezone.localdate().replace(year=timezone.localdate().year - 18)
    who = factories.patient(identity={"date_of_birth": born.isoformat(), "insurer_uzovi": "", "insured_number": ""})
    invoice = ready(patient=who)
    assert [str(why) for why in why_not(invoice)] == ["the care was given to a minor, and nobody who pays is known"]
    Payer.objects.create(patient=who, relation="parent", name="A. Ouder", email="ouder@post.example")
    assert not why_not(fresh(invoice))


def test_new_care_of_somebody_under_wsnp_goes_to_no_agency():
    invoice = ready()
    report(invoice, "wsnp", since=timezone.localdate() - timedelta(days=2000))
    assert why_not(invoice), "for a person to decide"
