"""The definition of a new column, taken apart: what is instant, and what needs a step of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from livemigrations.statements import tree
from livemigrations.statements.constraints import name_of_constraint
from livemigrations.statements.names import identifier
from livemigrations.statements.tokens import tokens
from livemigrations.statements.tree import Node

_SERIAL = {"serial", "bigserial", "smallserial", "serial2", "serial4", "serial8"}
_OF_TABLE = ("CONSTR_UNIQUE", "CONSTR_PRIMARY", "CONSTR_CHECK", "CONSTR_FOREIGN")


@dataclass(frozen=True, slots=True)
class NewColumn:
    """``plain`` is the definition without keys and checks; ``constraints`` are (name, body) to be added after it.

    ``loose`` is ``plain`` without NOT NULL. ``unnamed`` are the positions of the constraints whose names PostgreSQL
    would choose. ``type`` is the type as the definition spells it, ``node`` its tree (None for what is no definition).
    """

    plain: str
    constraints: tuple[tuple[str, str], ...] = ()
    default: str = ""
    stored: str = ""
    numbered: bool = False
    loose: str = ""
    not_null: bool = False
    type: str = ""
    unnamed: frozenset[int] = frozenset()
    node: Node | None = None

    @property
    def required(self) -> bool:
        """Whether an existing row has no value that it could get."""
        return self.not_null and not (self.default or self.stored or self.numbered)


@dataclass(frozen=True, slots=True)
class _Clause:
    """A part of a definition: its text, and the constraint that it is (None for the type and for COLLATE)."""

    text: str
    node: Node | None = None

    @property
    def word(self) -> str:
        return tree.word(self.node, "contype") if self.node is not None else ""


def take_apart(table: str, column: str, definition: str) -> NewColumn:
    """Split what follows the column's name in ADD COLUMN.

    ``numbered`` means serial or identity, ``stored`` is the expression of a stored generated column.
    """
    head = f"ALTER TABLE t ADD COLUMN {identifier(column or 'c')} "
    node = tree.definition(head + definition)
    if node is None or tree.kind(node) != "ColumnDef":
        return NewColumn(definition, loose=definition)
    clauses = list(_clauses(definition, len(head.encode()), node))
    inside = [clause for clause in clauses if clause.word not in _OF_TABLE]
    outside = [clause for clause in clauses if clause.word in _OF_TABLE]
    strict = [clause for clause in inside if clause.word == "CONSTR_NOTNULL"]
    default = next((clause.node for clause in inside if clause.word == "CONSTR_DEFAULT"), None)
    stored = [c for c in inside if c.word == "CONSTR_GENERATED" and c.node is not None and c.node.generated_kind == "s"]
    serial = not node.type_name.setof and tree.strings(node.type_name.names)[-1:] and _is_serial(node.type_name)
    return NewColumn(
        " ".join(clause.text for clause in inside),
        tuple(_of_table(table, column, clause) for clause in outside),
        _default(default, clauses) if default is not None else "",
        stored[0].text if stored else "",
        bool(serial) or any(clause.word == "CONSTR_IDENTITY" for clause in inside),
        " ".join(clause.text for clause in inside if clause not in strict),
        bool(strict),
        clauses[0].text,
        frozenset(number for number, clause in enumerate(outside) if clause.node and not clause.node.conname),
        node,
    )


def _is_serial(type_name: Node) -> bool:
    names = tree.strings(type_name.names)
    return len(names) == 1 and names[0] in _SERIAL and not type_name.array_bounds


def _clauses(definition: str, offset: int, node: Node) -> Iterator[_Clause]:
    """The type, then each clause with what belongs to it (DEFERRABLE, …), as the definition spells them."""
    found = [
        one for one in map(tree.inner, node.constraints) if not tree.word(one, "contype").startswith("CONSTR_ATTR_")
    ]
    marks: list[tuple[int, Node | None]] = [(0, None), *((one.location - offset, one) for one in found)]
    if node.HasField("coll_clause"):
        marks.append((node.coll_clause.location - offset, None))
    marks.sort(key=lambda mark: mark[0])
    encoded = definition.encode()
    ends = [*(start for start, _ in marks[1:]), len(encoded)]
    for (start, clause), end in zip(marks, ends, strict=True):
        yield _Clause(encoded[start:end].decode().strip(), clause)


def _default(node: Node, clauses: list[_Clause]) -> str:
    """The expression of a DEFAULT as the definition spells it."""
    text = next(clause.text for clause in clauses if clause.node is node)
    first = next(token for token in tokens(text) if token.word == "DEFAULT")
    return text[first.end :].strip()


def _of_table(table: str, column: str, clause: _Clause) -> tuple[str, str]:
    """The constraint as one of the table: its name and its body."""
    node, text = clause.node, unnamed(clause.text)
    assert node is not None
    name = node.conname or name_of_constraint(table, node, column)
    if clause.word == "CONSTR_FOREIGN":
        return name, f"FOREIGN KEY ({identifier(column)}) {text}"
    if clause.word == "CONSTR_CHECK":
        return name, text
    words = [token for token in tokens(text) if not token.depth]
    size = 2 if clause.word == "CONSTR_PRIMARY" else 1
    if words[size : size + 1] and words[size].word == "NULLS":
        size += 3 if words[size + 1].word == "NOT" else 2
    end = words[size - 1].end
    return name, f"{text[:end]} ({identifier(column)}){text[end:]}"


def unnamed(text: str) -> str:
    """A constraint's text without CONSTRAINT and the name."""
    found = list(tokens(text))
    if not found or found[0].word != "CONSTRAINT":
        return text
    following = 4 if len(found) > 3 and found[2].word == "UESCAPE" else 2
    return text[found[following].start :] if len(found) > following else ""


def type_in(body: str) -> str:
    """The type in what follows TYPE, without COLLATE and USING, as the statement spells it."""
    head = "ALTER TABLE t ALTER c TYPE "
    node = tree.definition(head + body)
    if node is None:
        return body
    if node.HasField("coll_clause"):
        return body.encode()[: node.coll_clause.location - len(head)].decode().strip()
    using = [token for token in tokens(body) if token.word == "USING" and not token.depth]
    return body[: using[0].start].strip() if using and node.HasField("raw_default") else body.strip()
