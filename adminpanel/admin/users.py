"""Staff accounts in the staff site."""

from __future__ import annotations

from copy import copy
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from adminpanel.admin.forms import AccountForm, NewAccountForm, ResetPasswordForm
from adminpanel.errors import LastSuperuser
from adminpanel.models import AdminUser
from adminpanel.selectors.permissions import is_superuser, outranks
from adminpanel.services.accounts import delete_account, save_account
from adminpanel.services.roles import set_roles
from core.actors import actor_for
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
    extra_record_fields = ("last_login",)
    fieldsets = (
        (None, {"fields": ("email", "full_name", "password")}),
        ("Rights", {"fields": (("is_active", "is_superuser"), "held_roles")}),
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
        """The form, with the actor of the request."""
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"actor": actor_for(request.user)})

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Only a superuser makes superusers; nobody deactivates themselves."""
        fields: tuple[str, ...] = tuple(super().get_readonly_fields(request, obj))
        if not is_superuser(actor_for(request.user)):
            fields += ("is_superuser",)
        if obj is not None and obj == request.user:
            fields += ("is_active", "is_superuser")
        return tuple(dict.fromkeys(fields))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Store the account through the service function."""
        save_account(user=obj, actor=actor_for(request.user))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete the account through the service function."""
        delete_account(user=obj, actor=actor_for(request.user))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete several rows one by one through the service function."""
        for row in queryset:
            delete_account(user=row, actor=actor_for(request.user))

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The delete page; the last active superuser is kept, with a message."""
        try:
            return super().delete_view(request, object_id, extra_context)
        except LastSuperuser as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(
                reverse(f"{self.admin_site.name}:adminpanel_adminuser_change", args=[object_id])
            )

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Store the roles that were chosen."""
        super().save_related(request, form, formsets, change)
        if isinstance(form, AccountForm) and "held_roles" in form.cleaned_data:
            set_roles(user=form.instance, roles=form.roles_wanted(), actor=actor_for(request.user))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """As usual; Django's form asks for the permission to change accounts as well, because it sets a password."""
        return bool(super().has_add_permission(request)) and self.has_change_permission(request)

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
        for_request = copy(self)  # Django reads the form from the instance, which all requests share
        form: Any = type("ResetPasswordForm", (ResetPasswordForm,), {"actor": actor_for(request.user)})
        for_request.change_password_form = form
        return super(AdminUserAdmin, for_request).user_change_password(request, id, form_url)


def _is_below(request: HttpRequest, obj: Model | None) -> bool:
    return not isinstance(obj, AdminUser) or outranks(actor_for(request.user), obj)
