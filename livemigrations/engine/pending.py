"""What a script has not run yet: constraints and indexes of pending statements, laid over the catalog.

Django looks up in the catalog what an operation has to drop. In a script an earlier statement may be what makes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

from livemigrations.statements import tree
from livemigrations.statements.columns import take_apart, type_in
from livemigrations.statements.constraints import name_of_constraint
from livemigrations.statements.parse import Kind, Statement
from livemigrations.statements.tree import Node

Info = dict[str, Any]
_KEYS = ("CONSTR_PRIMARY", "CONSTR_UNIQUE", "CONSTR_CHECK", "CONSTR_FOREIGN", "CONSTR_EXCLUSION", "CONSTR_NOTNULL")


class Pending:
    """Learns from statements in their order, and answers as Django's introspection does."""

    def __init__(self) -> None:
        self._added: dict[str, dict[str, Info]] = {}
        self._gone: set[tuple[str, str]] = set()
        self._gone_indexes: set[str] = set()
        self._names: dict[str, str] = {}
        self._columns: dict[str, dict[str, str]] = {}
        self._tables: dict[str, str] = {}
        self._left: set[tuple[str, str]] = set()
        self._types: dict[tuple[str, str], str] = {}

    def stands_as(self, table: str) -> str:
        """The name under which the catalog still has a table."""
        return self._tables.get(table, table)

    def has_left(self, table: str, column: str = "") -> bool:
        """Whether a statement takes away, or renames, what the catalog still has under this name."""
        return (table, column) in self._left

    def renames(self, table: str) -> bool:
        """Whether a statement renames this table, one of its columns, or an index or constraint of any table."""
        return table in self._tables or bool(self._columns.get(table)) or bool(self._names)

    def has_dropped(self, table: str, name: str) -> bool:
        """Whether a statement drops the constraint or index that the catalog still has under this name."""
        return (table, name) in self._gone or name in self._gone_indexes

    def type_of(self, table: str, column: str) -> str:
        """The type that a statement gives a column, as it spells it; empty where none does."""
        return self._types.get((table, column), "")

    def column_was(self, table: str, column: str) -> str:
        """The name under which the catalog still has a column."""
        renamed = self._columns.get(table, {})
        return next((old for old, new in renamed.items() if new == column), column)

    def table_of_index(self, name: str) -> str:
        """The table on which a statement made this index; empty where none did."""
        return next((table for table, found in self._added.items() if name in found and found[name]["index"]), "")

    def was_called(self, name: str) -> str:
        """The name under which the catalog still has an index or a constraint."""
        return next((old for old, new in self._names.items() if new == name), name)

    def over(self, table: str, found: Mapping[str, Mapping[str, Any]]) -> dict[str, Info]:
        """The constraints and indexes of ``table``, where ``found`` are those of the catalog."""
        renamed = self._columns.get(table, {})
        kept: dict[str, Info] = {}
        for name, info in found.items():
            columns = [renamed.get(column, column) for column in info["columns"] or []]
            if (table, name) not in self._gone and name not in self._gone_indexes:
                kept[self._names.get(name, name)] = {**info, "columns": columns}
        return {**kept, **self._added.get(table, {})}

    def learn(self, statement: Statement) -> None:
        """Take note of a statement that will run."""
        table = statement.table.name if statement.table else ""
        if lesson := self._lessons.get(statement.kind):
            lesson(table, statement)

    @cached_property
    def _lessons(self) -> dict[Kind, Callable[[str, Statement], None]]:
        return {
            Kind.RENAME_INDEX: lambda table, s: self._rename(s.name, s.new_name),
            Kind.RENAME_CONSTRAINT: lambda table, s: self._rename(s.name, s.new_name),
            Kind.RENAME_COLUMN: lambda table, s: self._rename_column(table, s.name, s.new_name),
            Kind.CREATE_TABLE: lambda table, s: self._added.update({table: dict(_of_table(table, s.node))}),
            Kind.ADD_COLUMN: self._add_column,
            Kind.ALTER_TYPE: lambda table, s: self._types.update({(table, s.name): type_in(s.body)}),
            Kind.ADD_CONSTRAINT: lambda table, s: self._add(table, _named(s.name, tree.constraint(s.sql))),
            Kind.CREATE_INDEX: lambda table, s: self._added.setdefault(table, {}).update({s.name: _index(s)}),
            Kind.DROP_CONSTRAINT: lambda table, s: self._drop(table, s.name),
            Kind.DROP_INDEX: lambda table, s: self._drop_indexes([table, *(name.name for name in s.references)]),
            Kind.DROP_TABLE: lambda table, s: self._drop_tables([table, *(name.name for name in s.references)]),
            Kind.DROP_COLUMN: lambda table, s: self._drop_column(table, s.name),
            Kind.RENAME_TABLE: lambda table, s: self._rename_table(table, s.name),
        }

    def _add(self, table: str, constraints: Iterator[tuple[str, Info]]) -> None:
        self._added.setdefault(table, {}).update(constraints)

    def _add_column(self, table: str, statement: Statement) -> None:
        self._add(table, _of_column(table, tree.definition(statement.sql)))
        self._types[table, statement.name] = take_apart(table, statement.name, statement.body).type

    def _drop(self, table: str, name: str) -> None:
        if self._added.get(table, {}).pop(name, None) is None:
            self._gone.add((table, self.was_called(name)))

    def _drop_indexes(self, names: list[str]) -> None:
        """The name of an index tells its table only where this script made it."""
        for name in names:
            holder = next((found for found in self._added.values() if name in found), None)
            if holder is not None:
                del holder[name]
            else:
                self._gone_indexes.add(self.was_called(name))

    def _drop_tables(self, tables: list[str]) -> None:
        for table in tables:
            self._added.pop(table, None)
            self._left.add((table, ""))

    def _drop_column(self, table: str, column: str) -> None:
        added = self._added.get(table, {})
        self._types.pop((table, column), None)
        self._left.add((table, column))
        self._added[table] = {name: info for name, info in added.items() if column not in info["columns"]}

    def _rename_table(self, table: str, name: str) -> None:
        self._tables[name] = self._tables.pop(table, table)
        self._left |= {(name, column) for holder, column in self._left if holder == table and column} | {(table, "")}
        if table in self._added:
            self._added[name] = self._added.pop(table)
        for holder, column in [key for key in self._types if key[0] == table]:
            self._types[name, column] = self._types.pop((holder, column))
        if table in self._columns:
            self._columns[name] = self._columns.pop(table)
        self._gone |= {(name, gone) for holder, gone in self._gone if holder == table}

    def _rename_column(self, table: str, old: str, new: str) -> None:
        for info in self._added.get(table, {}).values():
            info["columns"] = [new if column == old else column for column in info["columns"]]
        self._left.add((table, old))
        if (table, old) in self._types:
            self._types[table, new] = self._types.pop((table, old))
        known = self._columns.setdefault(table, {})
        known[next((first for first, last in known.items() if last == old), old)] = new

    def _rename(self, old: str, new: str) -> None:
        """An index or a constraint gets another name."""
        for found in self._added.values():
            if old in found:
                found[new] = found.pop(old)
                return
        self._names[self.was_called(old)] = new


