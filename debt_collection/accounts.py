"""The account that debtors pay to an agency: two persons enter it, and another one counts some days after the second.

Whoever could change it alone could collect from all of them. Until it counts, pages and mails name the old one, and the
agency gets no new claims; then everybody with a running case is told before they pay.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit
from billing.errors import Stale
from billing.rights import by_two
from debt_collection import notices
from debt_collection.models import Agency, AgencyIbanChange, HandOver

WAITS = "agency_iban_waits"  # the kind of the task for a second person
UNDECIDED = Q(decided_at=None)
APPROVED = Q(approved=True, counts_since=None)


def ask(agency: Agency, iban: str, *, by: str) -> AgencyIbanChange | None:
    """Let another IBAN of a locked agency wait for a second person; one that waited before is superseded.

    The IBAN that counts supersedes too: whoever enters it wants no other.
    """
    waiting = AgencyIbanChange.objects.filter(UNDECIDED, agency=agency)
    if waiting.filter(iban=iban).exists():
        return None
    for old in waiting:
        _close(old, approved=False, by=by)
    if iban == agency.iban:
        return None
    asked = AgencyIbanChange.objects.create(agency=agency, iban=iban, asked_by=by)
    _record("agency_iban_asked", asked, by=by)
    audit.open_task(WAITS, dedupe_key=str(asked.pk), note=str(agency))
    return asked


def decide(asked: AgencyIbanChange, *, approved: bool, by: str) -> None:
    """Approve or refuse another IBAN. Raises Refused for whoever asked, Stale when it was decided before."""
    by_two.refuse_own(asked, approved=approved, by=by)
    with transaction.atomic():
        Agency.objects.select_for_update(no_key=True).get(pk=asked.agency_id)
        waiting = AgencyIbanChange.objects.select_related("agency").filter(UNDECIDED, pk=asked.pk).first()
        if waiting is None:
            raise Stale(_("Somebody else has decided about this change in the meantime."))
        if approved:  # an older one that does not count yet never will
            older = AgencyIbanChange.objects.filter(APPROVED, agency=waiting.agency)
            older.update(approved=False)
        _close(waiting, approved=approved, by=by)
        if approved and not waiting.agency.iban:  # the first one: nobody pays to another
            _begin(waiting.pk, now=timezone.now())


def waiting() -> QuerySet[AgencyIbanChange]:
    """Return the changes about which somebody has to decide."""
    return AgencyIbanChange.objects.filter(UNDECIDED).select_related("agency")


def is_moving(agency: Agency) -> bool:
    """Tell whether another IBAN waits, for a second person or for its day."""
    return AgencyIbanChange.objects.filter(UNDECIDED | APPROVED, agency=agency).exists()


def run(now: datetime) -> None:
    """Let approved IBANs count whose days are over, and tell everybody with a running case."""
    over = now - timedelta(days=settings.AGENCY_IBAN_WAIT_DAYS)
    for pk in AgencyIbanChange.objects.filter(APPROVED, decided_at__lte=over).values_list("pk", flat=True):
        _begin(pk, now=now)


def _begin(pk: int, *, now: datetime) -> None:
    with transaction.atomic():
        change = AgencyIbanChange.objects.select_related("agency").get(pk=pk)
        agency = Agency.objects.select_for_update(no_key=True).get(pk=change.agency_id)
        if not AgencyIbanChange.objects.filter(APPROVED, pk=pk).update(counts_since=now):
            return
        change.agency = agency
        _record("agency_iban_counts", change, by="system")
        old, agency.iban = agency.iban, change.iban
        agency.save(update_fields=["iban"])
        running = HandOver.objects.filter(agency=agency, status__in=HandOver.LIVE)
        for case in running.select_related("agency", "provider", "patient"):
            notices.account_changed(case, old=old, cause=str(pk))


def _close(change: AgencyIbanChange, *, approved: bool, by: str) -> None:
    AgencyIbanChange.objects.filter(pk=change.pk).update(decided_at=timezone.now(), decided_by=by, approved=approved)
    act = "agency_iban_approved" if approved else "agency_iban_refused"
    _record(act, change, by=by)
    audit.close_superseded(audit.open_alarms(WAITS, str(change.pk)), by=by, reason=act)


def _record(act: str, change: AgencyIbanChange, *, by: str) -> None:
    endings = [change.agency.iban[-4:], change.iban[-4:]]
    audit.record(act, by=by, number=change.agency.registration_number, endings=endings)
