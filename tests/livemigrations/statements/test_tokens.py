"""The scanner: what it splits, and that it loses nothing."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livemigrations.statements.tokens import split, split_commas, tokens

PIECES = [
    "SELECT 1",
    "SELECT 'it''s; not the end'",
    r"SELECT E'a\';b'",
    'SELECT 1 AS "a;""b"',
    "SELECT $$ ; $$",
    "SELECT $tag$ ; $$ ; $tag$",
    "SELECT $é$ ; $é$",
    "SELECT /* ; /* nested ; */ ; */ 2",
    "SELECT (1) -- ; a remark\n + 2",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 1 END; END",
    "CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2)",
    "CREATE TABLE a$b (c$ int)",
    "SELECT U&'d\\0061t;a', B'1', x'ff', n'é;'",
]


@pytest.mark.parametrize("piece", PIECES)
def test_a_statement_is_one(piece: str) -> None:
    assert split(piece) == [piece]
    assert split(f"{piece};") == [piece]


@given(st.lists(st.sampled_from(PIECES), max_size=6))
def test_a_script_is_its_statements(pieces: list[str]) -> None:
    assert split(";\n".join(pieces)) == pieces
    assert split(" ; ; ".join(["", *pieces, ""])) == pieces


@pytest.mark.parametrize("nothing", ["", "  \n", ";;", "-- only a remark", "/* ; */ ;", "-- a;\n-- b"])
def test_nothing_is_no_statement(nothing: str) -> None:
    assert split(nothing) == []


def test_remarks_around_a_statement_are_left_out() -> None:
    assert split("-- first\nSELECT 1 -- one\n; /* then */ SELECT 2 -- two") == ["SELECT 1", "SELECT 2"]


def test_a_remark_inside_stays() -> None:
    assert split("SELECT 1, -- ;\n 2; SELECT 3") == ["SELECT 1, -- ;\n 2", "SELECT 3"]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("a, b", ["a", "b"]),
        ("f(a, b), c", ["f(a, b)", "c"]),
        ("ARRAY[a, b[1]], (ARRAY['c', 'd'])[1], e", ["ARRAY[a, b[1]]", "(ARRAY['c', 'd'])[1]", "e"]),
        ("'a,b', \"c,d\", $$e,f$$", ["'a,b'", '"c,d"', "$$e,f$$"]),
        ("numeric(10, 2)", ["numeric(10, 2)"]),
        ("", [""]),
    ],
)
def test_commas(text: str, pieces: list[str]) -> None:
    assert split_commas(text) == pieces


@pytest.mark.parametrize(
    ("text", "name"),
    [("Bookings", "bookings"), ('"Bookings"', "Bookings"), ('"a""b"', 'a"b'), ('"a.b c"', "a.b c"), ("é", "é")],
)
def test_names(text: str, name: str) -> None:
    assert [token.name for token in tokens(text)] == [name]


@given(st.text(max_size=200))
def test_any_text_is_scanned(text: str) -> None:
    found = list(tokens(text))
    assert [text[token.start : token.end] for token in found] == [token.text for token in found]
    assert [token.start for token in found] == sorted(token.start for token in found)
    assert all(one.end <= other.start for one, other in pairwise(found))


@given(st.text(max_size=50))
def test_a_quoted_text_is_one_token(text: str) -> None:
    literal = "'" + text.replace("'", "''") + "'"
    name = '"' + text.replace('"', '""') + '"'
    assert [token.text for token in tokens(f"{literal} {name}")] == [literal, name]


def test_depth() -> None:
    assert [(token.text, token.depth) for token in tokens("a(b(c))d")] == [
        ("a", 0),
        ("(", 0),
        ("b", 1),
        ("(", 1),
        ("c", 2),
        (")", 1),
        (")", 0),
        ("d", 0),
    ]


@pytest.mark.parametrize("text", ["x" * 80, f'"{"x" * 80}"', f'"{"é" * 40}"'])
def test_a_name_is_cut_as_postgresql_cuts_it(text: str) -> None:
    (token,) = tokens(text)
    assert token.name == ("é" * 31 if "é" in text else "x" * 63)
