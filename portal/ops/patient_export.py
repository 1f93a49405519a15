"""A zip with all personal data of one patient: `patient.json` and the documents (AVG art. 15 and 20)."""

import json
import zipfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from billing import audit, rooms
from billing.documents import full_invoice
from billing.errors import Refused
from billing.models import AccessEvent, Invoice, Patient
from billing.privacy import access_log, export
from portal.ops.private_file import private_file

FACTS = "patient.json"


def export_patient(agb_code: str, number: str, path: Path, *, by: str, now: datetime) -> int:
    """Write the zip to `path` (mode 0600), in the patient's language; return the number of invoices in it.

    The access log is written first, one event per invoice: what can't be logged is not exported. Raises Refused when
    there is no such patient, or `path` can't be written.
    """
    patient = Patient.objects.select_related("provider").filter(provider__agb_code=agb_code, number=number).first()
    if patient is None:
        raise Refused(f"The provider with AGB code {agb_code} has no patient with this number.")
    invoices = list(Invoice.objects.filter(patient=patient).select_related("provider", "patient").order_by("pk"))
    with private_file(path) as out:
        _record_access(invoices, by=by)
        with translation.override(patient.language), zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as pack:
            text = json.dumps(_facts(patient, invoices, now), ensure_ascii=False, indent=2)
            pack.writestr(FACTS, text)
            for name, content in _documents(invoices):
                pack.writestr(name, content)
    return len(invoices)


def _record_access(invoices: Sequence[Invoice], *, by: str) -> None:
    for invoice in invoices:
        access_log.record(
            AccessEvent.Act.EXPORT,
            invoice=invoice,
            who=by,
            role=AccessEvent.Role.OPERATIONS,
            data="patient export",
            grounds="avg-art-15",
            organisation="zorgrekening",
        )
    audit.record_each("patient_exported", by=by, invoices=invoices)


def _facts(patient: Patient, invoices: Sequence[Invoice], now: datetime) -> dict[str, Any]:
    return {
        _("made"): now.isoformat(timespec="seconds"),
        str(patient.provider._meta.verbose_name): patient.provider.name,
        str(patient._meta.verbose_name): export.of_patient(patient),
        str(Invoice._meta.verbose_name_plural): [_of_invoice(invoice) for invoice in invoices],
    }


def _of_invoice(invoice: Invoice) -> dict[str, Any]:
    data = export.of_invoice(invoice)
    for room in rooms.exports():
        if facts := room.facts(invoice):
            data[str(room.title)] = facts
    return data


def _documents(invoices: Sequence[Invoice]) -> Iterator[tuple[str, bytes]]:
    """Yield the files, in a folder per invoice named by our key: an invoice number may contain a slash."""
    for invoice in invoices:
        for name, content in full_invoice.stored(invoice):
            yield f"{invoice.pk}/{name}", content
        for room in rooms.exports():
            for name, content in room.documents(invoice):
                yield f"{invoice.pk}/{name}", content
