"""A specification that came on paper: staff scan it, or type what stands on it."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit, rights
from billing.adjustments import reductions
from billing.errors import Refused
from billing.models import Staff
from billing.money import ZERO
from coulance import cases, specifications
from coulance.models import CoulanceCase, PaperFigures
from guests.files.receiving import Upload

ACT = "coulance_paper"


def why_not(case: CoulanceCase) -> str | None:
    """Return why no paper can be entered for a case, as a sentence; None when one can. No deadline binds staff."""
    if case.invoice.withdrawn_at:
        return _("This invoice was withdrawn.")
    if case.status not in (*CoulanceCase.OPEN, *CoulanceCase.DECIDED):
        return _("Coulance has ended for this invoice. Begin it again first.")
    return None


def scan(case: CoulanceCase, uploads: Sequence[Upload], *, by: Staff, now: datetime | None = None) -> int:
    """Take the scans or photos of a paper; return how many are new. They are checked as any file of a patient.

    Once checked, the case goes to the provider, and the patient is told. Raises Refused with a sentence.
    """
    _check(case, by)
    now, name = now or timezone.now(), audit.name_of(by)
    return len(specifications.receive(case.pk, uploads, now=now, by=name, by_staff=True))


def type_figures(
    case: CoulanceCase, *, paid_out: Decimal, deductible: Decimal, own_contribution: Decimal | None, where: str,
    by: Staff, now: datetime | None = None,
) -> PaperFigures:  # fmt: skip
    """Keep what stands on a paper that nobody scans, and pass the case to the provider. Decides nothing.

    `where`: where the paper is, or why there is none; sealed. Raises Refused with a sentence.
    """
    _check(case, by)
    now, name, where = now or timezone.now(), audit.name_of(by), where.strip()
    if not where or len(where) > cases.LONGEST_MESSAGE:
        most = {"most": cases.LONGEST_MESSAGE}
        raise Refused(_("Say where the paper is, in at most %(most)d characters.") % most)
    with transaction.atomic():
        locked = cases.lock(case.pk)
        if refusal := why_not(locked):
            raise Refused(refusal)
        share = reductions.patient_share(locked.invoice)
        if paid_out + deductible + (own_contribution or ZERO) > share:
            raise Refused(_("The amount to pay can't be more than what the patient has to pay now."))
        row = PaperFigures(
            case=locked, by=name, at=now, paid_out=paid_out, deductible=deductible, own_contribution=own_contribution
        )
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
