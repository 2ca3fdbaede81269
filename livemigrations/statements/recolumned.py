"""Definitions that PostgreSQL wrote, over other columns: what stands on one column, said of the one beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from livemigrations.statements.names import identifier
from livemigrations.statements.tokens import Token, tokens

Columns = Mapping[str, str]


def recolumned(text: str, columns: Columns) -> str:
    """An expression, a CHECK or the text of an index from USING on, with each of ``columns`` under its other name.

    PostgreSQL writes its own words in capitals and quotes a name that could be one of them; what stands behind ``::``
    or COLLATE, or before a parenthesis, names a type, a collation or a function.
    """
    return "".join(_pieces(text, [token for token in _names(text) if _plain(token) in columns], columns))


def key_recolumned(definition: str, columns: Columns, target: Columns) -> str:
    """A FOREIGN KEY with its own columns, and those of the table that it points at, under their other names."""
    own, _, rest = definition.partition(" REFERENCES ")
    start, end = rest.index("("), rest.index(")")
    listed, tail = rest[start : end + 1], rest[end + 1 :]
    return (
        f"{recolumned(own, columns)} REFERENCES {rest[:start]}{recolumned(listed, target)}{recolumned(tail, columns)}"
    )


def _plain(token: Token) -> str:
    return token.name if token.kind == "quoted" else token.text


def _names(text: str) -> Iterator[Token]:
    """The tokens that can name a column."""
    found = list(tokens(text))
    in_type = False
    for number, token in enumerate(found):
        before = found[number - 1].text if number else ""
        after = found[number + 1].text if number + 1 < len(found) else ""
        if token.kind not in ("word", "quoted"):
            in_type = token.text == ":" and before == ":"
            continue
        if token.kind == "word" and token.text != token.text.lower():
            in_type = False
        elif not in_type and before not in ("COLLATE", ".") and after not in ("(", "."):
            yield token


def _pieces(text: str, found: list[Token], columns: Columns) -> Iterator[str]:
    position = 0
    for token in found:
        yield text[position : token.start]
        yield identifier(columns[_plain(token)])
        position = token.end
    yield text[position:]
