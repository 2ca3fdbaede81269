"""Which changes of type leave the rows alone: PostgreSQL itself is asked."""

from __future__ import annotations

from itertools import product

import psycopg
import pytest

from livemigrations.statements.types import keeps_rows
from tests.support.database import Database

TYPES = [
    "character varying(10)", "character varying(20)", "character varying", "text", "character(10)",
    "character varying(10)[]", "character varying(20)[]", "text[]", "numeric", "numeric(10,2)", "numeric(12,2)",
    "numeric(12,4)", "numeric(8,2)", "integer", "bigint", "smallint", "real", "double precision", "boolean",
    "bit(4)", "bit varying(4)", "bit varying(8)", "bit varying", "cidr", "inet", "date",
    "timestamp without time zone", "timestamp with time zone", "timestamp(3) without time zone",
    "timestamp(6) without time zone", "time(3) without time zone", "time(6) without time zone", "interval",
    "interval(3)", "json", "jsonb", "uuid", "bytea", "xml",
]  # fmt: skip
INSTANT = [
    ("character varying(10)", "character varying(20)"),
    ("character varying(10)", "text"),
    ("character varying(10)", "character varying"),
    ("text", "character varying"),
    ("numeric(10,2)", "numeric(12,2)"),
    ("numeric(10,2)", "numeric"),
    ("bit varying(4)", "bit varying(8)"),
    ("cidr", "inet"),
]


def _rewrites(connection: psycopg.Connection, old: str, new: str) -> bool | None:
    """Whether the file of the table or of its index changes; None if there is no such change at all."""
    query = "SELECT relfilenode FROM pg_class WHERE relname IN ('t', 't_c_idx') ORDER BY relname"
    with connection.transaction(force_rollback=True):
        connection.execute(f"CREATE TABLE t (c {old})")
        if old not in ("json", "xml"):
            connection.execute("CREATE INDEX t_c_idx ON t (c)")
        before = connection.execute(query).fetchall()
        try:
            connection.execute(f"ALTER TABLE t ALTER COLUMN c TYPE {new} USING c::{new}")
        except psycopg.Error:
            return None
        return connection.execute(query).fetchall() != before


@pytest.mark.slow
def test_no_rewrite_is_taken_for_instant(database: Database) -> None:
    with database.connect() as connection:
        wrong = [
            (old, new)
            for old, new in product(TYPES, TYPES)
            if keeps_rows(old, new) and _rewrites(connection, old, new) is not False
        ]
    assert wrong == []


@pytest.mark.parametrize(("old", "new"), INSTANT)
def test_what_is_instant_is_not_refused(database: Database, old: str, new: str) -> None:
    with database.connect() as connection:
        assert _rewrites(connection, old, new) is False
    assert keeps_rows(old, new)
