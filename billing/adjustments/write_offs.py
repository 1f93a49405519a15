"""Writing off what is left of an invoice: a person gives up a small rest, or a claim that is past enforcing.

By hand only. The claim is the practice's, and whether to ask for € 3.00 on the telephone or to let it go is its own
decision; a machine that forgave every rest below a limit would soon be known (ADR 0067).
"""

from datetime import date
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit, ledger
from billing.errors import Refused
from billing.invoices import limitation, schedule
from billing.ledger import lock_invoice
from billing.ledger.entries import Entry, standing_entries
from billing.models import Invoice, LedgerTransaction, StaffTask
from billing.payments.attempts import supersede_live
from billing.templatetags.money import euro

Kind, Task = LedgerTransaction.Kind, StaffTask.Kind
TASKS = (Task.SMALL_REST, Task.PAST_ENFORCING)


def may_write_off(invoice: Invoice, *, today: date, owed: Decimal | None = None) -> bool:
    """Tell whether the rest of an invoice may be written off: it is small, or nobody may be asked for it any more.

    `owed` is its balance in euros, where that is known already.
    """
    owed = ledger.balance(invoice.pk) if owed is None else owed
    small = owed < settings.DUNNING_FROM_AMOUNT
    return not invoice.withdrawn_at and owed > 0 and (small or limitation.is_over(invoice, today=today))


def standing(invoice: Invoice) -> Entry | None:
    """Return what was written off of the invoice and not undone."""
    return next((entry for entry in standing_entries(invoice) if entry.kind == Kind.WRITTEN_OFF), None)


def write_off(invoice: Invoice, *, by: str, note: str, today: date | None = None) -> None:
    """Write off all that is left to pay. Raises Refused when it is neither small nor past enforcing."""
    today = today or timezone.localdate()
    with transaction.atomic():
        locked = lock_invoice(invoice.pk)
        if not may_write_off(locked, today=today):
            limit = euro(settings.DUNNING_FROM_AMOUNT)
            raise Refused(
                _("Only a rest below %(limit)s is written off, or a claim that is too old. Lower the invoice instead.")
                % {"limit": limit}
            )
        owed, now = ledger.balance(locked.pk), timezone.now()
        before = LedgerTransaction.objects.filter(kind=Kind.WRITTEN_OFF, postings__invoice=locked).distinct().count()
        key = f"written_off:{locked.pk}:{before}"
        ledger.post(locked, Kind.WRITTEN_OFF, -owed, external_id=key, occurred_at=now, by=by)
        supersede_live(locked, now=now)
        waiting = StaffTask.objects.filter(invoice=locked, kind__in=TASKS, closed_at=None).select_related("invoice")
        audit.close_superseded(waiting, by=by, reason=_("written off"))
        audit.record("written_off", by=by, invoice=locked, written=note, amount=str(owed))


def undo(invoice: Invoice, *, by: str, note: str, today: date | None = None) -> None:
    """Undo what was written off by its mirror; what is owed again has a last day ahead. Raises Refused without any."""
    today = today or timezone.localdate()
    with transaction.atomic():
        locked = lock_invoice(invoice.pk)
        entry = standing(locked)
        if entry is None:
            raise Refused(_("Nothing of this invoice was written off."))
        key = f"{entry.transaction.external_id}:undone"
        ledger.reverse(locked, entry.transaction, external_id=key, occurred_at=timezone.now(), by=by)
        schedule.interrupt(locked, due_on=schedule.time_to_pay(locked, today=today), today=today, remind_again=True)
        audit.record("write_off_undone", by=by, invoice=locked, written=note, amount=str(-entry.amount))
