"""Two people of one practice at the coulance desk at once: a paper that is sent twice, and two usual texts."""

import threading
from contextlib import nullcontext
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.contrib.admin import options
from django.test import Client

from billing.links import new_token
from billing.models import Provider
from coulance import cases
from coulance.by_staff import paper
from coulance.desk import notes
from coulance.models import CoulanceCase, NoteTemplate, PaperFigures
from tests.billing.meeting import KEPT_WAITING, PATIENCE, met_before
from tests.coulance.desk.desk_cases import at_desk, staff_of
from tests.coulance.test_decision_races import at_once
from tests.portal.staff.staff_client import signed_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def test_a_paper_that_is_sent_four_times_at_once_is_one():
    case = at_desk()
    typed = paper.Typed(Decimal("365.00"), Decimal("385.00"), None, "balie", new_token())
    by = staff_of(case)
    rows = at_once([lambda: paper.type_figures(case, typed, by=by)] * 4)
    assert rows == [PaperFigures.objects.get()] * 4


def test_twin_without_the_lock_a_paper_that_is_sent_twice_ends_in_an_error(monkeypatch):
    """Both look for the form before either writes: nothing but the lock lets the second one find it."""
    case = at_desk()
    typed = paper.Typed(Decimal("365.00"), Decimal("385.00"), None, "balie", new_token())
    by, both, why_not = staff_of(case), threading.Barrier(2), paper.why_not

    def after_both_looked(case):
        both.wait(30)
        return why_not(case)

    monkeypatch.setattr(paper, "transaction", SimpleNamespace(atomic=nullcontext))
    monkeypatch.setattr(paper, "why_not", after_both_looked)
    monkeypatch.setattr(cases, "lock", lambda pk: CoulanceCase.objects.select_related("invoice__provider").get(pk=pk))
    rows = at_once([lambda: paper.type_figures(case, typed, by=by)] * 2)
    assert sorted(type(row).__name__ for row in rows) == ["IntegrityError", "PaperFigures"]


def usual_texts_at_once(seconds: float) -> list[int]:
    """What the site answers two approvers who each make another text the usual one, once both have looked."""
    case = at_desk()
    clients = [signed_in(staff_of(case)) for _ in range(2)]
    given = {"provider": case.invoice.provider_id, "purpose": "adjust", "text": "x", "in_use": "on", "is_default": "on"}
    for client in clients:
        client.raise_request_exception = False
    address = "/beheer/coulance/notetemplate/add/"
    meeting = threading.Barrier(2)

    def make(client: Client, name: str) -> int:
        with met_before(meeting, 'INSERT INTO "coulance_notetemplate"', seconds=seconds):
            return client.post(address, given | {"name": name}).status_code

    return sorted(at_once([lambda c=c, n=n: make(c, str(n)) for n, c in enumerate(clients)]))


def test_two_usual_texts_at_once_follow_each_other():
    assert usual_texts_at_once(KEPT_WAITING) == [302, 302]
    assert NoteTemplate.objects.filter(is_default=True).count() == 1
    assert NoteTemplate.objects.count() == 2


def test_twin_without_the_lock_the_second_usual_text_ends_in_an_error(monkeypatch):
    unlocked = SimpleNamespace(select_for_update=lambda **_how: Provider.objects)
    monkeypatch.setattr(notes, "Provider", SimpleNamespace(objects=unlocked))
    monkeypatch.setattr(options, "transaction", SimpleNamespace(atomic=lambda **_options: nullcontext()))
    assert usual_texts_at_once(PATIENCE) == [302, 500]
    assert NoteTemplate.objects.count() == 1
