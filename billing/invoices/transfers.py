"""Paying by bank transfer: to which account, how much, and under which reference.

Money goes to the operator's account (OPERATOR_IBAN), where one is set and the practice has it so, and else straight to
the practice. Nothing here says whether an invoice asks for money: on hold, paid or withdrawn it does not.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from django.conf import settings

from billing.invoices.references import grouped
from billing.models import Provider

_NAME_LENGTH = 70  # of the payee, in a SEPA transfer


class Payee(Protocol):
    """What has to be known of a practice: its row, or what the page of an invoice read of it."""

    @property
    def name(self) -> str: ...
    @property
    def iban(self) -> str: ...
    @property
    def transfers_to(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Account:
    """A bank account that receives transfers; `is_ours`: the operator's, on behalf of the practice."""

    iban: str
    name: str
    is_ours: bool

    @property
    def in_fours(self) -> str:
        """Return the IBAN as banks print it: NL91 ABNA 0417 1643 00."""
        return grouped(self.iban)


@dataclass(frozen=True, slots=True)
class Transfer:
    """One transfer as the payer has to fill it in, `amount` in euros."""

    account: Account
    amount: Decimal
    reference: str


def account_for(practice: Payee) -> Account | None:
    """Return the account for transfers to a practice; None when there is no IBAN at all."""
    ours, name = settings.OPERATOR["iban"], settings.OPERATOR["name"]
    if ours and name and practice.transfers_to == Provider.TransfersTo.OPERATOR:
        return Account(ours, name[:_NAME_LENGTH], is_ours=True)
    return Account(practice.iban, practice.name[:_NAME_LENGTH], is_ours=False) if practice.iban else None
