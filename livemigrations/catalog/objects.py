"""Every object of a schema, one by one and by definition: what proofs and comparisons are made of.

PostgreSQL's own texts, with the names of tables left out of them. A ``serial`` column reads as the identity that Django
makes since 4.1: both are numbered by a sequence of their own, and Django handles both. Partitions, what belongs to an
extension, and the books of the engine and of Django are left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.definitions import Column, constraint_body, index_body
from livemigrations.catalog.equivalence import levelled, same_expression, typed
from livemigrations.catalog.kept import SCHEMA as KEPT
from livemigrations.catalog.relations import USER_SCHEMA, fetch
from livemigrations.statements.names import identifier, literal


class Kind(StrEnum):
    """What an object is."""

    EXTENSION = "extension"
    TYPE = "type"
    SEQUENCE = "sequence"
    FUNCTION = "function"
    TABLE = "table"
    COLUMN = "column"
    CONSTRAINT = "constraint"
    INDEX = "index"
    VIEW = "view"
    TRIGGER = "trigger"
    COMMENT = "comment"


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """Which object: ``table`` is empty for what belongs to none; both carry a schema only where it is not the first."""

    kind: Kind
    table: str
    name: str

    def __str__(self) -> str:
        if self.kind == Kind.TABLE:
            return f"table {self.name}"
        return f"{self.kind} {self.table}.{self.name}" if self.table else f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Thing:
    """An object: ``definition`` is what is compared, ``sql`` the statement that makes it where one can say it.

    ``valid`` is false for an index that was left half built, a constraint that is NOT VALID and a column whose NOT NULL
    is. ``needed`` says that a row without a value for this column is refused. ``note`` is what was levelled out of the
    definition. ``expression`` is the part of it that PostgreSQL may spell in several ways, and ``frame`` the rest.
    """

    key: Key
    definition: str
    sql: str = ""
    valid: bool = True
    needed: bool = False
    note: str = ""
    expression: str = ""
    frame: str = ""

    @property
    def described(self) -> str:
        """The definition, with a word where the object is not valid: what is compared and shown."""
        return self.definition + ("" if self.valid else " (not valid)")


Objects = dict[Key, Thing]
BY_DEFINITION = (Kind.CONSTRAINT, Kind.INDEX)  # what is known by its definition, whatever its name

_USER = f"{USER_SCHEMA} AND n.nspname <> '{KEPT}'"
_OWN = (
    "{alias}.relname NOT LIKE 'livemigrations\\_%%' AND {alias}.relname <> 'django_migrations'"
    " AND NOT {alias}.relispartition AND NOT EXISTS (SELECT 1 FROM pg_depend x"
    " WHERE x.classid = 'pg_class'::regclass AND x.objid = {alias}.oid AND x.deptype = 'e')"
)
_SCHEMAS = "n.nspname = ANY (%(schemas)s)"
_ONLY = "(%(only)s::oid[] IS NULL OR c.oid = ANY (%(only)s::oid[]))"
_TABLES = f"{_USER} AND {_SCHEMAS} AND {_ONLY} AND {_OWN.format(alias='c')}"

_RELATIONS = f"""
SELECT n.nspname, c.relname, c.relkind::text, c.relpersistence::text, coalesce(pg_get_viewdef(c.oid), ''),
       coalesce(pg_get_partkeydef(c.oid), ''), coalesce(array_to_string(c.reloptions, ', '), '')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND {_TABLES}
