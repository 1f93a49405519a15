"""The tables of the helpdesk, one file a subject."""

from helpdesk.models.callbacks import Callback, CallbackSlot
from helpdesk.models.messages import InvoiceMessage
from helpdesk.models.unanswered import UnansweredQuestion
from helpdesk.models.warnings import FraudWarning

__all__ = ["Callback", "CallbackSlot", "FraudWarning", "InvoiceMessage", "UnansweredQuestion"]
