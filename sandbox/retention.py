"""What the stand-in servers need not remember for ever. Payments stay: the product may still ask about one."""

from datetime import datetime

from sandbox.models import IdempotentCall, Message, WebhookCall


def delete_expired(*, before: datetime) -> int:
    """Remove mails, SMS, calls that were answered and reports that were delivered before this moment; how many."""
    done = (WebhookCall.State.DELIVERED, WebhookCall.State.GIVEN_UP, WebhookCall.State.DROPPED)
    found = (
        Message.objects.filter(received_at__lt=before),
        IdempotentCall.objects.filter(started_at__lt=before),
        WebhookCall.objects.filter(state__in=done, first_due_at__lt=before),
    )
    return sum(rows.delete()[0] for rows in found)
