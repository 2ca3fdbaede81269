"""Backfills: a column is filled in batches, short transactions over ranges of the table's blocks.

A batch covers some blocks of the table, whatever its key is, so that no row is out of reach: rows whose key is NULL, keys
of types and collations that the model does not know, tables without a key. Rows that other sessions move during the
fill are found at the end, by one statement over the whole table.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Protocol

from django.db import DatabaseError, OperationalError, models, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation, OperationCategory
from django.db.migrations.state import ProjectState
from django.db.models.sql import Query

from livemigrations.catalog.kept import hidden_rows
from livemigrations.catalog.relations import relation_oid
from livemigrations.catalog.silencing import NOTHING_TO_SILENCE, TREE, Silence, silence
from livemigrations.conf import data_lock_timeout_ms, lock_budget_ms
from livemigrations.errors import MissingRights, StepFailed
from livemigrations.statements.names import code, identifier, literal, parse_name

BATCH_SIZE = 1000
_LARGEST_RANGE = 2048  # blocks: 16 MB
_PASSES = 5

# Under this setting a policy that hides rows from the role raises an error (SQLSTATE 42501).
ALL_ROWS = "SET LOCAL row_security = off"

_EXTENT = (
    f"{TREE} SELECT (coalesce(max(pg_relation_size(oid)), 0) / current_setting('block_size')::bigint)::bigint,"
    " coalesce(string_agg(pg_relation_filenode(oid)::text, ',' ORDER BY oid), '') FROM tree"
)


@dataclass(frozen=True, slots=True)
class Fill:
    """A column to be filled: quoted names, the SQL of the new value, over ``t``.

    ``only`` is a further condition on the rows to write. ``missing`` is the condition that a row has no value although
    it can get one, which no row may meet in the end; empty where that cannot be told. ``settings`` are (name, value) of
    each transaction. Unless it ``fires_triggers``, the fill stands for a rewrite of the table, which fires none.
    """

    table: str
    column: str
    value: str
    size: int = BATCH_SIZE
    only: str = ""
    missing: str = ""
    settings: tuple[tuple[str, str], ...] = ()
    fires_triggers: bool = True

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Fill:
        """The fill that the journal stores; parts that only earlier releases used are left out."""
        known = {field.name: data[field.name] for field in fields(cls) if field.name in data}
        return cls(**{**known, "settings": tuple(map(tuple, known.get("settings", ())))})

    @property
    def needed(self) -> str:
        """The condition that a row is to be written."""
        return f"t.{self.column} IS NULL{f' AND {self.only}' if self.only else ''}"

    def stop(self, first: str, beyond: str) -> str:
        """The block at which a batch that begins at block ``first`` stops: ``size`` rows later, or at ``beyond``."""
        found = (
            f"SELECT (t.ctid::text::point)[0]::bigint FROM {self.table} t WHERE {_within(first, beyond)}"
            f" AND {self.needed} ORDER BY t.ctid OFFSET {self.size} LIMIT 1"
        )
        return f"greatest(coalesce(({found}), {beyond}), {first} + 1)"

    def _update(self, where: str) -> str:
        return f"UPDATE {self.table} t SET {self.column} = {self.value} WHERE {where}"

    def batch(self, first: int, beyond: int) -> str:
        """Write one batch. Returns the block at which it stopped, and the number of rows written."""
        rows = f"{_within(str(first), '(SELECT stop FROM batch)')} AND {self.needed}"
        return (
            f"WITH batch AS MATERIALIZED (SELECT {self.stop(str(first), str(beyond))} AS stop),\n"
            f"written AS ({self._update(rows)} RETURNING 1)\n"
            "SELECT (SELECT stop FROM batch), (SELECT count(*) FROM written)"
        )

    @property
    def left(self) -> str:
        """Count the rows that have no value although they can get one."""
        return f"SELECT count(*) FROM {self.table} t WHERE {self.missing}"

    def rest(self, into: str = "") -> str:
        """Write all rows that are left, wherever they are. Returns their number, and the number of rows written.

        Both belong to one snapshot: an UPDATE follows a row that another session moves.
        """
        return (
            f"WITH rest AS MATERIALIZED ({self.left}), written AS ({self._update(self.missing)} RETURNING 1)\n"
            f"SELECT (SELECT count FROM rest), (SELECT count(*) FROM written){into}"
        )

    @property
    def set_up(self) -> str:
        """The calls that set ``settings`` until the end of a transaction; empty without any."""
        calls = [f"set_config({literal(name)}, {literal(value)}, true)" for name, value in self.settings]
        return ", ".join(calls)

    @property
    def skipped(self) -> str:
        """The error about rows that the UPDATE finds and does not change."""
        return (
            f"rows of {self.table} have no value in {self.column} after the backfill: an UPDATE does not change them. A"
            " BEFORE UPDATE trigger that returns NULL does this. The rows filled so far keep their values. To fix this,"
            " disable that trigger, or fill these rows by hand, then run migrate again."
        )

    def script(self, quiet: Silence) -> str:
        """The whole fill for a script: one statement with a transaction for each batch, outside of any other."""
        # No variable may have the name of a column that the value uses.
        names = ("at", "stop", "last", "range", "left", "written")
        at, stop, last, reach, left, written = (f"livemigrations_{name}" for name in names)
        set_up = [f"PERFORM {self.set_up}"] if self.settings else []
        begin = "".join(f"  {line};\n" for line in [ALL_ROWS, *set_up, *quiet.before])
        end = "".join(f"  {line};\n" for line in [*quiet.after, "COMMIT"])
        extent = _EXTENT.replace("%s", literal(self.table))
        rest = (
            f"LOOP\n{begin}  {self.rest(f' INTO {left}, {written}')};\n{end}  EXIT WHEN {left} <= {written};\n"
            f"  IF {written} = 0 THEN RAISE EXCEPTION USING MESSAGE = {left} || ' ' || {literal(self.skipped)}; END IF;\n"
            "END LOOP;\n"
        )
        return "DO " + code(
            f"\n#variable_conflict use_column\nDECLARE {at} bigint := 0; {stop} bigint; {last} bigint; {reach} bigint := 64;"
            f" {left} bigint; {written} bigint;\nBEGIN\n"
            f"{last} := (SELECT blocks FROM ({extent}) AS extent (blocks, files));\n"
            f"WHILE {at} < {last} LOOP\n{begin}"
            f"  {stop} := {self.stop(at, f'least({last}, {at} + {reach})')};\n"
            f"  {self._update(f'{_within(at, stop)} AND {self.needed}')};\n{end}"
            f"  {reach} := least(2 * ({stop} - {at}), {_LARGEST_RANGE}); {at} := {stop};\nEND LOOP;\n"
            f"{rest if self.missing else ''}END "
        )


def _within(first: str, beyond: str) -> str:
    """The condition that a row is in the blocks from ``first`` on and before ``beyond``: a TID range scan."""
    return f"t.ctid >= ('(' || {first} || ',0)')::tid AND t.ctid < ('(' || {beyond} || ',0)')::tid"


# --- writing -------------------------------------------------------------------------------------------------------

type Work[T] = Callable[[Any], T]


class Transact(Protocol):
    """Runs work, which gets a cursor, in a transaction; again while locks of other sessions are in the way."""

    def __call__[T](self, work: Work[T]) -> T: ...


class Writer:
    """Writes the rows of a fill with SQL."""

    def __init__(self, fill: Fill) -> None:
        self.fill = fill

    def batch(self, cursor: Any, first: int, beyond: int) -> tuple[int, int]:
        """Write one batch. Returns the block at which it stopped, and the number of rows written."""
        cursor.execute(self.fill.batch(first, beyond))
        stop, written = cursor.fetchone()
        return stop, written

    def left(self, cursor: Any) -> int:
        """Count the rows that still need a value."""
        if not self.fill.missing:
            return 0
        cursor.execute(self.fill.left)
        return int(cursor.fetchone()[0])

    def rest(self, cursor: Any) -> tuple[int, int]:
        """Write all rows that are left. Returns their number, and the number of rows written."""
        cursor.execute(self.fill.rest())
        left, written = cursor.fetchone()
        return left, written


class AskingWriter(Writer):
    """Writes values that a Python callable makes, one for each row."""

    def __init__(self, fill: Fill, field: Any, ask: Callable[[], Any]) -> None:
        super().__init__(fill)
        self.field, self.ask = field, ask
        self.gave_none = False

    def batch(self, cursor: Any, first: int, beyond: int) -> tuple[int, int]:
        cursor.execute(f"SELECT {self.fill.stop(str(first), str(beyond))}")
        stop = cursor.fetchone()[0]
        return stop, self._write(cursor, f"{_within(str(first), str(stop))} AND {self.fill.needed}")[1]

    def left(self, cursor: Any) -> int:
        return 0 if self.gave_none else super().left(cursor)

    def rest(self, cursor: Any) -> tuple[int, int]:
        return self._write(cursor, self.fill.missing)

    def _write(self, cursor: Any, where: str) -> tuple[int, int]:
        table = self.fill.table
        update = f"UPDATE {table} t SET {self.fill.column} = ".replace("%", "%%")
        cursor.execute(
            f"SELECT t.tableoid::bigint, t.ctid::text FROM {table} t WHERE {where} ORDER BY t.ctid FOR UPDATE"
        )
        rows, written = cursor.fetchall(), 0
        for place in rows:
            value = self.field.get_db_prep_save(self.ask(), cursor.db)
            self.gave_none |= value is None
            cursor.execute(f"{update}%s WHERE t.tableoid = %s AND t.ctid = %s::tid", [value, *place])
            written += cursor.rowcount
        return len(rows), written


@dataclass(slots=True)
class Written:
    """What a fill did: rows written, transactions."""

    rows: int = 0
    transactions: int = 0


def carry_out(writer: Writer, transact: Transact, tell: Callable[[int], None] = lambda rows: None) -> Written:
    """Write batch after batch, then whatever is left; ``tell`` gets the rows written so far.

    Raises ``StepFailed`` if rows remain without a value that they can get.
    """
    fill, done = writer.fill, Written()
    quiet = transact(lambda cursor: quiet_for(cursor.db, fill))

    def prepared[T](work: Work[T]) -> T:
        def within(cursor: Any) -> T:
            with _prepared(cursor, fill, quiet):
                return work(cursor)

        done.transactions += 1
        return transact(within)

    left = 0
    for _ in range(_PASSES):
        files, written = _pass(writer, transact, prepared, done, tell)
        left = prepared(writer.left)
        moved = transact(lambda cursor: _extent(cursor, fill))[1] != files  # by VACUUM FULL or CLUSTER
        if not moved and (left <= fill.size or not written):
            break
    while left:
        left, written = prepared(writer.rest)
        done.rows += written
        if left <= written:
            break
        if not written:
            left = prepared(writer.left)  # others may have filled or deleted them
            if left:
                raise StepFailed(f"{left:,} {fill.skipped}")
    return done


def _pass(
    writer: Writer, transact: Transact, prepared: Transact, done: Written, tell: Callable[[int], None]
) -> tuple[str, int]:
    """Write all blocks that the table has now. Returns its files, and the number of rows written."""
    blocks, files = transact(lambda cursor: _extent(cursor, writer.fill))
    first, reach, before = 0, 64, done.rows
    while first < blocks:
        beyond = min(blocks, first + reach)
        stop, written = prepared(lambda cursor, first=first, beyond=beyond: writer.batch(cursor, first, beyond))  # type: ignore[misc]  # mypy takes no defaults of a lambda
        done.rows += written
        first, reach = stop, min(2 * (stop - first), _LARGEST_RANGE)
        tell(done.rows)
    return files, done.rows - before


def _extent(cursor: Any, fill: Fill) -> tuple[int, str]:
    """The number of blocks of a table, or of its largest partition, and the files that hold them."""
    cursor.execute(_EXTENT, [fill.table])
    blocks, files = cursor.fetchone()
    return blocks, files


@contextmanager
def _prepared(cursor: Any, fill: Fill, quiet: Silence) -> Iterator[None]:
    """Show all rows and fire no triggers, as the fill asks for; all of it ends with the transaction."""
    cursor.execute(ALL_ROWS)
    if fill.settings:
        cursor.execute(f"SELECT {fill.set_up}")
    if quiet.locks:  # other writers wait behind this lock
        cursor.execute(f"SET LOCAL lock_timeout = '{lock_budget_ms()}ms'")
    for statement in quiet.before:
        cursor.execute(statement)
    if quiet.locks:
        cursor.execute(f"SET LOCAL lock_timeout = '{data_lock_timeout_ms()}ms'")
    yield
    for statement in quiet.after:
        cursor.execute(statement)


_TRIES, _BLOCKED = 200, ("55P03", "40P01")


def write_all(connection: BaseDatabaseWrapper, writer: Writer) -> int:
    """Carry a fill out outside of the engine, each batch in a transaction unless one is open. Returns rows written."""

    def transact[T](work: Work[T]) -> T:
        if connection.in_atomic_block:
            with connection.cursor() as cursor:
                found = work(cursor)
                cursor.execute("SET LOCAL row_security TO DEFAULT")
            return found
        for _ in range(_TRIES - 1):
            try:
                return once(work)
            except OperationalError as error:
                if getattr(error.__cause__, "sqlstate", "") not in _BLOCKED:
                    raise
                time.sleep(random.uniform(0, 1))
        return once(work)

    def once[T](work: Work[T]) -> T:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{data_lock_timeout_ms()}ms'; SET LOCAL statement_timeout = 0")
            return work(cursor)

    try:
        return carry_out(writer, transact).rows
    except DatabaseError as error:
        if not connection.in_atomic_block:
            refuse_hidden(connection, writer.fill, error)
        raise


def refuse_hidden(connection: BaseDatabaseWrapper, fill: Fill, error: DatabaseError) -> None:
    """Raise ``MissingRights`` if the error says that a policy hides rows of the table from the role."""
    if getattr(error.__cause__, "sqlstate", "") != "42501":
        return
    oid = relation_oid(connection, parse_name(fill.table))
    if oid is not None and (hidden := hidden_rows(connection, oid)):
        raise MissingRights(f"The backfill of {fill.table}.{fill.column} would leave out rows: {hidden}") from error


# --- the operation -------------------------------------------------------------------------------------------------


class FillColumn(Operation):
    """Backfill a column: give the rows in which it is NULL a value, in batches of a transaction each.

    ``expression`` is a value, an expression of the row's own columns (``F("other")``, ``RandomUUID()``), or a callable
    that is called for every row. A batch has about ``batch_size`` rows, and at least those of one block. Lane: batch;
    locks the rows of one batch, and waits for a row no longer than ``LIVEMIGRATIONS_DATA_LOCK_TIMEOUT_MS`` before it
    tries again. If it is stopped, the next run goes on with the rows that are still NULL. It fails if rows remain that
    can get a value. The reverse does nothing: the values go with the column, or stay.

    The fill fires the triggers of the table, as any UPDATE does, unless ``fires_triggers`` is False: then it stands for
    the rewrite of a table by ``ADD COLUMN … DEFAULT``, which fires none.
    """

    category = OperationCategory.ALTERATION
    atomic = False
    reversible = True
    stage: ClassVar[str] = "expand"

    def __init__(
        self,
        model_name: str,
        name: str,
        expression: Any,
        batch_size: int = BATCH_SIZE,
        *,
        fires_triggers: bool = True,
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"FillColumn for {model_name}.{name}: a batch has at least one row, not {batch_size}.")
        self.model_name, self.name = model_name, name
        self.expression, self.batch_size, self.fires_triggers = expression, batch_size, fires_triggers

    @property
    def reduces_to_sql(self) -> bool:  # type: ignore[override]
        """Whether the database computes the values: a callable is called in Python."""
        return not self._asks

    @property
    def _asks(self) -> bool:
        return callable(self.expression) and not hasattr(self.expression, "resolve_expression")

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        keywords = {"model_name": self.model_name, "name": self.name, "expression": self.expression}
        if self.batch_size != BATCH_SIZE:
            keywords["batch_size"] = self.batch_size
        if not self.fires_triggers:
            keywords["fires_triggers"] = False
        return "FillColumn", [], keywords

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Rows are no part of the model state."""

    def fill(self, editor: BaseDatabaseSchemaEditor, app_label: str, state: ProjectState) -> Fill | None:
        """What is to be done on the editor's database; None where a router keeps the model away from it."""
        model = state.apps.get_model(app_label, self.model_name)
        if not router.allow_migrate_model(editor.connection.alias, model):
            return None
        field: Any = model._meta.get_field(self.name)
        column = identifier(str(field.column))
        value = "NULL" if self._asks else sql_of(editor, model, field, self.expression)
        missing = f"t.{column} IS NULL" + ("" if self._asks else f" AND ({value}) IS NOT NULL")
        return Fill(
            editor.quote_name(model._meta.db_table),
            column,
            value,
            self.batch_size,
            missing=missing,
            fires_triggers=self.fires_triggers,
        )

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
            schema_editor.execute(fill.script(quiet_for(schema_editor.connection, fill)), params=None)
            return
        field = to_state.apps.get_model(app_label, self.model_name)._meta.get_field(self.name)
        writer = AskingWriter(fill, field, self.expression) if self._asks else Writer(fill)
        write_all(schema_editor.connection, writer)

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
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute(ALL_ROWS)
            cursor.execute(fill.left)
            left = cursor.fetchone()[0]
        return f"{left:,} rows of {fill.table} still lack {fill.column}" if left else ""

    def describe(self) -> str:
        return f"Fill {self.model_name}.{self.name} in batches"

    @property
    def migration_name_fragment(self) -> str:
        return f"fill_{self.model_name.lower()}_{self.name.lower()}"


def quiet_for(connection: BaseDatabaseWrapper, fill: Fill) -> Silence:
    """How the fill keeps the triggers of its table silent, as far as it must."""
    return NOTHING_TO_SILENCE if fill.fires_triggers else silence(connection, fill.table, fill.column)


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
