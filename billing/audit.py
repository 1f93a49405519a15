"""Writing down what was done, and asking a person where no rule can decide."""

import logging
from typing import Any

from billing.models import AuditEvent, Invoice, Payment, StaffItem

log = logging.getLogger(__name__)


def record(action: str, *, by: str, invoice: Invoice | None = None, **details: Any) -> None:
    """One line on the timeline, in the transaction of the act itself. `details` holds no personal data."""
    AuditEvent.objects.create(invoice=invoice, action=action, by=by, details=details)


def ask_staff(
    kind: StaffItem.Kind,
    *,
    dedupe_key: str,
    invoice: Invoice | None = None,
    payment: Payment | None = None,
    note: str = "",
) -> None:
    """An item for staff, once per `dedupe_key`: the same cause seen again adds nothing."""
    StaffItem.objects.bulk_create(
        [StaffItem(kind=kind, invoice=invoice, payment=payment, note=note[:200], dedupe_key=f"{kind}:{dedupe_key}")],
        ignore_conflicts=True,
    )
    log.warning("staff item %s", kind)
