"""The worklist: how much of each kind is waiting for a member of staff."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q

from billing.models import OutboxMessage, Payment, StaffTask
from billing.tenancy import visible_to


@dataclass(frozen=True, slots=True)
class Waiting:
    open_items: int
    failed_messages: int
    messages_in_doubt: int
    quarantined_payments: int

    @property
    def total(self) -> int:
        return self.open_items + self.failed_messages + self.messages_in_doubt + self.quarantined_payments


def waiting_for(staff: Any) -> Waiting:
    """Return the counts of what `staff` may see and should settle, in three queries."""
    failed, in_doubt = OutboxMessage.Status.FAILED, OutboxMessage.Status.IN_DOUBT
    items = visible_to(staff, StaffTask.objects.filter(closed_at=None), provider_path="provider")
    messages = visible_to(staff, OutboxMessage.objects.all(), provider_path="invoice__provider")
    payments = visible_to(
        staff, Payment.objects.filter(quarantined_at__isnull=False), provider_path="invoice__provider"
    )
    stuck = messages.filter(status__in=(failed, in_doubt)).aggregate(
        failed=Count("pk", filter=Q(status=failed)), in_doubt=Count("pk", filter=Q(status=in_doubt))
    )
    return Waiting(items.count(), stuck["failed"], stuck["in_doubt"], payments.count())
