"""The errors that ``core`` raises. A message says what failed, why, and how to fix it."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied


class CoreError(Exception):
    """The base of the errors of ``core``."""


class PermissionRefused(CoreError, PermissionDenied):
    """The actor does not have the permission. A view that does not handle the error answers 403.

    ``permission`` is the missing permission, ``actor`` the name of the actor.
    """

    def __init__(self, permission: str, actor: str, *, message: str = "") -> None:
        self.permission, self.actor = permission, actor
        super().__init__(
            message
            or f"{actor} does not have the permission {permission}. To fix this, ask someone who manages roles to add "
            f"{permission} to a role of {actor}."
        )


class ActorUnknown(CoreError, PermissionDenied):
    """Nobody knows what the user of a request may do: the user has no staff account."""


class SettingError(CoreError):
    """The base of the errors about runtime settings. ``key`` names the setting."""

    def __init__(self, key: str, message: str) -> None:
        self.key = key
        super().__init__(message)


class SettingDeclaredTwice(SettingError):
    """Two modules declare a setting with the same key."""

    def __init__(self, key: str) -> None:
        super().__init__(
            key,
            f"The setting {key} is declared twice. To fix this, import the first declaration or choose another key.",
        )


class SettingInvalid(SettingError):
    """The stored value of a setting cannot be used. ``value`` is the stored text, ``reason`` what is wrong with it."""

    def __init__(self, key: str, value: str, reason: str, default: str) -> None:
        self.value, self.reason = value, reason
        super().__init__(
            key,
            f"The setting {key} has a stored value that cannot be used: {value!r}. {reason} To fix this, change the "
            f"setting in the admin under Settings (table admin_config). The default is {default}.",
        )
