"""Whether the rows of a seed are in a database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.state import ProjectState

from livemigrations.catalog.relations import fetch, relation_oid
from livemigrations.operations.rows import SeedRows
from livemigrations.statements.names import identifier


@dataclass(frozen=True, slots=True)
class SeedProof:
    """The keys that a seed wants to find: ``columns`` of ``table``, and a tuple of ``keys`` for each row."""

    table: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    keys: tuple[tuple[Any, ...], ...]

    @classmethod
    def of(cls, connection: BaseDatabaseWrapper, seed: SeedRows, state: ProjectState) -> SeedProof:
        """What a seed would look for, with the models as ``state`` has them."""
        label, _, name = seed.model.rpartition(".")
        model = state.apps.get_model(label, name)
        fields = [model._meta.get_field(name) for name in seed.key]
        return cls(
            model._meta.db_table,
            tuple(str(field.column) for field in fields),
            tuple(str(field.db_type(connection)) for field in fields),
            tuple(
                tuple(
                    field.get_db_prep_save(row[name], connection) for name, field in zip(seed.key, fields, strict=True)
                )
                for row in seed.rows
            ),
        )

    def missing(self, connection: BaseDatabaseWrapper) -> list[tuple[Any, ...]] | None:
        """The keys of rows that are not there; None if the table or one of the columns is not."""
        oid = relation_oid(connection, self.table)
        if oid is None:
            return None
        known = "SELECT attname FROM pg_attribute WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped"
        if not set(self.columns) <= {row[0] for row in fetch(connection, known, [oid])}:
            return None
        names = [identifier(column) for column in self.columns]
        row = "(" + ", ".join(f"%s::{type_}" for type_ in self.types) + ")"
        same = " AND ".join(f"t.{name} = wanted.{name}" for name in names)
        return fetch(
            connection,
            f"SELECT * FROM (VALUES {', '.join([row] * len(self.keys))}) AS wanted ({', '.join(names)})"
            f" WHERE NOT EXISTS (SELECT 1 FROM {connection.ops.quote_name(self.table)} t WHERE {same})",
            [value for key in self.keys for value in key],
        )
