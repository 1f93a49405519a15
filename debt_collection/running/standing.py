"""What an agency must know while it has a case: it is compared with what it was told, and the difference is told.

So nothing has to be remembered where money is booked, a price lowered, or a complaint made: whatever road money takes
to us, the agency reads of it, and its next letter waits.
"""

from datetime import date, datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from billing import audit, ledger
from billing.failures import due, isolated
from billing.invoices import schedule
from billing.law import calendar
from billing.models import Hold, Invoice, OutboxMessage, PaymentPlan, Posting, StaffTask
from debt_collection import agencies, notices
from debt_collection.exchange import contents, orders
from debt_collection.handing_over import HOLD
from debt_collection.models import Claim, HandOver, Order
from debt_collection.running import ending

Kind, Status = Order.Kind, HandOver.Status
RULE = "tell_agency"
LATELY = timedelta(hours=2)


def tell(case_id: int, *, now: datetime | None = None) -> None:
    """Tell the agency what has changed about a case since it was told last; end a case on which nothing is owed."""
    now = now or timezone.now()
    with transaction.atomic():
        case, claims = ending.lock_case(case_id)
        if not case.is_live or not claims:
            return
        waits = case_waits(case, claims, now=now)
        goes_on = not waits and _has_waited(case, claims)
        not_before = _new_last_day(claims, now) if goes_on else None
        new, old = contents.told(claims, waits=waits), case.told
        changed = {"claims": [row for number, row in _named(new).items() if row != _named(old).get(number)]}
        if changed["claims"]:
            if not goes_on:
                orders.queue(case, Kind.STANDING, changed | {"no_letter_before_this_is_read": True})
            if not waits:  # what else to do about money on an invoice that rests: the agency knows now
                tasks = StaffTask.objects.filter(kind=StaffTask.Kind.PAID_ON_HOLD, closed_at=None)
                told = tasks.filter(invoice__in=[claim.invoice_id for claim in claims]).select_related("invoice")
                audit.close_superseded(told, by="system", reason=case.number)
        if waits and not old.get("waits"):
            orders.queue(case, Kind.PAUSE, {})
        elif goes_on:
            orders.queue(case, Kind.RESUME, changed | ({"not_before": not_before.isoformat()} if not_before else {}))
        if new != old:
            case.told = new
            case.save(update_fields=["told"])
        if ending.is_over(claims):
            ending.close_as_paid(case, claims, by="system", now=now)
        elif not_before:
            notices.resumed(case, claims, due_on=not_before, now=now)


def _has_waited(case: HandOver, claims: list[Claim]) -> bool:
    """Tell whether the agency waited, or whatever gave a later last day to pay began and ended unseen."""
    known = case.told.get("claims", {})
    days = {claim.invoice.number: claim.invoice.due_on.isoformat() for claim in claims}
    return bool(case.told.get("waits")) or any(day > known[number]["due_date"] for number, day in days.items())


def _new_last_day(claims: list[Claim], now: datetime) -> date | None:
    """Give what is left to pay a last day that a mail can tell in time, and return the latest of them.

    Whoever was told not to pay yet has at least LATE_INVOICE_TERM_DAYS from the mail about it.
    """
    told_on = timezone.localdate(calendar.next_sending_moment(now))
    owing = [claim.invoice for claim in claims if ledger.outstanding(claim.invoice_id)]
    for invoice in owing:
        due_on = schedule.time_to_pay(invoice, today=told_on)
        if due_on != invoice.due_on:
            schedule.interrupt(invoice, due_on=due_on, today=timezone.localdate(now))
    return max((invoice.due_on for invoice in owing), default=None)


def may_send_resumed(message: OutboxMessage, now: datetime) -> datetime | str | None:
    """Check the mail that an agency goes on: in the hours of the law, while it does, about a day far enough ahead."""
    if not calendar.is_sending_moment(now):
        return calendar.next_sending_moment(now)
    claim = Claim.objects.filter(
        invoice=message.invoice_id, closed_at=None, hand_over__status__in=HandOver.LIVE
    ).first()
    if claim is None:
        return "ended"
    case, claims = ending.lock_case(claim.hand_over_id)
    if not OutboxMessage.objects.filter(pk=message.pk, status=OutboxMessage.Status.QUEUED).exists():
        return None  # another worker was first (the claim will fail)
    if not case.is_live or case_waits(case, claims, now=now):
        return "on_hold"  # its end has a mail of its own
    before = max(one.invoice.due_on for one in claims)
    not_before = _new_last_day(claims, now)
    if not_before is None:
        return "paid"
    if not_before == before:
        return None
    orders.queue(case, Kind.RESUME, {"not_before": not_before.isoformat()})
    case.told = contents.told(claims, waits=False)
    case.save(update_fields=["told"])
    notices.resumed(case, claims, due_on=not_before, now=now)
    return "changed"


def _named(told: dict) -> dict[str, dict[str, str]]:
    return {number: {"invoice": number, **row} for number, row in told.get("claims", {}).items()}


def case_waits(case: HandOver, claims: list[Claim], *, now: datetime) -> bool:
    """Tell whether the agency has to wait: something else stops a claim, or it is registered no more."""
    lapsed = agencies.is_lapsed(case.agency, today=timezone.localdate(now))
    return lapsed or must_wait([claim.invoice_id for claim in claims])


def must_wait(invoice_ids: list[int]) -> bool:
    """Tell whether something else stops these invoices: a complaint, help with debts, a pause of staff, a plan."""
    other = Hold.objects.filter(invoice__in=invoice_ids, released_at=None).exclude(reason=HOLD)
    agreed = PaymentPlan.objects.filter(invoice__in=invoice_ids, status=PaymentPlan.Status.ACTIVE)
    return other.exists() or agreed.exists()


def sweep(*, now: datetime | None = None, everything: bool = False) -> None:
    """Tell agencies of what changed lately, or of `everything` that they do not know."""
    now = now or timezone.now()
    live = HandOver.objects.filter(status__in=HandOver.LIVE)
    if not everything:
        live = _changed(live, now)
    for pk in due(live, rule=RULE, now=now).order_by("pk").values_list("pk", flat=True):
        about = Invoice.objects.filter(claims__hand_over=pk)
        isolated(partial(tell, pk, now=now), rule=RULE, row=pk, about=about, now=now)


def _changed(live: QuerySet[HandOver], now: datetime) -> QuerySet[HandOver]:
    """Select the cases about whose invoices something happened lately."""
    since = now - LATELY
    invoices = Claim.objects.filter(hand_over=OuterRef(OuterRef("pk")), closed_at=None).values("invoice")
    money = Posting.objects.filter(invoice__in=invoices, transaction__created_at__gte=since)
    rests = Hold.objects.filter(Q(placed_at__gte=since) | Q(released_at__gte=since), invoice__in=invoices)
    return live.filter(Exists(money) | Exists(rests))
