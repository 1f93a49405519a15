"""Writes MT940 for tests, as a bank with tags does."""

from datetime import date
from decimal import Decimal

from tests.banking.camt_files import IBAN, Pay


def _amount(value: Decimal) -> str:
    return f"{abs(value):.2f}".replace(".", ",")


def _balance(tag: str, value: Decimal, on: date) -> str:
    return f":{tag}:{'C' if value >= 0 else 'D'}{on:%y%m%d}EUR{_amount(value)}"


def statement(pays: list[Pay], opening: str, on: date, *, iban: str = IBAN, number: str = "1") -> str:
    """Return a statement; a batch is one movement without its parts."""
    balance = Decimal(opening)
    lines = [":20:STARTUMS", f":25:{iban}EUR", f":28C:{number}", _balance("60F", balance, on)]
    for pay in pays:
        amount = Decimal(pay.amount)
        balance += amount
        value = pay.value_on or pay.on
        mark = "C" if amount >= 0 else "D"
        lines.append(f":61:{value:%y%m%d}{pay.on:%m%d}{mark}{_amount(amount)}NTRFNONREF//{pay.reference}")
        text = f"/IBAN/{pay.iban}" if pay.iban else ""
        text += f"/NAME/{pay.name}" if pay.name else ""
        text += f"/EREF/{pay.end_to_end}" if pay.end_to_end else ""
        told = f"STRD/CUR/{pay.structured}/" if pay.structured else pay.text.replace("\n", "")
        text += f"/REMI/{told}" if told else ""
        if text:
            lines.append(":86:" + "\n".join(text[start : start + 65] for start in range(0, len(text), 65)))
    until = max([pay.on for pay in pays], default=on)
    return "\n".join([*lines, _balance("62F", balance, until), "-", ""])
