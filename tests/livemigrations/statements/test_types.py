"""Which changes of type leave the rows as they are, and which lose something of a value in silence."""

from __future__ import annotations

from itertools import permutations

import pytest

from livemigrations.statements.types import computes, keeps_rows, narrows
from tests.support.database import Database

CAST = "varchar(5) USING note::varchar(5)"


@pytest.mark.parametrize(
    ("old", "new", "body", "loses"),
    [
        ("text", "character varying(5)", CAST, True),
        ("character varying(9)", "character varying(5)", "varchar(5)", False),  # PostgreSQL refuses what is too long
        ("character varying(5)", "text", "text USING note::text", False),
        ("bigint", "integer", "integer USING n::integer", False),
        ("integer", "character varying(50)", "varchar(50) USING n::varchar(50)", False),
        ("bigint", "character varying(11)", "varchar(11) USING n::varchar(11)", True),
        ("numeric(9,4)", "numeric(9,1)", "numeric(9,1)", True),
        ("numeric(9,1)", "numeric(9,4)", "numeric(9,4)", False),
        ("numeric(9,4)", "numeric", "numeric", False),
        ("double precision", "integer", "integer", True),
        ("timestamp with time zone", "date", "date USING at::date", True),
    ],
)
def test_narrows(old: str, new: str, body: str, loses: bool) -> None:
    assert narrows(old, new, body) is loses
    assert not (loses and keeps_rows(old, new))


@pytest.mark.parametrize(
    ("column", "body", "computed"),
    [
        ("n", "integer", False),
        ("n", 'varchar(5) USING "n"::varchar(5)', False),
        ("n", 'text USING ("n")::text', False),
        ("n", "numeric(9, 2) USING CAST(n AS numeric(9, 2))", False),
        ("n", "timestamp with time zone USING n::timestamp with time zone", False),
        ("n", 'text[] USING "n"::text[]', False),
        ("n", 'geometry(Point,4326) USING "n"::geometry(Point,4326)', False),
        ("N n", 'text USING "N n"', False),
        ("N", "text USING n::text", True),  # another column
        ("n", "integer USING m::integer", True),
        ("n", "integer USING n / 10", True),
        ("n", 'integer USING ("n" / 10)::integer', True),
        ("n", "integer USING CASE n WHEN 'a' THEN 1 END", True),
        ("n", "text USING n::integer::text", True),
    ],
)
def test_computes(column: str, body: str, computed: bool) -> None:
    assert computes(column, body) is computed


TYPES = (
    "text", "character varying", "character varying(5)", "character varying(9)", "character(5)", "text_state", "text[]",
    "character varying[]", "numeric", "numeric(9,2)", "numeric(12,2)", "numeric(12,4)", "numeric(9,1)", "smallint", "integer",
    "bigint", "bit varying", "bit varying(4)", "bit varying(9)", "cidr", "inet", "json", "jsonb", "date", "interval",
    "timestamp without time zone", "timestamp with time zone", "double precision", "real", "uuid",
)  # fmt: skip
KEPT = {
    ("text", "character varying"), ("character varying(5)", "text"), ("character varying(5)", "character varying(9)"),
    ("numeric(9,2)", "numeric(12,2)"), ("numeric(9,2)", "numeric"), ("bit varying(4)", "bit varying"), ("cidr", "inet"),
}  # fmt: skip


def test_what_keeps_its_rows_is_what_postgresql_leaves_in_its_file(any_database: Database) -> None:
    said = [pair for pair in permutations(TYPES, 2) if keeps_rows(*pair)]
    assert set(said) >= KEPT
    file = "SELECT pg_relation_filenode('t')"
    with any_database.connect() as connection:
        connection.execute("CREATE TYPE text_state AS ENUM ('a')")
        for old, new in said:
            connection.execute(f"DROP TABLE IF EXISTS t; CREATE TABLE t (c {old}); INSERT INTO t VALUES (NULL)")
            before = connection.execute(file).fetchone()
            connection.execute(f"ALTER TABLE t ALTER COLUMN c TYPE {new} USING c::{new}")
            assert connection.execute(file).fetchone() == before, (old, new)
