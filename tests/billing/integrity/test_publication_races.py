"""Two processes publish at once: the second goes on from the line of the first."""

import threading
from contextlib import nullcontext, suppress
from decimal import Decimal

import pytest
from django.utils import timezone

from billing.integrity import publication
from tests import factories
from tests.billing.meeting import KEPT_WAITING, PATIENCE
from tests.billing.outbox.test_outbox_races import in_threads

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


@pytest.fixture
def both(monkeypatch):
    """Let two publish; each looks at the last line before the other has written, if nothing keeps it from that."""
    real = publication._last_committed

    def publish_twice(seconds):
        met = threading.Barrier(2)

        def after_the_other_has_read(model):
            if model._meta.db_table == "billing_posting":
                with suppress(threading.BrokenBarrierError):  # the other waits for its turn
                    met.wait(timeout=seconds)
            return real(model)

        monkeypatch.setattr(publication, "_last_committed", after_the_other_has_read)
        in_threads(*[lambda: publication.publish_tables(now=timezone.now())] * 2)

    return publish_twice


def test_what_two_publish_at_once_is_one_chain(both):
    factories.invoice(amount=Decimal("1.00"))
    both(KEPT_WAITING)
    assert list(publication.contradictions()) == []
    assert [line.rows for line in publication.publications("billing_posting")] == [2]


def test_twin_without_the_lock_true_rows_look_changed(both, monkeypatch):
    factories.invoice(amount=Decimal("1.00"))
    publication.publish_tables(now=timezone.now())
    factories.invoice(amount=Decimal("1.00"))
    monkeypatch.setattr(publication, "alone", nullcontext)
    both(PATIENCE)
    assert any("billing_posting: rows" in sentence for sentence in publication.contradictions())
