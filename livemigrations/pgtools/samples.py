"""A few rows of each table, carried into a copy of the schema, with the rows that their foreign keys need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.relations import fetch
from livemigrations.statements.names import Name, identifier, literal

_KEYS_AT_ONCE = 1000

_TABLES = """
SELECT n.nspname, c.relname, array_agg(a.attname ORDER BY a.attnum) FILTER (WHERE a.attgenerated = ''), c.relkind::text
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND has_table_privilege(c.oid, 'SELECT')
  AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
GROUP BY 1, 2, 4 ORDER BY 1, 2
"""
_KEYS = """
SELECT n.nspname, c.relname, tn.nspname, t.relname,
    (SELECT array_agg(a.attname ORDER BY k.place) FROM unnest(o.conkey) WITH ORDINALITY k (number, place)
     JOIN pg_attribute a ON a.attrelid = o.conrelid AND a.attnum = k.number),
    (SELECT array_agg(a.attname ORDER BY k.place) FROM unnest(o.confkey) WITH ORDINALITY k (number, place)
     JOIN pg_attribute a ON a.attrelid = o.confrelid AND a.attnum = k.number)
FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class t ON t.oid = o.confrelid JOIN pg_namespace tn ON tn.oid = t.relnamespace
WHERE o.contype = 'f' AND o.conparentid = 0
"""
_SEQUENCES = "SELECT schemaname, sequencename, last_value FROM pg_sequences WHERE last_value IS NOT NULL"
_TEXT_FORM = "SET datestyle = ISO; SET intervalstyle = postgres; SET extra_float_digits = 1; SET row_security = off"


@dataclass(frozen=True, slots=True)
class Key:
    """A foreign key: ``columns`` of ``child`` name the ``targets`` of ``parent``."""

    child: Name
    parent: Name
    columns: tuple[str, ...]
    targets: tuple[str, ...]

    def missing_sql(self) -> str:
        """The query for the keys of the child that the parent lacks, each column as text."""
        columns = ", ".join(f"c.{identifier(column)}::text" for column in self.columns)
        same = " AND ".join(
            f"p.{identifier(there)} = c.{identifier(here)}"
            for here, there in zip(self.columns, self.targets, strict=True)
        )
        filled = " AND ".join(f"c.{identifier(column)} IS NOT NULL" for column in self.columns)
        return (
            f"SELECT DISTINCT {columns} FROM {self.child} c WHERE {filled}"
            f" AND NOT EXISTS (SELECT 1 FROM {self.parent} p WHERE {same})"
        )


class Sampler:
    """Carries rows from ``source`` to ``copy``; whole ``books`` and a sample of all other tables."""

    def __init__(self, source: BaseDatabaseWrapper, copy: BaseDatabaseWrapper, books: Sequence[str]) -> None:
        self.source, self.copy, self.books = source, copy, books
        rows = fetch(source, _TABLES)
        self.columns = {Name(schema, name): list(columns or []) for schema, name, columns, _ in rows}
        self.filled = [Name(schema, name) for schema, name, _, kind in rows if kind == "r"]

    def fill(self, sample: int) -> None:
        """Copy the books, ``sample`` rows of the others, what those refer to, and the positions of sequences."""
        for side in (self.source, self.copy):
            with side.cursor() as cursor:
                cursor.execute(_TEXT_FORM)
        for table in self.filled:
            if table.name in self.books:
                self._carry(table, "")
            elif sample and not table.name.startswith("livemigrations_"):
                self._carry(table, f" LIMIT {int(sample)}")
        if sample:
            self._close_references()
        with self.copy.cursor() as cursor:
            for schema, name, value in fetch(self.source, _SEQUENCES):
                cursor.execute("SELECT setval(%s::regclass, %s)", [identifier(schema, name), value])

    def _close_references(self) -> None:
        """Add parents until nothing is missing but what is missing in the source as well."""
        keys = [
            Key(Name(a, b), Name(c, d), tuple(columns), tuple(targets))
            for a, b, c, d, columns, targets in fetch(self.source, _KEYS)
        ]
        hopeless: set[tuple[Key, tuple[str, ...]]] = set()
        again = True
        while again:
            again = False
            for key in keys:
                missing = [row for row in fetch(self.copy, key.missing_sql()) if (key, row) not in hopeless]
                hopeless |= {(key, row) for row in missing}
                for part in _parts(missing):
                    rows = ", ".join(f"({', '.join(literal(value) for value in row)})" for row in part)
                    targets = ", ".join(identifier(column) for column in key.targets)
                    self._carry(key.parent, f" WHERE ({targets}) IN ({rows})")
                    again = True

    def _carry(self, table: Name, which: str) -> None:
        columns = ", ".join(identifier(column) for column in self.columns[table])
        source: Any = self.source.connection
        target: Any = self.copy
        target.ensure_connection()
        query, goal = f"COPY (SELECT {columns} FROM {table}{which}) TO STDOUT", f"COPY {table} ({columns}) FROM STDIN"
        with (
            source.cursor() as reader,
            target.connection.cursor() as writer,
            reader.copy(query) as out,
            writer.copy(goal) as into,
        ):
            for data in out:
                into.write(data)


def _parts(rows: list[tuple[str, ...]]) -> Iterator[list[tuple[str, ...]]]:
    for start in range(0, len(rows), _KEYS_AT_ONCE):
        yield rows[start : start + _KEYS_AT_ONCE]
