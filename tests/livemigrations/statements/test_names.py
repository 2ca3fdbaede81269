"""Quoting of names, values and code."""

from __future__ import annotations

from livemigrations.statements.names import code


def test_code_is_quoted_with_what_it_does_not_contain() -> None:
    inner = f"DO {code('BEGIN END')}"
    assert inner == "DO $livemigrations$BEGIN END$livemigrations$"
    assert code(f"BEGIN {inner}; END") == f"$livemigrations1$BEGIN {inner}; END$livemigrations1$"
