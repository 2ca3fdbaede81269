"""Names of relations, and the package's one place for quoting."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from psycopg import sql as compose

MAX_BYTES = 63
OURS = "livemigrations_"  # what the engine makes for a while begins with it


def identifier(*parts: str) -> str:
    """Quote a name, or the parts of a qualified one."""
    return compose.Identifier(*parts).as_string(None)


def literal(value: Any) -> str:
    """Quote a value."""
    return compose.Literal(value).as_string(None).strip()


def code(text: str) -> str:
    """Quote the text of a function or a DO between dollars that do not occur in it."""
    tag, number = "$livemigrations$", 1
    while tag in text:
        tag, number = f"$livemigrations{number}$", number + 1
    return f"{tag}{text}{tag}"


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """A relation's name; ``schema`` is empty where the search path decides."""

    schema: str
    name: str

    def __str__(self) -> str:
        return identifier(self.schema, self.name) if self.schema else identifier(self.name)

    @property
    def plain(self) -> str:
        """For messages: without quotes."""
        return f"{self.schema}.{self.name}" if self.schema else self.name


def parse_name(text: str) -> Name:
    """Read ``name``, ``schema.name`` or their quoted forms, as Django's ``quote_name`` writes them."""
    from livemigrations.statements.tokens import tokens

    parts = [token.name for token in tokens(text) if token.kind in ("word", "quoted")]
    return Name(parts[-2] if len(parts) > 1 else "", parts[-1])


def clip(name: str, size: int = MAX_BYTES) -> str:
    """A name as PostgreSQL cuts it: whole characters of at most ``size`` bytes."""
    return name.encode()[:size].decode(errors="ignore")


def beside(name: str) -> str:
    """The name of what the engine builds beside something of that name, until it takes its place."""
    made = f"{OURS}{name}"
    if len(made.encode()) <= MAX_BYTES:
        return made
    return f"{clip(made, MAX_BYTES - 9)}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def default_name(table: str, column: str, label: str) -> str:
    """The name that PostgreSQL gives an unnamed constraint or index (``makeObjectName`` in its source)."""
    room = MAX_BYTES - len(label) - (2 if column else 1)
    first, second = len(table.encode()), len(column.encode())
    while first + second > room:
        if first > second:
            first -= 1
        else:
            second -= 1
    parts = [clip(table, first), clip(column, second), label]
    return "_".join(part for part in parts if part)
