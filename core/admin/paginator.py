"""Counts the rows of a list without reading a large table to its end."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property

LOOKAHEAD = 1000


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # not generic at run time
    """Counts no further than ``lookahead`` rows beyond the requested page.

    ``count`` is exact up to there; where more rows follow it is that bound, and ``has_more`` is true.
    """

    template_name = "core/pagination.html"

    def __init__(self, *args: Any, lookahead: int = LOOKAHEAD, page: int = 1, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.bound = (max(page, 1) - 1) * int(self.per_page) + lookahead

    @cached_property
    def counted(self) -> int:
        """Rows found, at most one more than the bound."""
        if isinstance(self.object_list, QuerySet):
            return self.object_list.order_by().values("pk")[: self.bound + 1].count()
        return len(self.object_list)

    @cached_property
    def count(self) -> int:
        """The number of rows, or the bound."""
        return min(self.counted, self.bound)

    @property
    def has_more(self) -> bool:
        """Whether there are more rows than ``count``."""
        return self.counted > self.bound
