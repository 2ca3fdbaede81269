"""Staff accounts in the staff site."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from adminpanel.admin.forms import AccountForm, NewAccountForm, ResetPasswordForm
from adminpanel.models import AdminUser
from adminpanel.selectors.permissions import outranks
from adminpanel.services.roles import set_roles
from core.admin.base import StaffAdmin


@admin.register(AdminUser)
class AdminUserAdmin(StaffAdmin, UserAdmin):  # type: ignore[type-arg]  # not generic at run time
    """Accounts and their roles. Nobody administers an account that has more rights, or deletes their own."""

    form = AccountForm
    add_form = NewAccountForm
    change_password_form = ResetPasswordForm
    list_display = ("full_name", "email", "role_names", "is_active", "is_superuser", "last_login")
    list_filter = ("is_active", "is_superuser", ("roles", AutocompleteSelectFilter))
    search_fields = ("full_name", "email")
    ordering = ("full_name",)
    filter_horizontal = ()
    readonly_fields = ("id", "last_login", "created_at", "updated_at")
    fieldsets = (
        (None, {"fields": ("email", "full_name", "password")}),
        ("Rights", {"fields": (("is_active", "is_superuser"), "held_roles")}),
        ("Record", {"fields": ("id", "last_login", ("created_at", "updated_at")), "classes": ("collapse",)}),
    )
    add_fieldsets = (  # type: ignore[assignment]  # unfold declares it too narrowly
        (None, {"fields": ("email", "full_name", "password1", "password2")}),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        """Accounts with their roles, in two queries for a whole page."""
        return super().get_queryset(request).prefetch_related("roles")

    @admin.display(description="Roles")
    def role_names(self, user: AdminUser) -> str:
        """The names of the roles held."""
        return ", ".join(role.name for role in user.roles.all()) or "-"

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form, told who is at the keyboard."""
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"actor": request.user})

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Only a superuser makes superusers; nobody deactivates themselves."""
        fields: tuple[str, ...] = tuple(super().get_readonly_fields(request, obj))
        if not getattr(request.user, "is_superuser", False):
            fields += ("is_superuser",)
        if obj is not None and obj == request.user:
            fields += ("is_active", "is_superuser")
        return tuple(dict.fromkeys(fields))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Store the roles that were chosen."""
        super().save_related(request, form, formsets, change)
        if isinstance(form, AccountForm) and "held_roles" in form.cleaned_data:
            set_roles(user=form.instance, roles=form.roles_wanted())

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """As usual, but not on accounts with more rights."""
        return bool(super().has_change_permission(request, obj)) and _is_below(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """As usual, but not on accounts with more rights, and not on one's own."""
        return bool(super().has_delete_permission(request, obj)) and obj != request.user and _is_below(request, obj)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        """Set somebody else's password; one's own is changed where the old one is asked for."""
        if isinstance(request.user, AdminUser) and id == str(request.user.pk):
            messages.info(request, "Change your own password here.")
            return HttpResponseRedirect(reverse("admin:password_change", current_app=self.admin_site.name))
        return super().user_change_password(request, id, form_url)


def _is_below(request: HttpRequest, obj: Model | None) -> bool:
    return not isinstance(obj, AdminUser) or outranks(request.user, obj)
