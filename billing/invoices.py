"""Rules on an invoice itself: its payment reference, its state as people see it, and its holds."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import FilteredRelation, Q, QuerySet
from django.utils import timezone

from billing import audit
from billing.breakdown import Parts, parts_of
from billing.ladder import move_ladder
from billing.ledger import lock_invoice, with_balance
from billing.models import Hold, Invoice, LedgerEntry, PaymentPlan, ReminderStep
from billing.money import ZERO
from billing.prepared import Prepared

REFERENCE_DIGITS = 16
_WEIGHTS = (2, 4, 8, 5, 10, 9, 7, 3, 6, 1)  # from the right, repeating


def check_digit(body: str) -> str:
    """The check digit of a Dutch payment reference whose other digits are `body` (Betaalvereniging)."""
    total = sum(int(digit) * _WEIGHTS[i % 10] for i, digit in enumerate(reversed(body)))
    remainder = 11 - total % 11
    return {10: "1", 11: "0"}.get(remainder, str(remainder))


def reference_is_valid(reference: str) -> bool:
    """Whether `reference` is a well-formed betalingskenmerk: 16 digits, or 9 to 14 with their length digit."""
    if not (reference.isascii() and reference.isdigit()):
        return False
    if len(reference) == REFERENCE_DIGITS:
        return check_digit(reference[1:]) == reference[0]
    if 9 <= len(reference) <= 14:
        return reference[1] == str((len(reference) - 2) % 10) and check_digit(reference[1:]) == reference[0]
    return False


def new_reference() -> str:
    """A random 16-digit payment reference. Random, so that knowing one says nothing about another."""
    body = f"{secrets.randbelow(10**15):015d}"
    return check_digit(body) + body


def new_references(count: int) -> list[str]:
    """`count` payment references that no invoice has yet; a collision is drawn again."""
    free: set[str] = set()
    while len(free) < count:
        drawn = {new_reference() for _ in range(count - len(free))}
        taken = Invoice.objects.filter(payment_reference__in=drawn).values_list("payment_reference", flat=True)
        free |= drawn - set(taken)
    return list(free)


@dataclass(frozen=True, slots=True)
class InvoiceView:
    """What may be told about an invoice to whoever holds its reference: no name, no care, no contact."""

    invoice: Invoice
    status: str  # open | overdue | plan | on_hold | paid
    outstanding: Decimal
    credit: Decimal
    paid_at: object
    paid_how: str
    hold: Hold | None
    plan: PaymentPlan | None
    parts: Parts | None  # only when costs or interest are open

    @property
    def can_pay(self) -> bool:
        return self.status in ("open", "overdue", "plan")


_BY_REFERENCE: Prepared[Invoice] = Prepared(
    lambda reference: Invoice.objects.filter(payment_reference=reference, withdrawn_at=None, forgotten_at=None)
)


def find_by_reference(reference: str) -> Invoice | None:
    """The invoice with this payment reference; None for unknown, withdrawn and forgotten alike."""
    return _BY_REFERENCE.first(reference)


def is_open_to_guests(token: str) -> bool:
    """Whether there is an invoice behind this URL token that a guest may see."""
    return Invoice.objects.filter(token=token, withdrawn_at=None, forgotten_at=None).exists()


def active_hold(invoice_id: int) -> Hold | None:
    return Hold.objects.filter(invoice_id=invoice_id, released_at=None).order_by("placed_at").first()


def place_hold(invoice: Invoice, reason: Hold.Reason, *, by: str, until: date | None = None, note: str = "") -> Hold:
    """Let the invoice rest for `reason`; a hold for the same reason that is active already is returned."""
    with transaction.atomic():
        locked = lock_invoice(invoice.pk)
        hold, placed = Hold.objects.get_or_create(
            invoice=invoice,
            reason=reason,
            released_at=None,
            defaults={"placed_by": by, "until": until, "note": note},
        )
        if placed:
            move_ladder(locked)
            audit.record("hold_placed", by=by, invoice=invoice, reason=reason)
    return hold


def place_holds(
    invoices: Sequence[Invoice], reason: Hold.Reason, *, by: str, until: date | None = None, note: str = ""
) -> None:
    """Let invoices rest for `reason` that were made in this transaction, so that nobody else can hold them yet."""
    Hold.objects.bulk_create(
        Hold(invoice=invoice, reason=reason, placed_by=by, until=until, note=note) for invoice in invoices
    )
    audit.record_each("hold_placed", by=by, invoices=invoices, reason=reason)


def release_hold(
    invoice: Invoice, reason: Hold.Reason, *, by: str, due_on: date | None = None, today: date | None = None
) -> bool:
    """End the hold; with `due_on` the invoice gets that new last day to pay. False when none was active."""
    with transaction.atomic():
        locked = lock_invoice(invoice.pk)
        released = Hold.objects.filter(invoice=invoice, reason=reason, released_at=None).update(
            released_at=timezone.now(), released_by=by
        )
        if released:
            move_ladder(locked, due_on=due_on, today=today)
            audit.record("hold_released", by=by, invoice=invoice, reason=reason, due_on=str(due_on or ""))
    return bool(released)


def extend_hold(invoice: Invoice, reason: Hold.Reason, *, until: date | None) -> None:
    """Let a hold of a locked invoice that is active last until another day; None when nobody can name one."""
    Hold.objects.filter(invoice=invoice, reason=reason, released_at=None).update(until=until)


def page(**also: Any) -> Prepared[Invoice]:
    """The query of `look_at`, by URL token; `also` are annotations that a caller wants on the invoice."""

    def build(token: str) -> QuerySet[Invoice]:
        active = FilteredRelation("holds", condition=Q(holds__released_at=None))
        running = FilteredRelation("plans", condition=Q(plans__status=PaymentPlan.Status.ACTIVE))
        found = with_balance(Invoice.objects.filter(token=token, withdrawn_at=None, forgotten_at=None)).annotate(
            hold=active, plan=running, **also
        )
        # The stubs don't know that a FilteredRelation can be selected and ordered by.
        return found.select_related("provider", "hold", "plan").order_by("hold__placed_at")  # type: ignore[misc]

    return Prepared(build)


_PAGE = page()


def look_at(token: str, *, today: date, by: Prepared[Invoice] = _PAGE) -> InvoiceView | None:
    """The invoice behind a URL token as a guest may see it; None when unknown, withdrawn or forgotten.

    One query, two for what is paid: this is the page that everybody opens. `by` is a `page()` of the caller's own.
    """
    invoice = by.first(token)
    if invoice is None:
        return None
    hold: Hold | None = getattr(invoice, "hold", None)  # Django leaves it out when the join found none
    owed: Decimal = invoice.balance or ZERO  # type: ignore[attr-defined]
    plan: PaymentPlan | None = getattr(invoice, "plan", None)
    status = status_of(invoice, owed, hold, today)
    if status in ("open", "overdue") and plan and plan.kind == PaymentPlan.Kind.INSTALLMENTS:
        status = "plan"
    paid_at, paid_how = None, ""
    if status == "paid":
        paid_at, paid_how = _how_paid(invoice)
    parts = _parts(invoice, owed)
    return InvoiceView(invoice, status, max(owed, ZERO), max(-owed, ZERO), paid_at, paid_how, hold, plan, parts)


def _parts(invoice: Invoice, owed: Decimal) -> Parts | None:
    """What the amount is made of, when it is more than the invoice itself; asked only where that can be."""
    if owed <= 0 or invoice.next_step <= ReminderStep.Step.FINAL_NOTICE:
        return None
    parts = parts_of(invoice)
    return parts if parts.costs or parts.interest else None


def status_of(invoice: Invoice, owed: Decimal, hold: Hold | None, today: date) -> str:
    """The one place where the label of an invoice is computed: paid, on_hold, overdue or open."""
    if owed <= 0:
        return "paid"
    if hold:
        return "on_hold"
    return "overdue" if invoice.due_on < today else "open"


def _how_paid(invoice: Invoice) -> tuple[object, str]:
    """When the invoice was settled and by what: `ideal`, `insurer`, `reduction`."""
    last = (
        LedgerEntry.objects.filter(invoice=invoice, amount__lt=ZERO, reverses=None, reversed_by=None)
        .order_by("-occurred_at")
        .first()
    )
    if last is None:
        return invoice.settled_at, ""
    return last.occurred_at, last.kind
