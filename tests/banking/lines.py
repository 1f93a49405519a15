"""Rows of the bank for tests, without a file behind them."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

from banking import details
from banking.details import Details
from banking.models import AccountDay, BankAccount, BankLine, Statement, StatementFile

IBAN = "NL91ABNA0417164300"


def account(iban: str = IBAN) -> BankAccount:
    """Return our account with this IBAN."""
    return BankAccount.objects.get_or_create(iban=iban, defaults={"name": "Zorgrekening"})[0]


def statement(**other: Any) -> Statement:
    """Return a new statement of our account, in a file of its own."""
    file = StatementFile.objects.create(
        sha256=uuid4().hex, name="statement.xml", size=1, by="test", status=StatementFile.Status.READ
    )
    day = date(2026, 11, 23)
    values = {"format": "camt053", "from_on": day, "to_on": day, "opening": Decimal(0), "closing": Decimal("25.00")}
    return Statement.objects.create(
        **{"account": account(), "file": file, "line_count": 1, "new_count": 1} | values | other
    )


def line(told: Details, **other: Any) -> BankLine:
    """Return a new line of which the bank tells this, by itself on a statement; € 25.00 came in unless said."""
    day = other.get("booked_on", date(2026, 11, 23))
    amount = other.get("amount", Decimal("25.00"))
    values = {"booked_on": day, "value_on": day, "amount": amount, "entry_amount": amount, "place": 1}
    row = BankLine(**{"fingerprint": uuid4().hex, "format": "camt053"} | values | other)
    row.statement = other.get("statement") or statement()
    row.account = row.statement.account
    row.day = AccountDay.objects.get_or_create(
        account=row.account, day=day, defaults={"opening": row.statement.opening, "closing": row.statement.closing}
    )[0]
    details.put(row, told)
    row.save(force_insert=True)
    return row
