"""The files of a case: received and stored as rows, checked by a worker, taken back by the patient."""

import hashlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.core.files import File
from django.db import DatabaseError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit
from billing.errors import Refused
from billing.invoices import holds
from billing.models import StaffTask
from billing.outbox import wakeup
from billing.storage import files
from coulance import cases, notices, storage
from coulance.cases import KNOWN, CodeFirst, Sender, check_files
from coulance.files import cleaning
from coulance.models import CoulanceCase, Specification

Status = Specification.Status
CASE = CoulanceCase.Status


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was uploaded, with the name that the sender gave it. `lost`: the disk did not take it."""

    name: str
    content: bytes | File

    def parts(self) -> Iterable[bytes]:
        """Return the content in parts, as often as it is asked."""
        return [self.content] if isinstance(self.content, bytes) else self.content.chunks()

    @property
    def size(self) -> int:
        """Return how many bytes it has."""
        return len(self.content) if isinstance(self.content, bytes) else self.content.size

    @property
    def is_lost(self) -> bool:
        """Tell whether the disk did not take it all."""
        return getattr(self.content, "lost", False)


def receive(
    case_id: int,
    uploads: Sequence[Upload],
    *,
    now: datetime | None = None,
    by: str = "patient",
    sender: Sender = KNOWN,
) -> list[Specification]:
    """Store the files of a patient encrypted, all or none; a worker checks each one before anybody sees it.

    Returns the new rows; a file that is there already is not stored twice. Raises Refused with a sentence for the
    sender; CodeFirst when they would be allowed to after a code by SMS.
    """
    now = now or timezone.now()
    rows = [_row(case_id, upload, now, sender) for upload in uploads]
    stored: list[str] = []
    kept: list[Specification] = []
    try:
        for row, upload in zip(rows, uploads, strict=True):
            row.stored_name = storage.put_parts(upload.parts(), row)
            stored.append(row.stored_name)
        kept = _insert(case_id, rows, now=now, by=by, sender=sender)
    except files.NotStored as error:
        raise _no_room() from error
    finally:
        if unused := set(stored) - {row.stored_name for row in kept}:
            with suppress(DatabaseError):  # what fails here is left to the sweep
                files.discard(*unused)
    return kept


def _no_room() -> Refused:
    """Return the refusal when the storage takes no file, and tell staff, once an hour."""
    with suppress(DatabaseError):  # it may be on the same full disk
        key = f"no-room:{timezone.localtime():%Y-%m-%dT%H}"
        audit.open_task(
            StaffTask.Kind.STORAGE, dedupe_key=key, note="uploads are refused: it is full or gives no answer"
        )
    return Refused(
        _("We can't keep your files at this moment, and nothing was sent. Please try again later today, or tomorrow.")
    )


def _row(case_id: int, upload: Upload, now: datetime, sender: Sender) -> Specification:
    head = next(iter(upload.parts()), b"")
    kind = cleaning.kind_of(head)
    shown = storage.shown_name(upload.name, kind or Specification.Kind.PDF)
    if upload.size > settings.UPLOAD_MAX_BYTES:
        raise Refused(
            _("%(name)s is too large. A file may be %(most)d MB at most. Take a photo or a screenshot of it.")
            % {"name": shown, "most": settings.UPLOAD_MAX_BYTES // 1024**2}
        )
    if not upload.size:
        raise Refused(_("%(name)s is empty.") % {"name": shown})
    if upload.is_lost:
        raise _no_room()
    if kind is None:
        raise Refused(
            _("%(name)s is not a PDF or a photo. Take a screenshot or a photo of it, and send that.")
            % {"name": shown.rpartition(".")[0]}
        )
    digest = hashlib.sha256()
    for part in upload.parts():
        digest.update(part)
    row = Specification(
        case_id=case_id,
        kind=kind,
        size=upload.size,
        sha256=digest.hexdigest(),
        uploaded_at=now,
        **sender.columns,
    )
    row.name = shown
    return row


def _insert(case_id: int, rows: list[Specification], *, now: datetime, by: str, sender: Sender) -> list[Specification]:
    with transaction.atomic():
        case = cases.lock(case_id)
        if refusal := cases.why_not_send(case, today=timezone.localtime(now).date()):
            raise Refused(refusal)
        if case.status in CoulanceCase.DECIDED and not sender.is_known:
            # It pauses the invoice, and uses up one of the few times that a case is opened again.
            raise CodeFirst(_("To have your care provider look at this again, first get a code by SMS."))
        existing = list(case.specifications.all())
        present = [row for row in existing if row.status not in (Status.REFUSED, Status.WITHDRAWN)]
        known = {row.sha256 for row in present}
        new = list({row.sha256: row for row in rows if row.sha256 not in known}.values())
        check_files(present, existing, len(new), sender)
        for row in new:
            row.save(force_insert=True)
            files.keep(row.stored_name)
            wakeup.enqueue_on_commit("coulance.check_specification", row.pk, queue=wakeup.FILES)
        if new and case.status == CASE.OFFERED:
            cases.move(case, CASE.WAITING_FOR_SPECIFICATION, by=by)
        if new and case.status in CoulanceCase.DECIDED:  # before the check, because the page says not to pay
            holds.place_hold(case.invoice, cases.HOLD, by=by)
        if new:
            audit.record("specification_received", by=by, invoice=case.invoice, files=len(new))
    return new


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
        decided_with = storage.decided_with(checked, case.standing)
        if row.pk in decided_with or (row.status == Status.CLEAN and case.status in CoulanceCase.DECIDED):
            raise Refused(_("Your care provider has decided with this file. It can't be taken back."))
        last = [clean.pk for clean in checked if clean.pk not in decided_with] == [row.pk]
        waits_again = last and case.status == CASE.AT_PROVIDER and cases.rules_of(case.invoice.provider)
        if waits_again and waits_again.wants_specification:
            if today > case.specification_due_on:
                raise Refused(_("The last day to send a file has passed. Send the right file first, please."))
            storage.drop(row)
            cases.move(case, CASE.WAITING_FOR_SPECIFICATION, by=by, provider_since=None)
            holds.extend_hold(case.invoice, cases.HOLD, until=case.specification_due_on)
            notices.queue_mail("coulance_taken_back", case, event=str(case.version))
        else:
            storage.drop(row)
            CoulanceCase.objects.filter(pk=case.pk).update(version=case.version + 1)
            cases.release_if_idle(case, today=today, by=by)
        audit.record("specification_withdrawn", by=by, invoice=case.invoice)
