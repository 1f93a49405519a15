"""What a practice decides about its own people."""

from billing.models.practice.rights import ClerkRight

__all__ = ["ClerkRight"]
