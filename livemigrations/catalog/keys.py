"""How a row is known again: the primary key of a table, or another key without NULLs."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.relations import fetch
from livemigrations.statements.names import Name, identifier, literal


@dataclass(frozen=True, slots=True)
class KeyColumn:
    """A column of a key, with its type as the catalog spells it."""

    name: str
    type: str

    @property
    def quoted(self) -> str:
        return identifier(self.name)


def row_key(connection: BaseDatabaseWrapper, oid: int, *, without: str = "") -> list[KeyColumn]:
    """The columns that tell a row of the table apart: of its primary key, else of the smallest unique index.

    Only columns that are NOT NULL count; keys that contain the column ``without`` do not. The index must tell rows apart
    as the comparison of the columns does: with their collations and the default operator classes of their types. Empty
    if there is none.
    """
    rows = fetch(
        connection,
        "SELECT array_agg(a.attname::text ORDER BY k.i), array_agg(format_type(a.atttypid, a.atttypmod) ORDER BY k.i)"
        " FROM pg_index x CROSS JOIN LATERAL unnest(x.indkey::int2[], x.indcollation::oid[], x.indclass::oid[])"
        " WITH ORDINALITY AS k(number, collated, class, i) LEFT JOIN pg_opclass o ON o.oid = k.class"
        " JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.number"
        " WHERE x.indrelid = %s AND x.indisunique AND x.indisvalid AND x.indpred IS NULL AND x.indexprs IS NULL"
        " AND k.i <= x.indnkeyatts GROUP BY x.indexrelid, x.indisprimary, x.indnkeyatts, x.indimmediate"
        " HAVING bool_and(a.attnotnull AND k.collated = a.attcollation AND o.opcdefault) AND NOT bool_or(a.attname = %s) AND x.indimmediate"
        " ORDER BY x.indisprimary DESC, x.indnkeyatts, 1 LIMIT 1",
        [oid, without],
    )
    return [KeyColumn(*pair) for pair in zip(*rows[0], strict=True)] if rows else []


def same_row(key: list[KeyColumn], one: str, other: str) -> str:
    """The condition that two aliases stand for the same row."""
    return " AND ".join(f"{one}.{column.quoted} = {other}.{column.quoted}" for column in key)


def behind(key: list[KeyColumn], position: list[str] | None) -> str:
    """The condition that a row comes after ``position``, the texts of a key's values; TRUE without one."""
    if position is None:
        return "TRUE"
    names = ", ".join(column.quoted for column in key)
    values = ", ".join(f"{literal(text)}::{column.type}" for column, text in zip(key, position, strict=True))
    return f"({names}) > ({values})"


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key: pairs of (own column, column of ``table``)."""

    table: Name
    own: tuple[str, ...]
    other: tuple[str, ...]

    def is_null(self, alias: str) -> str:
        """The condition that it refers to nothing."""
        return " OR ".join(f"{alias}.{identifier(name)} IS NULL" for name in self.own)

    def joins(self, alias: str, target: str) -> str:
        """The condition that it refers to the row ``target``."""
        pairs = zip(self.own, self.other, strict=True)
        return " AND ".join(f"{target}.{identifier(b)} = {alias}.{identifier(a)}" for a, b in pairs)


def references(connection: BaseDatabaseWrapper, oid: int, *, itself: bool) -> list[Reference]:
    """The foreign keys of a table: those to itself, or those to others."""
    rows = fetch(
        connection,
        "SELECT n.nspname, c.relname, array_agg(a.attname::text ORDER BY k.i), array_agg(b.attname::text ORDER BY k.i)"
        " FROM pg_constraint f JOIN pg_class c ON c.oid = f.confrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
        " CROSS JOIN LATERAL unnest(f.conkey, f.confkey) WITH ORDINALITY AS k(own, other, i)"
        " JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.own"
        " JOIN pg_attribute b ON b.attrelid = f.confrelid AND b.attnum = k.other"
        " WHERE f.contype = 'f' AND f.conrelid = %s AND (f.confrelid = f.conrelid) = %s AND f.conparentid = 0"
        " GROUP BY f.oid, n.nspname, c.relname ORDER BY f.oid",
        [oid, itself],
    )
    return [Reference(Name(schema, table), tuple(own), tuple(other)) for schema, table, own, other in rows]


def fits(found: list[Reference], alias: str) -> str:
    """The condition that a row breaks none of these foreign keys."""
    return (
        " AND ".join(
            f"({key.is_null(alias)} OR EXISTS (SELECT 1 FROM {key.table} r WHERE {key.joins(alias, 'r')}))"
            for key in found
        )
        or "TRUE"
    )
