"""Roles in the staff site."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join

from adminpanel.admin.forms import RoleForm
from adminpanel.models import AdminUser, Role
from adminpanel.selectors.permissions import may_grant
from adminpanel.services.accounts import SUPERUSER_ROLE
from core.admin.base import StaffAdmin


@admin.register(Role)
class RoleAdmin(StaffAdmin):
    """Roles, what they permit, and who holds them."""

    form = RoleForm
    list_display = ("name", "description", "permissions", "holders_count")
    search_fields = ("name", "description")
    ordering = ("name",)
    readonly_fields = ("held_by", "id", "created_at", "updated_at")
    fieldsets = (
        (None, {"fields": ("name", "description", "permissions_json", "held_by")}),
        ("Record", {"fields": ("id", ("created_at", "updated_at")), "classes": ("collapse",)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Role]:
        """Roles with the number of their holders."""
        rows: QuerySet[Role] = super().get_queryset(request)
        return rows.annotate(holders_count=Count("assignments__admin_user"))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form, told who is at the keyboard."""
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"actor": request.user})

    @admin.display(description="Permissions")
    def permissions(self, role: Role) -> str:
        """The permissions in one line."""
        return ", ".join(role.permissions_json)

    @admin.display(description="Holders", ordering="holders_count")
    def holders_count(self, role: Role) -> int:
        """How many accounts hold the role."""
        return int(getattr(role, "holders_count", 0))

    @admin.display(description="Holders")
    def held_by(self, role: Role) -> str:
        """Links to the accounts that hold the role."""
        accounts = AdminUser.objects.filter(role_assignments__role=role.pk).order_by("full_name")
        page, site = "admin:adminpanel_adminuser_change", self.admin_site.name
        links = ((reverse(page, args=[user.pk], current_app=site), user.full_name) for user in accounts)
        return format_html_join(", ", '<a href="{}">{}</a>', links) or "-"

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """As usual, but not on roles with rights that one does not have."""
        return bool(super().has_change_permission(request, obj)) and _may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """As usual, but never the superuser role, and no role with rights that one does not have."""
        if isinstance(obj, Role) and obj.name == SUPERUSER_ROLE:
            return False
        return bool(super().has_delete_permission(request, obj)) and _may_touch(request, obj)


def _may_touch(request: HttpRequest, obj: Model | None) -> bool:
    return not isinstance(obj, Role) or may_grant(request.user, obj)
