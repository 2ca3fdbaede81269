"""Objects that stop a statement: those that depend on what it changes or drops, and those whose name it wants.

Each comes with a remedy that can be carried out as printed: quoted names, and the command for the kind of object.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from django.db import DatabaseError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.relations import fetch, relation
from livemigrations.statements.names import Name, identifier
from livemigrations.statements.parse import Kind, Statement, parse

_TAKES = (Kind.CREATE_TABLE, Kind.CREATE_INDEX, Kind.ADD_CONSTRAINT, Kind.RENAME_TABLE)
_TOUCHES = (Kind.DROP_COLUMN, Kind.ALTER_TYPE, Kind.DROP_TABLE)

_DEPENDENTS = """
SELECT DISTINCT d.classid::regclass::text AS class, d.objid::bigint AS object,
       coalesce(v.relkind, '')::text AS kind, coalesce(vn.nspname, '') AS schema, coalesce(v.relname, '') AS relation,
       coalesce(CASE WHEN v.relkind IN ('v', 'm') THEN '' END, w.rulename, p.polname, t.tgname, k.conname, a.attname,
                quote_ident(b.pubname), f.oid::regprocedure::text, '') AS name
FROM pg_depend d
LEFT JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
LEFT JOIN pg_policy p ON d.classid = 'pg_policy'::regclass AND p.oid = d.objid
LEFT JOIN pg_trigger t ON d.classid = 'pg_trigger'::regclass AND t.oid = d.objid AND NOT t.tgisinternal
LEFT JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
LEFT JOIN pg_attrdef e ON d.classid = 'pg_attrdef'::regclass AND e.oid = d.objid
LEFT JOIN pg_attribute a ON a.attrelid = e.adrelid AND a.attnum = e.adnum AND a.attgenerated <> ''
LEFT JOIN pg_publication_rel r ON d.classid = 'pg_publication_rel'::regclass AND r.oid = d.objid
LEFT JOIN pg_publication b ON b.oid = r.prpubid
LEFT JOIN pg_proc f ON d.classid = 'pg_proc'::regclass AND f.oid = d.objid
LEFT JOIN pg_class v ON v.oid = coalesce(w.ev_class, p.polrelid, t.tgrelid, k.conrelid, a.attrelid, r.prrelid)
LEFT JOIN pg_namespace vn ON vn.oid = v.relnamespace
WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = %(oid)s
AND (%(column)s = 0 OR d.refobjsubid = %(column)s)
AND CASE
    WHEN a.attname IS NOT NULL THEN a.attnum <> d.refobjsubid AND (%(column)s <> 0 OR a.attrelid <> d.refobjid)
    WHEN p.oid IS NOT NULL THEN (%(column)s <> 0 AND NOT (%(drops)s AND p.polrelid = d.refobjid)) OR p.polrelid <> d.refobjid
    WHEN k.oid IS NOT NULL THEN d.deptype = 'n' AND k.contype = 'f' AND k.conrelid <> d.refobjid AND %(drops)s
    WHEN r.oid IS NOT NULL THEN %(column)s <> 0
    WHEN t.oid IS NOT NULL THEN d.deptype = 'n'
    WHEN w.oid IS NOT NULL THEN NOT (w.ev_class = d.refobjid AND %(column)s = 0)
    ELSE f.oid IS NOT NULL AND d.deptype = 'n' END
