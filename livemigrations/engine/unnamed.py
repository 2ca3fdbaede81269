"""Constraints and indexes without a name: the one that PostgreSQL would choose, numbered where it is taken.

The sources of PostgreSQL call this ``ChooseConstraintName`` and ``ChooseRelationName``. A name of a CHECK or a foreign key
must be free among the constraints of the schema, one of an index among its relations, one of a key among both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.relations import fetch
from livemigrations.statements import tree
from livemigrations.statements.constraints import INDEXED, columns_of_index, name_parts
from livemigrations.statements.names import Name, default_name, identifier
from livemigrations.statements.parse import Kind, Statement
from livemigrations.statements.tree import Node

_TAKEN = """
SELECT %s AND EXISTS (SELECT 1 FROM pg_class c WHERE c.relname = %s AND c.relnamespace = to_regnamespace(%s))
    OR %s AND EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conname = %s AND k.connamespace = to_regnamespace(%s))
"""
_OF_TABLE = """
SELECT conname FROM pg_constraint WHERE conrelid = to_regclass(%s) AND (%s = '' OR EXISTS (
    SELECT 1 FROM pg_attribute WHERE attrelid = conrelid AND attname = %s AND attnum = ANY (conkey)))
UNION SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = to_regclass(%s)
    AND (%s = '' OR EXISTS (
    SELECT 1 FROM pg_attribute WHERE attrelid = indrelid AND attname = %s AND attnum = ANY (indkey)))
"""


class Names:
    """The names of relations and constraints that are taken, with what this run has promised or freed meanwhile."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection
        self._relations: set[Name] = set()
        self._constraints: set[Name] = set()
        self._free: set[Name] = set()

    @property
    def state(self) -> tuple[set[Name], set[Name], set[Name]]:
        """What was promised and freed: names of relations, of constraints, and names that are free."""
        return self._relations, self._constraints, self._free

    @state.setter
    def state(self, known: tuple[set[Name], set[Name], set[Name]]) -> None:
        self._relations, self._constraints, self._free = known

    def forget(self) -> None:
        """What was planned has run: the catalog has it."""
        for names in (self._relations, self._constraints, self._free):
            names.clear()

    def take(self, schema: str, name: str, *, relation: bool, constraint: bool) -> None:
        """A statement gives this name."""
        found = Name(schema, name)
        self._free.discard(found)
        if relation:
            self._relations.add(found)
        if constraint:
            self._constraints.add(found)

    def free(self, schema: str, *names: str) -> None:
        """A statement drops what has these names, or gives it others."""
        for name in names:
            found = Name(schema, name)
            self._free.add(found)
            self._relations.discard(found)
            self._constraints.discard(found)

    def free_all(self, table: Name, column: str = "") -> None:
        """A statement drops a table, or one of its columns, with the constraints and indexes of it."""
        rows = fetch(self.connection, _OF_TABLE, [str(table), column, column, str(table), column, column])
        self.free(table.schema, *(row[0] for row in rows), *([] if column else [table.name]))

    def choose(self, table: Name, first: str, label: str, *, relation: bool, constraint: bool) -> str:
        """The first free name of the kind ``table_first_label``, which is then taken; ``table`` has its schema."""
        for number in range(10_000):
            name = default_name(table.name, first, f"{label}{number or ''}")
            if not self._is_taken(Name(table.schema, name), relation=relation, constraint=constraint):
                self.take(table.schema, name, relation=relation, constraint=constraint)
                return name
        raise RuntimeError(f"Found no free name for a constraint or an index of {table.plain} within 10,000 tries.")

    def _is_taken(self, name: Name, *, relation: bool, constraint: bool) -> bool:
        if (relation and name in self._relations) or (constraint and name in self._constraints):
            return True
        if name in self._free:
            return False
        schema = identifier(name.schema)
        values = [relation, name.name, schema, constraint, name.name, schema]
        return bool(fetch(self.connection, _TAKEN, values)[0][0])


