"""Settings in the staff site."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from adminpanel.models import AdminConfig
from adminpanel.selectors.config import keys_without_row
from adminpanel.services.config import delete_setting, save_setting
from core.actors import actor_for
from core.admin.base import StaffAdmin
from core.models import is_new
from core.setting_types import SettingType, ValueType
from core.settings import Setting, declared

NOT_DECLARED = "No code declares this key, so changing it has no effect on this version of the software."


class JsonTextField(forms.CharField):
    """JSON as text, indented for reading. Text that is not JSON is shown as it is."""

    widget = UnfoldAdminTextareaWidget

    def prepare_value(self, value: Any) -> Any:
        """Return the text with one entry per line."""
        try:
            return json.dumps(json.loads(value), indent=2, ensure_ascii=False)
        except (TypeError, ValueError):
            return value

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Return whether the value differs; spaces and line breaks do not count."""
        return bool(self.prepare_value(initial) != self.prepare_value(data))


class SettingForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """The value of a setting, in a field that fits its type. The declaration decides which values are allowed."""

    class Meta:
        model = AdminConfig
        fields = ("config_key", "config_value", "value_type", "description")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        key = self.instance.config_key or self.data.get("config_key") or self.initial.get("config_key") or ""
        declaration = declared(key.strip())
        if "config_value" in self.fields:  # it is missing for a person who may only view settings
            self.fields["config_value"] = _value_field(self.instance, declaration)
        if declaration is not None and is_new(self.instance):
            self.initial.setdefault("config_value", declaration.default_text)
            self.initial.setdefault("value_type", declaration.type.value_type.value)
            self.initial.setdefault("description", declaration.description)
            self.fields["value_type"].required = False
        if "config_key" in self.fields and (unused := keys_without_row()):
            self.fields["config_key"].help_text = format_html("Settings that use their default: {}.", ", ".join(unused))


def _value_field(row: AdminConfig, declaration: Setting[Any] | None) -> forms.Field:
    kind: SettingType[Any] | None = declaration.type if declaration else row.type
    common: dict[str, Any] = {"label": "Value", "required": False, "help_text": _help(declaration)}
    if kind is None:
        return forms.CharField(widget=UnfoldAdminTextareaWidget, **common)
    if kind.options:
        options = dict(kind.options)
        if row.config_value and row.config_value not in options:
            options = {row.config_value: f"{row.config_value} (not allowed)", **options}
        return forms.ChoiceField(choices=list(options.items()), widget=UnfoldAdminSelectWidget, **common)
    if kind.value_type is ValueType.JSON:
        return JsonTextField(**common)
    numeric = {"inputmode": "decimal"} if kind.value_type is ValueType.NUMBER else {}
    return forms.CharField(widget=UnfoldAdminTextInputWidget(attrs=numeric), **common)


def _help(declaration: Setting[Any] | None) -> str:
    return NOT_DECLARED if declaration is None else f"Allowed: {declaration.type.allowed}."


@admin.register(AdminConfig)
class AdminConfigAdmin(StaffAdmin):
    """Settings by key. Key, type and description of a declared setting come from code; only the value changes."""

    form = SettingForm
    list_display = ("config_key", "config_value", "value_type", "state", "updated_by_admin", "updated_at")
    list_select_related = ("updated_by_admin",)
    list_filter = ("is_system", ("value_type", ChoicesDropdownFilter))
    search_fields = ("config_key", "description")
    ordering = ("config_key",)
    fields = (
        "config_key",
        "description",
        "value_type",
        "config_value",
        "default",
        "state",
        "is_system",
    )
    readonly_fields = ("default", "state", "is_system")
    extra_record_fields = ("updated_by_admin",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Key, type and description of a declared or system setting are read-only."""
        fixed = isinstance(obj, AdminConfig) and (obj.is_system or obj.declaration is not None)
        names = ("config_key", "value_type", "description") if fixed else ()
        return (*super().get_readonly_fields(request, obj), *names)

    @admin.display(description="Default")
    def default(self, row: AdminConfig) -> str:
        """The default that code uses when no value is stored."""
        return row.declaration.default_text if row.declaration else "-"

    @display(
        description="State",
        label={"default": "info", "changed": "success", "not declared": "warning", "not allowed": "danger"},
    )
    def state(self, row: AdminConfig) -> str:
        """Whether the value is the default, changed, not allowed, or not used by any code."""
        if row.declaration is None:
            return "not declared"
        if row.problem() is not None:
            return "not allowed"
        return "default" if row.config_value == row.declaration.default_text else "changed"

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """As usual, but never a system setting."""
        if isinstance(obj, AdminConfig) and obj.is_system:
            return False
        return bool(super().has_delete_permission(request, obj))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Store the setting through the service function, which notes who changed it."""
        save_setting(setting=obj, actor=actor_for(request.user))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete the setting through the service function."""
        delete_setting(setting=obj, actor=actor_for(request.user))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete several rows one by one through the service function."""
        for row in queryset:
            delete_setting(setting=row, actor=actor_for(request.user))
