"""Rows that belong to the schema: seeded by natural key, taken back only where nobody touched them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, router
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation, OperationCategory
from django.db.migrations.state import ProjectState

from livemigrations.bookkeeping import ensure_bookkeeping
from livemigrations.catalog.constraints import referencing_columns
from livemigrations.statements.names import identifier, literal


class SeedRows(Operation):
    """Insert rows by natural key. Lane: batch; locks nothing but the rows.

    ``model`` is ``"app_label.Model"``, ``key`` the fields of its natural key (a unique constraint must cover them),
    ``rows`` a list of field values. A row whose key exists is left alone, unless an earlier seed wrote it and it is
    still as that seed left it: then it is updated. Two runs at once are harmless. The way back deletes only rows that
    this seed inserted, that nobody changed and nothing references, and restores those that it updated. Forwards again
    brings back the same rows, generated keys included, since rows that were kept may refer to them.
    """

    category = OperationCategory.SQL
    reduces_to_sql = True
    reversible = True

    def __init__(self, model: str, key: str | Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
        self.model, self.key, self.rows = model, (key,) if isinstance(key, str) else tuple(key), [dict(r) for r in rows]
        if not self.key:
            raise ValueError(f"SeedRows for {model}: name at least one field as the key, as in ('code',).")
        if "." not in model:
            raise ValueError(f"SeedRows for {model}: name the app as well, as in shop.{model}.")
        names = [tuple(sorted(row)) for row in self.rows]
        if not self.rows or len(set(names)) != 1:
            raise ValueError(f"SeedRows for {model}: give at least one row, all with the same fields.")
        if missing := set(self.key) - set(names[0]):
            raise ValueError(f"SeedRows for {model}: the rows lack the key {', '.join(sorted(missing))}.")

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return "SeedRows", [], {"model": self.model, "key": self.key, "rows": self.rows}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Rows are no part of the model state."""

    @property
    def seed(self) -> str:
        """A digest of the content: what tells the records of two seeds of one table apart."""
        content = json.dumps([self.model, self.key, self.rows], cls=DjangoJSONEncoder, sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        if target := self._target(schema_editor, to_state):
            for brought in (self._bring_back(target), *target.numbered_on()):
                schema_editor.execute(brought, params=None)
            for statement, parameters in (self._update(target), self._insert(target)):
                schema_editor.execute(statement, parameters)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        if target := self._target(schema_editor, from_state):
            for statement in (self._delete(target), self._restore(target), self._forget()):
                schema_editor.execute(statement, params=None)

    def describe(self) -> str:
        return f"Seed {len(self.rows)} row{'s' * (len(self.rows) != 1)} of {self.model}"

    @property
    def migration_name_fragment(self) -> str:
        return f"seed_{self.model.rpartition('.')[2].lower()}"

    def _target(self, editor: BaseDatabaseSchemaEditor, state: ProjectState) -> _Target | None:
        label, _, name = self.model.rpartition(".")
        model = state.apps.get_model(label, name)
        if not router.allow_migrate_model(editor.connection.alias, model):
            return None
        if not editor.collect_sql:
            ensure_bookkeeping(editor.connection)
        return _Target(editor, model, self.key, self.rows)

    def _bring_back(self, target: _Target) -> str:
        """The rows that the way back deleted, as they were."""
        columns = target.all_columns
        values = ", ".join(f"r.{column}" for column in columns)
        seed, relation = literal(self.seed), literal(target.name)
        return f"""
            WITH gone AS (
                DELETE FROM livemigrations_unseeded WHERE seed = {seed} AND relation = {relation} RETURNING row),
            fresh AS (
                INSERT INTO {target.table} ({", ".join(columns)}) OVERRIDING SYSTEM VALUE
                SELECT {values} FROM gone, jsonb_populate_record(NULL::{target.table}, gone.row) r
                ON CONFLICT DO NOTHING RETURNING *)
            INSERT INTO livemigrations_seed (seed, relation, key, after)
            SELECT {seed}, {relation}, {target.key_of("fresh")}, to_jsonb(fresh) FROM fresh"""

    def _insert(self, target: _Target) -> tuple[str, list[Any]]:
        seed, relation = literal(self.seed), literal(target.name)
        statement = f"""
            WITH fresh AS (
                INSERT INTO {target.table} ({target.columns}) VALUES {target.placeholders(cast=False)}
                ON CONFLICT ({target.key_columns}) DO NOTHING RETURNING *)
            INSERT INTO livemigrations_seed (seed, relation, key, after)
            SELECT {seed}, {relation}, {target.key_of("fresh")}, to_jsonb(fresh) FROM fresh"""
        return statement, target.values()

    def _update(self, target: _Target) -> tuple[str, list[Any]]:
        seed, relation = literal(self.seed), literal(target.name)
        changes = ", ".join(f"{column} = wanted.{column}" for column in target.column_list)
        different = f"({target.row('t')}) IS DISTINCT FROM ({target.row('wanted')})"
        statement = f"""
            WITH wanted ({target.columns}) AS (VALUES {target.placeholders(cast=True)}),
            seeded AS (
                SELECT DISTINCT ON (key) key, after FROM livemigrations_seed
                WHERE relation = {relation} ORDER BY key, id DESC),
            old AS (SELECT {target.key_of("t")} AS key, to_jsonb(t) AS before FROM {target.table} t),
            changed AS (
                UPDATE {target.table} t SET {changes} FROM wanted, seeded
                WHERE {target.same_key("t", "wanted")} AND seeded.key = {target.key_of("t")}
                AND {_unchanged("t", "seeded")} AND {different} RETURNING t.*)
            INSERT INTO livemigrations_seed (seed, relation, key, before, after)
            SELECT {seed}, {relation}, old.key, old.before, to_jsonb(changed)
            FROM changed JOIN old ON old.key = {target.key_of("changed")}"""
        return statement, target.values()

    def _delete(self, target: _Target) -> str:
        unused = "".join(f" AND NOT EXISTS ({query})" for query in target.references("t"))
        seed, relation = literal(self.seed), literal(target.name)
        return (
            f"WITH gone AS (DELETE FROM {target.table} t USING livemigrations_seed s WHERE s.seed = {seed}"
            f" AND s.relation = {relation} AND s.before IS NULL"
            f" AND s.key = {target.key_of('t')} AND {_unchanged('t', 's')}{unused} RETURNING s.key, to_jsonb(t) AS row)"
            f" INSERT INTO livemigrations_unseeded (seed, relation, key, row) SELECT {seed}, {relation}, key, row FROM gone"
            " ON CONFLICT (seed, relation, key) DO UPDATE SET row = EXCLUDED.row"
        )

    def _restore(self, target: _Target) -> str:
        changes = ", ".join(
            f"{column} = (jsonb_populate_record(NULL::{target.table}, s.before)).{column}"
            for column in target.column_list
        )
        return (
            f"WITH restored AS (UPDATE {target.table} t SET {changes} FROM livemigrations_seed s"
            f" WHERE s.seed = {literal(self.seed)} AND s.relation = {literal(target.name)} AND s.before IS NOT NULL"
            f" AND s.key = {target.key_of('t')} AND {_unchanged('t', 's')}"
            f" RETURNING s.id, s.relation, s.key, to_jsonb(t) AS row)"
            f" UPDATE livemigrations_seed earlier SET after = restored.row FROM restored WHERE earlier.id ="
            f" (SELECT max(p.id) FROM livemigrations_seed p"
            f" WHERE p.relation = restored.relation AND p.key = restored.key AND p.id < restored.id)"
        )

    def _forget(self) -> str:
        return f"DELETE FROM livemigrations_seed WHERE seed = {literal(self.seed)}"


def _unchanged(row: str, seeded: str) -> str:
    """Whether a row is as a seed left it, in the columns that both have: others may have come or gone since."""
    return (
        f"NOT EXISTS (SELECT 1 FROM jsonb_each({seeded}.after) k"
        f" WHERE jsonb_exists(to_jsonb({row}), k.key) AND to_jsonb({row}) -> k.key <> k.value)"
    )


class _Target:
    """The table of a seed, and the pieces of SQL that name its columns."""

    def __init__(
        self,
        editor: BaseDatabaseSchemaEditor,
        model: type[models.Model],
        key: tuple[str, ...],
        rows: list[dict[str, Any]],
    ) -> None:
        self.connection = editor.connection
        self.model = model
        self.name = model._meta.db_table
        self.table = editor.quote_name(self.name)
        self.rows = rows
        columns = {field.name: field for field in model._meta.concrete_fields}
        self.fields = [columns[name] for name in sorted(rows[0])]
        self.names = sorted(rows[0])
        self.key = [str(columns[name].column) for name in key]
        self.all_columns = [
            identifier(str(field.column)) for field in model._meta.concrete_fields if not field.generated
        ]
        self.column_list = [identifier(str(field.column)) for field in self.fields]
        self.columns = ", ".join(self.column_list)
        self.key_columns = ", ".join(map(identifier, self.key))

    def placeholders(self, *, cast: bool) -> str:
        types = [f"%s::{field.db_type(self.connection)}" if cast else "%s" for field in self.fields]
        return ", ".join([f"({', '.join(types)})"] * len(self.rows))

    def values(self) -> list[Any]:
        return [
            field.get_db_prep_save(row[name], self.connection)
            for row in self.rows
            for name, field in zip(self.names, self.fields, strict=True)
        ]

    def numbered_on(self) -> list[str]:
        """Move the sequences of identity columns behind the numbers that were brought back."""
        numbered = [
            str(field.column) for field in self.model._meta.local_concrete_fields if isinstance(field, models.AutoField)
        ]
        return [
            f"SELECT setval(s, top) FROM (SELECT pg_get_serial_sequence({literal(self.table)}, {literal(column)})"
            f"::regclass AS s, (SELECT max({identifier(column)}) FROM {self.table}) AS top) q"
            " WHERE s IS NOT NULL AND top > coalesce(pg_sequence_last_value(s), 0)"
            for column in numbered
        ]

    def key_of(self, alias: str) -> str:
        pairs = ", ".join(f"{literal(column)}, {alias}.{identifier(column)}" for column in self.key)
        return f"jsonb_build_object({pairs})"

    def same_key(self, one: str, other: str) -> str:
        return " AND ".join(f"{one}.{identifier(column)} = {other}.{identifier(column)}" for column in self.key)

    def row(self, alias: str) -> str:
        return ", ".join(f"{alias}.{column}" for column in self.column_list)

    def references(self, alias: str) -> list[str]:
        return [
            f"SELECT 1 FROM {table} r WHERE "
            + " AND ".join(f"r.{identifier(a)} = {alias}.{identifier(b)}" for a, b in pairs)
            for table, pairs in referencing_columns(self.connection, self.name)
        ]
