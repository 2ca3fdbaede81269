"""Settings in the staff site."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from adminpanel.models import AdminConfig
from adminpanel.selectors.accounts import staff_account
from core.admin.base import StaffAdmin


@admin.register(AdminConfig)
class AdminConfigAdmin(StaffAdmin):
    """Settings by key. Of a system setting only the value can be changed, and it cannot be deleted."""

    list_display = ("config_key", "config_value", "value_type", "is_system", "updated_by_admin", "updated_at")
    list_select_related = ("updated_by_admin",)
    list_filter = ("is_system", ("value_type", ChoicesDropdownFilter))
    search_fields = ("config_key", "description")
    ordering = ("config_key",)
    fields = (
        "config_key",
        "config_value",
        "value_type",
        "description",
        "is_system",
        "updated_by_admin",
        "updated_at",
    )
    readonly_fields = ("is_system", "updated_by_admin", "updated_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Key and type of a system setting are what the code relies on."""
        fixed = ("config_key", "value_type", "description") if obj is not None and obj.is_system else ()
        return (*super().get_readonly_fields(request, obj), *fixed)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """As usual, but never a system setting."""
        if isinstance(obj, AdminConfig) and obj.is_system:
            return False
        return bool(super().has_delete_permission(request, obj))

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        """Note which staff account changed the setting; a user of the host may have none."""
        assert isinstance(obj, AdminConfig)
        obj.updated_by_admin = staff_account(request.user)
        super().save_model(request, obj, form, change)
