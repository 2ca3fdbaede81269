"""Errors that the building blocks of ``core`` raise.

An error says what failed, why, and how to fix it. Domain apps derive their own errors from ``RuleViolated`` when a
rule in the database stands behind them; ``core.db.rules`` raises the same class when PostgreSQL rejects the write.
"""

from __future__ import annotations

from typing import ClassVar

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


class MoneyError(CoreError, ValueError):
    """The base of all errors about amounts and currencies."""


class CurrencyUnknown(MoneyError):
    """The code is not an active ISO 4217 currency."""


class CurrencyNotSupported(MoneyError):
    """The currency has three or four decimals; amounts are stored with two."""


class CurrencyMismatch(MoneyError):
    """Amounts of different currencies were added, subtracted or compared."""


class AmountInvalid(MoneyError):
    """The amount is not a finite decimal number, or has more decimals than its currency."""


class SplitInvalid(MoneyError):
    """The number of parts, or the weights, cannot divide a total."""


class RuleViolated(CoreError):
    """A write would break a rule that the database enforces, or has been rejected by the database for that reason.

    ``rule`` is the constraint name, ``table`` and ``column`` say where it applies. ``detail`` holds the values and may
    contain personal data; ``str(error)`` consists of the message and the hint only.

    A subclass names the rule that it stands for::

        class RefundTooLarge(RuleViolated, rule="refunds_within_captured"):
            ...
    """

    classes: ClassVar[dict[str, type[RuleViolated]]] = {}

    def __init_subclass__(cls, *, rule: str | None = None) -> None:
        super().__init_subclass__()
        if rule is not None:
            RuleViolated.classes[rule] = cls

    def __init__(
        self, message: str, *, rule: str, table: str = "", column: str = "", detail: str = "", hint: str = ""
    ) -> None:
        super().__init__(f"{message.rstrip('.')}. {hint}" if hint else message)
        self.message, self.rule, self.table, self.column = message, rule, table, column
        self.detail, self.hint = detail, hint


class TransitionRefused(RuleViolated):
    """The status of a row cannot change like this; the hint lists the allowed next statuses."""
