"""Taking claims back from an agency: whatever made the hand-over wrong, the patient does not pay for it.

In one transaction: the order to the agency, the mirrors of all costs and interest, a void 14-day letter, a new term of
30 days, and a mail that says all of it. What was paid to the agency pays principal from then on, and too much of it is
credit. The agency has two working days to confirm; then it is an alarm, for what an agency overlooks is our fault.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit, ledger
from billing.adjustments import charges, credit
from billing.errors import Refused
from billing.invoices import schedule
from billing.invoices.holds import stopping
from billing.law import calendar
from billing.models import Invoice
from billing.money import ZERO
from billing.outbox.facts import moment_of
from billing.rooms import Stops
from debt_collection import notices
from debt_collection.exchange import contents, orders
from debt_collection.models import Claim, HandOver, Order
from debt_collection.running import ending

Status = HandOver.Status
LEAST_AFTER_DELIVERY = timedelta(days=14)


def recall(case: HandOver, *, reason: str, by: str, today: date | None = None, written: str = "") -> bool:
    """Take a whole case back; return False, and change nothing, when the agency has it no more.

    `reason` is a word of ours for the trail, `written` what a person typed.
    """
    today = today or timezone.localdate()
    with transaction.atomic():
        locked, claims = ending.lock_case(case.pk, also_closed=True)
        if locked.status not in HandOver.RECALLABLE or not claims:
            return False
        _take_back(locked, claims, reason=reason, by=by, today=today, written=written)
    return True


def by_person(case: HandOver, *, why: str, by: str) -> None:
    """Take a case back because a person says so. Raises Refused without a reason, and when it is not there any more."""
    if not why.strip():
        raise Refused(_("Say why. Your colleagues read it on the timeline."))
    if not recall(case, reason="by_hand", by=by, written=why.strip()[:1000]):
        raise Refused(_("The agency has this case no more."))


def recall_invoices(invoices: Sequence[Invoice], reason: str, by: str, today: date) -> set[int]:
    """Take locked invoices back, in the caller's transaction; return the keys of those that an agency had.

    Of each case one mail tells of all that came back. Its other claims stay: a complaint about one invoice says nothing
    about another.
    """
    by_key = {invoice.pk: invoice for invoice in invoices}
    live = Claim.objects.filter(invoice__in=by_key, closed_at=None, hand_over__status__in=HandOver.LIVE)
    cases = HandOver.objects.select_for_update(no_key=True, of=("self",)).select_related(
        "agency", "provider", "patient"
    )
    taken = set()
    for case in cases.filter(pk__in=live.values("hand_over")).order_by("pk"):
        claims = list(live.filter(hand_over=case).order_by("pk"))  # as they stand now that the case is locked
        if not case.is_live or not claims:
            continue
        for claim in claims:
            claim.hand_over, claim.invoice = case, by_key[claim.invoice_id]
        _take_back(case, claims, reason=reason, by=by, today=today, written="")
        taken |= {claim.invoice_id for claim in claims}
    return taken


def open_claim(invoice: Invoice) -> Claim | None:
    """Return the claim by which an agency has this invoice now; None when none has."""
    return Claim.objects.filter(invoice=invoice, closed_at=None, hand_over__status__in=HandOver.LIVE).first()


def stands(invoice: Invoice) -> bool:
    """Tell whether an agency has this invoice now."""
    return open_claim(invoice) is not None


def since(invoice: Invoice) -> datetime | None:
    """Return when an agency got this invoice; None when none has it now."""
    claim = open_claim(invoice)
    return claim.hand_over.offered_at if claim else None


def _take_back(case: HandOver, claims: Sequence[Claim], *, reason: str, by: str, today: date, written: str) -> None:
    """Take locked claims of a locked case back."""
    now = moment_of(today)
    rest = Claim.objects.filter(hand_over=case, closed_at=None).exclude(pk__in=[claim.pk for claim in claims])
    is_whole = not rest.exists()
    least = max(
        today + timedelta(days=settings.RECALL_TERM_DAYS),
        calendar.delivered_on(today, calendar.Channel.EMAIL) + LEAST_AFTER_DELIVERY,
    )
    off, invoices = ZERO, [claim.invoice for claim in claims]
    for invoice in invoices:
        off += _undo(invoice, by=by, today=today, least=least)
    if is_whole:
        ending.close(case, claims, Status.RECALLED, by=by, now=now, reason=reason)
    else:
        Claim.objects.filter(pk__in=[claim.pk for claim in claims]).update(closed_at=now)
    Claim.objects.filter(pk__in=[claim.pk for claim in claims]).update(recalled_at=now)
    for invoice in invoices:
        audit.record("hand_over_recall", by=by, invoice=invoice, number=case.number, reason=reason, written=written)
    _order(case, claims, is_whole=is_whole)
    owed = [invoice for invoice in invoices if ledger.balance(invoice.pk) > ZERO and not invoice.withdrawn_at]
    resting = [invoice for invoice in owed if stopping(Stops.REMINDERS, invoice=invoice).exists()]
    due_on = max((invoice.due_on for invoice in owed if invoice not in resting), default=None)
    if not all(invoice.withdrawn_at for invoice in invoices):
        notices.recalled(case, invoices, taken_off=off, due_on=due_on, resting=resting, today=today)


def _undo(invoice: Invoice, *, by: str, today: date, least: date) -> Decimal:
    """Take costs and interest off a locked invoice, void the letters that led to them, and give a new term."""
    off = charges.reverse_charges(invoice, by=by, note="recalled", forgiven=True, now=moment_of(today))
    schedule.void_final_notice(invoice, "recalled")
    ending.release(invoice, by=by, today=today, least=least)
    last = ledger.balance(invoice.pk)
    if last < ZERO:
        credit.leave_to_staff(invoice, cause=f"recalled:{invoice.pk}:{today}", by=by, reason="the claim was recalled")
    return off


def _order(case: HandOver, claims: Sequence[Claim], *, is_whole: bool) -> None:
    """Order the agency to stop; of a case whose dossier never left nobody has to be told."""
    if is_whole and orders.take_back_unsent(case):
        return
    numbers = [claim.invoice.number for claim in claims]
    orders.queue(case, Order.Kind.RECALL, {"whole_case": is_whole, "invoices": numbers})
    if not is_whole:
        left = list(Claim.objects.filter(hand_over=case, closed_at=None).select_related("invoice__provider"))
        case.told = contents.told(left, waits=bool(case.told.get("waits")))
        case.save(update_fields=["told"])


def for_withdrawn(invoice: Invoice, by: str, today: date) -> None:
    """Take a locked invoice back that is withdrawn: nothing is owed on it any more."""
    recall_invoices([invoice], "withdrawn", by, today)
