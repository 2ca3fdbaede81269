"""The definition of a new column, taken apart: what is instant, and what needs a step of its own."""

from __future__ import annotations

from dataclasses import dataclass

from livemigrations.statements.names import default_name, identifier
from livemigrations.statements.tokens import Token, tokens

_ENDS = {
    "CONSTRAINT",
    "NOT",
    "NULL",
    "CHECK",
    "DEFAULT",
    "GENERATED",
    "UNIQUE",
    "PRIMARY",
    "REFERENCES",
    "COLLATE",
}
_SERIAL = {"SERIAL", "BIGSERIAL", "SMALLSERIAL", "SERIAL2", "SERIAL4", "SERIAL8"}


@dataclass(frozen=True, slots=True)
class NewColumn:
    """``plain`` is the definition without keys and checks; ``constraints`` are (name, body) to be added after it."""

    plain: str
    constraints: tuple[tuple[str, str], ...]
    default: str = ""
    stored: str = ""
    numbered: bool = False


def take_apart(table: str, column: str, definition: str) -> NewColumn:
    """Split what stands behind the column's name in ADD COLUMN.

    ``numbered`` means serial or identity, ``stored`` is the expression of a stored generated column.
    """
    clauses = _clauses(definition)
    plain: list[str] = []
    constraints: list[tuple[str, str]] = []
    default = stored = name = ""
    numbered = clauses[0][1].split()[0].upper() in _SERIAL if clauses and clauses[0][1] else False
    for word, text in clauses:
        if word == "CONSTRAINT":
            name = next(t.name for t in list(tokens(text))[1:2])
            continue
        if word in ("UNIQUE", "PRIMARY", "CHECK", "REFERENCES"):
            constraints.append((name or _default(table, column, word), _body(column, word, text)))
        else:
            plain.append(text)
            default = text[len("DEFAULT") :].strip() if word == "DEFAULT" else default
            if word == "GENERATED":
                numbered = numbered or "IDENTITY" in text.upper().split()
                stored = text if text.upper().rstrip().endswith("STORED") else stored
        name = ""
    return NewColumn(" ".join(plain), tuple(constraints), default, stored, numbered)


def _clauses(definition: str) -> list[tuple[str, str]]:
    """The clauses of a column definition: (first keyword, text); the first is the type."""
    marks: list[Token] = []
    skip = 0
    all_tokens = list(tokens(definition))
    for position, token in enumerate(all_tokens):
        if skip:
            skip -= 1
            continue
        if position and not token.depth and token.word in _ENDS:
            if token.word in ("NULL", "DEFAULT") and _belongs_to_reference(all_tokens, position):
                continue
            if (
                marks
                and marks[-1].word == "REFERENCES"
                and token.word == "NOT"
                and _next(all_tokens, position) == "DEFERRABLE"
            ):
                continue
            if (
                token.word == "NULL"
                and marks
                and marks[-1].word == "DEFAULT"
                and _next(all_tokens, position, -1) == "DEFAULT"
            ):
                continue
            marks.append(token)
            skip = 1 if token.word == "NOT" else 0
    starts = [0, *(mark.start for mark in marks)]
    words = ["", *(mark.word for mark in marks)]
    ends = [*starts[1:], len(definition)]
    return [(word, definition[a:b].strip()) for word, a, b in zip(words, starts, ends, strict=True)]


def _next(all_tokens: list[Token], position: int, step: int = 1) -> str:
    return all_tokens[position + step].word if 0 <= position + step < len(all_tokens) else ""


def _belongs_to_reference(all_tokens: list[Token], position: int) -> bool:
    """SET NULL and SET DEFAULT of ON DELETE."""
    return position > 0 and all_tokens[position - 1].word == "SET"


_LABELS = {"UNIQUE": "key", "CHECK": "check", "REFERENCES": "fkey"}


def _default(table: str, column: str, word: str) -> str:
    if word == "PRIMARY":
        return default_name(table, "", "pkey")
    return default_name(table, column, _LABELS[word])


def _body(column: str, word: str, text: str) -> str:
    name = identifier(column)
    if word == "REFERENCES":
        return f"FOREIGN KEY ({name}) {text}"
    if word == "UNIQUE":
        return f"UNIQUE{text[len('UNIQUE') :]} ({name})"
    return f"PRIMARY KEY ({name})" if word == "PRIMARY" else text
