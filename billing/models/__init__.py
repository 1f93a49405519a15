from billing.models.access import AccessChain, AccessEvent
from billing.models.audit import AuditEvent, StaffNote, StaffTask
from billing.models.batches import IntakeChoice, SubmittedBatch, SubmittedFile
from billing.models.credit_notes import CreditNote
from billing.models.documents import DrawingOrder, InvoiceDocument, StoredFile
from billing.models.figures import DayClock, DayFigure
from billing.models.invoices import CareDetail, Hold, Invoice, InvoiceHistory, InvoicePayer
from billing.models.ledger import LedgerTransaction, Posting
from billing.models.operations import Alert, AlertNotice, Comparison, FailedTry, LastRun
from billing.models.outbox import BounceIntake, OutboxMessage
from billing.models.parties import BirthDateChange, IbanChange, Patient, Payer, Provider, Staff
from billing.models.payments import (
    AllocationNote,
    Chargeback,
    Payment,
    PaymentShare,
    Reallocation,
    ReallocationShare,
    Receipt,
    Refund,
    RefundRequest,
    WebhookCall,
)
from billing.models.plans import Installment, PaymentPlan
from billing.models.practice import (
    AgbChange,
    ClerkRight,
    DetailsChange,
    Invitation,
    Membership,
    PracticeChange,
    PracticeLogo,
)
from billing.models.reminders import Letter, ReminderStep

__all__ = [
    "AccessChain",
    "AccessEvent",
    "AgbChange",
    "Alert",
    "AlertNotice",
    "AllocationNote",
    "AuditEvent",
    "BirthDateChange",
    "BounceIntake",
    "CareDetail",
    "Chargeback",
    "ClerkRight",
    "Comparison",
    "CreditNote",
    "DayClock",
    "DayFigure",
    "DetailsChange",
    "DrawingOrder",
    "FailedTry",
    "Hold",
    "IbanChange",
    "Installment",
    "IntakeChoice",
    "Invitation",
    "Invoice",
    "InvoiceDocument",
    "InvoiceHistory",
    "InvoicePayer",
    "LastRun",
    "LedgerTransaction",
    "Letter",
    "Membership",
    "OutboxMessage",
    "Patient",
    "Payer",
    "Payment",
    "PaymentPlan",
    "PaymentShare",
    "Posting",
    "PracticeChange",
    "PracticeLogo",
    "Provider",
    "Reallocation",
    "ReallocationShare",
    "Receipt",
    "Refund",
    "RefundRequest",
    "ReminderStep",
    "Staff",
    "StaffNote",
    "StaffTask",
    "StoredFile",
    "SubmittedBatch",
    "SubmittedFile",
    "WebhookCall",
]
