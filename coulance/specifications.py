"""The files of a case: received, checked, taken back by the patient. How a file is checked: guests/files."""

from collections.abc import Callable, Sequence
from datetime import date, datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit
from billing.errors import Refused
from billing.invoices import holds
from billing.models import Invoice, StaffTask
from coulance import cases, notices
from coulance.models import CoulanceCase, Specification
from coulance.reading import readings
from guests.files import checking, receiving
from guests.files.limits import KNOWN, CodeFirst, Sender
from guests.files.receiving import Upload
from guests.files.storage import drop

Status = Specification.Status
CASE = CoulanceCase.Status
UNREADABLE_SCAN = "unreadable_scan"  # a kind of staff task


def receive(
    case_id: int,
    uploads: Sequence[Upload],
    *,
    now: datetime | None = None,
    by: str = "patient",
    sender: Sender = KNOWN,
    by_staff: bool = False,
    along: Callable[[], object] | None = None,
) -> list[Specification]:
    """Store the files of a patient encrypted, all or none; a worker checks each one before anybody sees it.

    `by_staff`: they came on paper, and staff scanned them, whom the patient's last day does not bind.
    `along`: what is written in the same transaction, so that all of it comes in, or nothing.

    Returns the new rows; a file that is there already is not stored twice. Raises Refused with a sentence for the
    sender; CodeFirst when they would be allowed to after a code by SMS.
    """
    now = now or timezone.now()

    def insert(rows: Sequence[Specification]) -> list[Specification]:
        with transaction.atomic():
            new = _insert(case_id, rows, now=now, by=by, sender=sender, by_staff=by_staff)
            if along:
                along()
        return new

    belongs = {"case_id": case_id, "scanned_by": by if by_staff else ""}
    return receiving.receive(Specification, uploads, belongs=belongs, insert=insert, now=now, sender=sender)


def _insert(
    case_id: int, rows: Sequence[Specification], *, now: datetime, by: str, sender: Sender, by_staff: bool
) -> list[Specification]:
    with transaction.atomic():
        case = cases.lock(case_id)
        open_to_staff = by_staff and not case.invoice.withdrawn_at and _wanted(case)
        refusal = None if open_to_staff else cases.why_not_send(case, today=timezone.localtime(now).date())
        if refusal:
            raise Refused(refusal)
        if case.status in CoulanceCase.DECIDED and not sender.is_known:
            # It pauses the invoice, and uses up one of the few times that a case is opened again.
            raise CodeFirst(_("To have your care provider look at this again, first get a code by SMS."))
        new = receiving.keep_new(rows, list(case.specifications.all()), sender)
        if new and case.status == CASE.OFFERED:
            cases.move(case, CASE.WAITING_FOR_SPECIFICATION, by=by)
        if new and case.status in CoulanceCase.DECIDED:  # before the check, because the page says not to pay
            holds.place_hold(case.invoice, cases.HOLD, by=by)
        if new:
            act = "specification_scanned" if by_staff else "specification_received"
            audit.record(act, by=by, invoice=case.invoice, files=len(new))
    return new


def check(specification_id: int, *, now: datetime | None = None) -> None:
    """Check one waiting file."""
    checking.check(RULES, specification_id, now=now)


def sweep(*, now: datetime | None = None) -> None:
    """Check the files whose own task was lost or failed."""
    checking.sweep(RULES, now=now)


def _wanted(case: CoulanceCase) -> bool:
    return case.status in CoulanceCase.OPEN or case.status in CoulanceCase.DECIDED


def _checked(case: CoulanceCase, row: Specification, now: datetime) -> None:
    if not row.scanned_by:
        cases.reach_provider(case, now=now)
        return
    cases.reach_provider(case, now=now, by=row.scanned_by, letter="coulance_on_paper")
    tasks = StaffTask.objects.filter(kind=UNREADABLE_SCAN, closed_at=None, invoice=case.invoice)
    audit.close_superseded(tasks.select_related("invoice"), by="system", reason="another scan can be read")


def _refused(case: CoulanceCase, row: Specification, now: datetime) -> None:
    """Record it, and tell who sent it: the patient by mail, the practice by a task.

    For the last check of the mail, its key holds whether it says that the invoice is on hold.
    """
    today = timezone.localtime(now).date()
    audit.record("specification_refused", by="system", invoice=case.invoice, reason=row.reason)
    cases.release_if_idle(case, today=today, by="system")
    if row.scanned_by:
        audit.open_task(UNREADABLE_SCAN, dedupe_key=str(row.pk), invoice=case.invoice, note=audit.actor(row.scanned_by))
        return
    on_hold = cases.is_on_hold(case)
    facts = {
        "rests": on_hold,
        "can_send": cases.why_not_send(case, today=today) is None,
        "send_until": cases.last_day_to_send(case),
        "due_on": case.invoice.due_on,
        "reason": Specification.Reason(row.reason).label,  # it names no care, and is read in the mail's language
    }
    notices.queue_mail("coulance_file_refused", case, event=f"{row.pk}:{'rests' if on_hold else 'goes_on'}", **facts)


def of_patient(invoice: Invoice) -> QuerySet[Specification]:
    """Return the checked files of an invoice's case."""
    rows = Specification.objects.filter(case__invoice=invoice, status=Status.CLEAN)
    return rows.select_related("case__invoice")


RULES = checking.FileRules(
    Specification,
    lock=lambda row: cases.lock(row.case_id),
    wanted=_wanted,
    checked=_checked,
    refused=_refused,
    look=readings.text_of,
    keep=readings.expect,
)


def take_back(specification: Specification, *, today: date, by: str = "patient") -> None:
    """Erase a file because the patient takes it back; a case left without a file waits for the patient again.

    Raises Refused when the provider's decision is based on it, when it is gone already, or when nothing would be
    left after the last day to send.
    """
    with transaction.atomic():
        case = cases.lock(specification.case_id)
        row = Specification.objects.select_for_update().get(pk=specification.pk)
        if Status.WITHDRAWN not in Specification.TRANSITIONS[Status(row.status)]:
            raise Refused(_("This file is not with us any more."))
        checked = list(case.specifications.filter(status=Status.CLEAN))
        decided_with = cases.decided_with(checked, case.standing)
        if row.pk in decided_with or (row.status == Status.CLEAN and case.status in CoulanceCase.DECIDED):
            raise Refused(_("Your care provider has decided with this file. It can't be taken back."))
        last = [clean.pk for clean in checked if clean.pk not in decided_with] == [row.pk]
        waits_again = last and case.status == CASE.AT_PROVIDER and cases.rules_of(case.invoice.provider)
        if waits_again and waits_again.wants_specification:
            if today > case.specification_due_on:
                raise Refused(_("The last day to send a file has passed. Send the right file first, please."))
            drop(row)
            cases.move(case, CASE.WAITING_FOR_SPECIFICATION, by=by, provider_since=None)
            holds.extend_hold(case.invoice, cases.HOLD, until=case.specification_due_on)
            notices.queue_mail("coulance_taken_back", case, event=str(case.version))
        else:
            drop(row)
            CoulanceCase.objects.filter(pk=case.pk).update(version=case.version + 1)
            cases.release_if_idle(case, today=today, by=by)
        readings.forget([row.pk])
        audit.record("specification_withdrawn", by=by, invoice=case.invoice)
