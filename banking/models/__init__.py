"""The tables of the bank, one file a subject."""

from banking.models.fees import FeeInvoice, FeeInvoiceSeries
from banking.models.matching import LineDecision, LineMatch, LineNote
from banking.models.orders import OutgoingBatch, OutgoingOrder, PayeeAccount
from banking.models.payouts import Payout, PayoutTerms, StatementLine
from banking.models.settlements import Settlement
from banking.models.statements import AccountDay, BankAccount, BankLine, Statement, StatementFile

__all__ = [
    "AccountDay",
    "BankAccount",
    "BankLine",
    "FeeInvoice",
    "FeeInvoiceSeries",
    "LineDecision",
    "LineMatch",
    "LineNote",
    "OutgoingBatch",
    "OutgoingOrder",
    "PayeeAccount",
    "Payout",
    "PayoutTerms",
    "Settlement",
    "Statement",
    "StatementFile",
    "StatementLine",
]
