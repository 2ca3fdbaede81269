"""Forms for staff accounts."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from adminpanel.errors import LastSuperuser
from adminpanel.models import AdminUser, Role
from adminpanel.selectors.permissions import may_grant
from adminpanel.services.accounts import require_another_superuser, require_own_password
from core.actors import Actor
from core.models import is_new


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
    """An account with the roles that ``actor`` may give and take."""

    actor: ClassVar[Actor]
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

    def clean(self) -> dict[str, Any] | None:
        """Refuse to deactivate or demote the last active superuser."""
        cleaned: dict[str, Any] | None = super().clean()
        stays = {name: self.cleaned_data.get(name, True) for name in ("is_active", "is_superuser")}
        if not is_new(self.instance) and not all(stays.values()):
            try:
                require_another_superuser(self.instance)
            except LastSuperuser as error:
                self.add_error("is_active" if not stays["is_active"] else "is_superuser", ValidationError(str(error)))
        return cleaned

    def roles_wanted(self) -> list[Role]:
        """Return the roles after saving: those chosen, and those that the actor may not give and take."""
        untouchable = [role for role in self.instance.roles.all() if not may_grant(self.actor, role)]
        return [*self.cleaned_data["held_roles"], *untouchable]


class NewAccountForm(UniqueEmailMixin, UserCreationForm):
    """A new account; its owner replaces the password at the first login."""

    class Meta:
        model = AdminUser
        fields = ("email", "full_name")


class ResetPasswordForm(AdminPasswordChangeForm):
    """A password that ``actor`` sets for someone else, who replaces it at the next login."""

    actor: ClassVar[Actor]

    @transaction.atomic
    def save(self, commit: bool = True) -> AdminUser:
        """Save the password, and the obligation to replace it."""
        user: AdminUser = super().save(commit)
        if commit:
            require_own_password(user=user, actor=self.actor)
        return user
