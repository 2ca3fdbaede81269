"""Backfills: a column is filled in batches, small transactions along the key, only rows that still need it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db import OperationalError, models, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation, OperationCategory
from django.db.migrations.state import ProjectState
from django.db.models.sql import Query

from livemigrations.conf import data_lock_timeout_ms
from livemigrations.statements.names import code, identifier, literal

BATCH_SIZE = 1000

Position = list[str] | None
Batch = tuple[int, int, Position]


@dataclass(frozen=True, slots=True)
class Fill:
    """A column to be filled: quoted names, the SQL of the new value, the key's columns as (quoted name, type).

    ``only`` is a further condition, on ``t``; ``settings`` are (name, value) of each of its transactions.
    """

    table: str
    column: str
    value: str
    key: tuple[tuple[str, str], ...]
    size: int = BATCH_SIZE
    only: str = ""
    settings: tuple[tuple[str, str], ...] = ()

    @property
    def names(self) -> str:
        """The key's columns."""
        return ", ".join(name for name, _ in self.key)

    def behind(self, position: Position) -> str:
        """The condition that a row comes after ``position``, the texts of a key's values; TRUE without one."""
        if position is None:
            return "TRUE"
        values = ", ".join(f"{literal(text)}::{kind}" for text, (_, kind) in zip(position, self.key, strict=True))
        return f"({self.names}) > ({values})"

    def _written(self, behind: str) -> str:
        aliased = ", ".join(f"{name} AS livemigrations_{number}" for number, (name, _) in enumerate(self.key))
        same = " AND ".join(f"t.{name} = livemigrations_{number}" for number, (name, _) in enumerate(self.key))
        return (
            f"WITH batch AS (SELECT {aliased} FROM {self.table} WHERE {behind} ORDER BY {self.names} LIMIT {self.size}),\n"
            f"written AS (UPDATE {self.table} t SET {self.column} = {self.value} FROM batch"
            f" WHERE {same} AND t.{self.column} IS NULL{f' AND {self.only}' if self.only else ''} RETURNING 1)\n"
        )

    @property
    def _reached(self) -> list[str]:
        return [f"livemigrations_{number}" for number in range(len(self.key))]

    @property
    def _last(self) -> str:
        return f"FROM batch ORDER BY {', '.join(f'{name} DESC' for name in self._reached)} LIMIT 1"

    def batch(self, position: Position) -> str:
        """One batch behind ``position``: answers rows read, rows written and the position that it reached."""
        texts = ", ".join(f"{name}::text" for name in self._reached)
        return (
            f"{self._written(self.behind(position))}SELECT (SELECT count(*) FROM batch),"
            f" (SELECT count(*) FROM written), (SELECT ARRAY[{texts}] {self._last})"
        )

    @property
    def set_up(self) -> str:
        """The call that sets ``settings`` until the end of a transaction; empty without any."""
        calls = [f"set_config({literal(name)}, {literal(value)}, true)" for name, value in self.settings]
        return ", ".join(calls)

    @property
    def statement(self) -> str:
        """The whole fill for a script: one statement with a transaction for each batch, outside of any other."""
        held = [f"at_{number}" for number in range(len(self.key))]
        declared = " ".join(f"{name} {kind};" for name, (_, kind) in zip(held, self.key, strict=True))
        into = f"SELECT {', '.join(self._reached)} INTO {', '.join(held)} {self._last};\n"
        behind = f"({self.names}) > ({', '.join(held)})"
        first = f"PERFORM {self.set_up};\n" if self.settings else ""
        return "DO " + code(
            f" DECLARE {declared} BEGIN\n{first}{self._written('TRUE')}{into}"
            f"WHILE FOUND LOOP COMMIT;\n{first}{self._written(behind)}{into}END LOOP; END "
        )


