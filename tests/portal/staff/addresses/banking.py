"""The bank, payouts to practices and their terms."""

from django.utils import timezone

from banking.matching.lines import match_new
from banking.models import LineMatch, Payout, PayoutTerms
from billing.money import ZERO
from tests.banking.matching.payments import paid

OWN_PAGE = {
    "payouts": {200, 403, 405},  # to act is for operations
    "payment_file": {403},  # for operations alone
    "payout_statement": {404},
    "bank": {403},  # for operations alone
    "bank_line": {403},
    "bank_statements": {403},
}
ROWS = {"banking_payoutterms_history"}


def filled(provider, mark, rows):
    """The terms of payout of a practice, a closed statement, and a line of the bank on its invoice."""
    at = timezone.now()
    number = f"{at.year}-{provider.agb_code}-001"
    fields = {"number": number, "run_on": timezone.localdate(at), "amount": ZERO, "opening": ZERO, "closing": ZERO}
    line = paid("1.00", f"{mark} {rows['invoice'].payment_reference}")
    match_new()
    return {
        "payout": Payout.objects.create(provider=provider, status="carried", closed_at=at, **fields),
        "payoutterms": PayoutTerms.objects.create(provider=provider),
        "linematch": LineMatch.objects.get(line=line),
    }


def slots(rows):
    line = rows["linematch"].decision.line_id
    return {
        "regel/<int:line_id>/": f"regel/{line}/",
        "bankline/<path:object_id>/": f"bankline/{line}/",
        "<int:payout_id>": str(rows["payout"].pk),
        "<str:kind>": "csv",
        "<str:reference>": "B-1",
    }
