"""What is answered, as types: the description of the interface is made of them, and each answer is checked by them."""

from datetime import date, datetime
from typing import Annotated, Literal

from ninja import Field, Schema

from portal.webhooks.events import KINDS

_OWED = r"(0|[1-9][0-9]*)\.[0-9]{2}"
Euros = Annotated[
    str,
    Field(
        pattern=rf"^({_OWED}|-0\.(0[1-9]|[1-9][0-9])|-[1-9][0-9]*\.[0-9]{{2}})$",
        examples=["28.51"],
        description="Euros, as text; nothing is 0.00.",
    ),
]
Owed = Annotated[str, Field(pattern=f"^{_OWED}$", examples=["28.51"], description="Euros, never below zero.")]


Next = Annotated[str, Field(description="Give it as `cursor` the next time: at the end too, for what is added later.")]


class Invoice(Schema):
    """An invoice: what is owed, and how the patient pays it. No care and nobody's name."""

    number: str = Field(description="The number that the practice gave it.")
    payment_reference: str = Field(description="What the patient types on the site, or writes on a bank transfer.")
    status: Literal["open", "overdue", "plan", "on_hold", "paid", "withdrawn"]
    issued_on: date
    due_on: date
    received_at: datetime
    settled_at: datetime | None = Field(description="Since when nothing is owed.")
    withdrawn_at: datetime | None
    total: Euros = Field(description="What the lines add up to.")
    insurer_paid: Euros
    reduced: Euros = Field(description="Taken off: by credit notes and decisions of the practice, or written off.")
    charges: Euros = Field(description="Collection costs and interest.")
    paid: Euros = Field(description="By the patient, less what went back.")
    outstanding: Owed
    credit: Owed = Field(description="Paid too much: money of the payer.")


class Invoices(Schema):
    """A page of invoices."""

    items: list[Invoice]
    next: Next
    has_more: bool


class TakenInvoice(Invoice):
    """An invoice that was handed in."""

    link: str | None = Field(
        description="Opens the invoice, for paper; it ends when the patient moves. Null: withdrawn or erased. It is "
        "told here only: whoever has it can be taken for the patient, so each is in the list of accesses."
    )
    is_new: bool = Field(description="False: it was handed in before with the same content, and left alone.")


class Taken(Schema):
    """What was done with invoices that were handed in."""

    invoices: list[TakenInvoice]
    patients_created: int
    patients_corrected: int


class CheckedInvoice(Schema):
    """An invoice that would be taken."""

    number: str
    is_new: bool


class Checked(Schema):
    """What would be done with invoices: nothing was changed."""

    invoices: list[CheckedInvoice]


class CreditNote(Schema):
    """A credit note that was booked."""

    number: str
    credits: str = Field(description="The number of the invoice.")
    issued_on: date
    amount: Euros
    is_whole: bool = Field(description="It took back the whole invoice.")
    is_new: bool


class CreditNotes(Schema):
    """Credit notes that were booked."""

    credit_notes: list[CreditNote]


class Corrected(Schema):
    """A correction of a patient."""

    number: str
    changed: bool = Field(description="False: we held these facts already.")


class Error(Schema):
    """One thing that is not right."""

    code: str = Field(description="Stable; those of a body are the codes of docs/batch-format.md.")
    detail: str = Field(description="A sentence for people. It never repeats a value.")
    pointer: str | None = Field(None, description="Where in the body (RFC 6901).")
    parameter: str | None = Field(None, description="Which parameter of the address.")
    number: str | None = Field(None, description="Of the invoice or credit note.")


class Refusal(Schema):
    """A problem (RFC 9457)."""

    type: str
    title: str
    status: int
    code: str = Field(description="Stable, for software.")
    request_id: str
    detail: str | None = None
    errors: list[Error] | None = None


class Payment(Schema):
    """Money of a payer on one invoice."""

    id: str
    invoice: str = Field(description="The number of the invoice.")
    payment_reference: str
    kind: Literal["payment", "receipt", "refund", "chargeback", "repaid", "credit_moved"]
    amount: Euros = Field(description="What was paid; below zero it went back.")
    happened_at: datetime
    booked_at: datetime
    undoes: str | None = Field(description="The id of the payment that this one takes back, because it was a mistake.")


class Payments(Schema):
    """A page of payments."""

    items: list[Payment]
    next: Next
    has_more: bool


class Payout(Schema):
    """What a practice was paid at one run."""

    number: str
    run_on: date
    status: Literal["proposed", "ordered", "paid", "failed", "carried"] = Field(
        description="Proposed: waits for two persons. Carried: nothing is paid, the balance stays for the next run."
    )
    amount: Euros
    closed_at: datetime | None = Field(description="Since when its lines are complete.")


class Payouts(Schema):
    """A page of payouts."""

    items: list[Payout]
    next: Next
    has_more: bool


class PayoutLine(Schema):
    """One movement of the account of a practice with us; positive is for the practice."""

    invoice: str | None
    payment_reference: str | None
    kind: str
    amount: Euros
    happened_on: date
    booked_on: date


class PayoutLines(Schema):
    """A page of the statement of a payout."""

    items: list[PayoutLine]
    next: Next
    has_more: bool


class Event(Schema):
    """One thing that happened. Webhooks send the same."""

    id: str
    type: Literal[KINDS]  # type: ignore[valid-type]
    at: datetime
    invoice: str | None = Field(description="The number of the invoice; null for a payout.")


class Events(Schema):
    """What happened since."""

    items: list[Event]
    next: str = Field(description="Give it as `since` the next time.")
    has_more: bool


class Patient(Schema):
    """How a patient is reached."""

    number: str
    name: str
    email: str
    mobile: str
    language: str
    street: str
    house_number: str
    postcode: str
    city: str
    country: str
    has_payer: bool = Field(description="Somebody else pays, and gets the messages.")
