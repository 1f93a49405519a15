"""Invoices by their number: handed in, read, withdrawn, credited."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_noop
from ninja import Query, Router, Status

from billing.adjustments import credit_notes
from billing.models import CreditNote, Invoice
from portal.api import answers, bodies, taking
from portal.api.auth import Key, key_of
from portal.api.listing import MAX_LIMIT, cursor_of, paged, place_of
from portal.api.showing import euros, links, shown
from portal.models import ApiKey
from portal.models.keys import Scope

router = Router(tags=["invoices"])
WRITE, READ = Key(Scope.WRITE), Key(Scope.READ)


def body_of(*names: str) -> dict[str, Any]:
    """Return the description of a body that is one of these schemas of a batch (`described`)."""
    options = [{"$ref": f"#/components/schemas/{name}"} for name in names]
    schema = options[0] if len(options) == 1 else {"anyOf": options}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


@router.post(
    "/invoices",
    auth=WRITE,
    response={201: answers.Taken, 200: answers.Checked},
    summary=gettext_noop("Hand in invoices"),
    openapi_extra=body_of("batch_invoice", "batch_invoices"),
)
def hand_in(request: HttpRequest, dry_run: bool = False) -> Status[Any]:
    """Take one invoice, or a list of at most 200 of which all are taken or none.

    They are right by the rules of a batch, and an error is what a batch would say. An invoice that was handed in before
    with the same content is left alone, however it is written now. With `dry_run` nothing is changed.
    """
    key = key_of(request)
    if dry_run:
        done = taking.check(request, key, taking.INVOICES)
        return Status(200, {"invoices": [{"number": number, "is_new": new} for number, new in done["numbers"]]})
    done = taking.take(request, key, taking.INVOICES)
    rows = _own(key, [number for number, _new in done["numbers"]])
    link_of = links(request, key, rows)
    found = {row["number"]: row | {"link": link_of[row["number"]]} for row in shown(rows, today=_today())}
    created, corrected = done["patients"]
    taken = [found[number] | {"is_new": is_new} for number, is_new in done["numbers"] if number in found]
    return Status(201, {"invoices": taken, "patients_created": created, "patients_corrected": corrected})


@router.get("/invoices", auth=READ, response=answers.Invoices, summary=gettext_noop("List invoices"))
def list_invoices(
    request: HttpRequest,
    response: HttpResponse,
    number: str = Query("", max_length=40, description="Only the invoice with this number."),
    unsettled: bool = Query(False, description="Only those on which something is owed."),
    limit: int = Query(50, ge=1, le=MAX_LIMIT),
    cursor: str = Query("", max_length=200),
) -> dict[str, Any]:
    """Return invoices in the order in which they came in, a page at a time."""
    key = key_of(request)
    rows = Invoice.objects.filter(provider=key.provider)
    if number:
        rows = rows.filter(number=number)
    if unsettled:
        rows = rows.filter(settled_at=None, withdrawn_at=None)
    after = place_of(key, "invoices", cursor)[0]
    keys = list(rows.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[: limit + 1])
    has_more, keys = len(keys) > limit, keys[:limit]
    following = cursor_of(key, "invoices", keys[-1:] or [after])
    page = Invoice.objects.filter(pk__in=keys).order_by("pk")
    return paged(request, response, shown(page, today=_today()), following=following, has_more=has_more)


@router.get("/invoices/{number}", auth=READ, response=answers.Invoice, summary=gettext_noop("Read an invoice"))
def read_invoice(request: HttpRequest, number: str) -> dict[str, Any]:
    """Return what is owed on an invoice and how it is paid."""
    found = shown(_own(key_of(request), [number]), today=_today())
    if not found:
        raise Http404
    return found[0]


@router.post(
    "/invoices/{number}/withdrawal",
    auth=WRITE,
    response={201: answers.CreditNotes},
    summary=gettext_noop("Withdraw an invoice"),
    openapi_extra=body_of("withdrawal"),
)
def withdraw(request: HttpRequest, number: str) -> Status[Any]:
    """Take back the whole invoice by a credit note: nothing is asked any more, and what was paid becomes credit."""
    key, body = key_of(request), bodies.read(request)
    invoice = _own(key, [number]).first()
    if invoice is None:
        raise Http404
    item = bodies.fields_of(body, taking.CREDIT_NOTES, known=("number", "reason", "issued_on"))
    note = {"number": credit_notes.next_number(invoice), "issued_on": _today().isoformat(), **item, "credits": number}
    return Status(201, _booked(key, taking.take_one(request, key, taking.CREDIT_NOTES, note, body)))


@router.post(
    "/credit-notes",
    auth=WRITE,
    response={201: answers.CreditNotes},
    summary=gettext_noop("Hand in credit notes"),
    openapi_extra=body_of("credit_note", "credit_notes"),
)
def credit(request: HttpRequest) -> Status[Any]:
    """Take one credit note, or a list of which all are taken or none: of a whole invoice, or of some of its lines."""
    key = key_of(request)
    return Status(201, _booked(key, taking.take(request, key, taking.CREDIT_NOTES)))


def _booked(key: ApiKey, done: dict[str, Any]) -> dict[str, Any]:
    new: dict[str, bool] = dict(done["numbers"])
    rows = CreditNote.objects.filter(provider=key.provider, number__in=new).select_related("invoice").order_by("pk")
    return {
        "credit_notes": [
            {
                "number": row.number,
                "credits": row.invoice.number,
                "issued_on": row.issued_on,
                "amount": euros(row.amount),
                "is_whole": row.is_whole,
                "is_new": new[row.number],
            }
            for row in rows.defer("sealed_content")
        ]
    }


def _own(key: ApiKey, numbers: Sequence[str]) -> QuerySet[Invoice]:
    """Return those invoices of the practice of this key; of no other one."""
    return Invoice.objects.filter(provider=key.provider, number__in=numbers)


def _today() -> Any:
    return timezone.localdate()
