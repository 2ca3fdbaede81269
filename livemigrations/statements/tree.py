"""Parse trees: SQL as PostgreSQL's own grammar reads it, by libpg_query.

The library is imported when there is SQL to read, not before: it takes some 30 ms. A node is a message of protobuf;
its fields are those of PostgreSQL's ``parsenodes.h``. Locations in a tree count bytes, positions here characters.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any

from livemigrations.statements.names import Name, clip
from livemigrations.statements.tokens import split as split_text
from livemigrations.statements.tokens import tokens

Node = Any


@cache
def _library() -> Any:
    import postgast

    return postgast


@cache
def _deep() -> Any:
    """The switch with which protobuf reads messages that are nested deeper than 100 levels; None where it has none."""
    try:
        from google._upb._message import SetAllowOversizeProtos
    except ImportError:  # another implementation of protobuf
        return lambda deep: None
    return SetAllowOversizeProtos


@lru_cache(maxsize=4096)
def _parsed(sql: str) -> Node | None:
    """The tree of a script; None for what the grammar does not know."""
    if "\0" in sql:  # the library would read up to it
        return None
    library, deep = _library(), _deep()
    from google.protobuf.message import DecodeError

    deep(True)
    try:
        return library.parse(sql)
    except (library.PgQueryError, DecodeError, UnicodeEncodeError):
        return None
    finally:
        deep(False)


def split(script: str) -> list[str]:
    """The statements of a script, without their semicolons and the remarks around them."""
    found = _parsed(script)
    if found is None:
        return split_text(script)
    encoded = script.encode()
    texts = []
    for raw in found.stmts:
        end = raw.stmt_location + raw.stmt_len if raw.stmt_len else len(encoded)
        texts.append(_trimmed(encoded[raw.stmt_location : end].decode()))
    return texts


def _trimmed(text: str) -> str:
    found = [token for token in tokens(text) if token.text != ";" or token.depth]
    return text[found[0].start : found[-1].end] if found else ""


def statement(sql: str) -> Node | None:
    """The tree of one statement; None for what the grammar does not know."""
    found = _parsed(sql)
    return inner(found.stmts[0].stmt) if found is not None and len(found.stmts) == 1 else None


def command(sql: str) -> Node | None:
    """The action of an ALTER TABLE that has one; None for any other statement."""
    found = statement(sql)
    if found is None or kind(found) != "AlterTableStmt" or len(found.cmds) != 1:
        return None
    return inner(found.cmds[0])


def constraint(sql: str) -> Node | None:
    """The constraint that an ALTER TABLE … ADD adds; None for any other statement."""
    found = definition(sql)
    return found if found is not None and kind(found) == "Constraint" else None


def definition(sql: str) -> Node | None:
    """The column, constraint or value in the action of an ALTER TABLE."""
    found = command(sql)
    return inner(getattr(found, "def")) if found is not None and found.HasField("def") else None


def kind(node: Node) -> str:
    """The name of a node's type: ``AlterTableStmt``, ``Constraint``, …"""
    return str(node.DESCRIPTOR.name)


def inner(node: Node) -> Node:
    """The message in a Node, which is a choice of all of them."""
    field = node.WhichOneof("node")
    return getattr(node, field) if field else node


def word(node: Node, field: str) -> str:
    """The name of an enumerated field's value: ``AT_AddColumn``."""
    return str(node.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number[getattr(node, field)].name)


def walk(node: Node) -> Iterator[Node]:
    """The messages in a tree, itself first, parents before children, in the order of the text."""
    waiting = [node]
    while waiting:
        found = waiting.pop()
        if kind(found) != "Node":
            yield found
        children: list[Node] = []
        for field, value in found.ListFields():
            if field.type == field.TYPE_MESSAGE:
                children += [value] if hasattr(value, "DESCRIPTOR") else value
        waiting += reversed(children)


def find(node: Node, *kinds: str) -> Iterator[Node]:
    """The messages of these types in a tree."""
    return (found for found in walk(node) if kind(found) in kinds)


# --- names -----------------------------------------------------------------------------------------------------


def relation_name(node: Node) -> Name:
    """The name in a RangeVar."""
    return Name(clip(node.schemaname), clip(node.relname))


def strings(nodes: Iterator[Node] | Any) -> list[str]:
    """The texts in a list of String nodes."""
    return [inner(node).sval for node in nodes]


def qualified(parts: list[str]) -> Name:
    """The name of which a list gives the parts."""
    return Name(parts[-2] if len(parts) > 1 else "", parts[-1])


def column_references(node: Node, table: str = "") -> list[str]:
    """The columns that an expression reads, each once; ``table`` is the one whose columns they are."""
    found = []
    for reference in find(node, "ColumnRef"):
        names = [inner(field).sval if kind(inner(field)) == "String" else "" for field in reference.fields]
        found.append(names[-1] or table)
    return list(dict.fromkeys(found))


def functions(node: Node) -> list[str]:
    """The names of the functions that an expression calls, without their schemas."""
    return list(dict.fromkeys(strings(call.funcname)[-1] for call in find(node, "FuncCall")))


# --- texts -----------------------------------------------------------------------------------------------------


def position(sql: str, location: int) -> int:
    """The character at which a byte of a tree's text is."""
    return len(sql.encode()[:location].decode(errors="ignore"))


def behind_name(sql: str, location: int) -> str:
    """The text behind the name, qualified or not, that begins at a location; a star for its descendants is left out."""
    start = position(sql, location)
    end, dotted = start, True
    for token in tokens(sql[start:]):
        if token.kind in ("word", "quoted") and dotted:
            dotted = False
        elif token.text == "." and not dotted:
            dotted = True
        elif token.text != "*":
            break
        end = start + token.end
    return sql[end:].strip()


def expression_node(text: str) -> Node | None:
    """The tree of an expression; None for what is none."""
    found = statement(f"SELECT {text}")
    if found is None or kind(found) != "SelectStmt" or len(found.target_list) != 1:
        return None
    return inner(inner(found.target_list[0]).val)


def expression(node: Node) -> str:
    """An expression as text."""
    library = _library()
    result = library.pg_query_pb2.ParseResult(version=180000)
    select = result.stmts.add().stmt.select_stmt
    select.limit_option = library.pg_query_pb2.LIMIT_OPTION_DEFAULT
    select.op = library.pg_query_pb2.SETOP_NONE
    _put(select.target_list.add().res_target.val, node)
    return str(library.deparse(result)).removeprefix("SELECT ")


def text(node: Node) -> str:
    """A statement as text, in libpg_query's spelling."""
    library = _library()
    result = library.pg_query_pb2.ParseResult(version=180000)
    _put(result.stmts.add().stmt, node)
    return str(library.deparse(result))


def type_text(node: Node) -> str:
    """A TypeName as text, with its length."""
    library = _library()
    cast = library.pg_query_pb2.TypeCast()
    cast.type_name.CopyFrom(node)
    cast.arg.a_const.isnull = True
    return expression(cast).removeprefix("NULL::")


def _put(target: Node, node: Node) -> None:
    """Copy a message into a Node."""
    if kind(node) == "Node":
        target.CopyFrom(node)
        return
    wanted = kind(node)
    field = next(f.name for f in target.DESCRIPTOR.fields if f.message_type and f.message_type.name == wanted)
    getattr(target, field).CopyFrom(node)


def new(name: str) -> Node:
    """An empty message of a type."""
    return getattr(_library().pg_query_pb2, name)()
