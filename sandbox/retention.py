"""Data retention of the sandbox. Payments are retained: the product may still ask about one."""

from datetime import datetime

from sandbox.models import IdempotentCall, Message, WebhookCall


def delete_expired(*, before: datetime) -> int:
    """Delete mails, SMS, finished calls and webhooks from before this moment; return how many."""
    done = (WebhookCall.State.DELIVERED, WebhookCall.State.GIVEN_UP, WebhookCall.State.DROPPED)
    found = (
        Message.objects.filter(received_at__lt=before),
        IdempotentCall.objects.filter(started_at__lt=before),
        WebhookCall.objects.filter(state__in=done, first_due_at__lt=before),
    )
    return sum(rows.delete()[0] for rows in found)
