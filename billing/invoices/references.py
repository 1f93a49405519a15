"""The payment reference (betalingskenmerk): generating and validating one, and finding its invoice."""

import secrets

from billing.models import Invoice

REFERENCE_DIGITS = 16


_WEIGHTS = (2, 4, 8, 5, 10, 9, 7, 3, 6, 1)  # from the right, repeating


def check_digit(body: str) -> str:
    """Return the check digit of a Dutch payment reference whose other digits are `body` (Betaalvereniging)."""
    total = sum(int(digit) * _WEIGHTS[i % 10] for i, digit in enumerate(reversed(body)))
    remainder = 11 - total % 11
    return {10: "1", 11: "0"}.get(remainder, str(remainder))


def reference_is_valid(reference: str) -> bool:
    """Tell whether `reference` is a well-formed betalingskenmerk: 16 digits, or 9 to 14 with their length digit."""
    if not (reference.isascii() and reference.isdigit()):
        return False
    if len(reference) == REFERENCE_DIGITS:
        return check_digit(reference[1:]) == reference[0]
    if 9 <= len(reference) <= 14:
        return reference[1] == str((len(reference) - 2) % 10) and check_digit(reference[1:]) == reference[0]
    return False


def grouped(reference: str) -> str:
    """Return a payment reference in groups of four, as on the letter: 1234 5678 9012 3456."""
    return " ".join(reference[start : start + 4] for start in range(0, len(reference), 4))


def new_reference() -> str:
    """Return a random 16-digit payment reference. Random, so that knowing one reveals nothing about another."""
    body = f"{secrets.randbelow(10**15):015d}"
    return check_digit(body) + body


def new_references(count: int) -> list[str]:
    """Return `count` payment references that no invoice has yet; a collision is drawn again."""
    free: set[str] = set()
    while len(free) < count:
        drawn = {new_reference() for _ in range(count - len(free))}
        taken = Invoice.objects.filter(payment_reference__in=drawn).values_list("payment_reference", flat=True)
        free |= drawn - set(taken)
    return list(free)


def find_by_reference(reference: str) -> str | None:
    """Return the URL token of the invoice with this payment reference; None for unknown and erased alike.

    Of one that was withdrawn the page says so.
    """
    found = Invoice.objects.filter(payment_reference=reference, erased_at=None)
    return next(iter(found.values_list("token", flat=True)), None)


def is_open_to_guests(token: str) -> bool:
    """Tell whether this URL token belongs to an invoice that a guest may see."""
    return Invoice.objects.filter(token=token, erased_at=None).exists()