def _of_table(table: str, node: Node | None) -> Iterator[tuple[str, Info]]:
    """The constraints in a CREATE TABLE."""
    for element in map(tree.inner, getattr(node, "table_elts", ())):
        if tree.kind(element) == "ColumnDef":
            yield from _of_column(table, element)
        elif tree.kind(element) == "Constraint":
            yield from _named(name_of_constraint(table, element), element)


def _of_column(table: str, node: Node | None) -> Iterator[tuple[str, Info]]:
    """The constraints in the definition of a column."""
    for found in map(tree.inner, getattr(node, "constraints", ())):
        if tree.word(found, "contype") != "CONSTR_NOTNULL":
            yield from _named(name_of_constraint(table, found, node.colname), found, node.colname)  # type: ignore[union-attr] # it has constraints


def _named(name: str, node: Node | None, column: str = "") -> Iterator[tuple[str, Info]]:
    """A constraint under its name; none for what is no constraint of a table."""
    if node is not None and tree.word(node, "contype") in _KEYS:
        yield node.conname or name, _constraint(node, column)


def _constraint(node: Node, column: str) -> Info:
    contype = tree.word(node, "contype")
    if contype == "CONSTR_CHECK":
        columns: list[Any] = tree.column_references(node.raw_expr)
    elif contype == "CONSTR_EXCLUSION":
        columns = [tree.inner(tree.inner(pair).items[0]).name or None for pair in node.exclusions]
    else:
        columns = tree.strings(node.fk_attrs) or tree.strings(node.keys) or ([column] if column else [])
    return {
        **_PLAIN,
        "columns": columns,
        "primary_key": contype == "CONSTR_PRIMARY",
        "unique": contype in ("CONSTR_PRIMARY", "CONSTR_UNIQUE"),
        "foreign_key": ("", "") if contype == "CONSTR_FOREIGN" else None,
        "check": contype == "CONSTR_CHECK",
    }


_PLAIN: Info = {
    "primary_key": False,
    "unique": False,
    "foreign_key": None,
    "check": False,
    "index": False,
    "definition": None,
    "options": None,
    "type": None,
}


def _index(statement: Statement) -> Info:
    node = statement.node
    assert node is not None
    method = node.access_method or "btree"
    return {
        **_PLAIN,
        "columns": [tree.inner(element).name or None for element in node.index_params],
        "unique": statement.unique,
        "index": True,
        "type": "idx" if method == "btree" else method,
    }
