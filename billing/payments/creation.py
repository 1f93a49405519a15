"""Creating a payment at the gateway: one call with one key, repeated with the same key when its answer was lost.

The gateway remembers a key for an hour. After that the same call might create a second payment, so we only search for
the first one.
"""

import json
import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from billing import audit, links
from billing.channels import mollie
from billing.errors import GatewayRefused, GatewayUnknown, Refused
from billing.models import Invoice, Payment, Provider, StaffTask
from billing.payments.settlement import settle
from billing.transitions import advance

Status = Payment.Status

# A call that has not returned after this long belongs to a dead process; another one may take over.
CALL_DIED_AFTER = timedelta(seconds=60)
KEY_VALID = timedelta(minutes=50)
REPEAT_WAIT, MAX_REPEAT_WAIT = timedelta(seconds=5), timedelta(minutes=5)
RETRY_CHECK_AFTER = timedelta(minutes=5)

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
    practices = Provider.objects.filter(pk__in={invoice.provider_id for invoice in invoices})
    names = list(practices.values_list("name", flat=True))
    payee = names[0] if len(names) == 1 else settings.OPERATOR["name"]
    what = invoices[0].number if len(invoices) == 1 else f"{len(invoices)} {_SEVERAL[language]}"
    plain = unicodedata.normalize("NFKD", f"{payee}\n{what}").encode("ascii", "ignore").decode()
    name, number = (re.sub(r"[^A-Za-z0-9/?:().,'+-]+", " ", part).strip() for part in plain.split("\n", 1))
    return f"{name[: max(STATEMENT_LENGTH - len(number) - 1, 0)].rstrip()} {number}".strip()[:STATEMENT_LENGTH]


def claim_call(payment: Payment, now: datetime) -> bool:
    """Tell whether this caller makes the first call of the attempt."""
    return advance(payment, Status.CREATING, called_at=now, next_check_at=now + CALL_DIED_AFTER)


def create(payment: Payment, *, now: datetime) -> Payment:
    """Make the create call of a claimed attempt and store the answer, without lock or transaction.

    Raises Refused when the gateway refuses.
    """
    try:
        snapshot = mollie.create_payment(payment.request_body, idempotency_key=payment.idempotency_key)
    except GatewayUnknown:
        return _mark_creation_unknown(payment, now=now)
    except GatewayRefused as refusal:
        _reject(payment, refusal)
        raise Refused(rejection_sentence()) from refusal
    payment = settle(payment, snapshot, now=now)
    if payment.quarantined_at:
        raise Refused(rejection_sentence())
    return payment


def _mark_creation_unknown(payment: Payment, *, now: datetime) -> Payment:
    """Record that the payment may exist, keep the key, and plan to repeat the same call."""
    if payment.status == Status.CREATING:
        advance(payment, Status.CREATE_UNKNOWN)
    wait = min(REPEAT_WAIT * 2 ** min(payment.checks, 10), MAX_REPEAT_WAIT)
    # The status filter skips an attempt whose answer a webhook has brought in the meantime.
    Payment.objects.filter(pk=payment.pk, status=Status.CREATE_UNKNOWN).update(
        next_check_at=now + wait, checks=payment.checks + 1
    )
    return Payment.objects.select_related("invoice").get(pk=payment.pk)


def _reject(payment: Payment, refusal: GatewayRefused) -> None:
    with transaction.atomic():
        if not advance(payment, Status.REJECTED, next_check_at=None):
            return  # a webhook has confirmed the payment
        audit.record("payment_rejected", by="mollie", invoice=payment.invoice, reason=str(refusal))
        if refusal.alarm:
            audit.open_alarm(
                StaffTask.Kind.GATEWAY_ALARM,
                cause=f"create:{refusal}",  # of all payments together: what is wrong is our set-up
                invoice=payment.invoice,
                payment=payment,
                note=str(refusal),
            )


def rejection_sentence() -> str:
    return _("Paying by iDEAL does not work right now. Nothing was paid. Please try again later.")


def _repeat_create(payment: Payment, *, now: datetime) -> Payment:
    """Repeat the create call of an attempt whose creation was never confirmed."""
    if payment.status == Status.NEW:
        if payment.superseded_at:  # nobody ever saw a link, so nobody can pay it
            return _abandon(payment, now=now)
        if not claim_call(payment, now):
            return payment
    elif payment.status == Status.CREATING and not advance(payment, Status.CREATE_UNKNOWN):
        return payment
    return create(payment, now=now)


def search_or_abandon(payment: Payment, *, now: datetime) -> Payment:
    """Search the gateway for our token, or abandon the attempt: its key is too old to repeat the call."""
    snapshot = mollie.find_payment(payment.token, since=payment.created_at - timedelta(minutes=5))
    return settle(payment, snapshot, now=now) if snapshot else _abandon(payment, now=now)


def _abandon(payment: Payment, *, now: datetime) -> Payment:
    """Stop asking, and supersede the attempt so that a late webhook can't put it beside a live one."""
    if payment.status == Status.CREATING:
        advance(payment, Status.CREATE_UNKNOWN)
    advance(payment, Status.ABANDONED, next_check_at=None, superseded_at=payment.superseded_at or now)
    return payment


def repeat_if_due(payment: Payment, *, now: datetime) -> Payment:
    """Repeat the create call when it is due and the key still valid. Raises Refused when the gateway refuses."""
    if payment.status in Payment.LIVE and not key_is_old(payment, now) and claim_check(payment, now):
        return _repeat_create(payment, now=now)
    return payment


def key_is_old(payment: Payment, now: datetime) -> bool:
    """Tell whether the key may be forgotten; one that was never used may have been, if a backup was restored."""
    return now - (payment.called_at or payment.created_at) > KEY_VALID


def claim_check(payment: Payment, now: datetime) -> bool:
    """Tell whether this caller makes the check that is due; the others find it postponed."""
    if payment.next_check_at is None or payment.next_check_at > now:
        return False
    rows = Payment.objects.filter(pk=payment.pk, next_check_at=payment.next_check_at)
    return rows.update(next_check_at=now + RETRY_CHECK_AFTER) == 1
