"""Reconciliation of the gateway's lists with ours: what no webhook and no check told us about.

Three lists, newest first: payments, refunds and chargebacks of all payments. Each page is compared and its place noted
before the next one, so a comparison that was stopped goes on where it was, however long the list is.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db.models import Min
from django.utils import timezone

from billing import audit
from billing.channels import mollie
from billing.channels.mollie import Page, PaymentSnapshot, Reported
from billing.errors import GatewayRefused, GatewayUnknown
from billing.failures import isolated
from billing.models import Chargeback, Comparison, Invoice, Payment, Refund, StaffTask
from billing.payments.attempts import sync_payment
from billing.payments.settlement import is_newer, mismatches, settle
from billing.payments.webhooks import RULE

log = logging.getLogger(__name__)
OVERLAP = timedelta(hours=1)
RUN_SECONDS = 300.0  # of one list; the next run goes on
INCOMPLETE_AFTER = timedelta(hours=20)  # then a person is told
# How far back each list is compared, longer when the last one was not complete: an attempt that was never paid is
# checked for two days, a refund can fail weeks later, and Wero allows a dispute for 120 days.
LOOK_BACK = {"payments": timedelta(days=3), "refunds": timedelta(days=60), "chargebacks": timedelta(days=130)}


def compare_when_due(*, now: datetime | None = None) -> None:
    """Begin the comparisons of this day, or go on with those that were stopped; do nothing when they are complete."""
    now = now or timezone.now()
    for what in LOOK_BACK:
        run = Comparison.objects.filter(what=what).first()
        begun_today = run and run.began_at and timezone.localdate(run.began_at) == timezone.localdate(now)
        if not begun_today or (run and not run.is_complete):
            isolated(partial(_compare, what, now=now), rule=f"compare {what}", now=now)


def compare_with_gateway(*, now: datetime | None = None) -> None:
    """Settle everything about which a list of the gateway knows more than we do; open tasks for what is not ours.

    A paid payment that carries a token but is not in our database (after a restored backup, or from a second
    installation with the same key) becomes a staff task, and so does a list that can't be read to its end.
    """
    for what in LOOK_BACK:
        _compare(what, now=now or timezone.now())


def read_list(
    what: str,
    fetch: Callable[[str], Page[Any]],
    take: Callable[[tuple[Any, ...], datetime], None],
    *,
    overlap: timedelta,
    now: datetime | None = None,
) -> Comparison:
    """Read a list that a room follows, newest first, to what was known before less `overlap`; the first time all of it.

    `take` stores a page, and may get one twice. Returns how far it came: one that was stopped goes on there.
    """
    now = now or timezone.now()
    run, _new = Comparison.objects.get_or_create(what=what)
    if run.is_complete:
        run.since = run.complete_at - overlap if run.complete_at else None
        run.began_at = now
        run.save()
    _follow(run, fetch, take, now=now)
    return run


def _compare(what: str, *, now: datetime) -> None:
    run, _new = Comparison.objects.get_or_create(what=what)
    if run.is_complete:
        run.since = min(now - LOOK_BACK[what], (run.complete_at or now) - OVERLAP, _oldest_unconfirmed() or now)
        run.began_at = now
        run.save()
    _follow(run, *_LISTS[what], now=now)


def _follow(
    run: Comparison,
    fetch: Callable[[str], Page[Any]],
    compare: Callable[[tuple[Any, ...], datetime], None],
    *,
    now: datetime,
) -> None:
    what = run.what
    try:
        _compare_pages(run, fetch, compare, now=now)
    except GatewayUnknown as failure:
        log.warning("comparison of %s stopped: %s", what, failure)
    except GatewayRefused as refusal:
        _open_alarm(f"compare:{what}:{refusal}", f"comparison of {what}: {refusal}", now)
    if not run.is_complete and now - (run.began_at or now) > INCOMPLETE_AFTER:
        _open_alarm(f"compare:{what}:incomplete", f"comparison of {what} does not come to its end", now)


def _oldest_unconfirmed() -> datetime | None:
    unknown = Payment.objects.filter(status__in=(Payment.Status.CREATING, Payment.Status.CREATE_UNKNOWN))
    found: datetime | None = unknown.aggregate(oldest=Min("created_at"))["oldest"]
    return found


def _open_alarm(cause: str, note: str, now: datetime) -> None:
    audit.open_alarm(StaffTask.Kind.GATEWAY_ALARM, cause=cause, note=note, now=now)


def _compare_pages(
    run: Comparison,
    fetch: Callable[[str], Page[Any]],
    compare: Callable[[tuple[Any, ...], datetime], None],
    *,
    now: datetime,
) -> None:
    """Compare page by page from where the last run stopped, and note the place after each."""
    stop_at = time.monotonic() + RUN_SECONDS
    while time.monotonic() < stop_at:
        page = fetch(run.position)
        for problem in page.unreadable:
            note = f"{run.what}: {problem}"
            audit.open_alarm(StaffTask.Kind.PAYMENT_MISMATCH, cause=f"list:{problem}", note=note, now=now)
        compare(page.rows, now)
        reached = page.oldest is None or (run.since is not None and page.oldest < run.since)
        run.position = "" if reached else page.next_id
        if not run.position:
            run.complete_at = run.began_at
        run.save(update_fields=["position", "complete_at"])
        if not run.position:
            return


def _compare_payments(snapshots: tuple[PaymentSnapshot, ...], now: datetime) -> None:
    ours = Payment.objects.select_related("invoice").in_bulk([s.token for s in snapshots], field_name="token")
    for snapshot in snapshots:
        payment = ours.get(snapshot.token)
        if payment is None:
            if snapshot.status == Payment.Status.PAID:
                _open_orphan(snapshot.mollie_id, snapshot.mollie_id)
        else:
            _isolated(payment, partial(_compare_payment, payment, snapshot, now=now), now)


def _compare_payment(payment: Payment, snapshot: PaymentSnapshot, *, now: datetime) -> None:
    wrong = mismatches(payment, snapshot)
    if wrong:
        audit.open_task(
            StaffTask.Kind.PAYMENT_MISMATCH,
            dedupe_key=f"{payment.pk}:list:{snapshot.mollie_id[:50]}:{wrong}"[:100],
            invoice=payment.invoice,
            payment=payment,
            note=f"{snapshot.mollie_id}: {wrong}",
        )
    elif payment.mollie_id is None:
        settle(payment, snapshot, now=now)
    elif is_newer(payment, snapshot) and payment.quarantined_at is None:
        _sync(payment, now)  # the list leaves out refunds and chargebacks


def _compare_refunds(reported: tuple[Reported, ...], now: datetime) -> None:
    known = Refund.objects.in_bulk([row.own_id for row in reported], field_name="refund_id")
    _sync_news([r for r in reported if r.own_id not in known or _has_moved(known[r.own_id], r.state)], now)


def _has_moved(refund: Refund, state: str) -> bool:
    return Refund.RANK.get(state, -1) > Refund.RANK[refund.status]


def _compare_chargebacks(reported: tuple[Reported, ...], now: datetime) -> None:
    known = Chargeback.objects.in_bulk([row.own_id for row in reported], field_name="chargeback_id")

    def is_news(row: Reported) -> bool:
        ours = known.get(row.own_id)
        return ours is None or (row.state == "reversed" and ours.reversed_at is None)

    _sync_news([row for row in reported if is_news(row)], now)


def _sync_news(reported: list[Reported], now: datetime) -> None:
    """Ask about each payment of which a list tells something new, once."""
    payments = Payment.objects.select_related("invoice").in_bulk(
        {row.payment_id for row in reported}, field_name="mollie_id"
    )
    for row in reported:
        if row.payment_id not in payments:
            _open_orphan(row.own_id, f"{row.own_id} of {row.payment_id}")
    for payment in payments.values():
        if payment.quarantined_at is None:
            _isolated(payment, partial(_sync, payment, now), now)


def _sync(payment: Payment, now: datetime) -> None:
    try:
        sync_payment(payment.pk, now=now)
    except GatewayRefused as refusal:
        log.warning("payment %s: %s", payment.pk, refusal)


def _isolated(payment: Payment, act: Callable[[], object], now: datetime) -> None:
    """Run `act` on one payment. Raises GatewayUnknown when the gateway gives no answer: then the comparison stops."""
    unknown: list[GatewayUnknown] = []

    def run() -> None:
        try:
            act()
        except GatewayUnknown as failure:
            if type(failure) is not GatewayUnknown:  # it answered, about this one
                raise
            unknown.append(failure)

    isolated(run, rule=RULE, row=payment.pk, about=Invoice.objects.filter(pk=payment.invoice_id), now=now)
    if unknown:
        raise unknown[0]


def _open_orphan(key: str, note: str) -> None:
    audit.open_task(StaffTask.Kind.PAYMENT_MISMATCH, dedupe_key=f"orphan:{key}", note=note)


_LISTS: dict[str, tuple[Callable[[str], Page[Any]], Callable[[tuple[Any, ...], datetime], None]]] = {
    "payments": (lambda start: mollie.payments_page(start), _compare_payments),
    "refunds": (lambda start: mollie.refunds_page(start), _compare_refunds),
    "chargebacks": (lambda start: mollie.chargebacks_page(start), _compare_chargebacks),
}
