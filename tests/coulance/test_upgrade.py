"""Rows from before names of files and reasons were sealed, brought up to date by the migrations."""

import os
import subprocess
import sys
from datetime import timedelta

import django
from django.utils import timezone

BEFORE = [("coulance", "0003_append_only"), ("billing", "0009_refunded_item")]


def test_names_and_reasons_from_before_are_sealed(tmp_path):
    """In a process and a database of its own: this one has the newest tables already."""
    environment = os.environ | {"DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "portal.settings"}
    environment.pop("DATABASE_URL", None)
    done = subprocess.run(
        [sys.executable, "-m", __name__], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def upgrade() -> None:
    from django.db import DatabaseError, connection
    from django.db.migrations.executor import MigrationExecutor

    from billing.models import Staff

    old = MigrationExecutor(connection).migrate(BEFORE).apps.get_model
    provider = old("billing", "Provider").objects.create(name="Praktijk", agb_code="12000001")
    patient = old("billing", "Patient").objects.create(provider=provider, number="P1", surname="Jansen")
    today = timezone.localdate()
    invoice = old("billing", "Invoice").objects.create(
        provider=provider, patient=patient, number="1", payment_reference="1" * 16, token="t" * 22,
        fingerprint=b"", issued_on=today, due_on=today,
    )  # fmt: skip
    case = old("coulance", "CoulanceCase").objects.create(invoice=invoice, specification_due_on=today)
    staff = old("billing", "Staff").objects.create(username="els", provider=provider, role="approver")
    old("coulance", "Specification").objects.create(case=case, kind="pdf", name="chemokuur.pdf", size=1, sha256="0")
    ruling = {"case": case, "kind": "refuse", "decided_by": staff}
    old("coulance", "Proposal").objects.create(reason="voorstel", **ruling)
    for number, reason in enumerate(("eerste", "tweede"), start=1):
        at = timezone.now() + timedelta(seconds=number)
        old("coulance", "Decision").objects.create(number=number, reason=reason, at=at, **ruling)

    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())
    from coulance.models import CaseMessage, Decision, Proposal, Specification

    assert Specification.objects.get().name == "chemokuur.pdf"
    assert Proposal.objects.get().reason == "voorstel"
    assert [row.reason for row in Decision.objects.all()] == ["eerste", "tweede"]
    assert CaseMessage.objects.count() == 2
    assert Staff.objects.get().username == "els"
    try:
        Decision.objects.update(number=7)
    except DatabaseError:
        return
    raise AssertionError("a decision can be changed after the migrations")


if __name__ == "__main__":
    django.setup()
    upgrade()
