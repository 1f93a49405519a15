from billing.models.audit import AuditEvent, StaffItem
from billing.models.invoices import CareDetail, Hold, Invoice, LedgerEntry
from billing.models.outbox import OutboxMessage
from billing.models.parties import Patient, Provider, Staff
from billing.models.payments import Chargeback, Payment, Refund, WebhookCall

__all__ = [
    "AuditEvent",
    "CareDetail",
    "Chargeback",
    "Hold",
    "Invoice",
    "LedgerEntry",
    "OutboxMessage",
    "Patient",
    "Payment",
    "Provider",
    "Refund",
    "Staff",
    "StaffItem",
    "WebhookCall",
]
