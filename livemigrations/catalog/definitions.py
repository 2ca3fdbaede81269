"""Definitions as PostgreSQL itself writes them, with names of tables and schemas left out: what can be compared."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.relations import fetch


@dataclass(frozen=True, slots=True)
class Column:
    """A column: type with its length, NOT NULL, default or generation expression, identity, collation."""

    name: str
    type: str
    not_null: bool
    default: str
    identity: str = ""
    generated: str = ""
    collation: str = ""

    def __str__(self) -> str:
        parts = [self.type]
        if self.collation:
            parts.append(f'COLLATE "{self.collation}"')
        parts.append("NOT NULL" if self.not_null else "NULL")
        if self.default:
            word = f"GENERATED ({self.generated})" if self.generated else "DEFAULT"
            parts.append(f"{word} {self.default}")
        if self.identity:
            parts.append(f"IDENTITY ({self.identity})")
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class Index:
    """An index: ``body`` is its definition from USING on. ``valid`` is false for the leftover of a failed build."""

    name: str
    unique: bool
    body: str
    valid: bool
    constraint: bool

    @property
    def definition(self) -> str:
        return f"{'UNIQUE ' if self.unique else ''}{self.body}"


@dataclass(frozen=True, slots=True)
class Constraint:
    """A constraint: ``kind`` as in ``pg_constraint.contype``; ``body`` without NOT VALID and DEFERRABLE."""

    name: str
    kind: str
    body: str
    validated: bool


@dataclass(frozen=True, slots=True)
class Table:
    """The definition of one table."""

    columns: dict[str, Column] = field(default_factory=dict)
    indexes: dict[str, Index] = field(default_factory=dict)
    constraints: dict[str, Constraint] = field(default_factory=dict)


def index_body(definition: str) -> str:
    """The part of ``pg_get_indexdef`` that does not name the index or its table."""
    return definition[definition.index(" USING ") + 1 :]


_WHEN_CHECKED = re.compile(
    r"(?: (?:NOT VALID|NOT DEFERRABLE|DEFERRABLE|INITIALLY (?:DEFERRED|IMMEDIATE)))+(?=$| NOT ENFORCED$)"
)


def constraint_body(definition: str) -> str:
    """The part of ``pg_get_constraintdef`` that says what holds, not when it is checked."""
    text = _WHEN_CHECKED.sub("", definition)
    return re.sub(r"REFERENCES (?:\S+\.)?(\S+)\(", r"REFERENCES \1(", text) if text.startswith("FOREIGN KEY") else text


def read_columns(connection: BaseDatabaseWrapper, oid: int) -> dict[str, Column]:
    """The columns of a table by name."""
    rows = fetch(
        connection,
        "SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,"
        " coalesce(pg_get_expr(d.adbin, d.adrelid), ''), a.attidentity::text, a.attgenerated::text,"
        " CASE WHEN a.attcollation <> t.typcollation THEN coalesce(l.collname, '') ELSE '' END"
        " FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid"
        " LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
        " LEFT JOIN pg_collation l ON l.oid = a.attcollation"
        " WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
        [oid],
    )
    return {row[0]: Column(*row) for row in rows}


def read_indexes(connection: BaseDatabaseWrapper, oid: int) -> dict[str, Index]:
    """The indexes of a table by name."""
    rows = fetch(
        connection,
        "SELECT c.relname, i.indisunique, pg_get_indexdef(i.indexrelid), i.indisvalid AND i.indisready,"
        " EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))"
        " FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = %s ORDER BY 1",
        [oid],
    )
    return {
        name: Index(name, unique, index_body(text), valid, constraint) for name, unique, text, valid, constraint in rows
    }


def read_constraints(connection: BaseDatabaseWrapper, oid: int) -> dict[str, Constraint]:
    """The constraints of a table by name; NOT NULL belongs to the columns.

    A foreign key to a partitioned table has one more for each partition, which PostgreSQL keeps and names by itself.
    """
    rows = fetch(
        connection,
        "SELECT c.conname, c.contype::text, pg_get_constraintdef(c.oid), c.convalidated FROM pg_constraint c"
        " LEFT JOIN pg_constraint whole ON whole.oid = c.conparentid WHERE c.conrelid = %s"
        " AND c.contype IN ('p', 'u', 'f', 'c', 'x') AND whole.conrelid IS DISTINCT FROM c.conrelid ORDER BY 1",
        [oid],
    )
    return {name: Constraint(name, kind, constraint_body(text), valid) for name, kind, text, valid in rows}


def read_table(connection: BaseDatabaseWrapper, oid: int) -> Table:
    """The whole definition of a table."""
    return Table(read_columns(connection, oid), read_indexes(connection, oid), read_constraints(connection, oid))
