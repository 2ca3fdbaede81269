"""Definitions that mean the same: spellings of one default, one check or one predicate, as PostgreSQL's planner sees them.

The planner replaces an expression of constants and immutable functions by its value, so ``'0'::bigint`` and ``0`` come
out alike (the manual, "Function Volatility Categories"; ``eval_const_expressions`` in the source). ``EXPLAIN`` shows the
result and runs nothing.
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

from django.db import DatabaseError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.definitions import Column
from livemigrations.catalog.relations import fetch

_NUMBER = re.compile(r"\(?'?(-?\d+(?:\.\d+)?)'?\)?(?:::(?:numeric|integer|bigint|smallint|real|double precision))?")
_SAME_MOMENT = re.compile(r"\b(?:CURRENT_TIMESTAMP(?!\()|(?:pg_catalog\.)?transaction_timestamp\(\))")

_OWNED = """
SELECT a.attname FROM pg_depend o JOIN pg_class s ON s.oid = o.objid AND s.relkind = 'S'
JOIN pg_attribute a ON a.attrelid = o.refobjid AND a.attnum = o.refobjsubid
WHERE o.classid = 'pg_class'::regclass AND o.refclassid = 'pg_class'::regclass AND o.refobjid = %s AND o.deptype = 'a'
"""


def levelled(column: Column, *, numbered: bool) -> tuple[Column, str]:
    """The column in the one spelling of those that mean the same, and a note of what was respelled.

    ``numbered`` says that a sequence belongs to the column: a ``serial`` reads as the identity that Django makes since
    4.1. Both are numbered by a sequence of their own, and Django handles both.
    """
    if numbered and column.default.startswith("nextval("):
        return replace(column, default="", identity="d"), f"serial (DEFAULT {column.default})"
    return replace(column, default=_one_spelling(column.default, column.generated)), ""


def same_columns(
    connection: BaseDatabaseWrapper, oid: int, actual: dict[str, Column], wanted: dict[str, Column]
) -> set[str]:
    """The names of the columns of table ``oid`` that are as they are wanted, however they are spelled."""
    numbered = {row[0] for row in fetch(connection, _OWNED, [oid])}
    return {
        name
        for name, column in wanted.items()
        if name in actual and _same_column(connection, actual[name], column, numbered=name in numbered)
    }


def _same_column(connection: BaseDatabaseWrapper, actual: Column, wanted: Column, *, numbered: bool) -> bool:
    one, other = levelled(actual, numbered=numbered)[0], levelled(wanted, numbered=False)[0]
    if one == other:
        return True
    if replace(one, default="") != replace(other, default="") or one.generated:
        return False
    return same_expression(connection, typed(one.default, one.type), typed(other.default, other.type))


def typed(expression: str, type_: str) -> str:
    """An expression as a column of that type takes it."""
    return f"({expression})::{type_}" if expression else ""


def same_expression(connection: BaseDatabaseWrapper, one: str, other: str, *, table: str = "") -> bool:
    """Whether PostgreSQL's planner makes the same of two expressions; ``table`` (quoted) has the columns that they name.

    False also where one of them cannot be planned here. Nothing is run.
    """
    if one == other:
        return True
    if not (one and other):
        return False
    source = f" FROM ONLY {table}" if table else ""
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (VERBOSE, COSTS OFF, FORMAT JSON) SELECT {one}, {other}{source}")
            [([plan],)] = cursor.fetchall()
    except DatabaseError:
        return False
    outputs = [_SAME_MOMENT.sub("now()", text) for text in plan["Plan"]["Output"]]
    return len(outputs) == 2 and outputs[0] == outputs[1]


def _one_spelling(default: str, generated: str) -> str:
    """A default in one spelling: ``'0'::numeric`` as ``0``, CURRENT_TIMESTAMP as ``now()``, ``NULL::text`` as none."""
    if generated:
        return default
    if default.startswith("NULL::"):
        return ""
    if default == "CURRENT_TIMESTAMP":
        return "now()"
    number = _NUMBER.fullmatch(default)
    return f"{Decimal(number[1]).normalize():f}" if number else default
