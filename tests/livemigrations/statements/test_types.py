"""Which changes of type lose something of a value in silence."""

from __future__ import annotations

import pytest

from livemigrations.statements.types import keeps_rows, narrows

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
