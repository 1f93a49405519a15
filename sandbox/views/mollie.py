"""The payment API (Mollie v2), test mode only. Addresses in its responses begin with the host of the request."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from sandbox import faults, idempotency, payments, resources, validation
from sandbox.errors import ApiError
from sandbox.models import Chargeback, Payment, Refund, Settlement
from sandbox.views import api

PAGE_SIZE, MAXIMUM_PAGE_SIZE = 50, 250

View = Callable[..., HttpResponse]


def endpoint(*methods: str, for_organisation: bool = False) -> Callable[[View], View]:
    """Wrap a view of the API: check key and method, apply a delay, and format errors.

    What is `for_organisation` opens to its access token, and to no key, as at Mollie.
    """

    def wrap(view: View) -> View:
        @csrf_exempt
        @wraps(view)
        def answer(request: HttpRequest, **parts: str) -> HttpResponse:
            try:
                api.check_bearer(request, settings.MOLLIE_ACCESS_TOKEN if for_organisation else settings.MOLLIE_API_KEY)
                if request.method not in methods:
                    raise ApiError(405, "The method is not supported here")
                api.wait(faults.take("api"), "delay_ms")
                response = view(request, **parts)
            except ApiError as error:
                response = JsonResponse(error.as_json(), status=error.status)
            if response["Content-Type"] == "application/json":
                response["Content-Type"] = resources.HAL
            return response

        return answer

    return wrap


def _base(request: HttpRequest) -> str:
    return request.build_absolute_uri("/sandbox/mollie/v2")


def _shown(request: HttpRequest, row: Payment, embed: str = "") -> dict[str, Any]:
    base = _base(request)
    return resources.payment(row, base=base, pages=base.removesuffix("/v2"), embed=frozenset(embed.split(",")))


def _payment(reference: str) -> Payment:
    row = Payment.objects.filter(reference=reference).first()
    if row is None:
        raise ApiError(404, f"No payment exists with token {reference}.")
    return row


@endpoint("GET", "POST")
def payment_list(request: HttpRequest) -> HttpResponse:
    """List payments, or create one."""
    if request.method == "GET":
        return _read(lambda: _page(request, "payments", Payment.objects.all(), lambda row: _shown(request, row)))
    body = api.json_object(request)

    def work() -> idempotency.Answer:
        row = payments.create(fields=validation.payment_fields(body), now=timezone.now())
        return 201, _shown(request, row)

    return _write(request, section="create", body=body, work=work)


@endpoint("GET", "DELETE")
def payment_detail(request: HttpRequest, reference: str) -> HttpResponse:
    """Return a payment; cancelling is refused."""
    row = _payment(reference)
    if request.method == "DELETE":
        raise ApiError(422, "The payment cannot be canceled")
    return _read(lambda: _shown(request, row, request.GET.get("embed", "")))


@endpoint("GET", "POST")
def refund_list(request: HttpRequest, reference: str) -> HttpResponse:
    """List the refunds of a payment, or create one."""
    row, base = _payment(reference), _base(request)
    if request.method == "GET":
        items = [resources.refund(item, base=base) for item in row.refunds.order_by("-pk")]
        return _read(lambda: _whole(request, "refunds", items))
    body = api.json_object(request)

    def work() -> idempotency.Answer:
        cents = validation.amount_cents(body.get("amount"))
        description = str(body.get("description") or "")[: validation.DESCRIPTION_LENGTH]
        note = validation.metadata(body.get("metadata"))
        made = payments.refund(row, cents=cents, now=timezone.now(), description=description, metadata=note)
        return 201, resources.refund(made, base=base)

    return _write(request, section="refund", body=body, work=work)


@endpoint("GET", "DELETE")
def refund_detail(request: HttpRequest, reference: str, refund: str) -> HttpResponse:
    """Return or cancel a refund."""
    row = Refund.objects.filter(payment=_payment(reference), reference=refund).select_related("payment").first()
    if row is None:
        raise ApiError(404, f"No refund exists with token {refund}.")
    if request.method == "GET":
        return _read(lambda: resources.refund(row, base=_base(request)))
    if not payments.settle_refund(row, status=Refund.Status.CANCELED, now=timezone.now()):
        raise ApiError(422, "The refund can't be canceled any more")
    return HttpResponse(status=204, content_type=resources.HAL)


@endpoint("GET")
def chargeback_list(request: HttpRequest, reference: str) -> HttpResponse:
    """List the chargebacks of a payment."""
    rows = _payment(reference).chargebacks.order_by("-pk")
    items = [resources.chargeback(item, base=_base(request)) for item in rows]
    return _read(lambda: _whole(request, "chargebacks", items))


@endpoint("GET")
def chargeback_detail(request: HttpRequest, reference: str, chargeback: str) -> HttpResponse:
    """Return a chargeback."""
    rows = Chargeback.objects.filter(payment=_payment(reference), reference=chargeback)
    row = rows.select_related("payment").first()
    if row is None:
        raise ApiError(404, f"No chargeback exists with token {chargeback}.")
    return _read(lambda: resources.chargeback(row, base=_base(request)))


@endpoint("GET", "POST", "PATCH", "DELETE", "PUT")
def unknown(request: HttpRequest, rest: str) -> HttpResponse:
    """Refuse any other address."""
    raise ApiError(404, "The endpoint does not exist here")


def _read(shown: Callable[[], dict[str, Any]]) -> HttpResponse:
    fault = faults.take("get")
    if (instead := api.injected(fault)) is not None:
        return instead
    if fault.get("kind", "").startswith("timeout"):
        return api.hang(fault)
    return JsonResponse(shown())


def _write(request: HttpRequest, *, section: str, body: dict[str, Any], work: idempotency.Work) -> HttpResponse:
    """Process a POST: faults, the idempotency key, the work, and the answer once it is stored."""
    fault = faults.take(section)
    if (instead := api.injected(fault)) is not None:
        return instead
    key = request.headers.get("Idempotency-Key", "")[:255]
    if key:
        print_ = idempotency.fingerprint(path=request.path, body=body)
        before = idempotency.claim(key=key, print_=print_, now=timezone.now())
        if before is not None:
            return JsonResponse(before[1], status=before[0], headers={"Idempotent-Replayed": "true"})
    if fault.get("kind") == "timeout_before_commit":
        try:
            return api.hang(fault)
        finally:
            idempotency.release(key)
    status, shown = idempotency.perform(key=key, work=work)
    if fault.get("kind") == "timeout_after_commit":
        return api.hang(fault)
    return JsonResponse(shown, status=status)


@endpoint("GET")
def all_refunds(request: HttpRequest) -> HttpResponse:
    """List the refunds of all payments."""
    rows = Refund.objects.select_related("payment")
    return _read(lambda: _page(request, "refunds", rows, lambda row: resources.refund(row, base=_base(request))))


@endpoint("GET")
def all_chargebacks(request: HttpRequest) -> HttpResponse:
    """List the chargebacks of all payments."""
    rows = Chargeback.objects.select_related("payment")
    return _read(
        lambda: _page(request, "chargebacks", rows, lambda row: resources.chargeback(row, base=_base(request)))
    )


@endpoint("GET", for_organisation=True)
def all_settlements(request: HttpRequest) -> HttpResponse:
    """List what was paid out to the bank."""
    rows = Settlement.objects.all()
    return _read(
        lambda: _page(request, "settlements", rows, lambda row: resources.settlement(row, base=_base(request)))
    )


def _page(
    request: HttpRequest, name: str, every: QuerySet[Any], shown: Callable[[Any], dict[str, Any]]
) -> dict[str, Any]:
    """Return a page, newest first; `from` is its first row, `limit` its length."""
    limit = request.GET.get("limit", str(PAGE_SIZE))
    if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit) <= MAXIMUM_PAGE_SIZE:
        raise ApiError(400, f"The limit must lie between 1 and {MAXIMUM_PAGE_SIZE}", "limit")
    size = int(limit)
    rows = every.order_by("-pk")
    newer: list[Any] = []
    if start := request.GET.get("from"):
        first = every.filter(reference=start).first()
        if first is None:
            raise ApiError(404, f"Nothing exists with token {start}.")
        newer = list(every.filter(pk__gt=first.pk).order_by("pk")[:size])
        rows = rows.filter(pk__lte=first.pk)
    found = list(rows[: size + 1])
    links: dict[str, Any] = {"self": resources.link(request.build_absolute_uri()), "previous": None, "next": None}
    address = f"{_base(request)}/{name}?limit={size}&from="
    if newer:
        links["previous"] = resources.link(address + newer[-1].reference)
    if len(found) > size:
        links["next"] = resources.link(address + found[size].reference)
    return resources.page_of(name, [shown(row) for row in found[:size]], links=links)


def _whole(request: HttpRequest, name: str, items: list[dict[str, Any]]) -> dict[str, Any]:
    links = {"self": resources.link(request.build_absolute_uri()), "previous": None, "next": None}
    return resources.page_of(name, items, links=links)
