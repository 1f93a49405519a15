"""Filters from–to on a list: days and amounts that a person types, without JavaScript."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from billing.law.calendar import begin_of
from billing.money import read_euros
from billing.rooms import Text
from billing.text.typed_days import TypedDay

_FIRST, _LAST = date(2000, 1, 1), date(2199, 12, 31)
_TYPED_AT_MOST = 40  # characters


class RangeFilter(admin.ListFilter):
    """Two fields, from and to, both included; what can't be read shows a sentence and no rows."""

    template = "admin/filter_range.html"
    path = ""
    parameters: tuple[str, str] = ("", "")
    input_type = "text"
    input_mode = ""

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self.typed = [str(params.pop(name, [""])[-1]).strip()[:_TYPED_AT_MOST] for name in self.parameters]
        self.wrong: list[str] = []
        self.bounds = [self._read(text) for text in self.typed]
        first, last = self.bounds
        if first is not None and last is not None and first > last:
            self.wrong.append(_("“From” is after “to”."))

    def read(self, text: str) -> Any:
        """Return what was typed; raise ValidationError or ValueError for what can't be read."""
        raise NotImplementedError

    def condition(self, first: Any, last: Any) -> Q:
        """Return the condition for the database; either end may be None, not both."""
        raise NotImplementedError

    @property
    def sentence(self) -> str:
        """Return what to say about what can't be read."""
        raise NotImplementedError

    def _read(self, text: str) -> Any:
        if not text:
            return None
        try:
            return self.read(text)
        except (ValidationError, ValueError):
            self.wrong.append(self.sentence)
            return None

    @property
    def is_set(self) -> bool:
        """Tell whether something was typed."""
        return any(self.typed)

    @property
    def fields(self) -> list[tuple[str, str, str]]:
        """Return name, label and value of the two fields."""
        shown = [
            text if bound is None else self.shown(bound) for text, bound in zip(self.typed, self.bounds, strict=True)
        ]
        return list(zip(self.parameters, (_("from"), _("to")), shown, strict=True))

    def shown(self, bound: Any) -> str:
        """Return a bound as its field shows it."""
        return str(bound)

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        return list(self.parameters)

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        """Yield the other parameters of the list, which the form of this filter keeps."""
        for name, values in changelist.get_filters_params().items():
            if name not in self.parameters:
                yield from ({"name": name, "value": value} for value in values)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.wrong:
            return queryset.none()
        first, last = self.bounds
        return queryset if first is None and last is None else queryset.filter(self.condition(first, last))


class DayRange(RangeFilter):
    """From a day to a day, in Amsterdam."""

    input_type = "date"
    is_moment = False

    def read(self, text: str) -> date:
        day = TypedDay(required=True).clean(text)
        if day is None or not _FIRST <= day <= _LAST:
            raise ValueError("no day of an invoice")
        return day

    @property
    def sentence(self) -> str:
        return _("Type a day as 31-12-2026.")

    def condition(self, first: date | None, last: date | None) -> Q:
        wanted = Q()
        if first is not None:
            wanted &= Q(**{f"{self.path}__gte": begin_of(first) if self.is_moment else first})
        if last is not None and self.is_moment:
            wanted &= Q(**{f"{self.path}__lt": begin_of(last + timedelta(days=1))})
        elif last is not None:
            wanted &= Q(**{f"{self.path}__lte": last})
        return wanted


class AmountRange(RangeFilter):
    """From an amount to an amount in euros, whatever its sign."""

    input_mode = "decimal"

    def read(self, text: str) -> Decimal:
        return read_euros(text)

    @property
    def sentence(self) -> str:
        return _("Type an amount as 12,50.")

    def shown(self, bound: Decimal) -> str:
        return str(bound).replace(".", ",")

    def condition(self, first: Decimal | None, last: Decimal | None) -> Q:
        debit, credit = Q(), Q()
        if first is not None:
            debit, credit = Q(**{f"{self.path}__gte": first}), Q(**{f"{self.path}__lte": -first})
        if last is not None:
            debit &= Q(**{f"{self.path}__lte": last})
            credit &= Q(**{f"{self.path}__gte": -last})
        return debit & credit if first is None else debit | credit


def days(path: str, title: Text, *, prefix: str = "dag", is_moment: bool = True) -> type[DayRange]:
    """Return a filter on the day in the column at `path`: the day of a moment, or, not `is_moment`, a day itself."""
    facts = {"path": path, "title": title, "parameters": (f"{prefix}_van", f"{prefix}_tot"), "is_moment": is_moment}
    return type("DayRangeOf", (DayRange,), facts)


def amounts(path: str, title: Text, *, base: type[AmountRange] = AmountRange) -> type[AmountRange]:
    """Return a filter on the amount in the column at `path`."""
    return type("AmountRangeOf", (base,), {"path": path, "title": title, "parameters": ("bedrag_van", "bedrag_tot")})
