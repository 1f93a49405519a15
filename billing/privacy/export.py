"""Everything that is held of one patient, in words (AVG art. 15 and 20): read from the models themselves.

A table that hangs on a patient or an invoice is exported because it hangs there, and a column because it has a name
for people; so what is added later goes along by itself. Columns without such a name (keys, hashes, claims) tell a
patient nothing and stay here. Of staff the role is told, not the person: their name is their own data (AVG art. 15.4).
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.utils import timezone
from django.utils.functional import Promise

from billing.models import Invoice, Patient

Facts = dict[str, Any]
# Sealed columns, and the property that opens each.
SEALED = {"Patient": {"sealed_identity": "identity"}, "CareDetail": {"sealed_lines": "lines"}}
PERSONS = ("staff:", "command:", "import:")  # a name of staff, or of who ran a command, follows


def of_patient(patient: Patient) -> Facts:
    """The patient with what hangs on them, but for the invoices."""
    return facts_below(patient, sealed=SEALED, but=(Invoice,))


def of_invoice(invoice: Invoice) -> Facts:
    """One invoice with its care, money, messages, agreements, and everybody who looked at it."""
    return facts_below(invoice, sealed=SEALED)


def facts_below(
    row: models.Model, *, sealed: dict[str, dict[str, str]], but: tuple[type[models.Model], ...] = ()
) -> Facts:
    """The row and, under the name of each table of its own room, the rows that hang on it."""
    told = _facts(row, sealed)
    for relation in children(type(row), but):
        rows = [facts_below(child, sealed=sealed, but=(*but, type(row))) for child in _rows(row, relation)]
        if rows:
            told[str(relation.related_model._meta.verbose_name_plural)] = rows
    return told


def children(model: type[models.Model], but: tuple[type[models.Model], ...] = ()) -> Iterator[Any]:
    """The relations by which rows of the same room hang on `model`.

    Not what hangs on one of `but` (the rows above, and what the caller leaves out) as well: it is told there.
    """
    for relation in model._meta.related_objects:
        table = relation.related_model
        same_room = table._meta.app_label == model._meta.app_label
        above = {
            field.related_model
            for field in table._meta.concrete_fields
            if field.is_relation and field != relation.field
        }
        if same_room and table not in (model, *but) and not above & set(but):
            yield relation


def _rows(row: models.Model, relation: Any) -> list[models.Model]:
    if not relation.one_to_one:
        return list(getattr(row, relation.get_accessor_name()).order_by("pk"))
    try:
        return [getattr(row, relation.get_accessor_name())]
    except ObjectDoesNotExist:
        return []


def _facts(row: models.Model, sealed: dict[str, dict[str, str]]) -> Facts:
    told: Facts = {}
    for field in row._meta.concrete_fields:
        if isinstance(field.verbose_name, Promise) and not field.is_relation and field.name != "html":
            told[str(field.verbose_name)] = _in_words(row, field)
    for column, name in sealed.get(type(row).__name__, {}).items():
        if getattr(row, column):
            told[name] = getattr(row, name)
    return told


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
    return value if value is None or isinstance(value, int | bool | dict | list) else str(value)
