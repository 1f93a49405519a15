"""A long file is written in parts, and who wants to write meanwhile does so between two of them."""

import threading
from contextlib import nullcontext

import pytest
from django.db import connection, transaction

from billing import audit
from billing.invoices import intake
from billing.models import AuditEvent, Invoice, Provider
from portal.intake.batch import import_stream
from portal.intake.writing import PART
from tests import factories
from tests.billing.meeting import KEPT_WAITING, PATIENCE
from tests.factories import TODAY
from tests.portal.intake.batches import AGB_CODE, batch, invoice, written

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


class Another:
    """Somebody who writes on a connection of their own, under the lock of the practice, when the import says so."""

    def __init__(self, practice: Provider, patience: float) -> None:
        self.practice, self.patience = practice, patience
        self.saw: list[int] = []  # invoices, each time that it could write
        self.threads: list[threading.Thread] = []

    def write(self) -> None:
        try:
            with transaction.atomic():
                intake.lock_provider(self.practice.pk)
                audit.record("others_write", by="another")
                self.saw.append(Invoice.objects.count())
        finally:
            connection.close()

    def asked(self, _count: int) -> None:
        """Want to write once there is something; wait for it so long."""
        if Invoice.objects.exists():
            self.threads.append(threading.Thread(target=self.write))
            self.threads[-1].start()
            self.threads[-1].join(self.patience)


@pytest.mark.parametrize("in_parts", [True, False])
def test_others_write_between_two_parts(tmp_path, in_parts):
    """The twin is one transaction around all of it: the others come when it is over."""
    practice = factories.provider(agb_code=AGB_CODE)
    another = Another(practice, PATIENCE if in_parts else KEPT_WAITING / 2)
    path = written(tmp_path, batch(*(invoice(number) for number in range(PART + 20))))
    with path.open("rb") as file, nullcontext() if in_parts else transaction.atomic():
        import_stream(file, dry_run=False, today=TODAY, by="test", seen=another.asked)
    for thread in another.threads:
        thread.join(PATIENCE)
    assert another.saw == ([PART, PART + 20] if in_parts else [PART + 20] * 2)
    assert AuditEvent.objects.filter(action="others_write").count() == 2