ORDER BY 1, 4, 5, 6
"""
_COLUMN = "SELECT attnum::int FROM pg_attribute WHERE attrelid = %s AND attname = %s AND NOT attisdropped"
_CONSTRAINT = """
SELECT k.conname, n.nspname, c.relname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {condition} LIMIT 1
"""
_WORDS = {"v": "VIEW", "m": "MATERIALIZED VIEW", "r": "TABLE", "p": "TABLE", "f": "FOREIGN TABLE", "S": "SEQUENCE",
          "i": "INDEX", "I": "INDEX", "c": "TYPE"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Obstacle:
    """An object in the way: a sentence about it, what to do, and the statement that clears the way."""

    problem: str
    remedy: str
    clearing: str


def obstacles(connection: BaseDatabaseWrapper, sql: Iterable[str]) -> list[Obstacle]:
    """What stops these statements in the database as it is now. Call it outside of a failed transaction."""
    found: list[Obstacle] = []
    with suppress(DatabaseError), transaction.atomic(using=connection.alias):
        for statement in (statement for text in sql for statement in parse(text)):
            found += _of(connection, statement)
    return list(dict.fromkeys(found))


def in_words(found: Iterable[Obstacle]) -> str:
    """The obstacles with their remedies, a line each; empty if there are none."""
    return "\n".join(f"{one.problem} Remedy: {one.remedy}." for one in found)


def publications(connection: BaseDatabaseWrapper, sql: Iterable[str]) -> list[Obstacle]:
    """The publications among the obstacles: a copy of the schema has none."""
    return [one for one in obstacles(connection, sql) if one.clearing.startswith("ALTER PUBLICATION")]


def _of(connection: BaseDatabaseWrapper, statement: Statement) -> Iterator[Obstacle]:
    if statement.table is None:
        return
    if statement.kind in _TOUCHES:
        for table in (statement.table, *(statement.references if statement.kind == Kind.DROP_TABLE else ())):
            yield from _dependents(connection, statement, table)
    elif statement.kind in _TAKES and not statement.guarded:
        yield from taken(connection, statement)


# --- what depends on a column or a table ---------------------------------------------------------------------------


def _dependents(connection: BaseDatabaseWrapper, statement: Statement, table: Name) -> Iterator[Obstacle]:
    found = relation(connection, table)
    if found is None or statement.body.upper() == "CASCADE":
        return
    column, of = 0, f"the table {Name(found.schema, found.name)}"
    if statement.kind != Kind.DROP_TABLE:
        rows = fetch(connection, _COLUMN, [found.oid, statement.name])
        if not rows:
            return
        column, of = rows[0][0], f"the column {identifier(statement.name)} of {Name(found.schema, found.name)}"
    drops = statement.kind != Kind.ALTER_TYPE
    values = {"oid": found.oid, "column": column, "drops": drops}
    for class_, object_, kind, schema, relation_, name in fetch(connection, _DEPENDENTS, values):
        what, clearing = _described(class_, kind, Name(schema, relation_), name)
        if not what:
            continue
        again = _definition(connection, class_, object_, kind)
        if drops:
            remedy = f"change it so that it no longer uses {of}, or drop it before this step: {clearing}"
        else:
            later = f"create it again after it: {again}" if again else "create it again after it"
            remedy = f"drop it before this step ({clearing}), and {later}"
        yield Obstacle(f"The {what} depends on {of}.", remedy, clearing)


def _described(class_: str, kind: str, table: Name, name: str) -> tuple[str, str]:
    """What an object is, and the statement that takes it away."""
    own = identifier(name)
    if class_ == "pg_rewrite" and kind in ("v", "m"):
        word = _WORDS[kind]
        return f"{word.lower()} {table}", f"DROP {word} {table}"
    if class_ == "pg_constraint":
        return f"constraint {own} of {table}", f"ALTER TABLE {table} DROP CONSTRAINT {own}"
    if class_ == "pg_attrdef":
        return f"generated column {own} of {table}", f"ALTER TABLE {table} DROP COLUMN {own}"
    if class_ == "pg_publication_rel":
        return f"publication {name} of {table}", f"ALTER PUBLICATION {name} DROP TABLE {table}"
    if class_ == "pg_proc":
        return f"function {name}", f"DROP ROUTINE {name}"
    words = {"pg_rewrite": "rule", "pg_policy": "policy", "pg_trigger": "trigger"}
    if class_ in words and name:
        return f"{words[class_]} {own} of {table}", f"DROP {words[class_].upper()} {own} ON {table}"
    return "", ""


def _definition(connection: BaseDatabaseWrapper, class_: str, object_: int, kind: str) -> str:
    """The statement that makes an object again, as far as PostgreSQL says it."""
    if class_ == "pg_rewrite" and kind in ("v", "m"):
        [(name, text)] = fetch(
            connection,
            "SELECT format('%%I.%%I', n.nspname, c.relname), pg_get_viewdef(c.oid) FROM pg_rewrite r JOIN pg_class c"
            " ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace WHERE r.oid = %s",
            [object_],
        )
        return f"CREATE {_WORDS[kind]} {name} AS {' '.join(text.split()).rstrip(';')}"
    by = {"pg_rewrite": "pg_get_ruledef", "pg_trigger": "pg_get_triggerdef", "pg_proc": "pg_get_functiondef"}
    if class_ not in by:
        return ""
    return " ".join(str(fetch(connection, f"SELECT {by[class_]}(%s::oid)", [object_])[0][0]).split())


# --- names ---------------------------------------------------------------------------------------------------------


def taken(connection: BaseDatabaseWrapper, statement: Statement) -> Iterator[Obstacle]:
    """The object that has the name which a statement wants to give."""
    assert statement.table is not None
    if statement.kind == Kind.CREATE_TABLE:
        for one in _relation_of_that_name(connection, statement.table):
            same = "if it is what the migration makes, manage.py migrations adopt records it (--dry-run shows what it would do)"
            yield replace(one, remedy=f"{same}; otherwise {one.remedy}, or drop it if nothing needs it")
        return
    table = relation(connection, statement.table)
    schema = table.schema if table else statement.table.schema
    name = statement.name
    if statement.kind == Kind.ADD_CONSTRAINT and table is not None:
        condition = "k.conrelid = %s AND k.conname = %s"
        for row in fetch(connection, _CONSTRAINT.format(condition=condition), [table.oid, name]):
            yield _constraint(*row)
            return
        if (
            not statement.body.upper().startswith(("UNIQUE", "PRIMARY", "EXCLUDE"))
            or " USING INDEX" in statement.body.upper()
        ):
            return
    yield from _relation_of_that_name(connection, Name(schema, name))


def name_taken(connection: BaseDatabaseWrapper, name: Name) -> list[Obstacle]:
    """The table, index, view or sequence that has a name already."""
    return list(_relation_of_that_name(connection, name))


def _relation_of_that_name(connection: BaseDatabaseWrapper, name: Name) -> Iterator[Obstacle]:
    found = relation(connection, name)
    if found is None:
        return
    there = Name(found.schema, found.name)
    if found.kind in ("i", "I"):
        condition = "k.conindid = %s AND k.contype IN ('p', 'u', 'x')"
        for row in fetch(connection, _CONSTRAINT.format(condition=condition), [found.oid]):
            yield _constraint(*row)
            return
        rename = f"ALTER INDEX {there} RENAME TO {identifier(_other(found.name))}"
        drop = f"DROP INDEX CONCURRENTLY {there}"
        yield Obstacle(
            f"The name {identifier(found.name)} is taken by the index {there} of {_owner(connection, found.oid)}.",
            f"rename it: {rename}; or, if no query needs it, drop it: {drop}",
            rename,
        )
        return
    word = _WORDS.get(found.kind, "TABLE")
    rename = f"ALTER {word} {there} RENAME TO {identifier(_other(found.name))}"
    yield Obstacle(
        f"The name {identifier(found.name)} is taken by the {word.lower()} {there}.", f"rename it: {rename}", rename
    )


def _owner(connection: BaseDatabaseWrapper, index: int) -> Name:
    """The table of an index."""
    sql = (
        "SELECT n.nspname, c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE i.indexrelid = %s"
    )
    return Name(*fetch(connection, sql, [index])[0])


def _constraint(name: str, schema: str, table: str) -> Obstacle:
    head = f"ALTER TABLE {Name(schema, table)}"
    rename = f"{head} RENAME CONSTRAINT {identifier(name)} TO {identifier(_other(name))}"
    return Obstacle(
        f"The name {identifier(name)} is taken by a constraint of {Name(schema, table)}.",
        f"rename it: {rename}; or, if nothing needs it, drop it: {head} DROP CONSTRAINT {identifier(name)}",
        rename,
    )


def _other(name: str) -> str:
    """A free name that is like this one, of at most 63 bytes."""
    text = name.encode()[:59].decode(errors="ignore")
    return f"{text}_old"
