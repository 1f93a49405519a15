"""Coulance that staff begin: on an invoice that came without it, or again after it ended without a decision.

Whatever was already asked of the patient: the invoice rests from here on, a running 14-day letter is void, and once it
goes on, it does so with a free reminder and a new last day. Costs stand until the amount is lowered, which takes them
off. The days of a payment plan or a deferral rest too.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit, rights, rooms
from billing.adjustments import reductions
from billing.errors import Refused
from billing.house_rules import rule_of
from billing.invoices import holds
from billing.invoices.schedule import running_final_notice
from billing.ledger import lock_invoice
from billing.models import Invoice, Staff
from coulance import cases, intake, notices
from coulance.models import CoulanceCase, PracticeRules

Status = CoulanceCase.Status
ACT = "coulance_begin"
ENDED = (Status.EXPIRED, Status.WITHDRAWN)  # without a decision


def why_not(invoice: Invoice, case: CoulanceCase | None) -> str | None:
    """Return why coulance can't begin (again) on an invoice, as a sentence; None when it can."""
    if invoice.withdrawn_at or invoice.erased_at:
        return _("This invoice was withdrawn.")
    if rooms.is_handed_over(invoice):
        return _("This invoice is with a collection agency. Take it back first.")
    if case and case.status in CoulanceCase.OPEN:
        return _("Coulance is under way for this invoice already.")
    if case and case.status in CoulanceCase.DECIDED:
        return _("Coulance was decided for this invoice. Correct that decision, or enter a new paper.")
    if not reductions.patient_share(invoice):
        return _("Nothing is left to pay, so there is no coulance to decide on.")
    return None


def begin(invoice: Invoice, *, reason: str, by: Staff, now: datetime | None = None) -> CoulanceCase:
    """Begin coulance on an invoice, or again after it expired or the patient did not want it; return the case.

    The patient gets a mail and the time that the practice gives to every patient. `reason`: what staff know, which is
    sealed. Raises Refused with a sentence.
    """
    now = now or timezone.now()
    today, name = timezone.localtime(now).date(), audit.name_of(by)
    reason = reason.strip()
    with transaction.atomic():
        locked = lock_invoice(invoice.pk)
        _check(locked, reason, by)
        case = CoulanceCase.objects.select_for_update(no_key=True).filter(invoice=locked).first()
        if refusal := why_not(locked, case):
            raise Refused(refusal)
        rules, voided = cases.rules_of(locked.provider), running_final_notice(locked)
        if case:
            case.invoice = locked
            _open_again(case, rules, by=name, now=now)
        else:
            case = intake.new_case(locked, rules, today=today)
            case.save(force_insert=True)
        waits = case.status != Status.AT_PROVIDER
        until = case.specification_due_on if waits else None
        hold = holds.place_hold(locked, cases.HOLD, by=name, until=until, tell=False)
        holds.extend_hold(locked, hold.reason, until=until)
        audit.record("case_begun", by=name, invoice=locked, written=reason)
        facts = {"voided": voided, "wants_specification": waits}
        notices.queue_mail("coulance_begun", case, event=str(case.version), **facts)
    return case


def _check(invoice: Invoice, reason: str, by: Staff) -> None:
    if by.provider_id != invoice.provider_id:
        raise Refused(_("Only the care provider's own staff can decide."))
    rights.require(by, ACT)
    if not reason or len(reason) > cases.LONGEST_MESSAGE:
        raise Refused(_("Say why, in at most %(most)d characters.") % {"most": cases.LONGEST_MESSAGE})


def _open_again(case: CoulanceCase, rules: PracticeRules, *, by: str, now: datetime) -> None:
    """Let a locked case that ended wait for the patient again, or for the practice that wants no specification."""
    days = max(rules.specification_days, rule_of(case.invoice.provider, "COULANCE_ANSWER_DAYS"))
    until = timezone.localtime(now).date() + timedelta(days=days)
    fresh = {"closed_at": None, "patient_nudged_at": None, "provider_since": None, "specification_due_on": until}
    cases.move(case, Status.WAITING_FOR_SPECIFICATION, by=by, **fresh)
    if not rules.wants_specification:
        cases.move(case, Status.AT_PROVIDER, by=by, provider_since=now, provider_nudged_at=None)
