"""The names that PostgreSQL gives to constraints without one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from livemigrations.statements.names import default_name
from livemigrations.statements.tokens import split_commas, tokens

LABELS = {"CHECK": "check", "UNIQUE": "key", "PRIMARY": "pkey", "FOREIGN": "fkey", "EXCLUDE": "excl", "NOT": "not_null"}

_NO_COLUMN = re.compile(
    "AND|OR|NOT|IS|ISNULL|NOTNULL|NULL|IN|BETWEEN|SYMMETRIC|I?LIKE|SIMILAR|TO|ESCAPE|ANY|ALL|SOME|ARRAY|ROW|TRUE|FALSE"
    "|UNKNOWN|CASE|WHEN|THEN|ELSE|END|CAST|AS|DISTINCT|FROM|COLLATE|OPERATOR|INTERVAL|DATE|TIME|TIMESTAMP|AT|ZONE"
    "|WITH|WITHOUT|VARYING|PRECISION|CURRENT_(DATE|TIME|TIMESTAMP|USER)|LOCALTIME(STAMP)?|SESSION_USER"
)


def constraint_name(table: str, body: str) -> str:
    """The name of a constraint whose text is ``body``: the keyword and what follows it."""
    word = next(tokens(body)).word
    if word in ("PRIMARY", "UNIQUE") and (index := _index_taken(body)):
        return index
    if word == "PRIMARY":
        return default_name(table, "", LABELS[word])
    if word == "NOT":
        return default_name(table, "".join(token.name for token in list(tokens(body))[2:3]), LABELS[word])
    if word == "CHECK":
        columns = list(dict.fromkeys(_variables(body)))
        return default_name(table, columns[0] if len(columns) == 1 else "", LABELS[word])
    return default_name(table, "_".join(_listed(body, with_include=word != "FOREIGN")), LABELS[word])


def _index_taken(body: str) -> str:
    """The index that a key is made from, which gives it its name: UNIQUE USING INDEX …; empty for any other key."""
    found = [token for token in tokens(body) if token.word != "KEY"]
    taken = [token.word for token in found[1:3]] == ["USING", "INDEX"]
    return found[3].name if taken and len(found) > 3 else ""


def index_name(table: str, body: str) -> str:
    """The name of an index without one; ``body`` is what follows the table's name."""
    return default_name(table, columns_in_name(body), "idx")


def columns_in_name(body: str) -> str:
    """What stands for the columns in the name of an index; "expr" for what is no plain column."""
    return "_".join(_listed(body, with_include=True))


def _listed(body: str, *, with_include: bool) -> Iterator[str]:
    """The columns of the first list in parentheses, and of INCLUDE."""
    for position, group in enumerate(_groups(body)):
        if position and not (with_include and group[0] == "INCLUDE"):
            return
        for piece in split_commas(group[1]):
            first = next(tokens(piece), None)
            yield first.name if first and first.kind in ("word", "quoted") else "expr"


def _groups(body: str) -> Iterator[tuple[str, str]]:
    """What stands in the outer parentheses, each with the keyword before it."""
    start, before = 0, ""
    for token in tokens(body):
        if token.depth:
            continue
        if token.text == ")" and token.kind == "mark":
            yield before, body[start : token.start]
        elif token.text == "(" and token.kind == "mark":
            start = token.end
        else:
            before = token.word


def _variables(body: str) -> Iterator[str]:
    """The columns that an expression reads, as far as its text shows them."""
    inner = next((group for _, group in _groups(body)), "")
    found = list(tokens(inner))
    for position, token in enumerate(found):
        following = found[position + 1].text if position + 1 < len(found) else ""
        before = [t.text for t in found[max(0, position - 2) : position]]
        named = token.kind == "quoted" or (token.kind == "word" and not _NO_COLUMN.fullmatch(token.word))
        type_or_collation = before == [":", ":"] or (before and before[-1].upper() in ("AS", "COLLATE"))
        if named and following not in ("(", ".") and not type_or_collation:
            yield token.name
