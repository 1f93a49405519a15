"""What we ask the gateway for: the body of the call that creates a payment."""

import json
import re
import unicodedata
from collections.abc import Sequence

from django.conf import settings
from django.urls import reverse

from billing import links
from billing.models import Invoice, Payment

LOCALES = {"nl": "nl_NL", "en": "en_US"}
STATEMENT_LENGTH = 35  # of the description on a bank statement: what every bank shows
_SEVERAL = {"nl": "rekeningen", "en": "invoices"}


def request_body(payment: Payment, invoices: Sequence[Invoice]) -> str:
    """Return the exact body of the create call, as JSON: nothing about person or care."""
    methods = settings.MOLLIE_METHODS
    body = {
        "amount": {"currency": "EUR", "value": f"{payment.amount:.2f}"},
        "description": statement_line(invoices, language=payment.language),
        "redirectUrl": links.absolute(reverse("payment_return", args=[payment.token])),
        "webhookUrl": links.absolute(reverse("mollie_webhook", args=[payment.webhook_token])),
        "method": methods[0] if len(methods) == 1 else methods,
        "locale": LOCALES[payment.language],
        "metadata": {"token": payment.token},
    }
    return json.dumps(body)


def statement_line(invoices: Sequence[Invoice], *, language: str) -> str:
    """Return what the bank statement says, in the letters that every bank knows: practice and invoice number.

    Of several invoices how many they are, under the name of their practice, or ours when they are of several.
    """
    practices = {invoice.provider_id: invoice.provider.name for invoice in invoices}
    payee = next(iter(practices.values())) if len(practices) == 1 else settings.OPERATOR["name"]
    what = invoices[0].number if len(invoices) == 1 else f"{len(invoices)} {_SEVERAL[language]}"
    plain = unicodedata.normalize("NFKD", f"{payee}\n{what}").encode("ascii", "ignore").decode()
    name, number = (re.sub(r"[^A-Za-z0-9/?:().,'+-]+", " ", part).strip() for part in plain.split("\n", 1))
    return f"{name[: max(STATEMENT_LENGTH - len(number) - 1, 0)].rstrip()} {number}".strip()[:STATEMENT_LENGTH]
