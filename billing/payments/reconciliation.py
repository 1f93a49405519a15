"""Nightly reconciliation of the gateway's list with ours: money that no webhook and no check told us about."""

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice

from django.utils import timezone

from billing import audit
from billing.channels import mollie
from billing.channels.mollie import PaymentSnapshot
from billing.errors import GatewayRefused
from billing.models import Payment, StaffTask
from billing.payments.attempts import sync_payment
from billing.payments.settlement import is_newer, mismatches, settle

log = logging.getLogger(__name__)
LOOK_BACK = timedelta(days=3)  # longer than an attempt that was never paid is checked
CHUNK = 250


def compare_with_gateway(*, now: datetime | None = None) -> None:
    """Settle every payment of the last three days about which the gateway's list knows more than we do.

    A paid payment that carries a token but is not in our database (after a restored backup, or from a second
    installation with the same key) becomes a staff task. Raises GatewayUnknown when the list can't be read to its end.
    """
    now = now or timezone.now()
    for snapshots in _chunks(mollie.list_payments(since=now - LOOK_BACK)):
        ours = Payment.objects.select_related("invoice").in_bulk([s.token for s in snapshots], field_name="token")
        for snapshot in snapshots:
            _compare(ours.get(snapshot.token), snapshot, now=now)


def _compare(payment: Payment | None, snapshot: PaymentSnapshot, *, now: datetime) -> None:
    if payment is None:
        if snapshot.status == Payment.Status.PAID:
            audit.open_task(
                StaffTask.Kind.PAYMENT_MISMATCH, dedupe_key=f"orphan:{snapshot.mollie_id}", note=snapshot.mollie_id
            )
        return
    wrong = mismatches(payment, snapshot)
    if wrong:
        audit.open_task(
            StaffTask.Kind.PAYMENT_MISMATCH,
            dedupe_key=f"{payment.pk}:list:{snapshot.mollie_id}"[:100],
            invoice=payment.invoice,
            payment=payment,
            note=f"{snapshot.mollie_id}: {wrong}",
        )
    elif payment.mollie_id is None:
        settle(payment, snapshot, now=now)
    elif is_newer(payment, snapshot):
        try:
            sync_payment(payment.pk, now=now)  # the list leaves out refunds and chargebacks
        except GatewayRefused as refusal:
            log.warning("payment %s: %s", payment.pk, refusal)


def _chunks(snapshots: Iterable[PaymentSnapshot]) -> Iterator[list[PaymentSnapshot]]:
    rest = iter(snapshots)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk
