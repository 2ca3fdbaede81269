"""Lists of the staff site: pages, order, tabs and counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG, ORDER_VAR, PAGE_VAR
from django.db.models import FETCH_PEERS, Q, QuerySet
from django.db.models.expressions import Combinable
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

from core.admin import keyset
from core.admin.paginator import LOOKAHEAD, BoundedPaginator
from core.clock import now
from core.datetimes import Period, in_period, site_zone

AFTER, BEFORE, TAB = "after", "before", "tab"
_OUR_PARAMETERS = (AFTER, BEFORE, TAB)

type Ordering = list[str | Combinable] | tuple[str | Combinable, ...]


@dataclass(frozen=True, slots=True)
class Tab:
    """A part of a list that staff open often, with the order in which they read it."""

    name: str
    label: str
    condition: Callable[[Any, HttpRequest], Q]
    ordering: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class TabLink:
    """A tab as the page shows it."""

    label: str
    url: str
    active: bool


class KeysetChangeList(ChangeList):
    """One page of rows, with links to the next and the previous page by keyset."""

    model_admin: ListMixin

    def get_filters_params(self, params: Any = None) -> Any:
        """The parameters that are filters."""
        found = super().get_filters_params(params)
        filters = {name: value for name, value in found.items() if name not in _OUR_PARAMETERS}
        if any("\0" in value for values in filters.values() for value in values):
            raise IncorrectLookupParameters("PostgreSQL stores no text with a NUL character.")
        return filters

    def get_query_string(self, new_params: Any = None, remove: Any = None) -> str:
        """The query string of a link on this page. Another filter or order starts at the first page again."""
        new = dict(new_params or {})
        return str(super().get_query_string({AFTER: None, BEFORE: None} | new, remove))

    def get_results(self, request: HttpRequest) -> None:
        """Fetch the rows of the page, and count no further than the paginator's bound."""
        if ERROR_FLAG in request.GET:  # Django redirects here
            messages.warning(
                request, "The address had a filter that this list does not have or cannot read. It was left out."
            )
        self.paginator = self.model_admin.get_paginator(request, self.queryset, self.list_per_page)
        self.result_count = self.full_result_count = self.paginator.count
        self.show_full_result_count = False
        self.show_admin_actions = True
        self.can_show_all = False
        self.first_url = self.previous_url = self.next_url = ""
        columns = keyset.columns_of(self.queryset)
        cursor = request.GET.get(AFTER) or request.GET.get(BEFORE)
        if columns is not None and cursor:
            self._page_by_keyset(request, columns, cursor, backwards=AFTER not in request.GET)
        else:
            self._page_by_number(request, columns)
        self.multi_page = bool(self.previous_url or self.next_url)

    def _page_by_keyset(
        self, request: HttpRequest, columns: list[keyset.Column], cursor: str, *, backwards: bool
    ) -> None:
        try:
            values = keyset.decode(columns, cursor)
        except keyset.BadCursor:
            messages.warning(request, "The link does not fit this list any more. This is the first page.")
            return self._page_by_number(request, columns)
        order = keyset.reversed_columns(columns) if backwards else columns
        queryset = self.queryset.filter(keyset.beyond(order, values)).order_by(*map(str, order))
        rows = list(queryset[: self.list_per_page + 1])
        more, rows = len(rows) > self.list_per_page, rows[: self.list_per_page]
        if backwards:
            rows.reverse()
            if not more:  # fewer rows than a page fit before this one: show the first page whole
                return self._page_by_number(request, columns)
        self.result_list = rows
        self.page_num = 1
        self.first_url = self.get_query_string()
        self.previous_url = self._link(BEFORE, columns, rows[:1]) if rows else self.first_url
        if more or backwards:
            self.next_url = self._link(AFTER, columns, rows[-1:])
        return None

    def _page_by_number(self, request: HttpRequest, columns: list[keyset.Column] | None) -> None:
        size, last = self.list_per_page, max(1, LOOKAHEAD // self.list_per_page)
        if not 1 <= self.page_num <= last:
            messages.warning(request, f"There is no page {str(self.page_num)[:20]} here. This is the first page.")
        if not 1 <= self.page_num <= last or AFTER in request.GET or BEFORE in request.GET:
            self.page_num = 1
        start = (self.page_num - 1) * size
        rows = list(self.queryset[start : start + size + 1])
        more, rows = len(rows) > size, rows[:size]
        self.result_list = rows
        if self.page_num > 1:
            self.first_url = self.get_query_string()
            self.previous_url = self.get_query_string({PAGE_VAR: self.page_num - 1})
        if more and columns is not None:
            self.next_url = self._link(AFTER, columns, rows[-1:])
        elif more and self.page_num < last:
            self.next_url = self.get_query_string({PAGE_VAR: self.page_num + 1})

    def _link(self, direction: str, columns: Sequence[keyset.Column], rows: Sequence[Any]) -> str:
        return self.get_query_string({direction: keyset.encode(columns, rows[0])})

    @property
    def tabs(self) -> list[TabLink]:
        """The tabs above the list."""
        return self.model_admin.tab_links(self.request)

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.request = request
        super().__init__(request, *args, **kwargs)


class ListMixin(ModelAdmin):
    """A list that stays fast on a large table: it counts no further than some pages ahead, and pages by keyset.

    ``ordering`` follows an index. ``list_tabs`` are the parts that staff open often; the first one opens by itself.
    """

    list_per_page = 25
    show_full_result_count = False
    actions = None
    list_filter_submit = True
    list_fullwidth = True
    list_before_template = "core/list_tabs.html"  # type: ignore[assignment]  # unfold declares it as None
    list_tabs: ClassVar[tuple[Tab, ...]] = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """All rows; what a page reads of related rows is fetched for all of its rows at once."""
        queryset: QuerySet[Any] = super().get_queryset(request).fetch_mode(FETCH_PEERS)
        if self._is_list(request) and (tab := self.active_tab(request)) is not None:
            queryset = queryset.filter(tab.condition(self, request))
        return queryset

    def get_ordering(self, request: HttpRequest) -> Ordering:
        """The order of the list when nobody clicked on a column."""
        tab = self.active_tab(request) if self._is_list(request) else None
        return tab.ordering if tab is not None and tab.ordering is not None else super().get_ordering(request)

    def active_tab(self, request: HttpRequest) -> Tab | None:
        """The tab that is open: the one asked for, or the first if nothing was searched or filtered."""
        asked = request.GET.get(TAB)
        if asked is not None:
            return next((tab for tab in self.list_tabs if tab.name == asked), None)
        idle = {PAGE_VAR, AFTER, BEFORE, ORDER_VAR, ERROR_FLAG}
        return self.list_tabs[0] if self.list_tabs and not set(request.GET) - idle else None

    def tab_links(self, request: HttpRequest) -> list[TabLink]:
        """The links to the tabs, and to the whole list."""
        if not self.list_tabs:
            return []
        active = self.active_tab(request)
        links = [TabLink(tab.label, f"?{TAB}={tab.name}", tab is active) for tab in self.list_tabs]
        return [*links, TabLink("All", f"?{TAB}=all", active is None)]

    def days_condition(self, field: str, period: Period, request: HttpRequest) -> Q:
        """The condition for rows whose ``field`` lies in a period of days, by default days of the installation's zone."""
        return in_period(field, period, zone=site_zone(), at=now())

    def get_paginator(
        self,
        request: HttpRequest,
        queryset: QuerySet[Any],
        per_page: int,
        orphans: int = 0,
        allow_empty_first_page: bool = True,
    ) -> BoundedPaginator:
        """A paginator that counts no further than some pages ahead."""
        asked = request.GET.get("page", "1")  # the pages of an autocomplete field
        page = int(asked) if asked.isdecimal() and len(asked) < 4 else 1
        return BoundedPaginator(queryset, per_page, orphans, allow_empty_first_page, page=page)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """A list that pages by keyset."""
        return KeysetChangeList

    def _is_list(self, request: HttpRequest) -> bool:
        match = request.resolver_match
        return match is not None and match.url_name == f"{self.opts.app_label}_{self.opts.model_name}_changelist"
