"""Handing claims over to an agency: by a person, two above an amount, and never while anything speaks against it.

One case holds what one debtor owes one creditor: a debtor of several invoices gets one letter of one agency. Everything
is asked again in the transaction that hands over, with all invoices of the debtor locked, so that a payment, a plan, a
hold or a complaint comes either before, and is seen, or after, and finds the hold.
"""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit
from billing.adjustments import charges
from billing.errors import Refused
from billing.house_rules import rule_of
from billing.invoices.debtors import patients_of_debtor
from billing.invoices.holds import place_hold
from billing.ledger import lock_invoices
from billing.ledger.breakdown import parts_of
from billing.models import Invoice, Letter, Patient, ReminderStep, Staff, StaffTask
from billing.money import ZERO
from billing.rights import by_two
from billing.transitions import advance
from debt_collection import agencies, blockers, notices
from debt_collection.exchange import contents, orders
from debt_collection.models import Agency, Claim, HandOver, Order

Status, Step = HandOver.Status, ReminderStep.Step
HOLD = "handed_over"
TO_CONFIRM = "hand_over_confirm"  # the kind of the task for a second person
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An invoice of a debtor that could go, what is open on it in euros, and why it may not (empty: it may)."""

    invoice: Invoice
    open: Decimal
    why_not: tuple[str, ...]


def candidates(invoice: Invoice, *, now: datetime) -> list[Candidate]:
    """Return what is ready for hand-over of whoever owes this invoice, itself first; what speaks against each."""
    patients = _patients(invoice)
    today = timezone.localdate(now)
    against = [str(reason) for reason in blockers.of_debtor(patients, today=today)]
    found = []
    for row in _of_debtor(patients):
        if row.pk == invoice.pk or blockers.is_ready(row):
            found.append(Candidate(row, parts_of(row).total, tuple(_why_not(row, against, now=now))))
    return sorted(found, key=lambda one: (one.invoice.pk != invoice.pk, one.invoice.pk))


def hand_over(invoice_id: int, agency: Agency, *, by: Staff, now: datetime | None = None) -> HandOver:
    """Hand over everything of this debtor that is ready and that nothing speaks against; return the case.

    Above HAND_OVER_SECOND_PERSON_ABOVE it only asks a second person, and nothing happens yet. Raises Refused, with a
    sentence for staff, when the agency may get nothing, or when something speaks against this invoice.
    """
    now = now or timezone.now()
    with transaction.atomic():
        invoices = _lock(Invoice.objects.select_related("patient").get(pk=invoice_id))
        going = _going(invoice_id, invoices, agency, now=now)
        first = next(row for row in going if row.pk == invoice_id)
        case = HandOver(agency=agency, provider=first.provider, patient=first.patient, asked_by=by, created_at=now)
        case.number, case.status = _new_number(now), Status.PROPOSED
        case.save(force_insert=True)
        limit = rule_of(first.provider, "HAND_OVER_SECOND_PERSON_ABOVE")
        if sum((parts_of(row).total for row in going), ZERO) > limit:
            Claim.objects.create(hand_over=case, invoice=first, **_amounts(first))
            audit.record("hand_over_asked", by=audit.name_of(by), invoice=first, number=case.number)
            audit.open_task(TO_CONFIRM, dedupe_key=case.number, invoice=first, note=case.number)
        else:
            _begin(case, going, by=by, now=now)
    return case


def confirm(case: HandOver, *, by: Staff, now: datetime | None = None) -> HandOver:
    """Hand over what waits for a second person, after asking everything again.

    Raises Refused for whoever asked, when somebody decided already, and as `hand_over` does.
    """
    now = now or timezone.now()
    with transaction.atomic():
        asked_for = _asked_for(case)
        invoices = _lock(asked_for)
        waiting = _waiting(case)
        if waiting.asked_by_id == by.pk:
            raise Refused(_("Somebody else has to confirm what you asked."))
        by_two.refuse_new(waiting.asked_by, by, practice=waiting.provider_id)
        going = _going(asked_for.pk, invoices, waiting.agency, now=now, but=waiting)
        waiting.claims.all().delete()
        HandOver.objects.filter(pk=waiting.pk).update(confirmed_by=by)
        _begin(waiting, going, by=by, now=now)
        _close_task(waiting, by=by)
    return waiting


def waiting_for_second() -> Iterator[tuple[int, str]]:
    """Yield of each case that waits the key of its practice, and who asked."""
    for case in HandOver.objects.filter(status=Status.PROPOSED).select_related("asked_by"):
        yield case.provider_id, audit.name_of(case.asked_by)


def refuse(case: HandOver, *, by: Staff, now: datetime | None = None) -> None:
    """Decide that a case is not handed over: nothing changes. Raises Refused when somebody decided already."""
    now = now or timezone.now()
    with transaction.atomic():
        invoice = _asked_for(case)
        lock_invoices([invoice.pk])
        waiting = _waiting(case)
        advance(waiting, Status.CANCELLED, closed_at=now)
        Claim.objects.filter(hand_over=waiting).update(closed_at=now)
        audit.record("hand_over_refused", by=audit.name_of(by), invoice=invoice, number=waiting.number)
        _close_task(waiting, by=by)


def _asked_for(case: HandOver) -> Invoice:
    """Return the invoice that was asked for, or one that went with it once somebody decided."""
    return case.claims.select_related("invoice__patient").order_by("pk")[0].invoice


def _patients(invoice: Invoice) -> list[Patient]:
    keys = patients_of_debtor(invoice.patient)
    return list(Patient.objects.filter(pk__in=keys).select_related("provider").order_by("pk"))


def _of_debtor(patients: Sequence[Patient]) -> list[Invoice]:
    """Return the unpaid invoices of these patients, each with its patient and practice."""
    rows = Invoice.objects.filter(patient__in=patients, settled_at=None, withdrawn_at=None, erased_at=None)
    return list(rows.select_related("patient", "provider").order_by("pk"))


def _lock(invoice: Invoice) -> list[Invoice]:
    """Lock all invoices of the debtor, in the order of their keys, and return them freshly read."""
    patients = {patient.pk: patient for patient in _patients(invoice)}
    keys = Invoice.objects.filter(patient__in=patients, erased_at=None).values_list("pk", flat=True)
    locked = lock_invoices([*keys, invoice.pk])
    for row in locked:
        row.patient = patients[row.patient_id]
        row.provider = row.patient.provider
    return locked


def _going(
    invoice_id: int, invoices: Sequence[Invoice], agency: Agency, *, now: datetime, but: HandOver | None = None
) -> list[Invoice]:
    """Return what of the locked invoices goes: this one, and what else is ready and free. Raises Refused."""
    today = timezone.localdate(now)
    if refusal := agencies.why_not(agency, today=today):
        raise Refused(refusal)
    patients = list({row.patient_id: row.patient for row in invoices}.values())
    against = [str(reason) for reason in blockers.of_debtor(patients, today=today)]
    going = []
    for row in invoices:
        if row.pk != invoice_id and not blockers.is_ready(row):
            continue
        waits = Claim.objects.filter(invoice=row, closed_at=None).exclude(hand_over=but)
        why_not = _why_not(row, against, now=now)
        if waits.exists():
            why_not.append(_("somebody asked to hand it over already"))
        if not why_not:
            going.append(row)
        elif row.pk == invoice_id:
            raise Refused(_("This can't be handed over: %(why)s.") % {"why": "; ".join(why_not)})
    return going


def _why_not(invoice: Invoice, of_debtor: Sequence[str], *, now: datetime) -> list[str]:
    """Return what speaks against a claim, each reason once: what does so for all of its debtor, and its own."""
    own = blockers.of_claim(invoice, now=now, today=timezone.localdate(now))
    return list(dict.fromkeys([*of_debtor, *(str(reason) for reason in own)]))


def _begin(case: HandOver, going: Sequence[Invoice], *, by: Staff, now: datetime) -> None:
    """Give the locked invoices to the agency: claims, holds, dossier, and a mail to whoever owes them."""
    who, today = audit.name_of(by), timezone.localdate(now)
    claims = claims_of(case, going, today=today)
    for claim in claims:
        claim.save(force_insert=True)
    advance(case, Status.OFFERED, offered_at=now)
    case.told = contents.told(claims, waits=False)
    case.save(update_fields=["told"])
    orders.queue(case, Order.Kind.DOSSIER, contents.dossier(case, claims))
    for claim in claims:
        place_hold(claim.invoice, HOLD, by=who)
        ready = StaffTask.objects.filter(invoice=claim.invoice, kind=StaffTask.Kind.READY_FOR_HAND_OVER, closed_at=None)
        audit.close_superseded(ready, by=who, reason=case.number)
        audit.record("handed_over", by=who, invoice=claim.invoice, number=case.number)
    notices.handed_over(case, claims)


def claims_of(case: HandOver, invoices: Sequence[Invoice], *, today: date | None = None) -> list[Claim]:
    """Return the claims of a case as they stand today, not saved, with the room that is left for costs."""
    claims = [Claim(hand_over=case, invoice=row, **_amounts(row)) for row in invoices]
    _share_room(claims, today or timezone.localdate())
    return claims


def _amounts(invoice: Invoice) -> dict[str, Decimal]:
    parts = parts_of(invoice)
    return {"principal": parts.principal, "interest": parts.interest, "costs": parts.costs, "costs_room": ZERO}


def _share_room(claims: Sequence[Claim], today: date) -> None:
    """Say what may still be added to the costs of each 14-day letter, on the first of its claims."""
    of_letter: dict[int, list[Claim]] = {}
    letters: dict[int, Letter] = {}
    for claim in claims:
        if letter := final_notice(claim.invoice):
            letters[letter.pk] = letter
            of_letter.setdefault(letter.pk, []).append(claim)
    for key, rows in of_letter.items():
        base = sum((row.principal for row in rows), ZERO)
        rows[0].costs_room = charges.room_for_costs(letters[key], base, today=today)


def final_notice(invoice: Invoice) -> Letter | None:
    """Return the 14-day letter on which the costs of an invoice rest."""
    taken = ReminderStep.objects.filter(invoice=invoice, step=Step.FINAL_NOTICE, status=ReminderStep.Status.TAKEN)
    row = taken.select_related("letter__patient__provider").order_by("pk").last()
    return row.letter if row else None


def _waiting(case: HandOver) -> HandOver:
    rows = HandOver.objects.select_for_update(no_key=True, of=("self",)).select_related("agency", "provider", "patient")
    waiting = rows.get(pk=case.pk)
    if waiting.status != Status.PROPOSED:
        raise Refused(_("Somebody decided about this already."))
    return waiting


def _close_task(case: HandOver, *, by: Staff) -> None:
    audit.close_superseded(audit.open_alarms(TO_CONFIRM, case.number), by=audit.name_of(by), reason=case.number)


def _new_number(now: datetime) -> str:
    """Return a random case number, as `I26-7QF4M2XK`: it tells the year and no volume."""
    return f"I{now.year % 100:02d}-{''.join(secrets.choice(_ALPHABET) for _ in range(8))}"
