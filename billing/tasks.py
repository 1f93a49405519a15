"""The Celery tasks of billing. A task takes a primary key at most, calls one rule, and is safe to run twice."""

from celery import shared_task

from billing.dunning import planning
from billing.outbox import delivery
from billing.payments import attempts, reconciliation
from billing.payments.refunds import calls as refund_calls
from billing.storage import upkeep


@shared_task(name="billing.deliver_message")
def deliver_message(message_id: int) -> None:
    delivery.deliver(message_id)


@shared_task(name="billing.sweep_outbox")
def sweep_outbox() -> None:
    delivery.sweep()


@shared_task(name="billing.take_webhooks")
def take_webhooks(payment_id: int) -> None:
    attempts.take_webhooks(payment_id)


@shared_task(name="billing.sweep_payments")
def sweep_payments() -> None:
    attempts.sweep()


@shared_task(name="billing.send_refund")
def send_refund(request_id: int) -> None:
    refund_calls.send(request_id)


@shared_task(name="billing.sweep_refunds")
def sweep_refunds() -> None:
    refund_calls.sweep()


@shared_task(name="billing.compare_with_gateway")
def compare_with_gateway() -> None:
    reconciliation.compare_when_due()


@shared_task(name="billing.sweep_reminders")
def sweep_reminders() -> None:
    planning.sweep()


@shared_task(name="billing.sweep_storage")
def sweep_storage() -> None:
    upkeep.sweep()


@shared_task(name="billing.compare_storage")
def compare_storage() -> None:
    upkeep.compare()
