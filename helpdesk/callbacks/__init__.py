"""Being called back: slots of half an hour while our desk is open, each with so many places.

Who asks holds the tries of their network and of the number first, and then the slot, so that nothing waits in a circle.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit, office_hours
from billing.errors import Refused
from billing.law.calendar import AMSTERDAM, DAY, begin_of
from billing.models import Invoice, StaffTask
from guests import throttle
from helpdesk.models import Callback, CallbackSlot

End = Callback.End
PATIENT = "patient"
MISSED = "callback_missed"  # the staff task; without an invoice, because only operations see a number
SLOT = timedelta(minutes=30)
AHEAD = timedelta(hours=1)
WORKING_DAYS = 5  # after today
LOOKED_AHEAD = 30  # days in which to find them
TRIES = 2
_OF_NETWORK = throttle.Limit("callbacks", 10, 24 * 3600)
_OF_NUMBER = throttle.Limit("callbacks-of-number", 3, 24 * 3600)


def offered(now: datetime) -> list[datetime]:
    """Return when each slot with a free place begins: today from an hour ahead, and on the next working days."""
    begins = list(_slots(now))
    taken = Counter(_taken().filter(slot__begins__in=begins).values_list("slot__begins", flat=True))
    return [moment for moment in begins if taken[moment] < settings.CALLBACK_PLACES]


def ask(
    begins: datetime,
    facts: dict[str, str],
    *,
    language: str,
    form: str,
    network: str,
    invoice: Invoice | None = None,
    now: datetime | None = None,
) -> Callback:
    """Take a place in the slot. The same `form` sent again adds nothing. `facts`: the phone, and the name if given.

    Raises Refused when there is no place, or when this network or number asked too often; then nothing is used up.
    """
    now = now or timezone.now()
    with transaction.atomic():
        tries = [
            throttle.hold(_OF_NETWORK, network, now=now),
            throttle.hold(_OF_NUMBER, facts["phone"], now=now),
        ]
        before = Callback.objects.filter(token=form).first()
        if before is not None:
            return before
        if any(held.wait for held in tries):
            raise Refused(_("You asked us to call several times today. Call us yourself, or try again tomorrow."))
        if begins not in _slots(now):
            raise Refused(_("This time is not possible any more. Choose another time."))
        slot = _locked(begins)
        if _taken().filter(slot=slot).count() >= settings.CALLBACK_PLACES:
            raise Refused(_("Somebody else just took the last place at this time. Choose another time."))
        row = Callback(token=form, slot=slot, invoice=invoice, asked_at=now, language=language)
        row.facts = facts
        row.save(force_insert=True)
        for held in tries:
            held.use()
        audit.record("callback_asked", by=PATIENT, invoice=invoice)
    return row


def cancel(token: str, *, now: datetime | None = None) -> None:
    """Give the place back. Raises Refused when the call is over already."""
    with transaction.atomic():
        row = _waiting(Callback.objects.filter(token=token))
        row.end, row.ended_at = End.CANCELED, now or timezone.now()
        row.save(update_fields=["end", "ended_at"])
        _close_task(row, by=PATIENT)
        audit.record("callback_canceled", by=PATIENT, invoice=row.invoice)


def called(callback_id: int, *, reached: bool, seen: int, staff: object, now: datetime | None = None) -> Callback:
    """Note how a call went; the second that reaches nobody is the last. `seen`: how many tries staff saw.

    Raises Refused when somebody else noted a call meanwhile, or it is over.
    """
    with transaction.atomic():
        row = _waiting(Callback.objects.filter(pk=callback_id))
        if row.tries != seen:
            raise Refused(_("Somebody else called meanwhile. Look at the list again."))
        row.tries += 1
        if reached or row.tries >= TRIES:
            row.end, row.ended_at = End.REACHED if reached else End.NOT_REACHED, now or timezone.now()
        row.save(update_fields=["tries", "end", "ended_at"])
        if row.ended_at:
            _close_task(row, by=audit.name_of(staff))
        action = "callback_reached" if reached else "callback_not_reached"
        audit.record(action, by=audit.name_of(staff), invoice=row.invoice)
    return row


def waiting() -> QuerySet[Callback]:
    """Return who waits to be called, the first slot first."""
    return Callback.objects.filter(ended_at=None).select_related("slot", "invoice").order_by("slot__begins", "pk")


def watch(today: date) -> None:
    """Open a task for operations for each call that was promised for a day before `today` and is not over yet."""
    for pk in list(waiting().filter(slot__begins__lt=begin_of(today)).values_list("pk", flat=True)):
        with transaction.atomic():
            if Callback.objects.select_for_update(no_key=True).filter(pk=pk, ended_at=None).exists():
                audit.open_task(MISSED, dedupe_key=str(pk))


def erase(today: date) -> int:
    """Delete what is older than it may become; return how many call-backs there were."""
    over = begin_of(today - settings.CALLBACKS_KEPT_DAYS * DAY)
    with transaction.atomic():
        rows = list(Callback.objects.select_for_update(no_key=True).filter(slot__begins__lt=over))
        for row in rows:
            _close_task(row, by="system")
        deleted = Callback.objects.filter(pk__in=[row.pk for row in rows]).delete()[0]
    CallbackSlot.objects.filter(begins__lt=over, callbacks=None).delete()
    return deleted


def _slots(now: datetime) -> Iterator[datetime]:
    """Yield when each slot begins that may be asked for at `now`; one that would last beyond the hours is none."""
    today = now.astimezone(AMSTERDAM).date()
    days = 0
    for ahead in range(LOOKED_AHEAD):
        day = today + ahead * DAY
        hours = office_hours.hours_on(day)
        if hours is None:
            continue
        days += ahead > 0
        if days > WORKING_DAYS:
            return
        begins = datetime.combine(day, hours.opens, AMSTERDAM)
        closes = datetime.combine(day, hours.closes, AMSTERDAM)
        while begins + SLOT <= closes:
            if begins >= now + AHEAD:
                yield begins
            begins += SLOT


def _taken() -> QuerySet[Callback]:
    return Callback.objects.exclude(end=End.CANCELED)


def _locked(begins: datetime) -> CallbackSlot:
    """Return the row of this slot, made when it is not there, locked until the transaction ends."""
    CallbackSlot.objects.bulk_create([CallbackSlot(begins=begins)], ignore_conflicts=True)
    return CallbackSlot.objects.select_for_update(no_key=True).get(begins=begins)


def _close_task(row: Callback, *, by: str) -> None:
    tasks = StaffTask.objects.filter(dedupe_key=f"{MISSED}:{row.pk}", closed_at=None)
    audit.close_superseded(tasks, by=by, reason="over")


def _waiting(rows: QuerySet[Callback]) -> Callback:
    """Lock one that waits. Raises Refused when it is over, or not there."""
    row = rows.select_for_update(no_key=True).first()
    if row is None or row.ended_at:
        raise Refused(_("This call is over, or it was cancelled."))
    return row
