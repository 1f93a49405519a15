"""Webhook calls of the gateway: stored first, processed later, and never more than a hint to fetch the payment."""

import logging
import time
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit
from billing.channels import mollie
from billing.errors import GatewayRefused, GatewayUnknown, GatewayUnreadable, Refused
from billing.failures import due, isolated
from billing.ledger import lock_invoice
from billing.models import Invoice, Payment, StaffTask, WebhookCall
from billing.outbox import wakeup
from billing.payments.settlement import mismatches, settle

log = logging.getLogger(__name__)

TASK = "billing.take_webhooks"
RULE = "settle payment"  # of webhook calls and of checks alike: what fails on one fails on the other
# However often the gateway (or anybody who knows the path) calls, one payment is not fetched more often than this.
FETCH_INTERVAL = timedelta(seconds=5)
# With waits of 10 s × 2ⁿ the last try is eleven hours after the first; the sweep polls the payment anyway.
FIRST_WAIT, MAX_TRIES = timedelta(seconds=10), 12
# Different ids fetched in one run; the gateway itself never sends more than one.
MAX_IDS = 5
BATCH = 500


def receive_webhook(webhook_token: str, mollie_id: str) -> None:
    """Store the call and wake a worker; for an unknown token or a malformed id, only log a line.

    Return nothing, so that the caller learns nothing. Raises when the database is down, so that the gateway calls
    again.
    """
    payment_id = None
    if mollie.PAYMENT_ID.fullmatch(mollie_id):
        payment_id = Payment.objects.filter(webhook_token=webhook_token).values_list("pk", flat=True).first()
    if payment_id is None:
        log.warning("webhook for nothing of ours")
        return
    WebhookCall.objects.create(payment_id=payment_id, mollie_id=mollie_id)
    wakeup.enqueue_on_commit(TASK, payment_id)


def take_webhooks(payment_id: int, *, now: datetime | None = None) -> None:
    """Process the open calls about one payment with a single fetch; do nothing yet too soon after the last one.

    What fails on it becomes a staff task, and is tried again by the sweep.
    """
    now = now or timezone.now()
    about = Invoice.objects.filter(payments=payment_id)
    isolated(partial(_take_webhooks, payment_id, now=now), rule=RULE, row=payment_id, about=about, now=now)


def _take_webhooks(payment_id: int, *, now: datetime) -> None:
    # Calls that arrive from here on may be about something that the fetch below is too early to see.
    open_calls = list(WebhookCall.objects.filter(payment_id=payment_id, done_at=None).select_related("payment"))
    if not open_calls:
        return
    payment = open_calls[0].payment
    if not _claim_fetch(payment, now):
        return
    for mollie_id in sorted({call.mollie_id for call in open_calls})[:MAX_IDS]:
        calls = WebhookCall.objects.filter(pk__in=[call.pk for call in open_calls if call.mollie_id == mollie_id])
        try:
            payment, wrong = _fetch_and_settle(payment, mollie_id, now=now)
        except GatewayUnreadable:
            raise
        except (GatewayUnknown, GatewayRefused) as failure:
            for call in calls:
                wait = FIRST_WAIT * 2 ** (call.tries + 1)
                again = {"next_try_at": call.received_at + wait, "error": str(failure)[:200]}
                WebhookCall.objects.filter(pk=call.pk).update(tries=F("tries") + 1, **again)
            _give_up(payment, now=now)
        else:
            calls.update(done_at=now, error=wrong)


def sweep_webhooks(*, now: datetime, stop_at: float) -> None:
    """Process the calls that no worker was woken for, or that failed before and are due again.

    Start no new one after `stop_at` (time.monotonic): the next sweep takes the remaining ones.
    """
    rows = due(WebhookCall.objects.filter(done_at=None, next_try_at__lte=now), rule=RULE, now=now, field="payment")
    for payment_id in dict.fromkeys(rows.order_by("next_try_at").values_list("payment_id", flat=True)[:BATCH]):
        if time.monotonic() > stop_at:
            return
        take_webhooks(payment_id, now=now)


def release(payment_id: int, *, by: str, note: str, now: datetime | None = None) -> None:
    """Release a payment from quarantine on the word of staff, so that its calls are processed and it is fetched again.

    Nothing is booked here, and a report that still does not match quarantines it again. Raises Refused without a
    reason, or when the payment is not in quarantine.
    """
    now = now or timezone.now()
    if not note.strip():
        raise Refused(_("Say why. Your colleagues read it on the timeline."))
    with transaction.atomic():
        invoice = lock_invoice(Payment.objects.values_list("invoice_id", flat=True).get(pk=payment_id))
        payment = Payment.objects.select_for_update(no_key=True).get(pk=payment_id)
        if payment.quarantined_at is None:
            raise Refused(_("This payment is not quarantined."))
        payment.quarantined_at, payment.next_check_at = None, now if payment.mollie_id else None
        payment.save(update_fields=["quarantined_at", "next_check_at"])
        WebhookCall.objects.filter(payment=payment).exclude(error="").update(done_at=None, tries=0, next_try_at=now)
        audit.record("payment_released", by=by, invoice=invoice, written=note.strip()[:200], id=payment.mollie_id)
        wakeup.enqueue_on_commit(TASK, payment.pk)


def _claim_fetch(payment: Payment, now: datetime) -> bool:
    """Tell whether this caller may fetch: only one of several, and not sooner than the interval allows."""
    if payment.fetched_at and now - payment.fetched_at < FETCH_INTERVAL:
        return False
    # Compare-and-set: when two calls wake two workers, one fetches and the other finds nothing to do.
    return Payment.objects.filter(pk=payment.pk, fetched_at=payment.fetched_at).update(fetched_at=now) == 1


def _fetch_and_settle(payment: Payment, mollie_id: str, *, now: datetime) -> tuple[Payment, str]:
    """Fetch `mollie_id` and settle it on the payment; return that, and the mismatched fields or an empty string."""
    if payment.mollie_id and payment.mollie_id != mollie_id:
        _open_mismatch_task(payment, mollie_id, "id")
        return payment, "id"
    snapshot = mollie.get_payment(mollie_id)
    # A payment without an id lost the answer to our create call: it takes over this id when everything else agrees.
    # A wrong id must not quarantine the payment, because the right one may still come.
    wrong = "" if payment.mollie_id else mismatches(payment, snapshot)
    if wrong:
        _open_mismatch_task(payment, mollie_id, wrong)
        return payment, wrong
    settled = settle(payment, snapshot, now=now)
    return settled, "quarantined" if settled.quarantined_at else ""


def _give_up(payment: Payment, *, now: datetime) -> None:
    spent = WebhookCall.objects.filter(payment=payment, done_at=None, tries__gte=MAX_TRIES)
    if spent.update(done_at=now):
        audit.open_alarm(
            StaffTask.Kind.GATEWAY_ALARM,
            cause=f"webhook:{payment.pk}",
            invoice=payment.invoice,
            payment=payment,
            now=now,
        )


def _open_mismatch_task(payment: Payment, mollie_id: str, wrong: str) -> None:
    audit.open_task(
        StaffTask.Kind.PAYMENT_MISMATCH,
        dedupe_key=f"{payment.pk}:webhook:{mollie_id[:50]}:{wrong}"[:100],
        invoice=payment.invoice,
        payment=payment,
        note=f"{mollie_id}: {wrong}",
    )
