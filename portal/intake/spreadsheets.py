"""Spreadsheets of a practice: they wait until a person said what the columns are, which is remembered for the next."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from billing.errors import Refused, Stale
from billing.models import Provider, SubmittedFile
from billing.submission import uploads
from billing.text.folding import compact
from portal.intake.adapters import citizen, columns
from portal.intake.adapters import table as tables
from portal.intake.adapters.table import Table

EXAMPLES = 3  # of each column, for the person who says what it is
_ASKED = ("header", "fields", "examples", "dropped")  # what the row keeps until then
Stored = tuple[bytes, dict[str, Any]]  # content, and facts beside it


def taken(provider: Provider, content: bytes) -> tuple[Stored, bool]:
    """Return what is stored of a spreadsheet, and whether a person has to say what its columns are.

    They don't when all of them are as this practice said before. Raises Refused for what is no spreadsheet.
    """
    remembered = uploads.choice_of(provider).columns
    table = tables.read(content, remembered)
    fields = columns.recognise(table.header, remembered)
    is_known = all(compact(name) in remembered for name in table.header)
    if is_known and not columns.missing(fields):
        return _batch(provider, table, fields), False
    shown = [list(dict.fromkeys(filter(None, column)))[:EXAMPLES] for column in zip(*table.rows, strict=True)]
    facts = {"header": table.header, "fields": fields, "examples": shown, "dropped": table.dropped}
    return (table.content(), facts), True


def say_columns(row: SubmittedFile, fields: Sequence[str]) -> None:
    """Say what the columns of a waiting spreadsheet are; it is read as a batch then. Raises Refused."""
    table = tables.stored(uploads.content_of(row))
    ours = columns.columns()
    if len(fields) != len(table.header) or any(field and field not in ours for field in fields):
        raise Refused(_("Say of each column what it is, or that it is not needed."))
    chosen = [field for field in fields if field]
    if twice := next((field for field in chosen if chosen.count(field) > 1), ""):
        raise Refused(_("Two columns can't both be: %s.") % ours[twice].label)
    if missing := columns.missing(fields):
        raise Refused(_("No column is chosen yet for: %s.") % ", ".join(missing))
    facts = {name: value for name, value in row.facts.items() if name not in _ASKED}
    content, more = _batch(row.provider, table, fields)
    if not uploads.replace(row, content, facts | more):
        raise Stale(_("This file has changed meanwhile. Look at it again."))
    uploads.remember_columns(row.provider, dict(zip(map(compact, table.header), fields, strict=True)))


def _batch(provider: Provider, table: Table, fields: Sequence[str]) -> Stored:
    converted = tables.convert(table, fields, agb_code=provider.agb_code)
    citizen.refuse_in(invoice["patient"] for invoice in converted.invoices)
    return converted.content(), converted.facts()
