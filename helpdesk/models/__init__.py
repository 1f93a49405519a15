"""The tables of the helpdesk, one file a subject."""

from helpdesk.models.messages import InvoiceMessage
from helpdesk.models.unanswered import UnansweredQuestion

__all__ = ["InvoiceMessage", "UnansweredQuestion"]
