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

from billing.adjustments import reductions
from billing.ledger import lock_invoice
from billing.models import Invoice, Provider
from billing.submission import providers


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
        "iban": "NL91ABNA0417164300",
    })  # fmt: skip
    return ""


def reduce(*, number: str, total_cents: int) -> str:
    with transaction.atomic():
        invoice = lock_invoice(Invoice.objects.get(number=number).pk)
        total = Decimal(total_cents) / 100
        now = timezone.now()
        reductions.reduce_to(invoice, total, external_id=f"{number}:{now.timestamp()}", by="desk", now=now)
    return ""


WORK = {"command": command, "provider": provider, "reduce": reduce}


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
