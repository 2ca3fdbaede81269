"""Delete pages of the staff site: the rows that they list, and the deletions that they refuse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib.admin import AdminSite
from django.contrib.admin.utils import NestedObjects
from django.db import router
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.admin import ModelAdmin

from core.admin.access import page_of
from core.admin.cascades import Consequences, Deleted, consequences
from core.admin.search import SearchMixin

NAMED = 5


@dataclass(frozen=True)
class Group:
    """Rows of one kind on a delete page: how many there are, and the first of them by name."""

    title: str
    rows: list[tuple[str, str]]
    more: int


class DeletionMixin(ModelAdmin):
    """A delete page that lists the rows that go along and the rows that lose their link.

    ``rows_are_protected`` marks records that are never deleted on this site, such as payments: whatever they belong
    to cannot be deleted either. ``kept_while_linked`` maps a reverse relation to a remedy: a row that rows point at
    through it cannot be deleted.
    """

    rows_are_protected: ClassVar[bool] = False
    kept_while_linked: ClassVar[dict[str, str]] = {}
    delete_confirmation_template = "core/delete_confirmation.html"

    def get_deleted_objects(
        self, objs: Sequence[Model] | QuerySet[Any], request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        """Return what would be deleted, the numbers by kind, what the user may not delete, and what cannot be deleted.

        Django would load every row that PostgreSQL deletes by itself; here such rows are only counted.
        """
        collector = NestedObjects(using=router.db_for_write(self.model), origin=objs, force_collection=False)
        collector.collect(objs)
        groups: list[tuple[Any, int]] = [(model, len(rows)) for model, rows in collector.model_objs.items()]
        groups += [(one.model, one.count) for one in consequences(self.model, [row.pk for row in objs]).deleted]
        counts: Counter[Any] = Counter()
        for model, count in groups:
            counts[model] += count
        protected = [f"{numbered(type(row), 1)}: {row}" for row in collector.protected]
        forbidden = set()
        for model, count in counts.items():
            if are_protected(self.admin_site, model) and model is not self.model:
                protected.append(f"{numbered(model, count)}: records of this kind are never deleted.")
            elif not may_delete(self.admin_site, model, request):
                forbidden.add(str(model._meta.verbose_name))
        if not all(self.has_delete_permission(request, row) for row in objs):
            forbidden.add(str(self.opts.verbose_name))
        return (
            [numbered(model, count) for model, count in counts.items()],
            {str(model._meta.verbose_name_plural): count for model, count in counts.items()},
            forbidden,
            [*protected, *self._kept(objs)],
        )

    def _kept(self, objs: Sequence[Model] | QuerySet[Any]) -> list[str]:
        reasons = []
        for name, remedy in self.kept_while_linked.items():
            relation: Any = self.model._meta.get_field(name)
            model = relation.related_model
            count = QuerySet(model).filter(**{f"{relation.field.name}__in": [row.pk for row in objs]}).count()
            if count:
                reasons.append(f"{numbered(model, count)} would lose their {relation.field.verbose_name}. {remedy}")
        return reasons

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show what a deletion does; a confirmed deletion of something protected answers 403."""
        response: HttpResponse = super().delete_view(request, object_id, extra_context)
        if isinstance(response, TemplateResponse) and response.context_data is not None:
            context = response.context_data
            row = context["object"]
            found = consequences(self.model, [row.pk])
            context["deleted_groups"] = [self._group(request, one) for one in found.deleted]
            context["unlinked_groups"] = self._unlinked(request, found)
            context["change_url"] = page_of(self.admin_site, request, row)
            options = self.opts
            context["list_url"] = reverse(f"{self.admin_site.name}:{options.app_label}_{options.model_name}_changelist")
            if request.method == "POST":
                response.status_code = 403
        return response

    def _group(self, request: HttpRequest, one: Deleted) -> Group:
        return self._named(request, numbered(one.model, one.count), one.model, one.rows, one.count)

    def _unlinked(self, request: HttpRequest, found: Consequences) -> list[Group]:
        return [
            self._named(
                request,
                f"{numbered(one.model, one.count)} without a {one.field.verbose_name}",
                one.model,
                one.rows,
                one.count,
            )
            for one in found.unlinked
        ]

    def _named(self, request: HttpRequest, title: str, model: type[Model], rows: QuerySet[Any], count: int) -> Group:
        if not self.admin_site.is_registered(model):
            return Group(title, [], 0)
        admin = self.admin_site.get_model_admin(model)
        label = getattr(admin, "row_label", str)
        if isinstance(admin, SearchMixin):
            rows = admin.label_queryset(rows)
        named = [(label(row), page_of(self.admin_site, request, row)) for row in rows.order_by("pk")[:NAMED]]
        return Group(title, named, count - len(named))


def numbered(model: type[Model], count: int) -> str:
    """Return a number with the model's name, such as ``3 bookings``."""
    return f"{count} {model._meta.verbose_name if count == 1 else model._meta.verbose_name_plural}"


def are_protected(site: AdminSite, model: type[Model]) -> bool:
    """Return whether rows of ``model`` are records that the site never deletes."""
    return site.is_registered(model) and bool(getattr(site.get_model_admin(model), "rows_are_protected", False))


def may_delete(site: AdminSite, model: type[Model], request: HttpRequest) -> bool:
    """Return whether the user of ``request`` may delete rows of ``model`` on the site."""
    return not site.is_registered(model) or site.get_model_admin(model).has_delete_permission(request)
