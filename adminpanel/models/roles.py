"""Roles: named sets of permissions."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import JSONField, Value

from adminpanel.permissions import malformed
from core.models import LegacyRow


class Role(LegacyRow):
    """What its holders may do; ``permissions_json`` is a list such as ``["bookings.*"]``."""

    name = models.CharField(max_length=100)
    description = models.TextField(null=True, blank=True)
    permissions_json = models.JSONField(
        "permissions",
        blank=True,
        default=list,
        db_default=Value([], JSONField()),
        help_text='Such as ["*"], ["bookings.*"] or ["bookings.view_booking"].',
    )

    class Meta:
        db_table = "roles"
        ordering = ("name",)
        indexes = (models.Index(fields=["name"], name="idx_roles_name"),)
        constraints = (models.UniqueConstraint(fields=["name"], name="roles_name_key"),)

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse what is no list of permissions, naming the entries that are wrong."""
        value: Any = self.permissions_json
        if not isinstance(value, list):
            message = 'Permissions are a list, for example ["bookings.*", "customers.view_customer"].'
            raise ValidationError({"permissions_json": message})
        if wrong := malformed(value):
            names = ", ".join(map(repr, wrong))
            message = f"Not a permission: {names}. Write *, app.* or app.verb_model."
            raise ValidationError({"permissions_json": message})
