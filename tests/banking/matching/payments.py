"""Lines of a statement that pay invoices, and what the books say of them."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from banking.details import Details
from banking.matching.lines import Counts, match_new
from banking.models import BankLine
from billing.models import Invoice, Posting
from tests.banking import lines

PAYER = "NL20INGB0001234567"
DAY = date(2026, 11, 23)


def paid(amount: str, text: str = "", *, told: dict[str, Any] | None = None, **other: Any) -> BankLine:
    """Return a new line of so many euros, with these words of the payer."""
    said = {"iban": PAYER, "name": "J. de Vries", "text": text} | (told or {})
    return lines.line(Details(**said), amount=Decimal(amount), **other)


def settled(*rows: BankLine) -> Counts:
    """Match what is new, and read the rows again."""
    counts = match_new()
    for row in rows:
        row.refresh_from_db()
    return counts


def held() -> dict[str, Decimal]:
    """Return the balance of each account that is no invoice's, without those at zero."""
    sums = Posting.objects.filter(
        account__in=("bank", "unmatched", "under_way", "gateway", "fees", "practice", "credit")
    )
    by_account = sums.order_by().values_list("account").annotate(sum=Sum("amount"))
    return {account: amount for account, amount in by_account if amount}


def owed(invoice: Invoice) -> Decimal:
    from billing import ledger

    return ledger.balance(invoice.pk)
