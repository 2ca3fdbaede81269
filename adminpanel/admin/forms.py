"""Forms for staff accounts and roles."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextareaWidget

from adminpanel.models import AdminUser, Role
from adminpanel.permissions import covers
from adminpanel.selectors.accounts import Person
from adminpanel.selectors.permissions import may_grant, permissions_of
from adminpanel.services.accounts import require_own_password


class UniqueEmailMixin:
    """Stores emails in lower case and refuses one that an account has in any case."""

    cleaned_data: dict[str, Any]
    instance: AdminUser

    def clean_email(self) -> str:
        """The email in lower case."""
        email: str = self.cleaned_data["email"].strip().lower()
        if any(other != self.instance for other in AdminUser.objects.filter(email__iexact=email)):
            raise ValidationError("Another account has this email.")
        return email


class AccountForm(UniqueEmailMixin, UserChangeForm):
    """An account with the roles that the person at the keyboard may give."""

    actor: ClassVar[Person]
    held_roles = forms.ModelMultipleChoiceField(
        queryset=Role.objects.all(),
        required=False,
        label="Roles",
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="You can give and take only roles whose permissions you have yourself.",
    )

    class Meta:
        model = AdminUser
        fields = ("email", "full_name", "password", "is_active", "is_superuser")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields.get("held_roles")
        if isinstance(field, forms.ModelMultipleChoiceField):
            grantable = [role.pk for role in Role.objects.all() if may_grant(self.actor, role)]
            field.queryset = Role.objects.filter(pk__in=grantable)
            field.initial = self.instance.roles.all()

    def roles_wanted(self) -> list[Role]:
        """The roles to hold after saving: those chosen, and those that the actor may not touch."""
        untouchable = [role for role in self.instance.roles.all() if not may_grant(self.actor, role)]
        return [*self.cleaned_data["held_roles"], *untouchable]


class NewAccountForm(UniqueEmailMixin, UserCreationForm):
    """A new account; its owner replaces the password at the first login."""

    class Meta:
        model = AdminUser
        fields = ("email", "full_name")


class ResetPasswordForm(AdminPasswordChangeForm):
    """A password that somebody else sets, to be replaced at the next login."""

    def save(self, commit: bool = True) -> AdminUser:
        """Save the password, and the obligation to replace it."""
        user: AdminUser = super().save(commit)
        if commit:
            require_own_password(user=user)
        return user


class PermissionsField(forms.CharField):
    """A list of permissions, edited as one line each."""

    widget = UnfoldAdminTextareaWidget

    def prepare_value(self, value: Any) -> Any:
        """The list as lines."""
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]  # a list is what this field is about
        """The lines as a list."""
        return list(dict.fromkeys(line.strip() for line in (value or "").splitlines() if line.strip()))

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare lists, not lines."""
        return list(initial or []) != self.to_python(data)


class RoleForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A role; nobody writes permissions into it that they do not have."""

    actor: ClassVar[Person]
    permissions_json = PermissionsField(
        label="Permissions",
        required=False,
        help_text="One a line: * for everything, bookings.* for an app, bookings.view_booking for one thing.",
    )

    class Meta:
        model = Role
        fields = ("name", "description", "permissions_json")

    def clean_permissions_json(self) -> list[str]:
        """Refuse what the actor may not do."""
        wanted: list[str] = self.cleaned_data["permissions_json"]
        if missing := [one for one in wanted if not covers(permissions_of(self.actor), [one])]:
            raise ValidationError(f"You do not have these permissions yourself: {', '.join(missing)}.")
        return wanted
