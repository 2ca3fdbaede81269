"""Types that are dropped while kept data uses them: the data becomes text first, and is read from it on the way back."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.migrations.operations.base import Operation

from livemigrations.catalog import kept
from livemigrations.catalog.relations import fetch
from livemigrations.engine.steps import Lane, Step
from livemigrations.engine.surroundings import Surroundings
from livemigrations.statements import tree
from livemigrations.statements.names import code, identifier, literal
from livemigrations.statements.parse import Statement, dropped

_MEMBERS = (
    "SELECT objid FROM pg_depend WHERE classid = 'pg_type'::regclass AND deptype = 'e' AND refclassid ="
    " 'pg_extension'::regclass AND refobjid = (SELECT oid FROM pg_extension WHERE extname = {})"
)
_TYPES = {
    "OBJECT_TYPE": "SELECT to_regtype({})::oid",
    "OBJECT_DOMAIN": "SELECT to_regtype({})::oid",
    "OBJECT_EXTENSION": _MEMBERS,
    "OBJECT_SCHEMA": "SELECT oid FROM pg_type WHERE typnamespace = to_regnamespace({})",
}


def before(around: Surroundings, statement: Statement) -> Iterator[Step]:
    """The step that a DROP of a type, or of what holds types, needs before it; none where no kept data uses them."""
    node = statement.node
    if node is None or tree.kind(node) != "DropStmt":
        return
    kind = tree.word(node, "remove_type")
    for name in dropped(node) if kind in _TYPES else ():
        text = literal(name.name if kind == "OBJECT_EXTENSION" else str(name))
        what = f"{kind.removeprefix('OBJECT_').lower()} {name.plain}"
        yield from _released(around, _TYPES[kind].format(text), what)


def before_operation(around: Surroundings, operation: Operation, *, backwards: bool) -> list[Step]:
    """The same before an operation that drops an extension, which is no statement that could be read."""
    name = getattr(operation, "name", "")
    makes = any(kind.__name__ == "CreateExtension" for kind in type(operation).__mro__)
    if not (backwards and makes and isinstance(name, str)):
        return []
    return list(_released(around, _MEMBERS.format(literal(name)), f"extension {identifier(name)}"))


def _released(around: Surroundings, types: str, what: str) -> Iterator[Step]:
    columns = _columns_sql(types)
    here = kept.schema_exists(around.connection) and fetch(around.connection, columns)
    if here or around.keeper.planned:  # what this run keeps may not be there yet
        label = f"kept values no longer need the {what}"
        yield Step(label, Lane.BATCH, (_loosen(columns),), undo=("-- they are read from text as well",))


def _columns_sql(types: str) -> str:
    """The query of the kept columns that need these types, or types made of them: table, column, type to keep them as.

    A domain is kept as what it is made of, without writing a row; anything else as text.
    """
    return (
        f"WITH RECURSIVE needed (class, object) AS (SELECT 'pg_type'::regclass::oid, t.oid FROM ({types}) t (oid)"
        " UNION SELECT d.classid, d.objid FROM pg_depend d JOIN needed n ON d.refclassid = n.class"
        " AND d.refobjid = n.object LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid"
        " WHERE d.classid = 'pg_type'::regclass OR c.relkind = 'c')"
        " SELECT a.attrelid::regclass::text AS relation, a.attname::text AS attribute, CASE WHEN t.typtype = 'd'"
        " AND t.typbasetype NOT IN (SELECT object FROM needed) THEN format_type(t.typbasetype, t.typtypmod)"
        " ELSE 'text' END AS kind FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
        " JOIN pg_type t ON t.oid = a.atttypid"
        f" WHERE c.relnamespace = to_regnamespace({literal(kept.SCHEMA)}) AND c.relkind IN ('r', 'p')"
        " AND a.attnum > 0 AND NOT a.attisdropped AND a.attinhcount = 0 AND a.atttypid IN (SELECT object FROM needed"
        " WHERE class = 'pg_type'::regclass) ORDER BY 1, 2"
    )


def _loosen(columns: str) -> str:
    """One statement that changes the columns; their texts can be read whatever a session's formats are."""
    return "DO " + code(
        " DECLARE found record; BEGIN\n"
        "PERFORM set_config('datestyle', 'ISO, YMD', true), set_config('intervalstyle', 'iso_8601', true),"
        " set_config('extra_float_digits', '1', true);\n"
        f"FOR found IN {columns} LOOP\n"
        "EXECUTE format('ALTER TABLE %s ALTER COLUMN %I TYPE %s USING %I::%s', found.relation, found.attribute,"
        " found.kind, found.attribute, found.kind);\nEND LOOP; END "
    )
