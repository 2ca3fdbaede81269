"""What the delete pages of the staff site show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.admin import AdminSite
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from core.admin.cascades import cascaded


class DeletionMixin(ModelAdmin):
    """A delete page that also counts the rows that PostgreSQL deletes by itself."""

    def get_deleted_objects(
        self, objs: Sequence[Model] | QuerySet[Any], request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        """What goes with a deletion, the rows included that the database deletes by itself.

        Rows that the site may not delete, such as payments, stop the deletion of what they hang on.
        """
        deleted, counts, forbidden, protected = super().get_deleted_objects(objs, request)
        for model, rows in cascaded(self.model, objs):
            name = str(model._meta.verbose_name if rows == 1 else model._meta.verbose_name_plural)
            deleted.append(f"{rows} {name}")
            counts[str(model._meta.verbose_name_plural)] = rows
            if not may_delete(self.admin_site, model, request):
                forbidden.add(str(model._meta.verbose_name))
        return deleted, counts, forbidden, protected


def may_delete(site: AdminSite, model: type[Model], request: HttpRequest) -> bool:
    """Whether the user of ``request`` may delete rows of ``model`` on the site."""
    return not site.is_registered(model) or site.get_model_admin(model).has_delete_permission(request)
