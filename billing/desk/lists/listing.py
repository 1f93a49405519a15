"""The list of a table: counted as far as pages go, added up, with its files."""

from decimal import Decimal
from functools import cached_property
from typing import Any, cast

from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from billing.desk.lists.files import KINDS
from billing.money import ZERO

MOST = 10_000  # rows that the pages of a list show; counting all of a large table costs more than its first page
ADD_UP = "optellen"


class ShortPaginator(Paginator):
    """Pages of the first rows of a list, which alone are counted."""

    @cached_property
    def counted(self) -> int:
        """Return the number of rows, or one more than the pages show when there are more."""
        rows: Any = self.object_list
        return rows.order_by().values("pk")[: MOST + 1].count() if isinstance(rows, QuerySet) else len(rows)

    @cached_property
    def count(self) -> int:
        return min(self.counted, MOST)


class StaffList(ChangeList):
    """A list of the desk, with links to its files, and sums of the rows on all its pages."""

    def __init__(self, request: HttpRequest, *args: Any) -> None:
        super().__init__(request, *args)
        self.table = cast(Any, self.model_admin)  # a TenantAdmin, which can't be imported here
        self.may_download: bool = self.table.may_download(request)

    def get_filters_params(self, params: Any = None) -> Any:
        found = super().get_filters_params(params)
        found.pop(ADD_UP, None)
        return found

    @property
    def heading(self) -> Any:
        """Return what the list is called."""
        return self.table.list_title or self.opts.verbose_name_plural

    @property
    def has_more(self) -> bool:
        """Tell whether there are more rows than the pages show."""
        return bool(self.paginator.counted > MOST)

    @cached_property
    def files(self) -> list[tuple[str, str]]:
        """Return kind and address of each file with the same rows, to whoever may take it with them."""
        if not self.may_download:
            return []
        address = f"admin:{self.opts.app_label}_{self.opts.model_name}_sheet"
        query = self.get_query_string(remove=[PAGE_VAR, ADD_UP]).removesuffix("?")
        return [(kind.upper(), reverse(address, args=[kind]) + query) for kind in KINDS]

    @property
    def can_add_up(self) -> bool:
        """Tell whether there is something to add up that was not added up by itself."""
        return bool(self.table.sums) and self.has_more and ADD_UP not in self.params

    @property
    def add_up(self) -> str:
        """Return the query that has the sums of however many rows."""
        return self.get_query_string({ADD_UP: "1"}, [PAGE_VAR])

    @cached_property
    def sums(self) -> list[tuple[Any, Decimal]]:
        """Return what the rows of all pages come to, in one query: all that are counted, or, asked for, all."""
        wanted = self.table.sums
        if not wanted or self.can_add_up or not self.result_count:
            return []
        found = self.queryset.order_by().aggregate(**{f"sum{n}": sum for n, (_label, sum) in enumerate(wanted)})
        return [(label, found[f"sum{n}"] or ZERO) for n, (label, _sum) in enumerate(wanted)]
