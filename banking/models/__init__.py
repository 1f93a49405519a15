"""The tables of the bank, one file a subject."""

from banking.models.orders import OutgoingBatch, OutgoingOrder, PayeeAccount
from banking.models.statements import AccountDay, BankAccount, BankLine, Statement, StatementFile

__all__ = [
    "AccountDay",
    "BankAccount",
    "BankLine",
    "OutgoingBatch",
    "OutgoingOrder",
    "PayeeAccount",
    "Statement",
    "StatementFile",
]
