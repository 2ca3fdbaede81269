"""Settings that staff may change while the system runs."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from core.models import LegacyRow
from core.setting_types import SettingType, boolean, decimal_number, json_value, text
from core.settings import Setting, declared


class AdminConfig(LegacyRow):
    """The stored value of a setting. Code reads it through the declaration of the setting (``core.settings``).

    The declaration decides which values are allowed. For a key that no code declares, ``value_type`` decides.
    A system setting cannot be deleted in the admin.
    """

    class ValueType(models.TextChoices):
        STRING = "string"
        NUMBER = "number"
        BOOLEAN = "boolean"
        JSON = "json", "JSON"

    config_key = models.CharField("key", max_length=255)
    config_value = models.TextField("value")
    value_type = models.CharField("type", max_length=50, choices=ValueType)
    description = models.TextField(null=True, blank=True)
    is_system = models.BooleanField(
        "system", null=True, blank=True, default=False, db_default=False, help_text="Cannot be deleted."
    )
    updated_by_admin = models.ForeignKey(
        "adminpanel.AdminUser",
        models.DB_SET_NULL,
        null=True,
        blank=True,
        editable=False,
        db_index=False,
        related_name="+",
        verbose_name="last changed by",
    )

    class Meta:
        db_table = "admin_config"
        verbose_name = "setting"
        ordering = ("config_key",)
        indexes = (
            models.Index(fields=["config_key"], name="idx_admin_config_key"),
            models.Index(fields=["is_system"], name="idx_admin_config_system"),
        )
        constraints = (models.UniqueConstraint(fields=["config_key"], name="admin_config_config_key_key"),)

    def __str__(self) -> str:
        return self.config_key

    @property
    def declaration(self) -> Setting[Any] | None:
        """The declaration of the setting in code, or None if no code declares the key."""
        return declared(self.config_key)

    @property
    def type(self) -> SettingType[Any] | None:
        """The type that reads the text: of the declaration, or else of ``value_type``; None if that is unknown."""
        declaration = self.declaration
        return declaration.type if declaration else _UNDECLARED.get(self.value_type)

    def problem(self) -> str | None:
        """Return why the text is not an allowed value, as a sentence, or None if it is one."""
        try:
            if self.type is not None:
                self.type.parse(self.config_value)
        except ValueError as error:
            return str(error)
        return None

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """Take the type and the description from the declaration, then check the fields."""
        if (declaration := self.declaration) is not None:
            self.value_type = declaration.type.value_type.value
            self.description = declaration.description
        super().clean_fields(exclude)

    def clean(self) -> None:
        """Refuse a text that is not an allowed value; store an allowed one in its usual form."""
        if (problem := self.problem()) is not None:
            raise ValidationError({"config_value": problem})
        if (declaration := self.declaration) is not None:
            self.config_value = declaration.type.format(declaration.type.parse(self.config_value))


def _unchanged(value: Any) -> Any:
    return value


_UNDECLARED: dict[str, SettingType[Any]] = {
    "string": text(),
    "number": decimal_number(-(10**20), 10**20),
    "boolean": boolean(),
    "json": json_value("JSON such as [1, 2]", read=_unchanged, write=_unchanged),
}
