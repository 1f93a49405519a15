"""The practice's desk as a process: one JSON object a line comes in, one goes out when the work is committed.

Commands and rules are the product's own; they are kept in one process because starting Django takes a second.
"""
# ruff: noqa: E402  the settings come first

import io
import json
import os
import sys
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

from decimal import Decimal

from django.core.management import CommandError, call_command
from django.db import close_old_connections, transaction
from django.utils import timezone

from billing import audit
from billing.adjustments import reductions
from billing.errors import Refused
from billing.ledger import lock_invoice
from billing.models import Invoice, Provider, RefundRequest, Staff, StaffTask
from billing.payments import refunds
from billing.practices import providers
from tests.faults import desk_bank


def command(*, arguments: list[str]) -> str:
    """The output of a management command; what it refuses comes back as text."""
    out = io.StringIO()
    try:
        call_command(*arguments, stdout=out, stderr=out)
    except CommandError as error:
        return f"{out.getvalue()}{error}"
    return ""


def provider(*, agb_code: str) -> str:
    """Register the practice; done when it is there: the one who asked may have missed our answer."""
    if Provider.objects.filter(agb_code=agb_code).exists():
        return ""
    providers.register(agb_code, {
        "name": f"Praktijk {agb_code}", "email": f"p{agb_code}@praktijk.example", "phone": "+31302345678",
        "street": "Lindelaan", "house_number": "12", "postcode": "3512 AB", "city": "Utrecht",
        "kvk_number": "30123456", "iban": "NL91ABNA0417164300",
    })  # fmt: skip
    return ""


def reduce(*, number: str, total_cents: int) -> str:
    with transaction.atomic():
        invoice = lock_invoice(Invoice.objects.get(number=number).pk)
        total = Decimal(total_cents) / 100
        now = timezone.now()
        reductions.reduce_to(invoice, total, external_id=f"{number}:{now.timestamp()}", by="desk", now=now)
    return ""


def confirm_clock() -> str:
    """Close the tasks about a clock that jumped, as somebody does who sees that it is right."""
    member = _colleague("operations", role=Staff.Role.OPERATIONS, provider=None)
    for task in StaffTask.objects.filter(kind=StaffTask.Kind.CLOCK_JUMPED, closed_at=None):
        audit.close_task(task, staff=member, reason="the clock is right")
    return ""


def approve_refund(*, number: str, by: str) -> str:
    """Approve the refund that waits on an invoice, as the member of staff `by`; say why it is not approved yet."""
    invoice = Invoice.objects.select_related("provider").get(number=number)
    waiting = RefundRequest.objects.filter(invoice=invoice, status=RefundRequest.Status.ASKED).first()
    if waiting is None:
        return "no refund waits"
    member = _colleague(f"{by}-{invoice.provider.agb_code}", role=Staff.Role.APPROVER, provider=invoice.provider)
    try:
        after = refunds.approve(invoice.pk, by=member, seen=waiting.amount)
    except Refused as error:
        return str(error)
    return "" if after and after.status != RefundRequest.Status.ASKED else "somebody else has to agree"


def _colleague(name: str, *, role: str, provider: Provider | None) -> Staff:
    facts = {"role": role, "provider": provider, "is_staff": True, "email": f"{name}@praktijk.example"}
    return Staff.objects.get_or_create(username=name, defaults=facts)[0]


WORK = desk_bank.WORK | {
    "command": command, "provider": provider, "reduce": reduce, "confirm_clock": confirm_clock,
    "approve_refund": approve_refund,
}  # fmt: skip


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")  # what a command prints must not come between
    os.dup2(2, 1)
    for out in (answers, sys.stderr):
        print("ready", file=out, flush=True)
    for line in sys.stdin:
        asked: dict[str, Any] = json.loads(line)
        close_old_connections()
        try:
            answer = {"refused": WORK[asked.pop("do")](**asked)}
        except Exception as error:  # the asker decides: it asks again while parts are being killed
            answer = {"failed": f"{type(error).__name__}: {error}"[:500]}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
