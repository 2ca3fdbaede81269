"""Whether a default gives every row the same value: told from its expression, without asking the server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.db.models import Func, Value
from django.db.models.expressions import RawSQL

from livemigrations.review.lint.effects import Default
from livemigrations.statements.tokens import tokens
from livemigrations.translation import defaults

VOLATILE = defaults.VOLATILE | {"currval", "lastval", "setseed", "pg_sleep", "txid_current", "pg_current_xact_id"}
STABLE = {
    "now", "transaction_timestamp", "statement_timestamp", "current_timestamp", "current_date", "current_time",
    "localtime", "localtimestamp", "current_user", "current_setting", "to_char", "to_date", "to_timestamp",
    "date_trunc", "date_part", "extract", "age", "timezone",
}  # fmt: skip
IMMUTABLE = {
    "abs", "ascii", "btrim", "ceil", "chr", "coalesce", "concat", "concat_ws", "cast", "decode", "encode", "floor",
    "greatest", "initcap", "jsonb_build_array", "jsonb_build_object", "least", "left", "length", "lower", "lpad",
    "ltrim", "make_date", "make_interval", "md5", "mod", "nullif", "power", "repeat", "replace", "reverse", "right",
    "round", "row", "rpad", "rtrim", "sha256", "sign", "sqrt", "substring", "trim", "trunc", "upper", "array",
    "numeric", "varchar", "char", "interval", "timestamp", "timestamptz", "bit", "varbit", "in", "any", "all", "values",
}  # fmt: skip


def of_expression(value: Any) -> tuple[Default, str]:
    """The kind of a ``db_default``, and the functions that decide it."""
    if not hasattr(value, "resolve_expression") or isinstance(value, Value):
        return Default.CONSTANT, ""
    return _judge(list(_functions(value)))


def of_sql(text: str) -> tuple[Default, str]:
    """The kind of a DEFAULT as it is written in SQL."""
    if not text:
        return Default.NONE, ""
    return _judge(list(_called(text)))


def _functions(expression: Any) -> Iterator[str]:
    if isinstance(expression, RawSQL):
        yield from _called(expression.sql)
    elif isinstance(expression, Func):
        if name := expression.extra.get("function") or expression.function:
            yield str(name)
        yield from _called(str(expression.template or "").replace("%(function)s", "").replace("%(expressions)s", ""))
    for source in getattr(expression, "get_source_expressions", list)():
        if source is not None:
            yield from _functions(source)


def _called(text: str) -> Iterator[str]:
    found = list(tokens(text))
    for token, after in zip(found, [*found[1:], None], strict=True):
        if token.kind in ("word", "quoted") and after is not None and after.text == "(":
            yield token.name


def _judge(names: list[str]) -> tuple[Default, str]:
    plain = list(dict.fromkeys(re.sub(r".*\.", "", name).lower() for name in names))
    if wild := [name for name in plain if name in VOLATILE]:
        return Default.VOLATILE, ", ".join(wild)
    if unknown := [name for name in plain if name not in STABLE | IMMUTABLE]:
        return Default.OPEN, ", ".join(unknown)
    return (Default.STABLE if any(name in STABLE for name in plain) else Default.CONSTANT), ", ".join(plain)
