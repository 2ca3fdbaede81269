"""Filters, pickers and links that depend on the permissions of the user."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.admin import AdminSite, ListFilter, site
from django.contrib.admin.helpers import AdminForm as DjangoAdminForm
from django.contrib.admin.utils import NotRelationField, get_model_from_relation, quote
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import Model
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from unfold.admin import ModelAdmin
from unfold.fields import UnfoldAdminReadonlyField
from unfold.forms import AdminForm, Fieldline, Fieldset


def site_of(request: HttpRequest) -> AdminSite:
    """Return the admin site that serves the request; the default site outside of one."""
    view = getattr(getattr(request, "resolver_match", None), "func", None)
    found = getattr(view, "admin_site", None) or getattr(getattr(view, "model_admin", None), "admin_site", None)
    return found if isinstance(found, AdminSite) else site


def may_view(admin_site: AdminSite, request: HttpRequest, model: type[Model], row: Model | None = None) -> bool:
    """Return whether the user may open the pages of ``model`` (of ``row``, if given) on the site."""
    if not admin_site.is_registered(model):
        return False
    return bool(admin_site.get_model_admin(model).has_view_or_change_permission(request, row))


def page_of(admin_site: AdminSite, request: HttpRequest, row: Model) -> str:
    """Return the address of the row's page, or an empty string if the user may not open it."""
    model = type(row)
    if not may_view(admin_site, request, model, row):
        return ""
    name = f"{admin_site.name}:{model._meta.app_label}_{model._meta.model_name}_change"
    try:
        return reverse(name, args=[quote(row.pk)], current_app=admin_site.name)
    except NoReverseMatch:
        return ""


def related_models(model: type[Model], path: str) -> list[type[Model]]:
    """Return the models that a lookup such as ``booking__customer__email`` reaches through relations, in order."""
    found = []
    for part in path.split(LOOKUP_SEP):
        try:
            field = model._meta.get_field(part)
        except FieldDoesNotExist:
            break
        try:
            model = get_model_from_relation(field)
        except NotRelationField:
            break
        found.append(model)
    return found


class ReadonlyField(UnfoldAdminReadonlyField):
    """A field for reading; it links to a related row only if the user may open that row's page."""

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def get_admin_url(self, remote_field: Any, remote_obj: Model) -> Any:
        """Return a link to the related row, or its text."""
        if page_of(self.model_admin.admin_site, self.request, remote_obj):
            return super().get_admin_url(remote_field, remote_obj)  # type: ignore[no-untyped-call]  # the theme's
        return str(remote_obj)


class AccessForm(AdminForm):
    """The form of a change page, with readonly fields that respect what the user may open."""

    def __init__(self, form: DjangoAdminForm, request: HttpRequest) -> None:
        self.__dict__.update(form.__dict__)
        self.request = request

    def __iter__(self) -> Any:
        for name, options in self.fieldsets:
            yield AccessFieldset(
                self.form,
                name,
                readonly_fields=self.readonly_fields,
                model_admin=self.model_admin,
                request=self.request,
                **options,
            )


class AccessFieldset(Fieldset):
    """A fieldset that hands the request on to its lines."""

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def __iter__(self) -> Any:
        for field in self.fields:  # type: ignore[attr-defined]  # missing in the stubs of Django's Fieldset
            line = AccessFieldline(self.form, field, self.readonly_fields, model_admin=self.model_admin)
            line.request = self.request
            yield line


class AccessFieldline(Fieldline):
    """A line that shows its readonly fields as ``ReadonlyField``."""

    request: HttpRequest

    def __iter__(self) -> Any:
        for field in super().__iter__():
            if isinstance(field, UnfoldAdminReadonlyField):
                name, first = field.field["field"], field.is_first
                admin = self.model_admin
                yield ReadonlyField(self.form, name, is_first=first, model_admin=admin, request=self.request)
            else:
                yield field


class AccessMixin(ModelAdmin):
    """Offers pickers and filters of related rows only to users who may view these rows.

    ``required_relations`` names nullable foreign keys that the form of a new row requires.
    """

    required_relations: ClassVar[tuple[str, ...]] = ()

    def hidden_relations(self, request: HttpRequest) -> dict[str, models.Field[Any, Any]]:
        """Return the foreign keys, by name, that lead to rows which the user may not view."""
        return {
            field.name: field
            for field in self.model._meta.concrete_fields
            if isinstance(field, models.ForeignKey)
            and self.admin_site.is_registered(field.related_model)
            and not may_view(self.admin_site, request, field.related_model)
        }

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Leave out the filters by rows that the user may not view."""
        return [one for one in super().get_list_filter(request) if self._may_filter(request, one)]

    def _may_filter(self, request: HttpRequest, one: Any) -> bool:
        path = one[0] if isinstance(one, (tuple, list)) else one
        if not isinstance(path, str) or (isinstance(one, type) and issubclass(one, ListFilter)):
            return True
        reached = [model for model in related_models(self.model, path) if self.admin_site.is_registered(model)]
        return all(may_view(self.admin_site, request, model) for model in reached)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Show a foreign key as text where its picker would find nothing."""
        fields = tuple(super().get_readonly_fields(request, obj))
        return (*fields, *(name for name in self.hidden_relations(request) if name not in fields))

    def get_autocomplete_fields(self, request: HttpRequest) -> Any:
        """Offer a picker only for rows that the user may view."""
        hidden = self.hidden_relations(request)
        return [name for name in super().get_autocomplete_fields(request) if name not in hidden]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """As usual; a row that must point at another one needs a user who can pick that one."""
        return bool(super().has_add_permission(request)) and not self.unpickable(request)

    def unpickable(self, request: HttpRequest) -> list[type[Model]]:
        """Return the models that a new row must point at and that the user may not view."""
        hidden = self.hidden_relations(request).values()
        needed = [
            field for field in hidden if field.editable and (not field.null or field.name in self.required_relations)
        ]
        return [field.related_model for field in needed if isinstance(field.related_model, type)]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Show the form with links that the user can follow."""
        context["adminform"] = AccessForm(context["adminform"], request)
        return super().render_change_form(request, context, *args, **kwargs)
