"""The operator's account at the stand-in bank: pay in, hand in orders, let one come back, download statements."""

from datetime import timedelta

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from sandbox import current_account, validation
from sandbox.errors import ApiError
from sandbox.models import Movement
from sandbox.views.bank import amount_of

PAYER = {"name": "J. de Vries", "iban": "NL44RABO0123456789"}
MOST_DAYS = 400


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest) -> HttpResponse:
    """Show the movements; POST makes one."""
    problem = ""
    if request.method == "POST":
        try:
            with transaction.atomic():  # its day is that on which it is there
                _act(request)
            return HttpResponseRedirect(reverse("sandbox:account"), status=303)
        except ApiError as error:
            problem = _sentence(error)
    rows = [(row, amount_of(row.amount_cents)) for row in Movement.objects.order_by("-pk")[:30]]
    return render(
        request, "sandbox/account.html", {"rows": rows, "problem": problem, "payer": PAYER},
        status=422 if problem else 200,
    )  # fmt: skip


@require_safe
def statement(request: HttpRequest, days: int) -> HttpResponse:
    """Download the statement of so many days up to and including today."""
    with transaction.atomic():  # what moves meanwhile stands on a later one, whole
        last = timezone.localdate()
        first = last - timedelta(days=min(max(days, 1), MOST_DAYS) - 1)
        content = current_account.statement(first, last)
    answer = HttpResponse(content, content_type="application/xml")
    answer["Content-Disposition"] = f'attachment; filename="camt053-{first}-{last}.xml"'
    return answer


def _act(request: HttpRequest) -> None:
    now, form = timezone.now(), request.POST
    today, act = timezone.localdate(now), form.get("act", "")
    if act == "pay_in":
        value = form.get("amount", "").replace(",", ".").strip()
        cents = validation.amount_cents({"currency": "EUR", "value": value})
        text = form.get("text", "").strip()
        current_account.pay_in(cents, text=text, on=today, **PAYER)
    elif act == "execute" and (file := request.FILES.get("file")):
        current_account.execute(file.read(), now=now, on=today)
    elif act == "come_back" and form.get("row", "").isdecimal():
        current_account.come_back(get_object_or_404(Movement, pk=form["row"]), on=today)
    elif act == "settle":
        row = current_account.settle(now=now)
        if row is None:
            raise ApiError(404, "Nothing was paid")
        current_account.pay_out_by_gateway(row, on=today)
    else:
        raise ApiError(400, "Unknown action")


def _sentence(error: ApiError) -> str:
    if error.status == 409:
        return _("This file was executed before. The bank does nothing with it.")
    if error.status == 404:
        return _("Nobody paid through Mollie since the last time.")
    if error.field == "amount":
        return _("Fill in an amount like 12,50.")
    return _("This is no file with orders (pain.001).")
