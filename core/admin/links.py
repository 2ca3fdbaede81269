"""Related rows and figures beside the form of a change page.

An admin class declares in ``related_to`` on whose pages its rows appear::

    class DepositAdmin(ReadOnlyAdmin):
        related_to = ("booking", "booking__customer")

so that upper apps reach the pages of lower ones without being imported by them. Figures, such as a balance, are
registered with ``figures_for``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

from django.contrib.admin import AdminSite
from django.db import models
from django.db.models import Model
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.text import capfirst
from unfold.admin import ModelAdmin

from core.admin.access import may_view, page_of, related_models, site_of
from core.admin.display import Column, cell, heading, is_right_aligned, name_of

SHOWN = 5
COUNTED = 1000
COLUMNS = 6


class Figure(NamedTuple):
    """One line of figures: a label and a value, of which ``important`` ones stand out."""

    label: str
    value: str
    important: bool = False


@dataclass(frozen=True)
class Figures:
    """A titled block of figures on the page of a row."""

    title: str
    lines: list[Figure]


@dataclass(frozen=True)
class Cell:
    """The heading of a column, or its value in a related row."""

    text: str
    right: bool
    url: str = ""


@dataclass(frozen=True)
class RelatedRows:
    """The newest rows of one kind that belong to the row of the page."""

    title: str
    count: str
    headings: list[Cell]
    rows: list[list[Cell]]
    all_url: str


@dataclass(frozen=True)
class Beside:
    """Everything that a change page shows beside its form."""

    row_id: str
    parents: list[tuple[str, str, str]] = field(default_factory=list)
    figures: list[Figures] = field(default_factory=list)
    related: list[RelatedRows] = field(default_factory=list)

    @property
    def empty(self) -> list[RelatedRows]:
        """Return the kinds of rows of which none belongs to this one."""
        return [one for one in self.related if not one.rows]


type FigureSource = Callable[[Any], Figures | None]

_figures: list[tuple[type[Model], tuple[type[Model], ...], FigureSource]] = []


def figures_for(model: type[Model], *through: type[Model]) -> Callable[[FigureSource], FigureSource]:
    """Show what the decorated function returns on the pages of ``model``, to users who may view all of ``through``."""

    def register(source: FigureSource) -> FigureSource:
        _figures.append((model, through, source))
        return source

    return register


class LinksMixin(ModelAdmin):
    """A change page that shows the row's ID, links to what it belongs to, and what belongs to it."""

    related_to: ClassVar[tuple[str, ...]] = ()
    change_form_outer_before_template = "core/row_id.html"  # type: ignore[assignment]  # unfold declares it as None
    change_form_outer_after_template = "core/related.html"  # type: ignore[assignment]  # unfold declares it as None

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Add what stands beside the form when a page of a row is shown."""
        response = super().changeform_view(request, object_id, form_url, extra_context)
        context = getattr(response, "context_data", None)
        if context is not None and isinstance(row := context.get("original"), Model):
            context["beside"] = beside(request, self.admin_site, row)
        return response

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow the lists of the rows that belong to one row, as change pages link to them."""
        paths = {f"{path}{LOOKUP_SEP}id{LOOKUP_SEP}exact" for path in self.related_to}
        return lookup in paths or bool(super().lookup_allowed(lookup, value, request))


def beside(request: HttpRequest, admin_site: AdminSite, row: Model) -> Beside:
    """Return what the user may see beside the form of ``row``."""
    figures = [
        found
        for model, through, source in _figures
        if isinstance(row, model)
        and all(may_view(admin_site, request, one) for one in through)
        and (found := source(row)) is not None
    ]
    return Beside(str(row.pk), list(_parents(request, admin_site, row)), figures, list(_related(request, row)))


def _parents(request: HttpRequest, admin_site: AdminSite, row: Model) -> Iterator[tuple[str, str, str]]:
    for one in row._meta.concrete_fields:
        if not isinstance(one, models.ForeignKey) or row.serializable_value(one.attname) is None:
            continue
        if may_view(admin_site, request, one.related_model):
            parent = getattr(row, one.name)
            if parent is not None and (url := page_of(admin_site, request, parent)):
                yield capfirst(str(one.verbose_name)), str(parent), url


def _related(request: HttpRequest, row: Model) -> Iterator[RelatedRows]:
    admin_site = site_of(request)
    for model, admin in admin_site._registry.items():  # noqa: SLF001  # Django has no public way to list them
        if not isinstance(admin, LinksMixin) or not may_view(admin_site, request, model):
            continue
        for path in admin.related_to:
            reached = related_models(model, path)
            if reached and reached[-1] is type(row):
                yield _rows_of(request, admin, path, row)


def _rows_of(request: HttpRequest, admin: LinksMixin, path: str, row: Model) -> RelatedRows:
    queryset = admin.get_queryset(request).filter(**{path: row.pk})
    related = admin.list_select_related
    ordered = queryset.order_by(*admin.ordering or ("-pk",))
    if isinstance(related, (tuple, list)) and related:
        ordered = ordered.select_related(*related)
    newest = list(ordered[: SHOWN + 1])
    count = str(len(newest)) if len(newest) <= SHOWN else _count(queryset)
    columns = _columns(request, admin, path, row)
    headings = [Cell(heading(admin, one), is_right_aligned(admin, one)) for one in columns]
    options = admin.model._meta
    list_url = reverse(f"{admin.admin_site.name}:{options.app_label}_{options.model_name}_changelist")
    return RelatedRows(
        title=capfirst(str(options.verbose_name_plural)),
        count=count,
        headings=headings,
        rows=[_cells(request, admin, one, columns) for one in newest[:SHOWN]],
        all_url=f"{list_url}?{path}{LOOKUP_SEP}id{LOOKUP_SEP}exact={row.pk}",
    )


def _count(queryset: models.QuerySet[Any]) -> str:
    counted = queryset.order_by().values("pk")[: COUNTED + 1].count()
    return str(counted) if counted <= COUNTED else f"more than {COUNTED}"


def _columns(request: HttpRequest, admin: LinksMixin, path: str, row: Model) -> list[Column]:
    # The page shows its own row and what that belongs to already.
    known = {*path.split(LOOKUP_SEP), *(field.name for field in row._meta.concrete_fields if field.is_relation)}
    return [one for one in admin.get_list_display(request) if name_of(one) not in known][:COLUMNS]


def _cells(request: HttpRequest, admin: LinksMixin, row: Model, columns: list[Column]) -> list[Cell]:
    url = page_of(admin.admin_site, request, row)
    return [
        Cell(cell(admin, row, one), is_right_aligned(admin, one), url if number == 0 else "")
        for number, one in enumerate(columns)
    ]