class FillColumn(Operation):
    """Backfill a column: give the rows in which it is NULL a value, in batches along the primary key, a transaction each.

    ``expression`` is a value, an expression of the row's own columns (``F("other")``, ``RandomUUID()``), or a callable
    that is asked for every row; ``batch_size`` is in rows. Lane: batch; locks the rows of one batch, and waits for a
    row no longer than ``LIVEMIGRATIONS_DATA_LOCK_TIMEOUT_MS`` before it tries again. Stopped at any moment it goes on
    with the rows that are still NULL. The way back has nothing to do: the values go with the column, or are as good as
    NULL.
    """

    category = OperationCategory.ALTERATION
    atomic = False
    reversible = True
    stage: ClassVar[str] = "expand"

    def __init__(self, model_name: str, name: str, expression: Any, batch_size: int = BATCH_SIZE) -> None:
        if batch_size < 1:
            raise ValueError(f"FillColumn for {model_name}.{name}: a batch has at least one row, not {batch_size}.")
        self.model_name, self.name = model_name, name
        self.expression, self.batch_size = expression, batch_size

    @property
    def reduces_to_sql(self) -> bool:  # type: ignore[override]
        """Whether the database computes the values: a callable is asked in Python."""
        return not self._asks

    @property
    def _asks(self) -> bool:
        return callable(self.expression) and not hasattr(self.expression, "resolve_expression")

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        keywords = {"model_name": self.model_name, "name": self.name, "expression": self.expression}
        if self.batch_size != BATCH_SIZE:
            keywords["batch_size"] = self.batch_size
        return "FillColumn", [], keywords

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Rows are no part of the model state."""

    def fill(self, editor: BaseDatabaseSchemaEditor, app_label: str, state: ProjectState) -> Fill | None:
        """What is to be done on the editor's database; None where a router keeps the model away from it."""
        model = state.apps.get_model(app_label, self.model_name)
        if not router.allow_migrate_model(editor.connection.alias, model):
            return None
        field: Any = model._meta.get_field(self.name)
        value = "NULL" if self._asks else sql_of(editor, model, field, self.expression)
        key = tuple((identifier(str(part.column)), str(part.db_type(editor.connection))) for part in _key(model))
        return Fill(editor.quote_name(model._meta.db_table), identifier(str(field.column)), value, key, self.batch_size)

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        fill = self.fill(schema_editor, app_label, to_state)
        if fill is None:
            return
        if schema_editor.collect_sql:
            schema_editor.execute(fill.statement, params=None)
            return
        field = to_state.apps.get_model(app_label, self.model_name)._meta.get_field(self.name)
        if self._asks:
            write_all(schema_editor.connection, lambda cursor, at: _ask(cursor, fill, at, field, self.expression))
        else:
            write_all(schema_editor.connection, lambda cursor, at: write_batch(cursor, fill, at))

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """The values go with the column, or are as good as NULL."""

    def unfinished(self, app_label: str, connection: BaseDatabaseWrapper, state: ProjectState) -> str:
        """What is left to do, in words; empty when every row that gets a value has one. ``state`` is the fill's own."""
        with connection.schema_editor(collect_sql=True, atomic=False) as editor:
            fill = self.fill(editor, app_label, state)
        if fill is None:
            return ""
        wanted = "" if self._asks else f" AND ({fill.value}) IS NOT NULL"
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {fill.table} WHERE {fill.column} IS NULL{wanted}")
            left = cursor.fetchone()[0]
        return f"{left:,} rows of {fill.table} still lack {fill.column}" if left else ""

    def describe(self) -> str:
        return f"Fill {self.model_name}.{self.name} in batches"

    @property
    def migration_name_fragment(self) -> str:
        return f"fill_{self.model_name.lower()}_{self.name.lower()}"


def _key(model: type[models.Model]) -> list[Any]:
    fields = getattr(model._meta, "pk_fields", None) or [model._meta.pk]
    return list(fields)


def sql_of(editor: BaseDatabaseSchemaEditor, model: type[models.Model], field: Any, value: Any) -> str:
    """An expression over the columns of a row, or a value, as SQL without parameters."""
    query = Query(model, alias_cols=False)
    if not hasattr(value, "resolve_expression"):
        value = models.Value(value, output_field=field)
    expression = value.resolve_expression(query, allow_joins=False, for_save=True)
    compiler: Any = query.get_compiler(connection=editor.connection)
    text, parameters = compiler.compile(expression)
    editor.connection.ensure_connection()
    return str(text) % tuple(editor.quote_value(parameter) for parameter in parameters) if parameters else str(text)


def write_batch(cursor: Any, fill: Fill, position: Position) -> Batch:
    """Write one batch: rows read, rows written, and the position that it reached."""
    if fill.settings:
        cursor.execute(f"SELECT {fill.set_up}")
    cursor.execute(fill.batch(position))
    seen, written, reached = cursor.fetchone()
    return seen, written, reached


def _ask(cursor: Any, fill: Fill, position: Position, field: Any, ask: Callable[[], Any]) -> Batch:
    """One batch of values that Python makes, one for each row."""
    texts = ", ".join(f"{name}::text" for name, _ in fill.key)
    cursor.execute(
        f"SELECT ARRAY[{texts}] FROM {fill.table} WHERE {fill.column} IS NULL AND {fill.behind(position)}"
        f" ORDER BY {fill.names} LIMIT {fill.size} FOR UPDATE"
    )
    keys = [row[0] for row in cursor.fetchall()]
    kinds = ", ".join(f"%s::{kind}" for _, kind in fill.key)
    for key in keys:
        value = field.get_db_prep_save(ask(), cursor.db)
        cursor.execute(f"UPDATE {fill.table} SET {fill.column} = %s WHERE ({fill.names}) = ({kinds})", [value, *key])
    return len(keys), len(keys), keys[-1] if keys else None


_TRIES, _BLOCKED = 200, ("55P03", "40P01")


def write_all(connection: BaseDatabaseWrapper, write: Callable[[Any, Position], Batch]) -> int:
    """Write batch after batch until none is left, each in a transaction unless one is open. Returns rows written."""
    position: Position = None
    total = 0
    while True:
        seen, written, position = _patiently(connection, write, position)
        total += written
        if position is None or not seen:
            return total


def _patiently(connection: BaseDatabaseWrapper, write: Callable[[Any, Position], Batch], position: Position) -> Batch:
    """One batch, tried again while its rows are locked by somebody else."""
    if connection.in_atomic_block:
        with connection.cursor() as cursor:
            return write(cursor, position)
    for attempt in range(1, _TRIES + 1):
        try:
            with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{data_lock_timeout_ms()}ms'")
                return write(cursor, position)
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", "") not in _BLOCKED or attempt == _TRIES:
                raise
            time.sleep(random.uniform(0, 1))
    raise AssertionError
