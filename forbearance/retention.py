"""Retention of forbearance: a ground goes some years after it ended, and with the last invoice of the patient."""

from datetime import date

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from billing import rows
from billing.law.calendar import anniversary, begin_of
from billing.models import Invoice
from forbearance.models import CounsellorLetter, Forbearance, Need
from guests.files import storage


def run_day(today: date) -> dict[str, int]:
    """Delete what is past its term on `today`; return how many there were. Running it again finds nothing."""
    over = begin_of(anniversary(today, -settings.FORBEARANCE_KEPT_YEARS))
    has_invoice = Exists(Invoice.objects.filter(patient=OuterRef("patient"), erased_at=None))
    past = Forbearance.objects.filter(Q(ended_at__lt=over) | ~has_invoice)
    letters = sum(_erase_letters(pk) for pk in list(past.filter(letters__isnull=False).values_list("pk", flat=True)))
    wishes = rows.delete(Need.objects.filter(Q(until__lt=today) | ~has_invoice))
    return {"forbearances": rows.delete(past), "counsellor_letters": letters, "needs": wishes}


def _erase_letters(ground_id: int) -> int:
    """Delete the letters that belong to a ground, with their files; return how many there were."""
    with transaction.atomic():
        sent = CounsellorLetter.objects.select_for_update(of=("self",)).filter(forbearance=ground_id)
        letters = list(sent)
        for letter in letters:
            if letter.stored_name:
                storage.erase(letter, outcome=CounsellorLetter.Status.ERASED)
        CounsellorLetter.objects.filter(pk__in=[letter.pk for letter in letters]).delete()
    return len(letters)
