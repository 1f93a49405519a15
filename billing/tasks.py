"""What the worker runs. A task carries a primary key, calls one rule, and may run twice without harm."""

from celery import shared_task

from billing import outbox, payments, reconciliation, reminders


@shared_task(name="billing.deliver_message")
def deliver_message(message_id: int) -> None:
    outbox.deliver(message_id)


@shared_task(name="billing.sweep_outbox")
def sweep_outbox() -> None:
    outbox.sweep()


@shared_task(name="billing.take_webhooks")
def take_webhooks(payment_id: int) -> None:
    payments.take_webhooks(payment_id)


@shared_task(name="billing.sweep_payments")
def sweep_payments() -> None:
    payments.sweep()


@shared_task(name="billing.compare_with_gateway")
def compare_with_gateway() -> None:
    reconciliation.compare_with_gateway()


@shared_task(name="billing.sweep_reminders")
def sweep_reminders() -> None:
    reminders.sweep()
