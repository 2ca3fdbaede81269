"""How the lists of the staff site page and order their rows."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import connections, router
from django.db.models import Model, QuerySet
from django.db.models.expressions import Combinable
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

from core.admin.paginator import BoundedPaginator

LARGE_TABLE = 100_000

type Ordering = list[str | Combinable] | tuple[str | Combinable, ...]


class BoundedChangeList(ChangeList):
    """Rows of one page, with the number that the paginator knows."""

    def get_results(self, request: HttpRequest) -> None:
        """Fetch the page; the number known so far is all that is shown."""
        super().get_results(request)
        self.full_result_count = self.result_count


class ListMixin(ModelAdmin):
    """A list that stays fast on a large table.

    ``ordering`` may need a sort; ``ordering_when_large`` follows an index and is used from ``LARGE_TABLE``
    rows on, as PostgreSQL estimates them.
    """

    list_per_page = 25
    show_full_result_count = False
    actions = None
    list_filter_submit = True
    list_fullwidth = True
    ordering_when_large: ClassVar[Ordering] = ("pk",)

    def get_paginator(
        self,
        request: HttpRequest,
        queryset: QuerySet[Any],
        per_page: int,
        orphans: int = 0,
        allow_empty_first_page: bool = True,
    ) -> BoundedPaginator:
        """A paginator that looks only some pages ahead of the one that is asked for."""
        asked = request.GET.get("p") or request.GET.get("page") or "1"
        page = int(asked) if asked.isdecimal() else 1
        return BoundedPaginator(queryset, per_page, orphans, allow_empty_first_page, page=page)

    def get_ordering(self, request: HttpRequest) -> Ordering:
        """The order of the list when nobody clicked on a column."""
        large = estimated_rows(self.model) > LARGE_TABLE
        return self.ordering_when_large if large else super().get_ordering(request)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """A list that does not speak of a total, which nobody counted."""
        return BoundedChangeList


def estimated_rows(model: type[Model]) -> int:
    """About how many rows the model's table has, as of its last ANALYZE; 0 if it never had one."""
    with connections[router.db_for_read(model)].cursor() as cursor:
        cursor.execute(
            "SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = to_regclass(%s)",
            [f'"{model._meta.db_table}"'],
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0
