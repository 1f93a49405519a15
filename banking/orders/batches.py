"""Batches: approved orders become one file, whose bytes are made once, kept, and handed out as often as asked."""

import hashlib
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from banking.models import BankAccount, OutgoingBatch, OutgoingOrder
from banking.orders import pain001, payees
from banking.orders.target_days import target_day_from
from billing import audit
from billing.errors import Refused, Stale
from billing.models import LedgerTransaction
from billing.models.ledger import Account
from billing.money import ZERO
from billing.transitions import advance

Status = OutgoingOrder.Status
MAX_PAYMENTS = 10_000  # in a file, as banks advise


def make(account: BankAccount, *, by: str, now: datetime | None = None) -> OutgoingBatch | None:
    """Put the approved orders of an account into one batch and make its file; return None when none waits.

    Raises ValueError for an order whose money is not reserved at its amount, and Stale for one that has changed
    although it is locked: then nothing is made.
    """
    now = now or timezone.now()
    with transaction.atomic():
        rows = OutgoingOrder.objects.select_for_update(no_key=True).filter(account=account, status=Status.APPROVED)
        orders = list(rows.order_by("pk")[:MAX_PAYMENTS])
        if not orders:
            return None
        for order in orders:
            _check_reserved(order)
        batch = OutgoingBatch(
            account=account, count=len(orders), total=sum((order.amount for order in orders), ZERO), made_by=by,
            created_at=now, execute_on=target_day_from(timezone.localdate(now)),
        )  # fmt: skip
        content = pain001.write(
            batch.reference,
            [pain001.Payment(order.reference, order.amount, payees.of(order)) for order in orders],
            name=payees.plain(account.name, payees.MAX_NAME), iban=account.iban,
            created_at=timezone.localtime(now), execute_on=batch.execute_on,
        )  # fmt: skip
        batch.sha256 = hashlib.sha256(content).hexdigest()
        batch.text = content.decode()
        batch.save(force_insert=True)
        for order in orders:
            if not advance(order, Status.IN_BATCH, batch=batch):
                raise Stale(_("Order %s has changed meanwhile. No file was made. Try again.") % order.reference)
        audit.record(
            "batch_made", by=by, batch=batch.reference, count=batch.count, total=str(batch.total), sha256=batch.sha256
        )
    return batch


def export(batch: OutgoingBatch, *, by: str) -> bytes:
    """Return the file of a batch; the first time its orders count as handed to the bank from this moment on.

    Always the same bytes, so that the bank knows a file that it gets twice. Each time is in the audit trail. That is
    committed before the bytes are returned: call it outside of a transaction. Raises Refused when the bytes kept are
    not those of the batch.
    """
    with transaction.atomic(durable=True):
        locked = OutgoingBatch.objects.select_for_update(no_key=True).get(pk=batch.pk)
        content = locked.text.encode()
        if hashlib.sha256(content).hexdigest() != locked.sha256:
            raise Refused(_("The stored file of this batch is damaged. Do not pay from it; call the operator."))
        if locked.status == OutgoingBatch.Status.MADE:
            advance(locked, OutgoingBatch.Status.EXPORTED, exported_at=timezone.now(), exported_by=by)
            for order in locked.orders.all():
                advance(order, Status.EXPORTED)
        audit.record("batch_exported", by=by, batch=locked.reference, sha256=locked.sha256)
    return content


def _check_reserved(order: OutgoingOrder) -> None:
    """Raise ValueError unless the books hold the amount of the order for it."""
    standing = LedgerTransaction.objects.filter(external_id=order.event, reverses=None, reversed_by=None)
    sides = standing.filter(postings__account=Account.UNDER_WAY, postings__amount=-order.amount)
    if sides.count() != 1:
        raise ValueError(f"order {order.reference}: its money is not reserved")
