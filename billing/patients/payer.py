"""Who pays for a patient, as staff are told: by the rules of what a practice hands in, and letters begin again."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import rooms
from billing.errors import Refused
from billing.invoices import intake, schedule
from billing.ledger import lock_invoices
from billing.models import Hold, Invoice, Patient, Payer, PaymentPlan
from billing.outbox.facts import open_link_context
from billing.outbox.queue import queue_message
from billing.patients import registration
from billing.patients.contact import ADDRESS, Wrong
from billing.submission import persons

RELATIONS = (Payer.Relation.PARENT, Payer.Relation.GUARDIAN, Payer.Relation.ADMINISTRATOR, Payer.Relation.OTHER)


def change(patient: Patient, typed: Mapping[str, str] | None, *, by: str, now: datetime | None = None) -> bool:
    """Let somebody else pay for a patient, or with None the patient; return whether anything changed.

    Whoever got the messages until now is told at the address that we had, and what was not sent yet goes to the new
    one. A letter of which the term still runs is void: nobody is in default by a letter to somebody else. Each open
    invoice gets a new last day to pay, and the new payer a mail with its link. What rests, is paid in parts or lies
    with an agency goes on as it is. Raises Wrong when a field is not right, and Refused for who pays by law.
    """
    now = now or timezone.now()
    if Payer.objects.filter(patient=patient, by_law=True).exists():
        raise Refused(_("The law names who speaks for this patient. Change that among the spared patients."))
    errors: dict[str, str] = {}

    def report(path: str, _code: str, sentence: str) -> None:
        errors.setdefault(path.rpartition(".")[2], sentence)

    given = persons.read_correction({"number": patient.number, "payer": _as_submitted(typed)}, "patient", report)
    if errors or given is None:
        raise Wrong(errors or {"": _("Nothing was changed.")})
    with transaction.atomic():
        intake.lock_provider(patient.provider_id)
        if not registration.correct(patient.provider, [given], by=by, now=now):
            return False
        for invoice in lock_invoices(open_invoices(patient)):
            _start_again(invoice, now=now)
    return True


def open_invoices(patient: Patient) -> set[int]:
    """Return the keys of the invoices about which the next letter goes to whoever pays for this patient."""
    rows = Invoice.objects.filter(patient=patient, settled_at=None, withdrawn_at=None, erased_at=None, own_payer=None)
    return set(rows.values_list("pk", flat=True))


def _as_submitted(typed: Mapping[str, str] | None) -> dict[str, object] | None:
    """Return what was typed as a practice hands it in."""
    if typed is None:
        return None
    text = {name: value.strip() for name, value in typed.items() if value.strip()}
    address = {name: text.pop(name) for name in ADDRESS if name in text}
    return {**text, "address": address}


def _start_again(invoice: Invoice, *, now: datetime) -> None:
    """Give the new payer of a locked invoice time to pay and the link, unless it rests or others collect it."""
    today = timezone.localdate(now)
    rests = Hold.objects.filter(invoice=invoice, released_at=None).exists()
    in_parts = PaymentPlan.objects.filter(invoice=invoice, status=PaymentPlan.Status.ACTIVE).exists()
    if rests or in_parts or rooms.is_handed_over(invoice):
        return
    schedule.interrupt(invoice, due_on=schedule.time_to_pay(invoice, today=today), today=today, remind_again=True)
    context = open_link_context(invoice, until=today)
    key = f"invoice_again:{invoice.pk}:payer:{now.isoformat()}"
    queue_message("invoice_again", invoice=invoice, context=context, dedupe_key=key, now=now)
