"""Retention: what an agency got goes some years after the case closed; numbers, days and amounts stay."""

from datetime import date

from django.conf import settings
from django.db.models import Exists, OuterRef

from billing.law.calendar import anniversary, begin_of
from billing.models import Invoice
from debt_collection.models import Claim, HandOver, Order


def run_day(today: date) -> dict[str, int]:
    """Erase the files of cases whose term is over on `today`; return how many there were.

    The least that the Bki asks is two years; with the last invoice of a case they go in any case.
    """
    over = begin_of(anniversary(today, -settings.HAND_OVER_KEPT_YEARS))
    known = Claim.objects.filter(hand_over=OuterRef("pk"), invoice__in=Invoice.objects.filter(erased_at=None))
    past = HandOver.objects.filter(closed_at__lt=over) | HandOver.objects.filter(~Exists(known))
    files = Order.objects.filter(hand_over__in=past.values("pk")).exclude(sealed_facts=b"").update(sealed_facts=b"")
    return {"hand_over_files": files}
