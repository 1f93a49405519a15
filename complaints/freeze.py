"""While a complaint is looked into, its invoice rests: no letter, no costs, no interest, no hand-over.

Paying stays possible, also in part: whoever complains about € 40 may pay the other € 60. The hold is placed in the
transaction that files the complaint and ends FREEZE_AFTER_ANSWER_DAYS after the answer, with a new last day to pay.
"""

from collections.abc import Iterator
from datetime import date

from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from billing import ledger
from billing.invoices import schedule
from billing.invoices.holds import place_hold, release_hold
from billing.models import Hold, Invoice
from complaints.models import Complaint, Referral

HOLD = "dispute"
MOST_TAKEN_BACK = 2  # of one ground: the next complaint on it lets nothing rest by itself
Status = Complaint.Status


def freeze(complaint: Complaint, *, by: str) -> bool:
    """Let the locked invoice of a complaint rest; return whether it does.

    One freeze for each ground: whoever complains again about what was answered does not get another one by that alone.
    An invoice that was paid or withdrawn has nothing to rest.
    """
    invoice = complaint.invoice
    if invoice is None or not can_rest(invoice) or not would_rest(invoice.pk, complaint.subject, but=complaint.pk):
        return False
    place_hold(invoice, HOLD, by=by, tell=False)
    return True


def can_rest(invoice: Invoice) -> bool:
    """Tell whether an invoice has something to rest: it was not paid, nor withdrawn."""
    return invoice.settled_at is None and invoice.withdrawn_at is None


def would_rest(invoice_id: int, subject: str, *, but: int = 0) -> bool:
    """Tell whether a complaint on this ground lets an invoice rest: not again once one, but `but`, was answered.

    While it rests already it goes on to rest.
    """
    if Hold.objects.filter(invoice=invoice_id, reason=HOLD, released_at=None).exists():
        return True
    answered = Complaint.objects.filter(invoice=invoice_id, subject=subject, answers__given_at__isnull=False)
    refused = Complaint.objects.filter(invoice=invoice_id, subject=subject, status=Status.INADMISSIBLE)
    taken_back = Complaint.objects.filter(invoice=invoice_id, subject=subject, status=Status.WITHDRAWN)
    often = taken_back.exclude(pk=but).count() >= MOST_TAKEN_BACK
    return not (often or answered.exclude(pk=but).exists() or refused.exclude(pk=but).exists())


def rest(complaint: Complaint, *, by: str) -> None:
    """Let the locked invoice of a complaint rest while another body has it."""
    invoice = complaint.invoice
    if invoice is not None and can_rest(invoice):
        place_hold(invoice, HOLD, by=by, tell=False)


def rests(invoice: Invoice) -> bool:
    """Tell whether an invoice rests because of a complaint."""
    return Hold.objects.filter(invoice=invoice, reason=HOLD, released_at=None).exists()


def thaw(invoice: Invoice, *, by: str, today: date, tell: bool = True) -> bool:
    """End the rest of a locked invoice unless another complaint still needs it; return whether it ended.

    What is left to pay gets a last day at least two weeks ahead, and not before the one that an answer promised. The
    patient is told, unless the caller does so in a mail about more (`tell`).
    """
    if not rests(invoice) or _needed(invoice, today):
        return False
    day = None
    if ledger.balance(invoice.pk) > 0:
        day = schedule.time_to_pay(invoice, today=today)
    return release_hold(invoice, HOLD, by=by, due_on=day, today=today, tell=tell)


def kept_back(invoice: Invoice) -> Iterator[Promise]:
    """Yield why nobody else may collect an invoice: a complaint, also one that lets nothing rest by itself any more."""
    if _needed(invoice, timezone.localdate()):
        yield gettext_lazy("a complaint about it is open, or was answered less than two weeks ago")


def _needed(invoice: Invoice, today: date) -> bool:
    of_invoice = Complaint.objects.filter(invoice=invoice)
    is_open = Q(status__in=Complaint.OPEN) | Q(frozen_until__gte=today)
    elsewhere = Referral.objects.filter(complaint__invoice=invoice, ended_on=None, keeps_rest=True)
    return of_invoice.filter(is_open).exists() or elsewhere.exists()
