"""What the delete pages of the staff site show, and what they refuse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib.admin import AdminSite
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.admin import ModelAdmin

from core.admin.access import page_of
from core.admin.cascades import Consequences, Deleted, consequences

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
        """Return Django's four lists, with the rows that PostgreSQL deletes by itself included."""
        deleted, counts, forbidden, protected = super().get_deleted_objects(objs, request)
        counts = {str(name): number for name, number in counts.items()}
        for one in consequences(self.model, [row.pk for row in objs]).deleted:
            text = numbered(one.model, one.count)
            deleted.append(text)
            counts[str(one.model._meta.verbose_name_plural)] = one.count
            if are_protected(self.admin_site, one.model):
                protected.append(f"{text}: records of this kind are never deleted, nor is what they belong to.")
            elif not may_delete(self.admin_site, one.model, request):
                forbidden.add(str(one.model._meta.verbose_name))
        return deleted, counts, forbidden, [*protected, *self._kept(objs)]

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
        first = list(rows.order_by("pk")[:NAMED])
        named = [(str(row), page_of(self.admin_site, request, row)) for row in first]
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
