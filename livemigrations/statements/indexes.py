"""Indexes: their parts as SQL, and the index that belongs to a constraint."""

from __future__ import annotations

from dataclasses import dataclass

from livemigrations.statements import tree
from livemigrations.statements.names import identifier
from livemigrations.statements.tree import Node


@dataclass(frozen=True, slots=True)
class IndexParts:
    """``keys`` are SQL expressions, ``where`` is the condition (empty for none)."""

    keys: tuple[str, ...]
    where: str = ""
    nulls_distinct: bool = True


def index_parts(rest: str) -> IndexParts | None:
    """Take apart the text of an index behind the table's name; None for what is no index."""
    node = tree.statement(f"CREATE INDEX ON t {rest}")
    if node is None or tree.kind(node) != "IndexStmt":
        return None
    return IndexParts(
        tuple(_key(tree.inner(element)) for element in node.index_params),
        tree.expression(node.where_clause) if node.HasField("where_clause") else "",
        not node.nulls_not_distinct,
    )


def _key(element: Node) -> str:
    key = identifier(element.name) if element.name else f"({tree.expression(element.expr)})"
    if element.collation:
        key += f" COLLATE {identifier(*tree.strings(element.collation))}"
    return key


def index_of(constraint: Node) -> str:
    """The text behind the table's name of the index that a UNIQUE or a PRIMARY KEY comes with.

    NULLS NOT DISTINCT, INCLUDE, WITH (…) and USING INDEX TABLESPACE belong to the index, not to the constraint.
    """
    index = tree.new("IndexStmt")
    index.unique = True
    index.access_method = "btree"
    index.relation.relname, index.relation.inh, index.relation.relpersistence = "t", True, "p"
    for columns, elements in (
        (constraint.keys, index.index_params),
        (constraint.including, index.index_including_params),
    ):
        for name in tree.strings(columns):
            element = elements.add().index_elem
            element.name = name
            element.ordering = (
                element.DESCRIPTOR.fields_by_name["ordering"].enum_type.values_by_name["SORTBY_DEFAULT"].number
            )
            nulls = element.DESCRIPTOR.fields_by_name["nulls_ordering"].enum_type.values_by_name
            element.nulls_ordering = nulls["SORTBY_NULLS_DEFAULT"].number
    index.nulls_not_distinct = constraint.nulls_not_distinct
    index.options.extend(constraint.options)
    index.table_space = constraint.indexspace
    text = tree.text(index)
    again = tree.statement(text)
    assert again is not None, text
    return tree.behind_name(text, again.relation.location)


def timing(constraint: Node) -> str:
    """When a constraint is checked, as its text says it: DEFERRABLE INITIALLY DEFERRED."""
    words = "DEFERRABLE" * constraint.deferrable
    return f"{words} INITIALLY DEFERRED" if constraint.initdeferred else words
