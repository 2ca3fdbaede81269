"""Limits of a model's values that forms and service functions check before the database does.

They are checked in ``clean_fields`` rather than by validators of the fields, because validators are part of a
migration's state, and because a form reports each message at its field.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models

type Number = int | Decimal


class LimitedModel(models.Model):
    """A model whose numbers have limits: ``limits`` maps the name of a field to its least and greatest value."""

    limits: ClassVar[Mapping[str, tuple[Number, Number]]] = {}

    class Meta:
        abstract = True

    def broken_rules(self) -> Iterator[tuple[str, str]]:
        """Yield the name of a field and a message for each value that is not allowed."""
        for name, (least, most) in self.limits.items():
            value = getattr(self, name)
            if isinstance(value, int | Decimal) and not least <= value <= most:
                yield name, f"Enter a number from {least:,} to {most:,}."

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """Check the fields, and the limits of those that are not in ``exclude``. Raises ``ValidationError``."""
        errors: dict[str, list[ValidationError]] = {}
        try:
            super().clean_fields(exclude)
        except ValidationError as error:
            errors = error.update_error_dict(errors)
        skipped = {*(exclude or ()), *errors}
        for name, message in self.broken_rules():
            if name not in skipped:
                errors.setdefault(name, []).append(ValidationError(message, code="limit"))
        if errors:
            raise ValidationError(errors)
