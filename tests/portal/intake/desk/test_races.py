"""A file that is handed in twice at once is one file: who presses twice sends it twice."""

import threading
from contextlib import nullcontext
from json import dumps
from types import SimpleNamespace

import pytest

from billing.models import SubmittedFile
from billing.submission import uploads
from tests import factories
from tests.billing.meeting import KEPT_WAITING, PATIENCE, met_before
from tests.billing.outbox.test_outbox_races import in_threads
from tests.portal.intake.batches import AGB_CODE, batch, invoice

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def uploaded_twice(seconds):
    """Upload the same file in two threads, of which each has looked whether it is there before either writes it."""
    practice, meeting = factories.provider(agb_code=AGB_CODE), threading.Barrier(2)
    content = dumps(batch(invoice(1))).encode()

    def upload():
        with met_before(meeting, 'INSERT INTO "billing_submittedfile"', seconds=seconds):
            return uploads.store(
                practice, content, kind=SubmittedFile.Kind.JSON, facts={}, size=len(content), by="staff:a",
                needs_columns=False,
            ).pk  # fmt: skip

    return in_threads(upload, upload)


def test_the_same_file_twice_at_once_is_one():
    first, second = uploaded_twice(KEPT_WAITING)
    assert first == second == SubmittedFile.objects.get().pk


def test_twin_without_the_lock_it_is_two(monkeypatch):
    monkeypatch.setattr(uploads.intake, "lock_provider", lambda _key: None)
    monkeypatch.setattr(uploads, "transaction", SimpleNamespace(atomic=nullcontext))
    first, second = uploaded_twice(PATIENCE)
    assert {first, second} == set(SubmittedFile.objects.values_list("pk", flat=True))
    assert first != second
