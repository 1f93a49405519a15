"""The state of an invoice as people see it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet

from billing import rooms
from billing.invoices import history, limitation
from billing.invoices.history import History, moment
from billing.invoices.told import FUNCTION
from billing.models import (
    CreditNote,
    Hold,
    Invoice,
    InvoiceHistory,
    LedgerTransaction,
    PaymentPlan,
    Posting,
    ReminderStep,
)
from billing.models.ledger import RECEIVABLE, Account
from billing.money import ZERO
from billing.rooms import Elsewhere, Stops, Text

_NO_PLAN = (None, "", None)
_VIEW = InvoiceHistory._meta.db_table


@dataclass(frozen=True, slots=True)
class Practice:
    """How the practice is reached and paid, as `told` has it. `phone` is in the form of the database: +31…"""

    name: str
    email: str
    phone: str
    phone_hours: str
    contact_text: str
    logo: str  # its token, empty without one
    website: str
    vat_on_costs: bool
    iban: str
    transfers_to: str
    chosen: dict[str, Any]  # see `house_rules`


@dataclass(frozen=True, slots=True)
class InvoiceView:
    """What anybody who holds the reference may know about an invoice: no name, no care, no contact details."""

    invoice_id: int
    token: str
    number: str
    provider: str
    payment_reference: str
    issued_on: date
    due_on: date
    status: str  # open | overdue | plan | on_hold | paid | withdrawn
    outstanding: Decimal
    credit: Decimal
    paid_at: datetime | None
    paid_how: str
    holds: tuple[str, ...]  # the reasons of the holds that stop payment, the oldest first
    hold_until: date | None  # of the oldest
    plan_id: int | None
    plan_agreed_at: datetime | None
    plans_before: tuple[tuple[str, str], ...]  # kind and status of every plan that was not undone, running ones too
    second_reminder: bool  # made, so that a later day to pay is no longer given
    practice: Practice
    history: History
    rests: Mapping[str, date | None]  # the reasons of all holds, the oldest first, and the last day of each
    credit_notes: tuple[CreditNote, ...]
    facts: Mapping[str, Any]  # what the panels of the rooms ask
    past_enforcing: bool  # open, and so old that nobody asks for it any more: it may be paid, and need not
    today: date  # for which all of this is said

    @property
    def can_pay(self) -> bool:
        return self.status in ("open", "overdue", "plan")

    @property
    def hold_reason(self) -> Text:
        """Say why the invoice is on hold; empty when it is not."""
        return rooms.hold_reasons()[self.holds[0]].label if self.holds else ""

    @property
    def reasons_to_rest(self) -> list[Text]:
        """Say why no letters come now, or why its plan waits; not that somebody else collects, who may add costs."""
        stopping = rooms.reasons_stopping(Stops.PLANS if self.status == "plan" else Stops.REMINDERS)
        reasons = [rooms.hold_reasons()[name] for name in self.rests if name in stopping]
        return [reason.label for reason in reasons if reason.elsewhere is None]

    @property
    def elsewhere(self) -> Elsewhere | None:
        """Return who else collects the invoice; None when nobody does, or when a hold says not to pay yet."""
        found = [rooms.hold_reasons()[name].elsewhere for name in self.holds]
        return found[0] if found and all(found) else None


def look_at(token: str, *, today: date) -> InvoiceView | None:
    """Return the invoice behind a URL token as a guest may see it; None when unknown or erased.

    One query, one more for credit notes, two for what is paid: this is the page that everybody opens. Only the columns
    that it shows are read, and no model is made of them: that halves what Django spends on the query.
    """
    views = look_at_several([token], today=today)
    return views[0] if views else None


def look_at_several(tokens: Sequence[str], *, today: date) -> list[InvoiceView]:
    """Return the invoices behind these tokens as `look_at` does, in the same order, without unknown and erased ones."""
    if not tokens:
        return []
    told = _told(tokens)
    return [_view(told[token], today=today) for token in dict.fromkeys(tokens) if token in told]


def _told(tokens: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return by token what the view of the database has of these invoices: one column, for which no model is made."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # by the function that keeps the plan of the query
            cursor.execute(f"SELECT asked, {FUNCTION}(asked) FROM unnest(%s::text[]) asked", [list(tokens)])  # noqa: S608
        else:
            places = ", ".join(["%s"] * len(tokens))
            cursor.execute(f"SELECT token, told FROM {_VIEW} WHERE token IN ({places})", tokens)  # noqa: S608  our names
        return {token: json.loads(told) for token, told in cursor.fetchall() if told}


def _view(row: Mapping[str, Any], *, today: date) -> InvoiceView:
    stopping = rooms.reasons_stopping(Stops.PAYMENT)
    rests = {reason: until and date.fromisoformat(until) for reason, until in row["holds"]}
    holds = tuple(reason for reason in rests if reason in stopping)
    plans = row["plans"]
    plan_id, plan_kind, agreed_at = next(
        ((pk, kind, moment(at)) for pk, kind, status, at in plans if status == PaymentPlan.Status.ACTIVE), _NO_PLAN
    )
    told = history.read(row)
    owed, issued_on, due_on = told.balance, date.fromisoformat(row["issued_on"]), date.fromisoformat(row["due_on"])
    status = _label(
        owed, due_on, withdrawn=bool(row["withdrawn_at"]), on_hold=bool(holds),
        in_installments=plan_kind == PaymentPlan.Kind.INSTALLMENTS, today=today,
    )  # fmt: skip
    paid_at, paid_how = _how_paid(row["pk"]) if status == "paid" else (None, "")
    return InvoiceView(
        invoice_id=row["pk"],
        token=row["token"],
        number=row["number"],
        provider=row["practice"]["name"],
        payment_reference=row["payment_reference"],
        issued_on=issued_on,
        due_on=due_on,
        status=status,
        outstanding=max(owed, ZERO),
        credit=max(-owed, ZERO),
        paid_at=paid_at,
        paid_how=paid_how,
        holds=holds,
        hold_until=rests[holds[0]] if holds else None,
        plan_id=plan_id,
        plan_agreed_at=agreed_at,
        plans_before=tuple((kind, status) for _pk, kind, status, _at in plans),
        second_reminder=told.second_reminder,
        practice=Practice(**row["practice"]),
        history=told,
        rests=rests,
        credit_notes=tuple(_credit_notes(row["pk"])) if row["has_credit_notes"] else (),
        facts=row["facts"],
        past_enforcing=status in ("open", "overdue") and limitation.is_over_of(row["pk"], issued_on, today=today),
        today=today,
    )


def with_labels(invoices: QuerySet[Invoice]) -> QuerySet[Invoice]:
    """Annotate the invoices with what `label_of` asks besides the balance, for lists of many."""
    stopping = Hold.objects.filter(
        invoice=OuterRef("pk"), released_at=None, reason__in=rooms.reasons_stopping(Stops.PAYMENT)
    )
    paying = PaymentPlan.objects.filter(
        invoice=OuterRef("pk"), status=PaymentPlan.Status.ACTIVE, kind=PaymentPlan.Kind.INSTALLMENTS
    )
    return invoices.annotate(is_held=Exists(stopping), in_installments=Exists(paying))


def label_of(invoice: Any, balance: Decimal, *, today: date) -> str:
    """Return the status of an invoice of `with_labels` as `InvoiceView` has it."""
    return _label(
        balance, invoice.due_on, withdrawn=bool(invoice.withdrawn_at), on_hold=invoice.is_held,
        in_installments=invoice.in_installments, today=today,
    )  # fmt: skip


def _label(owed: Decimal, due_on: date, *, withdrawn: bool, on_hold: bool, in_installments: bool, today: date) -> str:
    if withdrawn:
        return "withdrawn"
    status = status_of(owed, due_on, on_hold=on_hold, today=today)
    return "plan" if status in ("open", "overdue") and in_installments else status


def second_reminders(invoice: Any) -> QuerySet[ReminderStep]:
    """Return the steps of `invoice` (a row or a key) from the 14-day letter on that were made."""
    step, made = ReminderStep.Step.FINAL_NOTICE, history.MADE
    return ReminderStep.objects.filter(invoice=invoice, step__gte=step, status__in=made)


def _credit_notes(invoice_id: int) -> QuerySet[CreditNote]:
    """Return the credit notes without what is sealed in them."""
    return CreditNote.objects.filter(invoice=invoice_id).defer("sealed_content")


def status_of(owed: Decimal, due_on: date, *, on_hold: bool, today: date) -> str:
    """Return the label of an invoice: paid, on_hold, overdue or open. Computed here and nowhere else."""
    if owed <= 0:
        return "paid"
    if on_hold:
        return "on_hold"
    return "overdue" if due_on < today else "open"


def _how_paid(invoice_id: int) -> tuple[datetime | None, str]:
    """Return when and by what kind of transaction the invoice was settled; empty when nothing was due.

    A payment that came to our bank account is "transfer".
    """
    kinds = LedgerTransaction.Kind
    reducing = (
        kinds.PAYMENT,
        kinds.RECEIPT,
        kinds.CREDIT_MOVED,
        kinds.REDUCTION,
        kinds.CREDITED,
        kinds.INSURER_PAID,
        kinds.WRITTEN_OFF,
    )
    by_transfer = Posting.objects.filter(transaction=OuterRef("pk"), account__in=(Account.BANK, Account.UNMATCHED))
    last = (
        LedgerTransaction.objects.filter(
            postings__invoice=invoice_id,
            postings__account__in=RECEIVABLE,  # what only added to the credit, or moved it away, settled nothing
            kind__in=reducing,
            reverses=None,
            reversed_by=None,
        )
        .order_by("-occurred_at")
        .values_list("occurred_at", "kind", Exists(by_transfer))
        .first()
    )
    if last is None:
        return None, ""
    at, kind, transferred = last
    return at, "transfer" if transferred and kind == kinds.PAYMENT else kind
