"""What an agency must know while it has a case: it is compared with what it was told, and the difference is told.

So nothing has to be remembered where money is booked, a price lowered, or a complaint made: whatever road money takes
to us, the agency reads of it, and its next letter waits.
"""

from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from billing import audit, ledger
from billing.failures import due, isolated
from billing.models import Hold, Invoice, PaymentPlan, Posting, StaffTask
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
        waits = must_wait([claim.invoice_id for claim in claims])
        new, old = contents.told(claims, waits=waits), case.told
        if new["claims"] != old.get("claims"):
            changed = [row for number, row in _named(new).items() if row != _named(old).get(number)]
            orders.queue(case, Kind.STANDING, {"claims": changed, "no_letter_before_this_is_read": True})
            if not waits:  # what else to do about money on an invoice that rests: the agency knows now
                tasks = StaffTask.objects.filter(kind=StaffTask.Kind.PAID_ON_HOLD, closed_at=None)
                told = tasks.filter(invoice__in=[claim.invoice_id for claim in claims]).select_related("invoice")
                audit.close_superseded(told, by="system", reason=case.number)
        if waits != old.get("waits"):
            orders.queue(case, Kind.PAUSE if waits else Kind.RESUME, {})
        if new != old:
            case.told = new
            case.save(update_fields=["told"])
        if all(ledger.balance(claim.invoice_id) <= 0 for claim in claims):
            ending.close(case, claims, Status.PAID, by="system", now=now, reason="paid")
            for claim in claims:
                ending.release(claim.invoice, by="system", today=timezone.localdate(now))


def _named(told: dict) -> dict[str, dict[str, str]]:
    return {number: {"invoice": number, **row} for number, row in told.get("claims", {}).items()}


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
