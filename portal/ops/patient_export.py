"""A zip with all personal data of one person and the documents (AVG art. 15 and 20): of a patient, `patient.json`.

Of somebody who is no patient, `contact.json`: what rooms hold about no invoice, such as a complaint about us.
"""

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
from billing.outbox.explaining import letter_language
from billing.privacy import access_log, export
from billing.rooms import Contact, Held
from portal.ops.private_file import private_file

FACTS, CONTACT_FACTS = "patient.json", "contact.json"


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
        with (
            translation.override(letter_language(patient.language)),
            zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as pack,
        ):
            known = list(_held(_contact_of(patient)))
            text = json.dumps(_facts(patient, invoices, now) | _titled(known), ensure_ascii=False, indent=2)
            pack.writestr(FACTS, text)
            for name, content in (*_documents(invoices), *_their_documents(known)):
                pack.writestr(name, content)
    return len(invoices)


def export_contact(contact: str, path: Path, *, by: str) -> int:
    """Write the zip of what rooms hold about no invoice, of whoever proved that `contact` is theirs; return how many.

    `contact` is a mailbox, a telephone number or the number of a file; it stands in no log. The access log is written
    first. Raises Refused when nothing is held, or `path` can't be written.
    """
    known = list(_held(Contact(contact)))
    if not known:
        raise Refused("Nothing is held about this contact or number.")
    with private_file(path) as out:
        _record(None, by=by)
        audit.record("contact_exported", by=by, held=[held.name for _title, held in known])
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as pack:
            pack.writestr(CONTACT_FACTS, json.dumps(_titled(known), ensure_ascii=False, indent=2))
            for name, content in _their_documents(known):
                pack.writestr(name, content)
    return len(known)


def _contact_of(patient: Patient) -> Contact:
    born = patient.identity.get("date_of_birth", "") if patient.sealed_identity else ""
    return Contact(patient.email, surname=patient.surname or "?", born=born)


def _held(contact: Contact) -> Iterator[tuple[str, Held]]:
    """Yield what rooms hold about no invoice of a person, with the title of the room."""
    for room in rooms.exports():
        if room.by_contact and contact.text:
            yield from ((str(room.title), held) for held in room.by_contact(contact))


def _titled(known: Sequence[tuple[str, Held]]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for title, held in known:
        facts.setdefault(title, {})[held.name] = held.facts
    return facts


def _their_documents(known: Sequence[tuple[str, Held]]) -> Iterator[tuple[str, bytes]]:
    for _title, held in known:
        for name, content in held.documents:
            yield f"{held.name}/{name}", content


def _record_access(invoices: Sequence[Invoice], *, by: str) -> None:
    for invoice in invoices:
        _record(invoice, by=by)
    audit.record_each("patient_exported", by=by, invoices=invoices)


def _record(invoice: Invoice | None, *, by: str) -> None:
    access_log.record(
        AccessEvent.Act.EXPORT,
        invoice=invoice,
        who=by,
        role=AccessEvent.Role.OPERATIONS,
        data="patient export",
        grounds="avg-art-15",
        organisation="zorgrekening",
    )


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