"""
_COLUMNS = f"""
SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
       coalesce(pg_get_expr(d.adbin, d.adrelid), ''), a.attidentity::text, a.attgenerated::text,
       CASE WHEN a.attcollation <> t.typcollation THEN coalesce(l.collname, '') ELSE '' END,
       EXISTS (SELECT 1 FROM pg_depend o JOIN pg_class s ON s.oid = o.objid AND s.relkind = 'S'
               WHERE o.classid = 'pg_class'::regclass AND o.refclassid = 'pg_class'::regclass
               AND o.refobjid = a.attrelid AND o.refobjsubid = a.attnum AND o.deptype = 'a'),
       NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conrelid = a.attrelid AND k.contype = 'n' AND NOT k.convalidated
                   AND a.attnum = ANY (k.conkey))
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_collation l ON l.oid = a.attcollation
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f') AND {_TABLES} ORDER BY a.attnum
"""
_INDEXES = f"""
SELECT n.nspname, c.relname, x.relname, i.indisunique, pg_get_indexdef(i.indexrelid), i.indisvalid AND i.indisready
FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
AND {_TABLES}
"""
_CONSTRAINTS = f"""
SELECT n.nspname, c.relname, k.conname, pg_get_constraintdef(k.oid), k.convalidated, coalesce(m.nspname, '')
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_class t ON t.oid = k.confrelid LEFT JOIN pg_namespace m ON m.oid = t.relnamespace
WHERE k.contype IN ('p', 'u', 'f', 'c', 'x') AND k.conparentid = 0 AND {_TABLES}
"""
_TRIGGERS = f"""
SELECT n.nspname, c.relname, t.tgname, pg_get_triggerdef(t.oid), t.tgenabled::text
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal AND {_TABLES}
"""
_FUNCTIONS = f"""
SELECT n.nspname, p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', pg_get_functiondef(p.oid)
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE p.prokind IN ('f', 'p') AND {_USER} AND {_SCHEMAS} AND NOT EXISTS
    (SELECT 1 FROM pg_depend x WHERE x.classid = 'pg_proc'::regclass AND x.objid = p.oid AND x.deptype IN ('e', 'i'))
"""
_SEQUENCES = f"""
SELECT n.nspname, c.relname, format('AS %%s START %%s INCREMENT %%s MINVALUE %%s MAXVALUE %%s CACHE %%s', format_type(s.seqtypid, NULL),
       s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache) || CASE WHEN s.seqcycle THEN ' CYCLE' ELSE '' END
FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {_TABLES} AND NOT EXISTS (SELECT 1 FROM pg_depend o WHERE o.classid = 'pg_class'::regclass AND o.objid = c.oid
    AND o.refclassid = 'pg_class'::regclass AND o.deptype IN ('a', 'i'))
