"""A list as a file: the rows that it shows on all its pages, to who may see them, written down before they leave."""

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from billing import audit
from billing.desk.lists.columns import columns_of, rows_of
from billing.documents.attachment import streamed
from billing.errors import Refused
from billing.models import AccessEvent, Invoice, Patient
from billing.privacy import access_log
from billing.statements import spreadsheet
from billing.statements.spreadsheet import Cell

Rows = Iterable[Sequence[Cell]]
_CHUNK = 1000
# A workbook leaves when it is complete, and no proxy waits longer than a minute for the first byte. CSV has no end.
XLSX_MOST = 100_000
_TYPES: dict[str, tuple[str, Callable[[Rows, str], Iterator[bytes]]]] = {
    "csv": ("text/csv; charset=utf-8", lambda rows, _title: spreadsheet.csv_pieces(rows)),
    "xlsx": (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        lambda rows, title: spreadsheet.xlsx_pieces(rows, title=title),
    ),
}
KINDS = tuple(_TYPES)


def of_list(table: Any, request: HttpRequest, kind: str) -> HttpResponseBase:
    """Return all rows of the list of `table`, a TenantAdmin, as it is filtered and ordered in this request.

    The rows are fixed by their keys first, 8 bytes each, and then read in chunks: no query stays open while a slow
    client reads, and the audit trail has which rows left. Raises Refused for more than XLSX_MOST, and what
    the database raises when the access can't be written: then nothing leaves.
    """
    shown = table.get_changelist_instance(request)
    keys = array("q", shown.queryset.values_list("pk", flat=True).iterator(chunk_size=_CHUNK))
    if kind == "xlsx" and len(keys) > XLSX_MOST:
        sentence = _("An Excel file has at most %(most)d rows here. Choose a shorter period, or take CSV.")
        raise Refused(sentence % {"most": XLSX_MOST})
    name = table.opts.model_name
    if table.about_patients:
        about = patients_of(table, keys)
        access_log.record_leaving(
            request, AccessEvent.Act.EXPORT, patients=about, data=access_log.LISTED, otherwise=f"list {name}"
        )
    by = audit.name_of(request.user)
    audit.record("list_exported", by=by, list=name, format=kind, rows=len(keys), keys=ranges(keys))
    rows = _read(shown.apply_select_related(table.get_queryset(request)), keys)
    title = str(table.list_title or table.opts.verbose_name_plural)
    return file(rows_of(columns_of(table, request), rows), title=title, kind=kind)


def file(rows: Rows, *, title: str, kind: str) -> HttpResponseBase:
    """Return `rows`, heads first, as a file with today's date in its name. Raises Http404 for another `kind`.

    Who may see them, and that they left, is up to the caller: see `of_list`.
    """
    if kind not in _TYPES:
        raise Http404
    content_type, pieces = _TYPES[kind]
    name = f"{slugify(title)[:28].strip('-')}-{timezone.localdate():%Y%m%d}.{kind}"
    return streamed(pieces(rows, title), name=name, content_type=content_type)


def patient_paths(table: Any) -> list[str]:
    """Return the lookups from a row of `table`, a TenantAdmin, to each patient whom it is about."""
    if table.model is Patient:
        return ["pk"]
    relations = [field for field in table.opts.concrete_fields if field.is_relation]
    own = [field.name for field in relations if field.related_model is Patient]
    own += [f"{field.name}__patient" for field in relations if field.related_model is Invoice]
    ahead, ends_there, _rest = table.provider_path.rpartition("__invoice__provider")
    return own or ([f"{ahead}__invoice__patient"] if ends_there else [])


def patients_of(table: Any, keys: Sequence[int]) -> set[int]:
    """Return the keys of the patients whom these rows of `table` are about."""
    found: set[int] = set()
    for path in patient_paths(table):
        for begin in range(0, len(keys), _CHUNK):
            chunk = list(keys[begin : begin + _CHUNK])
            found |= set(table.model._default_manager.filter(pk__in=chunk).order_by().values_list(path, flat=True))
    return found - {None}


def ranges(keys: Iterable[int]) -> str:
    """Return keys as text, those that follow each other as a range: 1-4,7."""
    found: list[list[int]] = []
    for key in sorted(keys):
        if found and key == found[-1][1] + 1:
            found[-1][1] = key
        else:
            found.append([key, key])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in found)


def _read(queryset: QuerySet[Any], keys: Sequence[int]) -> Iterator[Any]:
    """Yield the rows with these keys in their order; one that was deleted meanwhile is left out."""
    for begin in range(0, len(keys), _CHUNK):
        chunk = keys[begin : begin + _CHUNK]
        found = {row.pk: row for row in queryset.filter(pk__in=list(chunk)).order_by()}
        yield from (found[key] for key in chunk if key in found)
