"""A scanner for PostgreSQL's SQL: enough to split scripts and to recognise statements, never to change meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from livemigrations.statements.names import clip

_TOKEN = re.compile(
    r"""
    (?P<space>\s+|--[^\n]*(?:\n|$))
  | (?P<comment>/\*)
  | (?P<dollar>\$(?:[A-Za-z_\x80-\uffff][\w\x80-\uffff]*)?\$)
  | (?P<estring>[eE]'(?:[^'\\]|''|\\.)*')
  | (?P<string>(?:[uU]&|[bBxXnN])?'(?:[^']|'')*')
  | (?P<quoted>(?:[uU]&)?"(?:[^"]|"")*")
  | (?P<word>[A-Za-z_\x80-\uffff][\w$\x80-\uffff]*)
  | (?P<number>\d+(?:\.\d+)?)
  | (?P<mark>.)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of SQL. ``kind`` is word, quoted, string, number or mark.

    ``start`` and ``end`` are its place in the text; ``depth`` counts the parentheses and brackets open around it.
    """

    kind: str
    text: str
    start: int
    end: int
    depth: int

    @property
    def word(self) -> str:
        """The keyword in upper case, or the mark itself; empty for quoted names and strings."""
        return self.text.upper() if self.kind in ("word", "mark") else ""

    @property
    def name(self) -> str:
        """The identifier as PostgreSQL stores it: unquoted, or folded to lower case, and cut where it is too long."""
        if self.kind == "quoted":
            return clip(self.text[1:-1].replace('""', '"'))
        return clip(self.text.lower())


def _comment_end(sql: str, start: int) -> int:
    depth, position = 1, start + 2
    while depth and position < len(sql):
        if sql.startswith("/*", position):
            depth, position = depth + 1, position + 2
        elif sql.startswith("*/", position):
            depth, position = depth - 1, position + 2
        else:
            position += 1
    return position


def tokens(sql: str) -> Iterator[Token]:
    """Yield the tokens of ``sql`` without white space and comments."""
    position = depth = 0
    while position < len(sql):
        match = _TOKEN.match(sql, position)
        assert match is not None
        kind, end = match.lastgroup or "mark", match.end()
        if kind == "comment":
            position = _comment_end(sql, position)
            continue
        if kind == "dollar":
            closing = sql.find(match.group(), end)
            end = len(sql) if closing < 0 else closing + len(match.group())
            kind = "string"
        if kind != "space":
            text = sql[position:end]
            depth -= text in (")", "]")
            yield Token("string" if kind == "estring" else kind, text, position, end, max(depth, 0))
            depth += text in ("(", "[")
        position = end


def scripts(sql: Any) -> list[str]:
    """The texts of what ``RunSQL`` takes: a script, or a list of statements with or without parameters.

    A parameter is written ``$1``, as PostgreSQL's grammar has it.
    """
    if not sql:
        return []
    if not isinstance(sql, list | tuple):
        return [str(sql)]
    return [_statement(*part) if isinstance(part, list | tuple) else str(part) for part in sql]


def _statement(text: Any, parameters: Any = None) -> str:
    return str(text) if parameters is None else with_parameters(str(text))


def with_parameters(text: str) -> str:
    """A statement with psycopg's placeholders, as one with PostgreSQL's."""
    return _PLACEHOLDER.sub(lambda found: "%" if found[0] == "%%" else "$1", text)


_PLACEHOLDER = re.compile(r"%(?:%|s|\(\w+\)s)")


def split(sql: str) -> list[str]:
    """Return the statements of a script, without their semicolons and the remarks around them.

    Bodies of functions stay whole.
    """
    parts: list[str] = []
    open_: list[Token] = []
    atomic, previous = 0, ""
    for token in tokens(sql):
        if token.word == "ATOMIC" and previous == "BEGIN":
            atomic = 1
        elif atomic and token.word == "CASE":
            atomic += 1
        elif atomic and token.word == "END":
            atomic -= 1
        previous = token.word
        if token.text == ";" and token.kind == "mark" and not token.depth and not atomic:
            parts += [sql[open_[0].start : open_[-1].end]] if open_ else []
            open_ = []
        else:
            open_.append(token)
    return parts + ([sql[open_[0].start : open_[-1].end]] if open_ else [])


def first_parentheses(sql: str) -> str:
    """Return what stands in the first parentheses of ``sql``; empty without any."""
    start = -1
    for token in tokens(sql):
        if token.kind == "mark" and not token.depth:
            if token.text == "(" and start < 0:
                start = token.end
            elif token.text == ")" and start >= 0:
                return sql[start : token.start]
    return ""


def split_commas(sql: str) -> list[str]:
    """Return the pieces of ``sql`` between commas that stand in no parentheses or brackets."""
    pieces, start = [], 0
    for token in tokens(sql):
        if token.text == "," and not token.depth:
            pieces.append(sql[start : token.start].strip())
            start = token.end
    return [*pieces, sql[start:].strip()]