"""
_TYPES = f"""
SELECT n.nspname, t.typname, CASE t.typtype
    WHEN 'e' THEN 'ENUM (' || (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
                               FROM pg_enum e WHERE e.enumtypid = t.oid) || ')'
    WHEN 'd' THEN 'DOMAIN ' || format_type(t.typbasetype, t.typtypmod) || CASE WHEN t.typnotnull THEN ' NOT NULL' ELSE '' END
        || coalesce(' DEFAULT ' || t.typdefault, '') || coalesce((SELECT string_agg(' ' || pg_get_constraintdef(k.oid), ''
           ORDER BY k.conname) FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'), '')
    WHEN 'r' THEN 'RANGE ' || (SELECT format_type(r.rngsubtype, NULL) FROM pg_range r WHERE r.rngtypid = t.oid)
    ELSE 'COMPOSITE (' || (SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum)
                           FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) || ')' END
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
WHERE (t.typtype IN ('e', 'd', 'r') OR c.relkind = 'c') AND {_USER} AND {_SCHEMAS}
AND NOT EXISTS (SELECT 1 FROM pg_depend x WHERE x.classid = 'pg_type'::regclass AND x.objid = t.oid AND x.deptype = 'e')
"""
_COMMENTS = f"""
SELECT n.nspname, c.relname, CASE WHEN d.objsubid = 0 THEN '' ELSE 'column' END, coalesce(a.attname, ''), d.description
FROM pg_description d JOIN pg_class c ON d.classoid = 'pg_class'::regclass AND c.oid = d.objoid
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attribute a ON d.objsubid > 0 AND a.attrelid = c.oid AND a.attnum = d.objsubid
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND {_TABLES}
UNION ALL
SELECT n.nspname, c.relname, 'index', x.relname, d.description
FROM pg_description d JOIN pg_class x ON d.classoid = 'pg_class'::regclass AND x.oid = d.objoid
JOIN pg_index i ON i.indexrelid = x.oid JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_TABLES}
UNION ALL
SELECT n.nspname, c.relname, 'constraint', k.conname, d.description
FROM pg_description d JOIN pg_constraint k ON d.classoid = 'pg_constraint'::regclass AND k.oid = d.objoid
JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_TABLES}
"""


@dataclass(slots=True)
class _Reader:
    """Reads the objects of some schemas; ``first`` is the schema that needs no naming, ``only`` as in ``read_objects``."""

    connection: BaseDatabaseWrapper
    schemas: list[str]
    first: str
    only: list[int] | None = None
    found: Objects = field(default_factory=dict)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return fetch(self.connection, query, {"schemas": self.schemas, "only": self.only})

    def plain(self, schema: str, name: str) -> str:
        return name if schema == self.first else f"{schema}.{name}"

    def sql_name(self, schema: str, name: str) -> str:
        return identifier(name) if schema == self.first else identifier(schema, name)

    def add(self, kind: Kind, table: str, name: str, definition: str, sql: str = "", **more: Any) -> None:
        key = Key(kind, table, name)
        self.found[key] = Thing(key, definition, sql, **more)


def _relations(reader: _Reader) -> None:
    for schema, name, kind, persistence, view, partitioned, options in reader.rows(_RELATIONS):
        plain, sql_name = reader.plain(schema, name), reader.sql_name(schema, name)
        settings = f" WITH ({options})" if options else ""
        if kind in ("v", "m"):
            word = "VIEW" if kind == "v" else "MATERIALIZED VIEW"
            definition = f"{word}{settings} AS {' '.join(view.split())}"
            reader.add(Kind.VIEW, "", plain, definition, f"CREATE {word} {sql_name} AS {view}")
            continue
        words = {"r": "table", "p": f"table partitioned by {partitioned}", "f": "foreign table"}[kind]
        unlogged = "unlogged " if persistence == "u" else ""
        reader.add(Kind.TABLE, plain, plain, f"{unlogged}{words}")


def _columns(reader: _Reader) -> None:
    for schema, table, *parts, numbered, valid in reader.rows(_COLUMNS):
        column, note = levelled(Column(*parts), numbered=numbered)
        target = reader.sql_name(schema, table)
        reader.add(
            Kind.COLUMN,
            reader.plain(schema, table),
            column.name,
            str(column),
            f"ALTER TABLE {target} ADD COLUMN {identifier(column.name)} {_column_sql(column)}",
            valid=valid,
            needed=column.not_null and not (column.default or column.identity),
            note=note,
            expression=column.default if column.generated else typed(column.default, column.type),
            frame=str(replace(column, default="…")) if column.default else "",
        )


def _column_sql(column: Column) -> str:
    parts = [column.type]
    if column.collation:
        parts.append(f"COLLATE {identifier(column.collation)}")
    if column.generated:
        parts.append(f"GENERATED ALWAYS AS ({column.default}) {'STORED' if column.generated == 's' else 'VIRTUAL'}")
    elif column.default:
        parts.append(f"DEFAULT {column.default}")
    if column.identity:
        parts.append(f"GENERATED {'ALWAYS' if column.identity == 'a' else 'BY DEFAULT'} AS IDENTITY")
    if column.not_null:
        parts.append("NOT NULL")
    return " ".join(parts)


def _indexes(reader: _Reader) -> None:
    for schema, table, name, unique, text, valid in reader.rows(_INDEXES):
        body = index_body(text)
        word = "UNIQUE " if unique else ""
        sql = f"CREATE {word}INDEX CONCURRENTLY {identifier(name)} ON {reader.sql_name(schema, table)} {body}"
        frame, _, expression = (word + body).partition(" WHERE ")
        parts = {"frame": frame, "expression": expression} if expression else {}
        reader.add(Kind.INDEX, reader.plain(schema, table), name, word + body, sql, valid=valid, **parts)


_CHECK = re.compile(r"CHECK \((.*)\)((?: NO INHERIT| NOT ENFORCED)*)", re.DOTALL)
_DEFERRABLE = re.compile(r"(?<! NOT) DEFERRABLE(?: INITIALLY \w+)?(?: NOT \w+)?$")


def _constraints(reader: _Reader) -> None:
    for schema, table, name, text, valid, target in reader.rows(_CONSTRAINTS):
        body = constraint_body(text)
        if target not in ("", reader.first):
            body = body.replace(" REFERENCES ", f" REFERENCES {target}.", 1)
        bare = text.removesuffix(" NOT VALID")
        sql = f"ALTER TABLE {reader.sql_name(schema, table)} ADD CONSTRAINT {identifier(name)} {bare}"
        note = "deferrable" if _DEFERRABLE.search(text) else ""
        check = _CHECK.fullmatch(body)
        parts = {"expression": check[1], "frame": f"CHECK{check[2]}"} if check else {}
        reader.add(Kind.CONSTRAINT, reader.plain(schema, table), name, body, sql, valid=valid, note=note, **parts)


_ENABLED = {"O": "", "D": " (disabled)", "R": " (on replicas only)", "A": " (always)"}


def _triggers(reader: _Reader) -> None:
    for schema, table, name, text, enabled in reader.rows(_TRIGGERS):
        reader.add(Kind.TRIGGER, reader.plain(schema, table), name, text + _ENABLED.get(enabled, ""), text)


def _sequences(reader: _Reader) -> None:
    for schema, name, definition in reader.rows(_SEQUENCES):
        sql = f"CREATE SEQUENCE {reader.sql_name(schema, name)} {definition}"
        reader.add(Kind.SEQUENCE, "", reader.plain(schema, name), definition, sql)


def _code(reader: _Reader) -> None:
    if reader.only is not None:
        return
    for schema, signature, text in reader.rows(_FUNCTIONS):
        reader.add(Kind.FUNCTION, "", reader.plain(schema, signature), text, text)
    for schema, name, definition in reader.rows(_TYPES):
        reader.add(Kind.TYPE, "", reader.plain(schema, name), definition)
    for (name,) in reader.rows("SELECT extname FROM pg_extension WHERE extname <> 'plpgsql'"):
        reader.add(Kind.EXTENSION, "", name, "extension", f"CREATE EXTENSION {identifier(name)}")


def _comments(reader: _Reader) -> None:
    for schema, table, what, name, text in reader.rows(_COMMENTS):
        plain, target = reader.plain(schema, table), reader.sql_name(schema, table)
        subject = {
            "": f"TABLE {target}",
            "column": f"COLUMN {target}.{identifier(name)}",
            "index": f"INDEX {reader.sql_name(schema, name)}",
            "constraint": f"CONSTRAINT {identifier(name)} ON {target}",
        }[what]
        sql = f"COMMENT ON {subject} IS {literal(text)}"
        reader.add(Kind.COMMENT, plain, f"{what} {name}".strip(), text, sql)


_PARTS: tuple[Callable[[_Reader], None], ...] = (
    _relations, _columns, _indexes, _constraints, _triggers, _sequences, _code, _comments,
)  # fmt: skip


def own_schemas(connection: BaseDatabaseWrapper) -> list[str]:
    """The schemas of the search path that exist, first come first."""
    rows = fetch(connection, "SELECT unnest(current_schemas(false))")
    return [str(row[0]) for row in rows]


def read_objects(connection: BaseDatabaseWrapper, schemas: list[str], only: list[int] | None = None) -> Objects:
    """The objects of some schemas by key, in an order that shows tables before what hangs on them.

    With ``only``, oids of tables, views and sequences: these and what belongs to them, and nothing else.
    """
    first = fetch(connection, "SELECT current_schema()")[0][0] or ""
    reader = _Reader(connection, schemas, str(first), only)
    for part in _PARTS:
        part(reader)
    return reader.found


def respelled(connection: BaseDatabaseWrapper, wanted: Iterable[Thing], actual: Objects) -> Objects:
    """The objects of a database, those that differ from a wanted one in spelling only with the wanted spelling."""
    spellings: dict[tuple[Kind, str, str, str], dict[str, Thing]] = {}
    for thing in wanted:
        if thing.frame:
            spellings.setdefault(_frame(thing), {}).setdefault(thing.definition, thing)
    found = dict(actual)
    for key, thing in actual.items():
        known = spellings.get(_frame(thing), {}) if thing.frame else {}
        if known and thing.definition not in known:
            same = (one for one in known.values() if _same(connection, thing, one))
            if (one := next(same, None)) is not None:
                found[key] = replace(thing, definition=one.definition, expression=one.expression)
    return found


def _frame(thing: Thing) -> tuple[Kind, str, str, str]:
    key = thing.key
    return key.kind, key.table, "" if key.kind in BY_DEFINITION else key.name, thing.frame


def _same(connection: BaseDatabaseWrapper, one: Thing, other: Thing) -> bool:
    table = identifier(*one.key.table.split("."))
    return same_expression(connection, one.expression, other.expression, table=table)


def used_schemas(connection: BaseDatabaseWrapper) -> list[str]:
    """The schema that new tables go to, and whichever other one has a table in it."""
    first = fetch(connection, "SELECT current_schema() WHERE current_schema() IS NOT NULL")
    others = fetch(
        connection,
        f"SELECT DISTINCT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_USER}"
        f" AND {_OWN.format(alias='c')} AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"
        " AND n.nspname IS DISTINCT FROM current_schema() ORDER BY 1",
        [],
    )
    return [str(row[0]) for row in [*first, *others]]
