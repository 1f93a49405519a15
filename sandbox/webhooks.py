"""Webhook calls: queued by whatever changes a payment, sent by the dispatcher, never inside a web request."""

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import requests
from django.db.models import F

from sandbox import faults
from sandbox.models import Payment, WebhookCall

logger = logging.getLogger(__name__)

USER_AGENT = "Mollie HTTP client/1.0"
ANSWER_WITHIN_SECONDS = 15
# Minutes after the first call at which it is repeated until the answer is 200; then it is given up.
SCHEDULE_MINUTES = (0, 1, 3, 7, 15, 31, 60, 120, 240, 1560)
CLAIM_SECONDS = 60  # after this another dispatcher takes over from one that died while sending
BATCH = 50
REORDER_WAIT_SECONDS = 0.5


def queue(*, payment: Payment, now: datetime) -> None:
    """Announce a change of `payment`; call it in the transaction that makes the change."""
    if not payment.webhook_url:
        return
    fault = faults.take("webhook")
    wait = float(fault.get("delay_s", REORDER_WAIT_SECONDS if fault.get("reorder") else 0))
    due_at = now + timedelta(seconds=wait)
    state = WebhookCall.State.DROPPED if fault.get("drop") else WebhookCall.State.WAITING
    for _ in range(2 if fault.get("double") else 1):
        WebhookCall.objects.create(
            payment=payment, url=payment.webhook_url, state=state, first_due_at=due_at, due_at=due_at
        )


def deliver_due(now: datetime) -> int:
    """Send the calls that are due at `now` and return how many. Safe to run in several processes."""
    calls = _claim(now)
    if not calls:
        return 0
    # In parallel, so that a receiver that hangs does not delay the others.
    with ThreadPoolExecutor(max_workers=min(8, len(calls))) as pool:
        outcomes = list(pool.map(_send, calls))
    for call, outcome in zip(calls, outcomes, strict=True):
        _record(call, outcome)
    return len(calls)


def _claim(now: datetime) -> list[WebhookCall]:
    due = WebhookCall.objects.filter(state__in=["waiting", "sending"], due_at__lte=now)
    candidates = list(due.select_related("payment").order_by("due_at", "pk")[:BATCH])
    if candidates and faults.peek("webhook").get("reorder"):
        candidates.reverse()
    lapses_at = now + timedelta(seconds=CLAIM_SECONDS)
    claimed = []
    for call in candidates:
        # Compare-and-set on what was read: of two dispatchers only one gets the row.
        row = WebhookCall.objects.filter(pk=call.pk, state=call.state, due_at=call.due_at)
        if row.update(state=WebhookCall.State.SENDING, due_at=lapses_at, tries=F("tries") + 1):
            call.tries += 1
            claimed.append(call)
    return claimed


def _send(call: WebhookCall) -> str:
    """POST the id as Mollie does (a form, no signature, no redirects); return the status or the name of the error."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.post(
                call.url,
                data={"id": call.payment.reference},
                headers={"User-Agent": USER_AGENT},
                timeout=ANSWER_WITHIN_SECONDS,
                allow_redirects=False,
                stream=True,
            )
        except requests.RequestException as error:
            return type(error).__name__
        return str(answer.status_code)


def _record(call: WebhookCall, outcome: str) -> None:
    State = WebhookCall.State  # noqa: N806
    due_at = call.first_due_at
    if outcome == "200":
        state = State.DELIVERED
    elif call.tries < len(SCHEDULE_MINUTES):
        state = State.WAITING
        due_at += timedelta(minutes=SCHEDULE_MINUTES[call.tries])
    else:
        state = State.GIVEN_UP
    if outcome != "200":
        logger.warning("webhook for %s: %s (call %d)", call.payment.reference, outcome, call.tries)
    claim = WebhookCall.objects.filter(pk=call.pk, state=State.SENDING, tries=call.tries)
    claim.update(state=state, due_at=due_at, last_outcome=outcome[:200])
