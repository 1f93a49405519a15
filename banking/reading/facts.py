"""What a reader tells of a file: the movements one by one, and after those of a sheet the sheet itself."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext as _

from banking.details import Details
from banking.models import BankLine, Statement
from billing.errors import Refused

Kind = BankLine.Kind
Format = Statement.Format
MAX_PARTS = 10_000  # of one batch: beyond it the batch is one line for staff
_AMOUNT = re.compile(r"(\d{1,18})(?:[.,](\d{0,5}))?", re.ASCII)
_MAX_CENTS = 10**12  # as billing.money has it


@dataclass(slots=True)
class Part:
    """One payment of an entry; cents are signed, positive came in."""

    cents: int
    kind: Kind
    details: Details
    bank_reference: str = ""


@dataclass(slots=True)
class Entry:
    """One movement as the bank books it: a payment, or a batch with its parts."""

    cents: int  # signed: positive came in
    booked_on: date | None  # MT940 may leave it out: see `Sheet.day_of`
    value_on: date
    parts: list[Part]


@dataclass(slots=True)
class Sheet:
    """A statement, or a page of one, without its entries. Balances are in cents; None when the page has none."""

    format: Format
    account: str  # an IBAN, or an old account number
    number: str
    currency: str
    opening: int | None
    closing: int | None
    opening_on: date | None
    closing_on: date | None
    opens_between: bool = False  # the opening balance is the one between two pages
    closes_between: bool = False
    begins_on: date | None = None  # when the bank says so
    skipped: int = 0  # entries that are not booked, or of nothing
    first_on: date | None = None  # the earliest and the latest booking day of its entries
    last_on: date | None = None

    @property
    def to_on(self) -> date:
        """Return the last day."""
        days = [day for day in (self.closing_on, self.last_on) if day]
        return max(days) if days else self.opening_on or date.min

    @property
    def from_on(self) -> date:
        """Return the first day; the opening balance bears the date of the day before, or with some banks this one."""
        after = self.opening_on + timedelta(days=1) if self.opening_on else None
        days = [day for day in (self.begins_on or after, self.first_on, self.to_on) if day]
        return min(days)


def cents_of(amount: str, currency: str = "EUR") -> int:
    """Return an amount without sign, with a dot or a comma, in cents. Raises Refused when it has parts of a cent."""
    found = _AMOUNT.fullmatch(amount.strip())
    if found is None:
        raise Refused(_("There is an amount in it that is no amount: %s.") % _shown(amount))
    decimals = (found[2] or "").rstrip("0")
    if len(decimals) > 2:
        raise Refused(_("There is an amount in it with parts of a cent: %s.") % _shown(amount))
    cents = int(found[1]) * 100 + int(decimals.ljust(2, "0"))
    if cents > _MAX_CENTS:
        raise Refused(_("There is an amount in it that is too large: %s.") % _shown(amount))
    return cents


def _shown(amount: str) -> str:
    return "".join(c for c in amount.strip()[:20] if c.isascii() and c.isprintable()) or "?"
