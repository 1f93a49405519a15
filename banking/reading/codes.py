"""What kind of movement the bank's own codes stand for."""

from banking.models import BankLine

Kind = BankLine.Kind

# Of MT940: the three characters behind N, F or S in :61: (SWIFT), as far as they tell more than "transfer".
_MT940 = {
    "CHG": Kind.CHARGES,
    "INT": Kind.INTEREST,
    "RTI": Kind.RETURNED,
    "DDT": Kind.DIRECT_DEBIT,
    "BRF": Kind.CHARGES,
}


def of_mt940(code: str, *, reversed_entry: bool) -> BankLine.Kind:
    """Return the kind by a code such as NTRF; an entry marked RC or RD undoes another one."""
    kind = _MT940.get(code[1:4], Kind.TRANSFER)
    return Kind.REVERSAL if reversed_entry and kind == Kind.TRANSFER else kind


def of_camt(domain: str, family: str, sub_family: str) -> BankLine.Kind:
    """Return the kind by the bank transaction code of ISO 20022, such as PMNT, RCDT, ESCT."""
    if sub_family in ("CHRG", "FEES", "COME", "COMM"):
        return Kind.CHARGES
    if sub_family == "INTR" or family == "INTR":
        return Kind.INTEREST
    if sub_family in ("RRTN", "RPCR", "UPDD"):
        return Kind.RETURNED
    if domain == "PMNT" and family == "CNTR":
        return Kind.CASH
    if domain == "PMNT" and family in ("IDDT", "RDDT"):
        return Kind.DIRECT_DEBIT
    return Kind.TRANSFER
