"""The names that PostgreSQL gives to constraints and indexes without one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from livemigrations.statements import tree
from livemigrations.statements.names import MAX_BYTES, clip, default_name
from livemigrations.statements.tree import Node

LABELS = {
    "CONSTR_CHECK": "check",
    "CONSTR_UNIQUE": "key",
    "CONSTR_PRIMARY": "pkey",
    "CONSTR_FOREIGN": "fkey",
    "CONSTR_EXCLUSION": "excl",
    "CONSTR_NOTNULL": "not_null",
}
INDEXED = ("CONSTR_UNIQUE", "CONSTR_PRIMARY", "CONSTR_EXCLUSION")  # the constraints that come with an index


def constraint_name(table: str, body: str) -> str:
    """The name of a constraint whose text is ``body``; empty for a text that is no constraint."""
    node = tree.constraint(f"ALTER TABLE t ADD {body}")
    return name_of_constraint(table, node) if node is not None else ""


def name_of_constraint(table: str, node: Node, column: str = "") -> str:
    """The name of an unnamed constraint, while it is free; ``column`` is the one that it is written behind."""
    first, label = name_parts(table, node, column)
    return node.indexname or (default_name(table, first, label) if label else "")


def name_parts(table: str, node: Node, column: str = "") -> tuple[str, str]:
    """What stands for the columns in the name of an unnamed constraint, and the label at its end."""
    contype = tree.word(node, "contype")
    label = LABELS.get(contype, "")
    if contype == "CONSTR_CHECK":
        columns = tree.column_references(node.raw_expr, table)
        return (columns[0] if len(columns) == 1 else ""), label
    if contype == "CONSTR_FOREIGN":
        return "_".join(tree.strings(node.fk_attrs) or [column]), label
    if contype == "CONSTR_EXCLUSION":
        elements = [tree.inner(tree.inner(pair).items[0]) for pair in node.exclusions]
        return "_".join(_column_names(elements, tree.strings(node.including))), label
    if contype == "CONSTR_UNIQUE":
        keys = tree.strings(node.keys) or [column]
        return "_".join([*keys, *tree.strings(node.including)]), label
    return ("_".join(tree.strings(node.keys) or [column]) if contype == "CONSTR_NOTNULL" else ""), label


def index_name(table: str, body: str) -> str:
    """The name of an index without one; ``body`` is what follows the table's name."""
    return default_name(table, columns_in_name(body), "idx")


def columns_in_name(body: str) -> str:
    """What stands for the columns in the name of an index."""
    node = tree.statement(f"CREATE INDEX ON t {body}")
    return columns_of_index(node) if node is not None else ""


def columns_of_index(node: Node) -> str:
    """The same of an index that was parsed."""
    including = [tree.inner(element).name for element in node.index_including_params]
    return "_".join(_column_names(map(tree.inner, node.index_params), including))


def _column_names(elements: Iterable[Node], including: list[str]) -> Iterator[str]:
    """The names of an index's columns (``ChooseIndexColumnNames`` in PostgreSQL's source): no two are the same."""
    taken: set[str] = set()
    for wanted in [*(element.name or _figured(element) for element in elements), *including]:
        name, number = wanted, 0
        while name in taken:
            number += 1
            name = clip(wanted, MAX_BYTES - len(str(number))) + str(number)
        taken.add(name)
        yield name


def _figured(element: Node) -> str:
    return element.indexcolname or _of_expression(tree.inner(element.expr))[0] or "expr"


_FIXED = {
    "CoalesceExpr": "coalesce",
    "A_ArrayExpr": "array",
    "RowExpr": "row",
    "XmlSerialize": "xmlserialize",
    "GroupingFunc": "grouping",
    "JsonObjectConstructor": "json_object",
    "JsonArrayConstructor": "json_array",
    "JsonParseExpr": "json",
    "JsonScalarExpr": "json_scalar",
    "JsonSerializeExpr": "json_serialize",
}


def _of_expression(node: Node) -> tuple[str, int]:
    """The name that PostgreSQL figures out for an expression, and how good it is (``FigureColnameInternal``)."""
    kind = tree.kind(node)
    if kind in _FIXED:
        return _FIXED[kind], 2
    if kind == "ColumnRef":
        names = [tree.inner(field).sval for field in node.fields if tree.kind(tree.inner(field)) == "String"]
        return (names[-1], 2) if names else ("", 0)
    if kind == "A_Indirection":
        fields = [tree.inner(part).sval for part in node.indirection if tree.kind(tree.inner(part)) == "String"]
        return (fields[-1], 2) if fields else _of_expression(tree.inner(node.arg))
    if kind == "FuncCall":
        return tree.strings(node.funcname)[-1], 2
    if kind == "TypeCast":
        found = _of_expression(tree.inner(node.arg))
        return found if found[1] > 1 else (tree.strings(node.type_name.names)[-1], 1)
    if kind == "CollateClause":
        return _of_expression(tree.inner(node.arg))
    if kind == "CaseExpr":
        found = _of_expression(tree.inner(node.defresult)) if node.HasField("defresult") else ("", 0)
        return found if found[1] > 1 else ("case", 1)
    if kind == "A_Expr":
        return ("nullif", 2) if tree.word(node, "kind") == "AEXPR_NULLIF" else ("", 0)
    if kind == "MinMaxExpr":
        return tree.word(node, "op").removeprefix("IS_").lower(), 2
    if kind == "SQLValueFunction":
        return tree.word(node, "op").removeprefix("SVFOP_").removesuffix("_N").lower(), 2
    return "", 0
