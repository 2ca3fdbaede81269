"""Settings that staff may change while the system runs."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from core.models import LegacyRow


class AdminConfig(LegacyRow):
    """A setting: the text in ``config_value`` is to be read as ``value_type`` says.

    System settings cannot be deleted.
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

    def clean(self) -> None:
        """Refuse a text that cannot be read as its type."""
        try:
            self.value()
        except (ValueError, InvalidOperation):
            hint = _HINTS.get(self.value_type, "")
            message = f"{self.config_value!r} is no {self.value_type}. {hint}"
            raise ValidationError({"config_value": message}) from None

    def value(self) -> Any:
        """The value as str, Decimal, bool or parsed JSON; ``ValueError`` if the text is something else."""
        text = self.config_value
        match self.value_type:
            case self.ValueType.NUMBER:
                number = Decimal(text)
                if not number.is_finite():
                    raise ValueError(text)
                return number
            case self.ValueType.BOOLEAN:
                if text not in _BOOLEANS:
                    raise ValueError(text)
                return _BOOLEANS[text]
            case self.ValueType.JSON:
                return json.loads(text)
        return text


_BOOLEANS = {"true": True, "false": False}
_HINTS = {"number": "Write 12 or 0.5.", "boolean": "Write true or false.", "json": "Write it as in [1, 2]."}
