"""Search on the staff site: every kind of term declares which permissions it needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Model, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.dataclasses import SearchResult

from core.admin.access import may_view, page_of, related_models, site_of
from core.search import as_uuid

PALETTE_ROWS = 8
LONGEST = 200  # characters of a term; each word is a condition of its own, and thousands of them take seconds
_FLAGS = "^=@"


def nothing(term: str) -> models.Q | None:
    """Return None: the term finds nothing in this way."""
    return None


@dataclass(frozen=True)
class Search:
    """A way to find rows: ``condition`` turns a term into a ``Q``, or into None if the term does not apply.

    ``through`` names the models whose columns the condition compares. A search tells about these columns, so it is
    offered only to users who may view all of them; others get ``otherwise``, which compares what the list shows.
    """

    condition: Callable[[str], models.Q | None]
    through: tuple[type[Model], ...] = ()
    otherwise: Callable[[str], models.Q | None] = nothing


class Picker(AutocompleteSelect):
    """Django's picker, which also shows a form again whose posted value is no key: the field has an error then."""

    def optgroups(self, name: str, value: Sequence[str], attr: dict[str, Any] | None = None) -> Any:
        """Return the chosen rows."""
        return super().optgroups(name, [one for one in value if self._is_key(one)], attr)

    def _is_key(self, value: Any) -> bool:
        try:
            self.field.target_field.to_python(value)
        except ValidationError:
            return False
        return True


class SearchMixin(ModelAdmin):
    """Searches by ID and in the ways that ``searches`` declares.

    Without ``searches`` the list is searched through ``search_fields`` as Django does, except for the fields of
    related models that the user may not view.
    """

    searches: ClassVar[tuple[Search, ...]] = ()
    palette_icon: ClassVar[str] = ""

    def get_search_fields(self, request: HttpRequest) -> Any:
        """Leave out the fields of related models that the user may not view; an ID can always be searched."""
        fields = super().get_search_fields(request)
        allowed = [field for field in fields if self._may_search(request, field)]
        return allowed or (["pk"] if fields else [])

    def _may_search(self, request: HttpRequest, field: str) -> bool:
        path = field.lstrip(_FLAGS)
        if LOOKUP_SEP not in path:
            return True
        return all(may_view(self.admin_site, request, model) for model in related_models(self.model, path))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Return the rows that any permitted way finds, and whether they need ``distinct``: they never do."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if len(term) > LONGEST or "\0" in term:
            return queryset.none(), False
        key = as_uuid(term)
        conditions = [models.Q(pk=key)] if key is not None else []
        for one in self.searches:
            permitted = all(may_view(self.admin_site, request, model) for model in one.through)
            if (found := (one.condition if permitted else one.otherwise)(term)) is not None:
                conditions.append(found)
        if not conditions and not self.searches:
            result: tuple[QuerySet[Any], bool] = super().get_search_results(request, queryset, term)
            return result
        if not conditions:
            return queryset.none(), False
        combined = conditions[0]
        for condition in conditions[1:]:
            combined |= condition
        return queryset.filter(combined), False

    def row_label(self, row: Any) -> str:
        """Return the text that tells the row from others of its kind, for pickers and for the command palette."""
        return str(row)

    def label_queryset(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Return ``rows`` with everything that ``row_label`` reads."""
        related = self.list_select_related
        return rows.select_related(*related) if isinstance(related, (tuple, list)) and related else rows

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Name the chosen row of a picker by its label."""
        if "widget" not in kwargs and db_field.name in self.get_autocomplete_fields(request):
            kwargs["widget"] = Picker(db_field, self.admin_site, using=kwargs.get("using"))
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        related = db_field.related_model
        if field is not None and self.admin_site.is_registered(related):
            other = self.admin_site.get_model_admin(related)
            if isinstance(other, SearchMixin):
                field.label_from_instance = other.row_label  # type: ignore[assignment,method-assign]  # a hook of Django's
        return field


def palette(request: HttpRequest, term: str) -> list[SearchResult]:
    """Return the rows that the command palette offers for a term: customers, bookings and others with an icon.

    Each kind is searched as its list is, and only for users who may view it.
    """
    admin_site = site_of(request)
    results = []
    for model, admin in admin_site._registry.items():  # noqa: SLF001  # Django has no public way to list them
        if not isinstance(admin, SearchMixin) or not admin.palette_icon or not may_view(admin_site, request, model):
            continue
        rows, distinct = admin.get_search_results(request, admin.get_queryset(request), term)
        rows = admin.label_queryset(rows.distinct() if distinct else rows).order_by(*admin.ordering or ("pk",))
        results += [
            SearchResult(
                title=admin.row_label(row),
                description=str(model._meta.verbose_name),
                link=page_of(admin_site, request, row),
                icon=admin.palette_icon,
            )
            for row in rows[:PALETTE_ROWS]
        ]
    return results
