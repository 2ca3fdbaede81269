"""Constraints on tables in use: added without a scan, validated in a step of their own."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models


class AddForeignKey(migrations.AlterField):
    """Give a foreign key that was added with ``db_constraint=False`` its constraint.

    ``field`` is the final field. Lanes: instant (``ADD CONSTRAINT … NOT VALID``; SHARE ROW EXCLUSIVE on both tables
    for a few milliseconds, which stops writers but no reader), then online (``VALIDATE``, SHARE UPDATE EXCLUSIVE:
    stops nobody). Orphan rows are counted and shown before anything is changed. The way back drops the constraint.
    """

    def describe(self) -> str:
        return f"Add foreign key {self.model_name}.{self.name}"

    @property
    def migration_name_fragment(self) -> str:
        return f"{self.model_name_lower}_{self.name_lower}_key"


class SetNotNull(migrations.AlterField):
    """Make a column NOT NULL; ``field`` is the final field.

    Lanes: instant (a CHECK, NOT VALID), online (its VALIDATE), instant (SET NOT NULL, which needs no scan then,
    and the CHECK goes). NULLs are counted and shown before anything is changed. The way back drops the NOT NULL.
    """

    def describe(self) -> str:
        return f"Set {self.model_name}.{self.name} not null"

    @property
    def migration_name_fragment(self) -> str:
        return f"{self.model_name_lower}_{self.name_lower}_not_null"


class AddCheck(migrations.AddConstraint):
    """Add a CHECK: NOT VALID (ACCESS EXCLUSIVE for a few milliseconds), then VALIDATE (stops nobody)."""

    def __init__(self, model_name: str, constraint: models.CheckConstraint) -> None:
        if not isinstance(constraint, models.CheckConstraint):
            raise TypeError(f"AddCheck takes a CheckConstraint, not {type(constraint).__name__}.")
        super().__init__(model_name, constraint)


class AddUnique(migrations.AddConstraint):
    """Add a unique constraint from an index that is built concurrently; duplicates are shown first."""

    def __init__(self, model_name: str, constraint: Any) -> None:
        if not isinstance(constraint, models.UniqueConstraint):
            raise TypeError(f"AddUnique takes a UniqueConstraint, not {type(constraint).__name__}.")
        super().__init__(model_name, constraint)
