"""What banks took off a payment on its way. The amount of a line stays what moved on our account."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from banking.details import Details
from banking.reading.facts import cents_of
from billing.money import from_cents
from billing.text.xml import Node

# MT940: below the movement (:61:, where ING and SWIFT put it) or between the tags of :86:.
_SAID = re.compile(r"/(OCMT|CHGS)\d?/\s*([A-Z]{3})\s*(\d{1,15}(?:,\d{0,2})?)(?![\d,])", re.ASCII)
_AMOUNT = re.compile(r"\d{1,15}(?:[.,]\d{0,5})?", re.ASCII)
_EURO = "EUR"


def of_mt940(told: Details, cents: int, supplement: Sequence[str], text: Sequence[str]) -> Details:
    """Return the details with what the bank says of costs and of another currency.

    Behind /REMI/ stand the words of the payer, who can type these tags, too.
    """
    found = _SAID.findall("".join(supplement)) + _SAID.findall("".join(text).partition("/REMI/")[0])
    original = next(((currency, amount) for tag, currency, amount in found if tag == "OCMT"), None)
    taken = [cents_of(amount) for tag, currency, amount in found if tag == "CHGS" and currency == _EURO]
    return _with(told, cents, original, taken)


def of_camt(told: Details, cents: int, node: Node) -> Details:
    """Return the details with what a TxDtls or its entry says of costs in its amount, and of another currency."""
    ordered = node.first("AmtDtls/InstdAmt/Amt")
    original = (ordered.attributes.get("Ccy", _EURO), ordered.text.strip()) if ordered is not None else None
    charges = [one for one in node.all("Chrgs/Rcrd") if one.read("ChrgInclInd") in ("true", "1")]
    amounts = [amount for one in charges if (amount := one.first("Amt")) is not None]
    taken = [cents_of(amount.text) for amount in amounts if amount.attributes.get("Ccy", _EURO) == _EURO]
    return _with(told, cents, original if original and original[0] != _EURO else None, taken)


def _with(told: Details, cents: int, original: tuple[str, str] | None, taken: Iterable[int]) -> Details:
    """Return the details; `sent` is what left the payer in euros, when it is known to differ from what arrived."""
    costs, moved = sum(taken), abs(cents)
    before = moved + costs if cents > 0 else moved - costs  # costs of a payment of ours come on top of it
    if original and original[0] == _EURO:
        before = cents_of(original[1])
    elif original and _AMOUNT.fullmatch(original[1]):  # it is only told: an odd one is left out, and refuses no file
        told = replace(told, original=f"{original[0]} {Decimal(original[1].replace(',', '.')):.2f}")
    if costs:
        told = replace(told, costs=str(from_cents(costs)))
    return replace(told, sent=str(from_cents(before))) if before != moved and before > 0 else told
