"""A specification that came on paper: staff scan it, or type what stands on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit, rights
from billing.adjustments import reductions
from billing.errors import FormUsed, Refused
from billing.models import Staff
from billing.money import ZERO
from coulance import cases, specifications
from coulance.models import CoulanceCase, PaperFigures
from guests.files.receiving import Upload

ACT = "coulance_paper"


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands on a paper, in euros.

    `where`: where the paper is, or why there is none. `key`: that of the form, which counts once.
    """

    paid_out: Decimal
    deductible: Decimal
    own_contribution: Decimal | None
    where: str
    key: str

    @property
    def columns(self) -> dict[str, Decimal | None]:
        """Return the figures by column."""
        return {"paid_out": self.paid_out, "deductible": self.deductible, "own_contribution": self.own_contribution}


def why_not(case: CoulanceCase) -> str | None:
    """Return why no paper can be entered for a case, as a sentence; None when one can. No deadline binds staff."""
    if case.invoice.withdrawn_at:
        return _("This invoice was withdrawn.")
    if case.status not in (*CoulanceCase.OPEN, *CoulanceCase.DECIDED):
        return _("Coulance has ended for this invoice. Begin it again first.")
    return None


def enter(
    case: CoulanceCase, uploads: Sequence[Upload], typed: Typed | None, *, by: Staff, now: datetime | None = None
) -> None:
    """Take the scans or photos of a paper, what was typed of it, or both: all or nothing.

    Scans are checked as any file of a patient. Once checked, the case goes to the provider, and the patient is told.
    Raises Refused with a sentence.
    """
    _check(case, by)
    now, name = now or timezone.now(), audit.name_of(by)

    def along() -> None:
        if typed:
            type_figures(case, typed, by=by, now=now)

    if uploads:
        specifications.receive(case.pk, uploads, now=now, by=name, by_staff=True, along=along)
    else:
        along()


def type_figures(case: CoulanceCase, typed: Typed, *, by: Staff, now: datetime | None = None) -> PaperFigures:
    """Keep what stands on a paper, its place sealed, and pass the case to the provider. Decides nothing.

    A form that is sent twice is kept once. Raises Refused with a sentence; FormUsed when it said something else before.
    """
    _check(case, by)
    now, name, where = now or timezone.now(), audit.name_of(by), typed.where.strip()
    if not where or len(where) > cases.LONGEST_MESSAGE:
        most = {"most": cases.LONGEST_MESSAGE}
        raise Refused(_("Say where the paper is, in at most %(most)d characters.") % most)
    with transaction.atomic():
        locked = cases.lock(case.pk)
        if known := PaperFigures.objects.filter(token=typed.key).first():
            if known.case_id != case.pk or any(getattr(known, of) != sum_ for of, sum_ in typed.columns.items()):
                raise FormUsed
            return known
        if refusal := why_not(locked):
            raise Refused(refusal)
        share = reductions.patient_share(locked.invoice)
        if typed.paid_out + typed.deductible + (typed.own_contribution or ZERO) > share:
            raise Refused(_("The amount to pay can't be more than what the patient has to pay now."))
        row = PaperFigures(case=locked, token=typed.key, by=name, at=now, **typed.columns)
        row.text = where
        row.save(force_insert=True)
        audit.record("paper_figures_typed", by=name, invoice=locked.invoice)
        if locked.status == CoulanceCase.Status.OFFERED:
            cases.move(locked, CoulanceCase.Status.WAITING_FOR_SPECIFICATION, by=name)
        cases.reach_provider(locked, now=now, by=name, letter="coulance_on_paper")
    return row


def _check(case: CoulanceCase, by: Staff) -> None:
    if by.provider_id != case.invoice.provider_id:
        raise Refused(_("Only the care provider's own staff can decide."))
    rights.require(by, ACT)
