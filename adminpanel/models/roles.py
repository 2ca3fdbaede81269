"""Roles: named sets of permissions."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import JSONField, Value

from core.models import LegacyRow, is_new
from core.permissions import malformed, unknown

SUPERUSER_ROLE = "superuser"


class Role(LegacyRow):
    """A named list of permissions, such as ``["bookings.*"]``; an account has those of all its roles.

    The role ``superuser`` always allows everything: a trigger rejects its deletion and every change of its name and its
    permissions.
    """

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
        """Refuse a value that is not a list of permissions that exist, and changes to the role ``superuser``.

        A permission that no installed app has is accepted only if the stored role has it already.
        """
        stored = None if is_new(self) else Role.objects.filter(pk=self.pk).first()
        if stored is not None and stored.name == SUPERUSER_ROLE:
            self._refuse_other_superuser(stored)
        value: Any = self.permissions_json
        if not isinstance(value, list):
            message = 'Permissions are a list, for example ["bookings.*", "customers.view_customer"].'
            raise ValidationError({"permissions_json": message})
        if wrong := malformed(value):
            names = ", ".join(map(repr, wrong))
            message = f"Not a permission: {names}. Write *, app.* or app.verb_model."
            raise ValidationError({"permissions_json": message})
        before = stored.permissions_json if stored is not None else []
        if missing := [one for one in unknown(value) if not (isinstance(before, list) and one in before)]:
            message = f"No installed app has these permissions: {', '.join(missing)}. Choose permissions that exist."
            raise ValidationError({"permissions_json": message})

    def _refuse_other_superuser(self, stored: Role) -> None:
        if self.name != stored.name:
            message = f"The role {SUPERUSER_ROLE} cannot be renamed. Create another role instead."
            raise ValidationError({"name": message})
        if self.permissions_json not in (stored.permissions_json, ["*"]):
            message = f"The role {SUPERUSER_ROLE} always allows everything. Create another role instead."
            raise ValidationError({"permissions_json": message})
