"""Export of everything we hold about one patient, in words (AVG art. 15 and 20), read from the models themselves.

A table is exported because it refers to a patient or an invoice, and a column because it has a translated name, so that
later additions are included automatically. Columns without such a name (keys, hashes, claims) mean nothing to a patient
and are left out. Of staff only the role is exported: their name is their own personal data (AVG art. 15.4).
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.utils import timezone
from django.utils.functional import Promise

from billing.invoices import open_links
from billing.models import AccessEvent, Invoice, Patient, StaffNote, StaffTask

Facts = dict[str, Any]
# Sealed columns, and the property that opens each.
SEALED = {
    "Patient": {"sealed_identity": "identity"},
    "BirthDateChange": {"sealed_facts": "facts"},
    "AllocationNote": {"sealed_text": "text"},
    "StaffNote": {"sealed_text": "text"},
    "StaffTask": {"sealed_text": "text"},
    "CreditNote": {"sealed_content": "content"},
    "Receipt": {"sealed_words": "words"},
    "CareDetail": {"sealed_lines": "lines", "sealed_person": "person"},
}
PERSONS = ("staff:", "command:", "import:")  # followed by the name of a staff member, or of whoever ran a command


def of_patient(patient: Patient) -> Facts:
    """Return the patient with all rows that refer to them, except the invoices."""
    facts = facts_below(patient, sealed=SEALED, exclude=(Invoice,))
    if looks := AccessEvent.objects.filter(patient=patient, invoice=None).order_by("pk"):
        facts[str(AccessEvent._meta.verbose_name_plural)] = [_facts(look, SEALED) for look in looks]
    for table in (StaffNote, StaffTask):  # those about an invoice stand there
        if rows := table._default_manager.filter(patient=patient, invoice=None).order_by("pk"):
            facts[str(table._meta.verbose_name_plural)] = [_facts(row, SEALED) for row in rows]
    return facts


def of_invoice(invoice: Invoice) -> Facts:
    """Return one invoice with its care, money, messages, agreements and accesses."""
    return facts_below(invoice, sealed=SEALED)


def facts_below(
    row: models.Model, *, sealed: dict[str, dict[str, str]], exclude: tuple[type[models.Model], ...] = ()
) -> Facts:
    """Return the row and, under the name of each table of its room, the rows that refer to it."""
    facts = _facts(row, sealed)
    for relation in children(type(row), exclude):
        rows = [facts_below(child, sealed=sealed, exclude=(*exclude, type(row))) for child in _rows(row, relation)]
        if rows:
            facts[str(relation.related_model._meta.verbose_name_plural)] = rows
    return facts


def children(model: type[models.Model], exclude: tuple[type[models.Model], ...] = ()) -> Iterator[Any]:
    """Yield the relations by which rows of the same room refer to `model`.

    A table that also refers to one of `exclude` (the parent rows, and what the caller leaves out) is exported there.
    """
    for relation in model._meta.related_objects:
        table = relation.related_model
        same_room = table._meta.app_label == model._meta.app_label
        above = {
            field.related_model
            for field in table._meta.concrete_fields
            if field.is_relation and field != relation.field
        }
        if same_room and table not in (model, *exclude) and not above & set(exclude):
            yield relation


def _rows(row: models.Model, relation: Any) -> list[models.Model]:
    if not relation.one_to_one:
        return list(getattr(row, relation.get_accessor_name()).order_by("pk"))
    try:
        return [getattr(row, relation.get_accessor_name())]
    except ObjectDoesNotExist:
        return []


def _facts(row: models.Model, sealed: dict[str, dict[str, str]]) -> Facts:
    facts: Facts = {}
    for parent in getattr(row, "EXPORTED_WITH", ()):
        facts |= _facts(getattr(row, parent), sealed)
    for field in row._meta.concrete_fields:
        if isinstance(field.verbose_name, Promise) and not field.is_relation and field.name != "html":
            facts[str(field.verbose_name)] = _in_words(row, field)
    for column, name in sealed.get(type(row).__name__, {}).items():
        if getattr(row, column):
            facts[name] = getattr(row, name)
    return facts


def _in_words(row: models.Model, field: models.Field) -> Any:
    value = getattr(row, field.attname)
    if field.choices:
        return str(getattr(row, f"get_{field.name}_display")())
    if isinstance(value, str) and value.startswith(PERSONS):
        return value.partition(":")[0]
    if isinstance(value, datetime):
        return timezone.localtime(value).isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    return value if value is None or isinstance(value, int | bool | dict | list) else open_links.blanked(str(value))
