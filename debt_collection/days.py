"""The day's work on claims at an agency: tell what changed, and leave to staff what nobody has confirmed."""

from datetime import date, datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from billing import audit
from billing.failures import isolated
from billing.invoices import limitation
from billing.law import calendar
from billing.ledger import lock_invoices
from billing.models import Invoice, Payer
from debt_collection import accounts
from debt_collection.models import Agency, Claim, HandOver, Order
from debt_collection.running import recall, standing

# Kinds of staff tasks.
UNANSWERED, UNCONFIRMED = "hand_over_unanswered", "recall_unconfirmed"
TOO_OLD, UNREGISTERED, ENDS_SOON = "claim_too_old", "agency_unregistered", "agency_registration_ends"
SOON = timedelta(days=30)


def run_day(today: date) -> None:
    """Tell agencies what they do not know, and open a task for what waits too long or may not stay where it is."""
    accounts.run(timezone.now())
    standing.sweep(everything=True)
    for order in unanswered(timezone.now()):
        case = order.hand_over
        audit.open_alarm(UNANSWERED, cause=case.number, invoice=_first(case), note=str(case.agency))
    for order in unconfirmed_recalls(today):
        case = order.hand_over
        audit.open_alarm(UNCONFIRMED, cause=case.number, invoice=_first(case), note=str(case.agency))

    live = Claim.objects.filter(closed_at=None, hand_over__status__in=HandOver.LIVE)
    _recall_represented(live, today)
    for claim in live.select_related("invoice"):
        if limitation.is_over(claim.invoice, today=today):
            audit.open_alarm(TOO_OLD, cause=str(claim.pk), invoice=claim.invoice)
    _watch_registrations(today)


def _watch_registrations(today: date) -> None:
    """Open a task about each agency with claims whose registration ends soon, or ended (`standing` tells it to wait).

    Tasks of before are closed once somebody entered what they read.
    """
    for agency in Agency.objects.filter(hand_overs__status__in=HandOver.LIVE).distinct():
        until, cause = agency.registered_until, f"{agency.key}@"
        kind = UNREGISTERED if until < today else ENDS_SOON if until <= today + SOON else ""
        for other in {UNREGISTERED, ENDS_SOON} - {kind}:
            audit.close_superseded(audit.open_alarms(other, cause), by="system", reason=str(until))
        if kind:
            audit.open_alarm(kind, cause=agency.key, note=f"{agency}: {until}")


def _recall_represented(live: QuerySet[Claim], today: date) -> None:
    """Take back what is owed by whom somebody represents by law now: a practice may hand that in with a batch."""
    found = live.filter(invoice__patient__payer__relation__in=Payer.APART)
    for case in list(found.order_by("hand_over").values_list("hand_over", flat=True).distinct()):
        keys = list(found.filter(hand_over=case).values_list("invoice_id", flat=True))
        about = Invoice.objects.filter(pk__in=keys)
        isolated(partial(_recall_one, keys, today), rule="recall of who is represented", row=case, about=about)


def _recall_one(invoice_ids: list[int], today: date) -> None:
    with transaction.atomic():
        recall.recall_invoices(lock_invoices(invoice_ids), "represented", "system", today)


def unanswered(now: datetime) -> QuerySet[Order]:
    """Return the dossiers that no agency has confirmed a day after they were made, exported or not."""
    rows = Order.objects.filter(kind=Order.Kind.DOSSIER, confirmed_at=None, created_at__lte=now - timedelta(days=1))
    return rows.filter(hand_over__status=HandOver.Status.OFFERED).select_related("hand_over__agency")


def unconfirmed_recalls(today: date) -> list[Order]:
    """Return the recalls that the agency has not confirmed within its working days."""
    rows = Order.objects.filter(kind=Order.Kind.RECALL, confirmed_at=None).select_related("hand_over__agency")
    return [order for order in rows if confirm_by(order) < today]


def confirm_by(order: Order) -> date:
    """Return the last day on which an agency may confirm a recall."""
    made = timezone.localdate(order.created_at)
    return calendar.working_days_after(made, settings.RECALL_CONFIRM_WORKING_DAYS)


def _first(case: HandOver) -> Invoice | None:
    claim = case.claims.select_related("invoice").first()
    return claim.invoice if claim else None
