"""Coulance in figures: by insurer, adding up to the ledger, of one practice alone."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import Sum
from django.utils import timezone

from billing.models import Patient, Posting, Provider
from billing.models.ledger import OF_INVOICE
from coulance import decisions
from coulance.desk import figures
from coulance.models import CoulanceCase
from tests import factories
from tests.coulance.desk.desk_cases import REASON, at_desk, granted, rules, staff_of
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate


def patient_of(provider: Provider, uzovi: str) -> Patient:
    known = {"date_of_birth": "1970-01-01", "insurer_uzovi": uzovi, "insured_number": "1"}
    return factories.patient(provider=provider, identity=known)


def decide(case: CoulanceCase, act: str, due: str = "") -> None:
    case.refresh_from_db()
    outcome = {"outcome": granted(due)} if due else {}
    getattr(decisions, act)(case, **outcome, reason=REASON, version=case.version, by=staff_of(case))


def test_decisions_are_told_by_insurer_and_add_up_to_the_ledger():
    provider = factories.provider()
    first = at_desk(provider, patient=patient_of(provider, "3311"))
    rules(first, second_person_above=Decimal("5000.00"))
    CoulanceCase.objects.filter(pk=first.pk).update(offered_at=timezone.now() - timedelta(days=10))
    second = at_desk(provider, patient=patient_of(provider, "3311"))
    third = at_desk(provider, patient=patient_of(provider, "7095"))
    decide(first, "approve", "750.00")
    decide(first, "correct", "600.00")  # of each case the last counts
    decide(second, "refuse")
    decide(third, "approve", "900.00")
    elsewhere = at_desk()
    rules(elsewhere, second_person_above=Decimal("5000.00"))
    decide(elsewhere, "approve", "500.00")
    figure = figures.by_insurer(staff_of(first), TODAY(), TODAY())
    assert figure.rows == [
        ("UZOVI 3311", 2, 1, "50%", Decimal("400.00"), 5),
        ("UZOVI 7095", 1, 1, "100%", Decimal("100.00"), 0),
    ]
    reduced = Posting.objects.filter(provider=provider, account__in=OF_INVOICE, transaction__kind="reduction")
    assert -reduced.aggregate(sum=Sum("amount"))["sum"] == sum(row[4] for row in figure.rows)
    assert figures.by_insurer(staff_of(first), TODAY() - timedelta(days=9), TODAY() - timedelta(days=1)).rows == []


def test_a_patient_who_was_erased_has_an_unknown_insurer():
    case = at_desk()
    rules(case, second_person_above=Decimal("5000.00"))
    decide(case, "refuse")
    Patient.objects.filter(pk=case.invoice.patient_id).update(sealed_identity=b"")
    assert figures.by_insurer(staff_of(case), TODAY(), TODAY()).rows == [
        ("niet bekend", 1, 0, "0%", Decimal("0.00"), 0)
    ]


def test_the_start_page_says_which_cases_came_today_and_leads_to_them():
    case = at_desk(since=timezone.now())
    at_desk(case.invoice.provider, since=timezone.now() - timedelta(days=2))
    client = signed_in(staff_of(case))
    page = client.get("/beheer/").content.decode()
    asked = f"?status__exact=at_provider&amp;dag_van={TODAY()}&amp;dag_tot={TODAY()}"
    assert f'href="/beheer/coulance/coulancecase/{asked}"><strong>1</strong> coulancezaak voor u<' in page
    assert 'href="/beheer/billing/invoice/?ontvangen_van=' in page
    shown = client.get(f"/beheer/coulance/coulancecase/{asked.replace('&amp;', '&')}").context["cl"]
    assert list(shown.result_list) == [case]
