"""Two people at one case, and a case that is paid, decided, expires and is withdrawn at once."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from itertools import permutations
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from billing import ledger
from billing.adjustments import reductions
from billing.errors import Refused
from billing.ledger import lock_invoice
from billing.models import Invoice, LedgerTransaction, OutboxMessage
from coulance import cases, deadlines, decisions
from coulance.models import CoulanceCase, Decision
from tests.coulance.desk.desk_cases import REASON, at_desk, granted, staff_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
Status = CoulanceCase.Status


def at_once(actions: list[Callable[[], Any]]) -> list[Any]:
    """Run the actions side by side; each result, or the exception it ended in."""
    together = threading.Barrier(len(actions))

    def run(action: Callable[[], Any]) -> Any:
        together.wait(30)
        try:
            return action()
        except Exception as error:  # handed to the test, which says which ones may come
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


def proven() -> None:
    call_command("verify_ledger", stdout=StringIO())


def two_decisions(case: CoulanceCase) -> list[Callable[[], Any]]:
    given = {"reason": REASON, "version": case.version}
    return [
        lambda by=by, due=due: decisions.approve(case, outcome=granted(due), by=by, **given)
        for by, due in ((staff_of(case), "750.00"), (staff_of(case), "600.00"))
    ]


def test_of_two_people_on_one_case_the_second_sees_a_conflict():
    case = at_desk()
    results = at_once(two_decisions(case))
    assert sorted(type(r).__name__ for r in results) == ["Decision", "Stale"]
    made = Decision.objects.get()
    assert ledger.outstanding(case.invoice_id) == made.new_due
    assert OutboxMessage.objects.filter(kind="coulance_adjusted").count() == 1
    proven()


def test_twin_without_the_lock_two_decisions_are_booked_on_one_page(monkeypatch):
    """Both look before either writes; then each writes in turn. Nothing but the lock keeps the second one out."""
    case = at_desk()
    no_transaction = SimpleNamespace(atomic=lambda **_options: nullcontext())
    monkeypatch.setattr(decisions, "transaction", no_transaction)
    unlocked = lambda pk: CoulanceCase.objects.select_related("invoice__provider").get(pk=pk)  # noqa: E731
    monkeypatch.setattr(cases, "lock", unlocked)
    both, turn = threading.Barrier(2), threading.Lock()
    rules_of, carry_out = cases.rules_of, decisions._carry_out

    def meet(provider: Any) -> Any:
        both.wait(30)
        return rules_of(provider)

    def in_turn(*given: Any, **named: Any) -> Any:
        with turn:
            return carry_out(*given, **named)

    monkeypatch.setattr(cases, "rules_of", meet)
    monkeypatch.setattr(decisions, "_carry_out", in_turn)
    at_once(two_decisions(case))
    assert Decision.objects.filter(case=case).count() == 2, "the second one decided about a case that was decided"
    assert (
        LedgerTransaction.objects.filter(postings__invoice=case.invoice, kind=LedgerTransaction.Kind.REDUCTION).count()
        > 1
    )


def pay(case: CoulanceCase) -> None:
    """Money arrives, by whatever way; the gateway's own races have tests of their own."""
    with transaction.atomic():
        invoice: Invoice = lock_invoice(case.invoice_id)
        booked = {"external_id": f"tr_{case.pk}", "occurred_at": timezone.now(), "by": "mollie"}
        ledger.post(invoice, LedgerTransaction.Kind.PAYMENT, Decimal("-1000.00"), **booked)


def acts_on(case: CoulanceCase) -> dict[str, Callable[[], Any]]:
    by, today = staff_of(case), timezone.localdate() + timedelta(days=60)
    given = {"reason": REASON, "version": case.version, "by": by}
    return {
        "payment": lambda: pay(case),
        "decision": lambda: decisions.approve(case, outcome=granted("750.00"), **given),
        "expiry": lambda: deadlines.run_day(today),
        "withdrawal": lambda: cases.withdraw(case.pk, today=timezone.localdate()),
    }


def check(case: CoulanceCase) -> None:
    case.refresh_from_db()
    assert case.status in (Status.ADJUSTED, Status.WITHDRAWN)
    lowered = Decimal("250.00") if case.status == Status.ADJUSTED else Decimal("0.00")
    assert reductions.reduced(case.invoice) == lowered
    assert ledger.balance(case.invoice_id) == -lowered
    assert Decision.objects.filter(case=case).count() == (case.status == Status.ADJUSTED)
    proven()


@pytest.mark.parametrize("order", list(permutations(["payment", "decision", "expiry", "withdrawal"])), ids="-".join)
def test_every_order_ends_well(order):
    case = at_desk()
    acts = acts_on(case)
    for name in order:
        try:
            acts[name]()
        except Refused:
            assert name in ("decision", "withdrawal")
    check(case)


def test_all_at_once_end_well_too():
    for _ in range(6):
        case = at_desk()
        results = at_once(list(acts_on(case).values()))
        unexpected = [r for r in results if isinstance(r, Exception) and not isinstance(r, Refused)]
        assert unexpected == []
        check(case)
