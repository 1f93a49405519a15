"""Why money went where it went, in words for the payer: 6:43 BW between invoices, 6:44 BW within one."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.models import AllocationNote, LedgerTransaction
from billing.models.ledger import Account
from billing.rooms import Text

Kind, Rule = LedgerTransaction.Kind, AllocationNote.Rule
Notes = Mapping[tuple[int, int], AllocationNote]

# Between invoices; those that the payer chose are said with what they paid.
_BY_LAW: dict[str, Text] = {
    Rule.ONLY: gettext_lazy("For this invoice: nothing else was open."),
    Rule.DUE: gettext_lazy("You did not say for which invoice. By law one that had to be paid already goes first."),
    Rule.ONEROUS: gettext_lazy("You did not say for which invoice. By law one with costs or interest goes first."),
    Rule.OLDEST: gettext_lazy("You did not say for which invoice. By law the oldest goes first."),
    Rule.PRO_RATA: gettext_lazy("You did not say for which invoice. Yours were alike, so each gets its share by law."),
}


def notes_of(**scope: Any) -> Notes:
    """Return the rule of each booking of money on the invoices of `scope`, by the keys of transaction and invoice."""
    rows = AllocationNote.objects.filter(**scope)
    return {(note.transaction_id, note.invoice_id): note for note in rows}


def why(kind: LedgerTransaction.Kind, parts: set[Account], note: AllocationNote | None) -> str:
    """Return by which rules of the law money came to this invoice and to its parts; empty where none had to decide."""
    if kind == Kind.ALLOCATION:
        return _("Another payment was undone, so the others pay costs first, then interest, then the invoice.")
    if kind not in LedgerTransaction.RECEIVED:
        return ""
    by_law = str(_BY_LAW.get(note.rule, "")) if note else ""
    if by_law:
        return f"{by_law} {_within(parts)}".strip()
    if parts & {Account.COSTS, Account.INTEREST}:
        return _("For this invoice, as you chose. By law it pays costs first, then interest, then the invoice.")
    if Account.CREDIT in parts:
        return _("For this invoice, as you chose. What was too much is yours.")
    return _("For this invoice, as you chose.")


def _within(parts: set[Account]) -> str:
    if parts & {Account.COSTS, Account.INTEREST}:
        return _("Of the invoice it pays costs first, then interest, then the rest.")
    return _("What was too much is yours.") if Account.CREDIT in parts else ""
