"""What a catalog says about some tables, by definition and free of names that may differ."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import psycopg

COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid),
       a.attidentity, a.attgenerated, a.attcollation
  FROM pg_class c
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
 WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY (%s)
"""
INDEXES = """
SELECT t.relname, i.relname, pg_get_indexdef(x.indexrelid), x.indisvalid AND x.indisready
  FROM pg_index x
  JOIN pg_class t ON t.oid = x.indrelid
  JOIN pg_class i ON i.oid = x.indexrelid
 WHERE t.relnamespace = 'public'::regnamespace AND t.relname = ANY (%s)
   AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.indexrelid AND k.contype IN ('p', 'u', 'x'))
"""
CONSTRAINTS = """
SELECT c.relname, k.contype, pg_get_constraintdef(k.oid), k.convalidated
  FROM pg_constraint k
  JOIN pg_class c ON c.oid = k.conrelid
 WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY (%s) AND k.contype <> 'n'
"""
TRIGGERS = """
SELECT c.relname, g.tgname, pg_get_triggerdef(g.oid)
  FROM pg_trigger g
  JOIN pg_class c ON c.oid = g.tgrelid
 WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY (%s) AND NOT g.tgisinternal
"""


@dataclass(frozen=True)
class Catalog:
    """Columns by table and name, indexes by name, constraints and triggers by definition."""

    columns: dict[tuple[str, str], tuple[Any, ...]] = field(default_factory=dict)
    indexes: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    constraints: list[tuple[Any, ...]] = field(default_factory=list)
    triggers: list[tuple[Any, ...]] = field(default_factory=list)


def catalog(connection: psycopg.Connection[Any], tables: list[str]) -> Catalog:
    """Read what the database has for ``tables``."""
    rows = {
        name: connection.execute(query, [tables]).fetchall()
        for name, query in (("c", COLUMNS), ("i", INDEXES), ("k", CONSTRAINTS), ("t", TRIGGERS))
    }
    return Catalog(
        columns={(table, column): tuple(rest) for table, column, *rest in rows["c"]},
        indexes={name: (table, *rest) for table, name, *rest in rows["i"]},
        constraints=sorted((table, kind, _definition(text), valid) for table, kind, text, valid in rows["k"]),
        triggers=sorted(rows["t"]),
    )


def _definition(text: str) -> str:
    """The definition of a constraint, deferrable or not."""
    return re.sub(r" (NOT )?DEFERRABLE| INITIALLY (DEFERRED|IMMEDIATE)", "", text)
