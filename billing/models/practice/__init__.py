"""What a practice decides about its own people, and what changes of itself."""

from billing.models.practice.accounts import Invitation, Membership
from billing.models.practice.changes import AgbChange, DetailsChange, PracticeChange
from billing.models.practice.logos import PracticeLogo
from billing.models.practice.rights import ClerkRight

__all__ = ["AgbChange", "ClerkRight", "DetailsChange", "Invitation", "Membership", "PracticeChange", "PracticeLogo"]
