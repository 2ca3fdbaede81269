"""A dropped column is copied first, under traffic: a trigger notes what changes, pages are copied behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog import kept
from livemigrations.catalog.carrying import own_key
from livemigrations.catalog.keys import KeyColumn
from livemigrations.catalog.relations import Relation, fetch
from livemigrations.engine.keeping_tables import register_sql, schema_sql
from livemigrations.engine.steps import Lane, Mode, Step, Transfer
from livemigrations.statements.names import OURS, Name, code, identifier, literal


def steps(
    connection: BaseDatabaseWrapper,
    found: Relation,
    column: str,
    key: list[KeyColumn],
    plain: Step,
    line: kept.Kept,
) -> Iterator[Step]:
    """Instead of ``plain``, which drops the column: note changes from now on, copy what is there, then drop it."""
    table = Name(found.schema, found.name)
    each_row = f"FOR EACH ROW EXECUTE FUNCTION {line.table}()"
    undo = (
        f"DROP TRIGGER IF EXISTS {identifier(line.kept_as)} ON {table}",
        f"DROP FUNCTION IF EXISTS {line.table}()",
        f"DROP TABLE IF EXISTS {line.table}",
        f"DELETE FROM livemigrations_kept WHERE kept_as = {literal(line.kept_as)}",
    )
    yield Step(
        f"keep the values of {line.what} as {line.table.plain}",
        Lane.INSTANT,
        (
            *schema_sql(connection),
            _table_sql(connection, found, column, key, line),
            _function_sql(column, key, line),
            register_sql(connection, line),
            f"CREATE TRIGGER {identifier(line.kept_as)} AFTER INSERT OR UPDATE OR DELETE ON {table} {each_row}",
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {identifier(line.kept_as)}",  # also for replicated changes
        ),
        {str(table): Mode.SHARE_ROW_EXCLUSIVE},
        (str(table),),
        undo=undo,
    )
    yield Step(
        f"copy the values of {line.what}",
        Lane.BATCH,
        undo=("-- the copy goes as a whole",),
        transfer=Transfer(line.kept_as),
    )
    yield replace(plain, sql=(*undo[:1], *plain.sql, *undo[1:2]), unlocked=0, undo=())


def noting_results(steps: Iterable[Step], line: kept.Kept, key: list[KeyColumn]) -> Iterator[Step]:
    """The steps of a change of type; behind the last one what the values became stands beside them."""
    *first, last = steps
    yield from first
    same = " AND ".join(f"t.{a.quoted} = k.{b.quoted}" for a, b in zip(key, own_key(key), strict=True))
    noted = (
        f"ALTER TABLE {line.table} ADD COLUMN became {line.narrowed_to}",
        f"UPDATE {line.table} k SET became = t.{identifier(line.attribute)} FROM {line.origin} t WHERE {same}",
    )
    yield replace(last, sql=(*last.sql, *noted))


def at_once(
    connection: BaseDatabaseWrapper, found: Relation, column: str, key: list[KeyColumn], line: kept.Kept
) -> list[str]:
    """The statements that copy a column of few rows while nobody can write them."""
    names = ", ".join(part.quoted for part in own_key(key))
    values = ", ".join(part.quoted for part in key)
    source = f"SELECT {values}, {identifier(column)} FROM {Name(found.schema, found.name)}"
    return [
        *schema_sql(connection),
        _table_sql(connection, found, column, key, line),
        register_sql(connection, replace(line, state="kept")),
        f"INSERT INTO {line.table} ({names}, value) {source}",
    ]


def holds_data(connection: BaseDatabaseWrapper, oid: int, column: str) -> bool:
    """Whether the column exists and has values of its own, rather than values that PostgreSQL or the engine computes."""
    if column.startswith(OURS):
        return False
    rows = fetch(
        connection,
        "SELECT attgenerated = '' FROM pg_attribute WHERE attrelid = %s AND attname = %s AND NOT attisdropped",
        [oid, column],
    )
    return bool(rows and rows[0][0])


def losses_sql(connection: BaseDatabaseWrapper, found: Relation, column: str, cast: str) -> str:
    """The query that counts the values that go; with ``cast`` to a type, those that do not come back from it."""
    table, name = Name(found.schema, found.name), identifier(column)
    if not cast:
        return f"SELECT count({name}) FROM {table}"
    there_and_back = f"{name}::{cast}::{_type_of(connection, found, column)}"
    return f"SELECT count(*) FROM {table} WHERE {name}::text IS DISTINCT FROM {there_and_back}::text"


def _type_of(connection: BaseDatabaseWrapper, found: Relation, column: str) -> str:
    rows = fetch(
        connection,
        "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = %s AND attname = %s",
        [found.oid, column],
    )
    return str(rows[0][0])


def _table_sql(
    connection: BaseDatabaseWrapper, found: Relation, column: str, key: list[KeyColumn], line: kept.Kept
) -> str:
    kind = _type_of(connection, found, column)
    keys = ", ".join(f"{part.quoted} {part.type}" for part in own_key(key))
    names = ", ".join(part.quoted for part in own_key(key))
    became = f", became {line.narrowed_to}" if line.became else ""
    return f"CREATE TABLE {line.table} ({keys}, value {kind}{became}, PRIMARY KEY ({names}))"


def _function_sql(column: str, key: list[KeyColumn], line: kept.Kept) -> str:
    """The trigger's function. A NULL is noted as such, so that a page read earlier does not bring the old value back."""
    names = ", ".join(part.quoted for part in own_key(key))
    old = ", ".join(f"OLD.{part.quoted}" for part in key)
    new = ", ".join(f"NEW.{part.quoted}" for part in key)
    # As text: the operators of a type from an extension are not in this search path.
    moved = " OR ".join(f"OLD.{part.quoted}::text IS DISTINCT FROM NEW.{part.quoted}::text" for part in key)
    put = f"INSERT INTO {line.table} ({names}, value{', became' * bool(line.became)}) VALUES"
    conflict = f"ON CONFLICT ({names}) DO UPDATE SET value = EXCLUDED.value"
    gone, became = ", NULL" * bool(line.became), f", NEW.{identifier(line.became)}" if line.became else ""
    conflict += ", became = EXCLUDED.became" * bool(line.became)
    return (
        f"CREATE FUNCTION {line.table}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER"
        " SET search_path = pg_catalog, pg_temp AS "
        + code(
            "\nBEGIN\n"
            f"  IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND ({moved})) THEN\n"
            f"    {put} ({old}, NULL{gone}) {conflict};\n  END IF;\n"
            "  IF TG_OP <> 'DELETE' THEN\n"
            f"    {put} ({new}, NEW.{identifier(column)}{became}) {conflict};\n  END IF;\n"
            "  RETURN NULL;\nEND "
        )
    )


def keeps_nulls(connection: BaseDatabaseWrapper, oid: int, column: str) -> bool:
    """Whether it may have NULLs: they are noted, as the column may come back with another value, Django's ``default``."""
    rows = fetch(
        connection, "SELECT NOT attnotnull FROM pg_attribute WHERE attrelid = %s AND attname = %s", [oid, column]
    )
    return bool(rows and rows[0][0])


def untouched(connection: BaseDatabaseWrapper, oid: int, column: str, alias: str) -> str:
    """The condition that a new column still has the value with which it was added; TRUE where that cannot be told."""
    found = fetch(
        connection,
        "SELECT atthasmissing, (attmissingval::text::text[])[1], attnotnull OR atthasdef FROM pg_attribute"
        " WHERE attrelid = %s AND attname = %s",
        [oid, column],
    )
    given, value, unknown = found[0]
    if given:  # format() writes a value as the catalog does; a cast would make true of t, and /32 behind an address
        own = f"{alias}.{identifier(column)}"
        return f"({own} IS NOT NULL AND format('%s', {own}) = {literal(value)})"
    return "TRUE" if unknown else f"{alias}.{identifier(column)} IS NULL"