def named(names: Names, placed: Name, statement: Statement) -> Statement:
    """The statement with a name that is free, if PostgreSQL would choose one; ``placed`` is the table with its schema."""
    if not statement.unnamed:
        return statement
    if statement.kind == Kind.CREATE_INDEX:
        assert statement.node is not None
        columns = columns_of_index(statement.node)
        name = names.choose(placed, columns, "idx", relation=True, constraint=False)
        return replace(statement, name=name, sql=create_index(replace(statement, name=name)), unnamed=False)
    node = tree.constraint(statement.sql)
    assert node is not None
    name = _choose(names, placed, node)
    written = f"ADD CONSTRAINT {identifier(statement.name)} {statement.body}"
    head = statement.sql[: len(statement.sql) - len(written)]
    sql = f"{head}ADD CONSTRAINT {identifier(name)} {statement.body}"
    return replace(statement, name=name, sql=sql, unnamed=False)


def create_index(statement: Statement) -> str:
    """The text of a CREATE INDEX under its name, without CONCURRENTLY."""
    words = f"CREATE {'UNIQUE ' * statement.unique}INDEX {'IF NOT EXISTS ' * statement.guarded}"
    return f"{words}{identifier(statement.name)} ON {'ONLY ' * statement.only}{statement.table} {statement.body}"


def _choose(names: Names, table: Name, node: Node, column: str = "") -> str:
    first, label = name_parts(table.name, node, column)
    indexed = tree.word(node, "contype") in INDEXED
    return names.choose(table, first, label, relation=indexed, constraint=True)


def remember(names: Names, placed: Name, statement: Statement) -> None:
    """Take note of the names that a statement gives and frees; ``placed`` is its table with its schema."""
    schema, kind = placed.schema, statement.kind
    if kind in (Kind.DROP_CONSTRAINT, Kind.DROP_INDEX):
        names.free(schema, statement.name)
    elif kind == Kind.DROP_TABLE:
        names.free_all(placed)
    elif kind == Kind.DROP_COLUMN:
        names.free_all(placed, statement.name)
    elif kind == Kind.RENAME_TABLE:
        names.free(schema, placed.name)
        names.take(schema, statement.name, relation=True, constraint=False)
    elif kind in (Kind.RENAME_CONSTRAINT, Kind.RENAME_INDEX):
        names.free(schema, statement.name)
        names.take(schema, statement.new_name, relation=True, constraint=kind == Kind.RENAME_CONSTRAINT)
    elif kind == Kind.CREATE_INDEX:
        names.take(schema, statement.name, relation=True, constraint=False)
    elif kind == Kind.ADD_CONSTRAINT:
        node = tree.constraint(statement.sql)
        indexed = node is not None and tree.word(node, "contype") in INDEXED
        names.take(schema, statement.name, relation=indexed, constraint=True)
    elif kind == Kind.CREATE_TABLE:
        remember_inside(names, placed, statement)


def remember_inside(names: Names, placed: Name, statement: Statement) -> None:
    """Take note of the names that PostgreSQL gives to the constraints in a CREATE TABLE or an ADD COLUMN."""
    if statement.kind == Kind.CREATE_TABLE:
        names.take(placed.schema, placed.name, relation=True, constraint=False)
    for node, column in _inside(statement):
        if node.conname:
            indexed = tree.word(node, "contype") in INDEXED
            names.take(placed.schema, node.conname, relation=indexed, constraint=True)
        elif name_parts(placed.name, node, column)[1] and tree.word(node, "contype") != "CONSTR_NOTNULL":
            _choose(names, placed, node, column)


def _inside(statement: Statement) -> Iterator[tuple[Node, str]]:
    """Each constraint in a CREATE TABLE or an ADD COLUMN, with the column that it is written behind."""
    if statement.kind == Kind.ADD_COLUMN:
        elements = [tree.definition(statement.sql)]
    else:
        elements = [tree.inner(element) for element in getattr(statement.node, "table_elts", ())]
    for element in elements:
        if element is not None and tree.kind(element) == "Constraint":
            yield element, ""
        elif element is not None and tree.kind(element) == "ColumnDef":
            for found in element.constraints:
                yield tree.inner(found), element.colname
