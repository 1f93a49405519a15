"""The tables of the helpdesk."""

from helpdesk.models.unanswered import UnansweredQuestion

__all__ = ["UnansweredQuestion"]
