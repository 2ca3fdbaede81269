"""The errors that ``adminpanel`` raises. The class docstring is the default message."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied


class AdminPanelError(Exception):
    """The staff site could not do that."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class AccountRefused(AdminPanelError):
    """The account cannot be saved with these values."""


class SuperuserExists(AdminPanelError):
    """A superuser exists already. To create more, use the admin."""


class LastSuperuser(AdminPanelError):
    """This is the last active superuser. To continue, make another active account a superuser first."""


class GrantRefused(AdminPanelError, PermissionDenied):
    """An actor cannot give or take permissions, or administer an account, beyond their own permissions."""


class RoleRefused(AdminPanelError):
    """The role cannot be saved with these values."""


class RoleProtected(AdminPanelError):
    """The role superuser cannot be deleted."""


class SettingRefused(AdminPanelError):
    """The setting cannot be saved with this value."""
