"""Euros: `Decimal` in Python, integer cents in the database, one rounding rule."""

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

CENT = Decimal("0.01")
ZERO = Decimal("0.00")
MAX_CENTS = 10**12  # ten thousand million euros: beyond any invoice, far below a 64-bit integer


def round_euro(amount: Decimal) -> Decimal:
    """Round `amount` to whole cents, half a cent away from zero (never `round()`, which rounds half to even)."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


_SIGN = r"(?:€|euros?|eur)"
_EURO = re.compile(
    rf"(?:{_SIGN} ?)?(?P<whole>[0-9]+|[1-9][0-9]{{0,2}}(?P<mark>[., ])[0-9]{{3}}(?:(?P=mark)[0-9]{{3}})*)"
    rf"(?:[.,](?P<cents>[0-9]{{1,2}}|--?))?(?: ?{_SIGN})?",
    re.ASCII | re.IGNORECASE,
)


def read_euros(text: str) -> Decimal:
    """Return the amount that a person typed: 365 · 365,5 · 1.234,50 · 1,234.50 · 1 234,50 · € 12,00 · 20,- · 5 euro.

    The one parser of amounts. Raises ValueError, with a sentence for whoever typed it, for anything else: a sign,
    digits of other scripts or widths, three decimals ("0,001"), more than the database holds, a thousands mark that is
    the decimal mark too ("1,234" may mean either in Dutch and English).
    """
    plain = text.replace("\u00a0", " ").strip()
    found = _EURO.fullmatch(plain)
    if found is None or (found["mark"] == "," and found["cents"] is None):
        raise ValueError(_why_not_euros(plain))
    if found["mark"] and found["mark"] == plain[found.end("whole") : found.end("whole") + 1] != " ":
        raise ValueError(_why_not_euros(plain))
    cents = (found["cents"] or "").replace("-", "").ljust(2, "0")
    amount = Decimal(f"{re.sub('[., ]', '', found['whole'])}.{cents}")
    if amount > from_cents(MAX_CENTS):
        raise ValueError(gettext("This amount is too large."))
    return amount


def _why_not_euros(plain: str) -> str:
    """Return why a text is no amount, as a sentence for whoever typed it."""
    if re.search(r"[0-9],[0-9]{3,}(?:\D|$)", plain, re.ASCII):
        return gettext("Type cents with two digits and no more. Without cents, type thousands with a dot: 63.165.")
    if re.match(r"[-+\u2212]", plain):
        return gettext("Type an amount without a plus or minus.")
    return gettext("Type an amount in euros, such as 25,00.")


def to_cents(amount: Decimal) -> int:
    """Return `amount` in cents. Raises ValueError when it is not a Decimal or has fractions of a cent."""
    if not isinstance(amount, Decimal):
        raise ValueError(f"money is a Decimal, not {type(amount).__name__}")
    if not amount.is_finite() or amount != amount.quantize(CENT):
        raise ValueError("money is a whole number of cents")
    return int(amount.scaleb(2))


def from_cents(cents: int) -> Decimal:
    """Return euros with exactly two decimals."""
    return Decimal(cents).scaleb(-2).quantize(CENT)


def split(amount: Decimal, weights: Sequence[int]) -> list[Decimal]:
    """Divide `amount` > 0 by `weights` by largest remainder: an exact sum, in whole cents, and never a zero part.

    Earlier parts get the odd cents (100.00 in three: 33.34, 33.33, 33.33).
    Raises ValueError when there are more parts than cents, or a weight is not positive.
    """
    cents, total = to_cents(amount), sum(weights)
    if not weights or min(weights) <= 0 or cents < len(weights):
        raise ValueError("an amount needs at least a cent for each term")
    spare = cents - len(weights)  # every part gets its first cent before the rest is divided
    shares = [1 + spare * weight // total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(spare * weights[i] % total), i))
    for index in by_remainder[: cents - sum(shares)]:
        shares[index] += 1
    return [from_cents(share) for share in shares]


class EuroField(models.BigIntegerField):
    """Euros stored as integer cents. A DecimalField is a float on SQLite, and its sums drift."""

    description = _("Amount in euros")
    # For the type checker only: the types that are set and read.
    _pyi_private_set_type: Decimal  # type: ignore[assignment]
    _pyi_private_get_type: Decimal  # type: ignore[assignment]
    _pyi_lookup_exact_type: Decimal  # type: ignore[assignment]

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Decimal | None:
        return None if value is None else from_cents(int(value))

    def to_python(self, value: Any) -> Decimal | None:
        if value is None or isinstance(value, Decimal):
            return value
        if isinstance(value, float):
            raise ValidationError(_("Enter an amount in euros."), code="invalid")
        try:
            return Decimal(str(value))
        except InvalidOperation as error:
            raise ValidationError(_("Enter an amount in euros."), code="invalid") from error

    def get_prep_value(self, value: Any) -> Any:
        if value is None or hasattr(value, "resolve_expression"):
            return value
        cents = to_cents(value)
        if abs(cents) > MAX_CENTS:
            raise ValueError("this amount is too large")
        return cents

    def value_to_string(self, obj: models.Model) -> str:
        return str(self.value_from_object(obj))

    def formfield(self, **kwargs: Any) -> Any:
        from django import forms

        return forms.DecimalField(
            max_digits=12, decimal_places=2, localize=True, label=kwargs.get("label") or str(self.verbose_name)
        )

    @property
    def validators(self) -> list[Any]:
        return []  # the range validators of BigIntegerField would compare cents with euros
