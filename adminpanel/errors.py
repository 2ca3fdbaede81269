"""What ``adminpanel`` raises. The class docstring is the default message."""

from __future__ import annotations


class AdminPanelError(Exception):
    """The staff site could not do that."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class AccountRefused(AdminPanelError):
    """The account cannot be made like this."""


class SuperuserExists(AdminPanelError):
    """There is a superuser already. Remedy: let that account make further ones in the admin."""


class UnknownSetting(AdminPanelError, LookupError):
    """No setting has this key."""
