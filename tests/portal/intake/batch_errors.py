"""What an import says of a batch that has something wrong, for a practice that exists, in English."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from billing.models import AuditEvent, Invoice, LedgerTransaction, Patient
from portal.intake.batch import import_file
from tests import factories
from tests.portal.intake.batches import AGB_CODE, written

TODAY = date(2026, 11, 16)


@pytest.fixture(autouse=True)
def practice() -> Iterator[None]:
    """For every test of a file that imports it."""
    factories.provider(agb_code=AGB_CODE)
    with translation.override("en"):
        yield


def errors_of(folder: Path, content: Any) -> list[tuple[str, str]]:
    """What is wrong with a batch, after a look whether nothing of it got in."""
    result = import_file(written(folder, content), dry_run=False, today=TODAY, by="test")
    if result.error_count:
        assert not Invoice.objects.exists()
        assert not Patient.objects.exists()
        assert not LedgerTransaction.objects.exists()
        assert not AuditEvent.objects.exists()
        assert result.new == result.known == 0
    return [(error.path, error.sentence) for error in result.errors]
