"""What a line is, before anybody looks for an invoice in it: our own payments carry payment references, too."""

from collections.abc import Callable, Set
from enum import StrEnum

from banking.details import Details
from banking.models import BankLine
from billing.money import ZERO

Kind = BankLine.Kind


class Sort(StrEnum):
    """What kind of movement a line is."""

    RECEIPT = "receipt"  # somebody paid us
    CASH = "cash"  # somebody brought cash to the bank: there is no account to send it back to
    BATCH = "batch"  # one amount for many payments, without what each was for
    OUR_ORDER = "our_order"  # a payment of ours was carried out
    CAME_BACK = "came_back"  # a payment of ours came back
    TAKEN_BACK = "taken_back"  # the bank took back what had come in
    OWN_TRANSFER = "own_transfer"  # between two accounts of ours
    GATEWAY = "gateway"  # Mollie pays out what it collected for us
    CHARGES = "charges"
    INTEREST = "interest"
    UNKNOWN_DEBIT = "unknown_debit"  # money went out that we did not order


def sort(
    line: BankLine,
    details: Details,
    *,
    own_accounts: Set[str],
    gateways: Set[str],
    is_our_order: Callable[[str], bool],
) -> Sort:
    """Return what a line is. `own_accounts` and `gateways` are keyed hashes of IBANs.

    First of all what comes from us: a refund that comes back carries the reference of the invoice that it was for.
    """
    came_in = line.amount > ZERO
    ours = any(map(is_our_order, filter(None, (details.end_to_end, details.batch, details.instruction))))
    if line.kind in (Kind.RETURNED, Kind.REVERSAL) or details.return_code:
        return Sort.CAME_BACK if came_in else Sort.TAKEN_BACK
    if ours:
        return Sort.CAME_BACK if came_in else Sort.OUR_ORDER
    if line.counter_hash and line.counter_hash in own_accounts:
        return Sort.OWN_TRANSFER
    if line.counter_hash and line.counter_hash in gateways:
        return Sort.GATEWAY
    plain = {Kind.CHARGES: Sort.CHARGES, Kind.INTEREST: Sort.INTEREST}
    if line.kind in plain:
        return plain[Kind(line.kind)]
    if not came_in:
        return Sort.UNKNOWN_DEBIT
    return {Kind.BATCH: Sort.BATCH, Kind.CASH: Sort.CASH}.get(Kind(line.kind), Sort.RECEIPT)
