"""What we hold about a patient's claims at an agency, in readable form (AVG art. 15 and 20)."""

from collections.abc import Iterator

from billing.models import Invoice
from billing.privacy.export import Facts, facts_below
from debt_collection.models import Claim

SEALED = {"Order": {"sealed_facts": "facts"}}


def of_invoice(invoice: Invoice) -> Facts | None:
    """Return the cases of this invoice by their numbers, with what the agency got and said; None without one."""
    claims = (
        Claim.objects.filter(invoice=invoice).exclude(hand_over__offered_at=None).select_related("hand_over__agency")
    )
    return {
        claim.hand_over.number: facts_below(claim.hand_over, sealed=SEALED) for claim in claims.order_by("pk")
    } or None


def documents(invoice: Invoice) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of each file that the agency got about this invoice."""
    claims = Claim.objects.filter(invoice=invoice).exclude(hand_over__offered_at=None).select_related("hand_over")
    for claim in claims.order_by("pk"):
        for order in claim.hand_over.orders.order_by("number"):
            for name, text in order.facts.get("files", {}).items():
                if not name.endswith(".sig"):
                    yield name, text.encode()
