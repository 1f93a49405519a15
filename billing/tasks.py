"""The Celery tasks of billing. A task takes a primary key at most, calls one rule, and is safe to run twice."""

from collections.abc import Callable
from typing import Any

from celery import shared_task
from celery.worker import state

from billing.documents import drawing
from billing.dunning import planning
from billing.outbox import delivery
from billing.payments import attempts, reconciliation
from billing.payments.refunds import calls as refund_calls
from billing.storage import upkeep

TURNS = 15  # of 20 seconds; then the timetable starts the sweep again


def _in_turns(sweep: Callable[[], bool]) -> None:
    """Run a sweep again while it leaves something for lack of time, unless this worker has to stop."""
    for _turn in range(TURNS):
        more = sweep()
        stopping: Any = state.should_stop  # None or False while it goes on; else an exit code, which may be 0
        if not more or not (stopping is None or stopping is False):
            return


@shared_task(name="billing.deliver_message")
def deliver_message(message_id: int) -> None:
    delivery.deliver(message_id)


@shared_task(name="billing.sweep_outbox", alone=True)  # type: ignore[call-overload]  # an option of portal.celery.Task
def sweep_outbox() -> None:
    _in_turns(delivery.sweep)


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


@shared_task(name="billing.sweep_reminders", alone=True)  # type: ignore[call-overload]  # an option of portal.celery.Task
def sweep_reminders() -> None:
    _in_turns(planning.sweep)


@shared_task(name="billing.draw_document")
def draw_document(order_id: int) -> None:
    drawing.draw(order_id)


@shared_task(name="billing.sweep_documents")
def sweep_documents() -> None:
    drawing.sweep()


@shared_task(name="billing.sweep_storage")
def sweep_storage() -> None:
    upkeep.sweep()


@shared_task(name="billing.compare_storage")
def compare_storage() -> None:
    upkeep.compare()
