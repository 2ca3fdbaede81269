"""Roles in the staff site."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count, Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from unfold.widgets import UnfoldAdminSelect2MultipleWidget

from adminpanel.models import SUPERUSER_ROLE, AdminUser, Role
from adminpanel.selectors.permissions import may_grant
from adminpanel.services.roles import delete_role, save_role
from core.actors import Actor, actor_for
from core.admin.access import may_view
from core.admin.base import StaffAdmin
from core.models import is_new
from core.permissions import known_permissions, malformed, not_covered, unknown


class PermissionsField(forms.MultipleChoiceField):
    """A searchable choice of all permissions that exist, and of those that the role has already."""

    widget = UnfoldAdminSelect2MultipleWidget
    default_error_messages: ClassVar[dict[str, Any]] = {
        "invalid_choice": "No installed app has the permission %(value)s. Choose permissions from the list.",
    }

    def offer(self, stored: Iterable[Any]) -> None:
        """Offer the permissions that exist, and those of ``stored`` that do not exist, marked as such."""
        groups: dict[str, list[tuple[str, str]]] = {}
        offered = set()
        for one in known_permissions():
            groups.setdefault(one.group, []).append((one.pattern, f"{one.pattern} ({one.label})"))
            offered.add(one.pattern)
        others = [one for one in map(str, stored) if one not in offered]
        if others:
            groups["Not in the list above"] = [(one, _marked(one)) for one in others]
        self.choices = list(groups.items())


def _marked(pattern: str) -> str:
    gone = malformed([pattern]) or unknown([pattern])
    return f"{pattern} (unknown: no installed app has it)" if gone else f"{pattern} (pattern)"


class RoleForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A role; ``actor`` can write only permissions into it that they have."""

    actor: ClassVar[Actor]
    permissions_json = PermissionsField(
        label="Permissions",
        required=False,
        help_text="Type to search. * allows everything, bookings.* an app, bookings.view_* all lists of an app, "
        "bookings.view_booking one thing.",
    )

    class Meta:
        model = Role
        fields = ("name", "description", "permissions_json")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stored = self.instance.permissions_json
        self.stored: list[Any] = stored if isinstance(stored, list) else []
        if not is_new(self.instance):
            self.initial["permissions_json"] = self.stored
        field = self.fields.get("permissions_json")
        if isinstance(field, PermissionsField):
            field.offer(self.stored)

    def clean_permissions_json(self) -> list[str]:
        """Refuse permissions that the actor does not have; keep the stored order."""
        chosen = self.cleaned_data["permissions_json"]
        wanted = [one for one in self.stored if one in chosen]
        wanted += [one for one in chosen if one not in wanted]
        if missing := not_covered(self.actor.permissions, wanted):
            raise ValidationError(f"You do not have these permissions yourself: {', '.join(missing)}.")
        return wanted


@admin.register(Role)
class RoleAdmin(StaffAdmin):
    """Roles, their permissions, and the accounts that hold them."""

    form = RoleForm
    list_display = ("name", "description", "permissions", "holders_count")
    search_fields = ("name", "description")
    ordering = ("name",)
    readonly_fields = ("held_by",)
    fieldsets = ((None, {"fields": ("name", "description", "permissions_json", "held_by")}),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Role]:
        """Roles with the number of their holders."""
        rows: QuerySet[Role] = super().get_queryset(request)
        return rows.annotate(holders_count=Count("assignments__admin_user"))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Of the role ``superuser`` only the description can be changed."""
        fixed = ("name", "permissions_json") if _is_superuser_role(obj) else ()
        return (*super().get_readonly_fields(request, obj), *fixed)

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Name the holders only to users who may view staff accounts."""
        if may_view(self.admin_site, request, AdminUser):
            return super().get_fieldsets(request, obj)
        return [
            (title, {**options, "fields": [name for name in options["fields"] if name != "held_by"]})
            for title, options in super().get_fieldsets(request, obj)
        ]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form, with the actor of the request."""
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"actor": actor_for(request.user)})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Store the role through the service function."""
        save_role(role=obj, actor=actor_for(request.user))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete the role through the service function."""
        delete_role(role=obj, actor=actor_for(request.user))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete several rows one by one through the service function."""
        for row in queryset:
            delete_role(role=row, actor=actor_for(request.user))

    @admin.display(description="Permissions")
    def permissions(self, role: Role) -> str:
        """The permissions in one line."""
        stored: Any = role.permissions_json
        return ", ".join(map(str, stored)) if isinstance(stored, list) else f"Not a list: {stored}"

    @admin.display(description="Holders", ordering="holders_count")
    def holders_count(self, role: Role) -> int:
        """Return the number of accounts that hold the role."""
        return int(getattr(role, "holders_count", 0))

    @admin.display(description="Holders")
    def held_by(self, role: Role) -> str:
        """Links to the accounts that hold the role."""
        accounts = AdminUser.objects.filter(role_assignments__role=role.pk).order_by("full_name")
        page, site = "admin:adminpanel_adminuser_change", self.admin_site.name
        links = ((reverse(page, args=[user.pk], current_app=site), user.full_name) for user in accounts)
        return format_html_join(", ", '<a href="{}">{}</a>', links) or "-"

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """As usual, but not on roles with permissions that the user does not have."""
        return bool(super().has_change_permission(request, obj)) and _may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """As usual, but never the role ``superuser``, and no role with permissions that the user does not have."""
        if _is_superuser_role(obj):
            return False
        return bool(super().has_delete_permission(request, obj)) and _may_touch(request, obj)


def _is_superuser_role(obj: object) -> bool:
    return isinstance(obj, Role) and obj.name == SUPERUSER_ROLE


def _may_touch(request: HttpRequest, obj: Model | None) -> bool:
    return not isinstance(obj, Role) or may_grant(actor_for(request.user), obj)
