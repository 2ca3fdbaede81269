"""Constraints of populated tables: added NOT VALID and validated, or made from an index that was built concurrently."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from livemigrations.catalog.definitions import read_columns
from livemigrations.engine import checks, hazards
from livemigrations.engine.indexing import concurrent_index
from livemigrations.engine.plain import instant, label, undo
from livemigrations.engine.steps import Lane, Mode, Step
from livemigrations.engine.surroundings import Surroundings
from livemigrations.engine.table_locks import table_locks
from livemigrations.statements import tree
from livemigrations.statements.indexes import index_of, timing
from livemigrations.statements.names import Name, identifier
from livemigrations.statements.parse import Statement
from livemigrations.statements.tree import Node


def validation(around: Surroundings, table: Name, name: str) -> Step:
    """The step that validates a constraint."""
    return instant(
        around,
        (f"ALTER TABLE {table} VALIDATE CONSTRAINT {identifier(name)}",),
        {table: Mode.SHARE_UPDATE_EXCLUSIVE},
        name=f"validate {name} on {table.plain}",
        undo=("-- the constraint goes as a whole",),
        lane=Lane.ONLINE,
    )


def validate_existing(around: Surroundings, statement: Statement) -> Iterator[Step]:
    """The step of a VALIDATE CONSTRAINT, with the question which rows break the constraint."""
    table = statement.table
    assert table is not None
    body, target = around.constraint(table, statement.name)
    check = checks.of_constraint(table, body, target)
    yield replace(validation(around, table, statement.name), checks=(check,) if check else ())


def add_constraint(around: Surroundings, statement: Statement) -> Iterator[Step]:
    """The steps of an ADD CONSTRAINT."""
    node, table = tree.constraint(statement.sql), statement.table
    assert node is not None
    assert table is not None
    contype = tree.word(node, "contype")
    if contype == "CONSTR_EXCLUSION" or node.without_overlaps:
        hazards.check_exclusion(around, statement)
    elif contype in ("CONSTR_UNIQUE", "CONSTR_PRIMARY"):
        yield from _add_key(around, statement, node)
        return
    else:
        found = around.find(table)
        foreign = contype == "CONSTR_FOREIGN"
        if not (foreign and found and found.is_partitioned and around.server_version < 180000):
            yield from _not_valid(around, statement, node)
            return
    locks = table_locks(around, statement)
    yield instant(around, (statement.sql,), locks, name=label(statement), undo=undo(around, statement))


def _not_valid(around: Surroundings, statement: Statement, node: Node) -> Iterator[Step]:
    table = statement.table
    assert table is not None
    only_new_rows = node.skip_validation or _is_not_enforced(node)
    target = statement.references[0] if statement.references else None
    check = None if only_new_rows else checks.of_constraint(table, statement.body, target)
    yield instant(
        around,
        (statement.sql if only_new_rows else f"{statement.sql} NOT VALID",),
        table_locks(around, statement),
        name=f"constraint {statement.name} on {table.plain}, not valid",
        undo=undo(around, statement),
        row_checks=[check],
    )
    if not only_new_rows:
        yield validation(around, table, statement.name)


def _is_not_enforced(node: Node) -> bool:
    """NOT ENFORCED (PostgreSQL 18): no row is ever looked at."""
    return tree.word(node, "contype") in ("CONSTR_CHECK", "CONSTR_FOREIGN") and not node.is_enforced


def _add_key(around: Surroundings, statement: Statement, node: Node) -> Iterator[Step]:
    table, primary = statement.table, tree.word(node, "contype") == "CONSTR_PRIMARY"
    assert table is not None
    if node.indexname:
        if primary and not _all_not_null(around, table, around.columns_of_index(table, node.indexname)):
            hazards.check_primary_key(around, statement)
        locks = {table: Mode.ACCESS_EXCLUSIVE}
        yield instant(around, (statement.sql,), locks, name=label(statement), undo=undo(around, statement))
        return
    found = around.find(table)
    if found and found.is_partitioned:
        hazards.refuse(
            around,
            table,
            statement.sql,
            "A unique constraint on a partitioned table scans every partition under ACCESS EXCLUSIVE.",
            "live.AddUnique on each partition first, then ATTACH by hand.",
        )
        yield instant(
            around,
            (statement.sql,),
            table_locks(around, statement),
            name=label(statement),
            undo=undo(around, statement),
        )
        return
    if primary and not _all_not_null(around, table, tree.strings(node.keys)):
        hazards.check_primary_key(around, statement)
    yield concurrent_index(table, statement.name, index_of(node), unique=True)
    name = identifier(statement.name)
    word = "PRIMARY KEY" if primary else "UNIQUE"
    yield instant(
        around,
        (f"ALTER TABLE {table} ADD CONSTRAINT {name} {word} USING INDEX {name} {timing(node)}".rstrip(),),
        {table: Mode.ACCESS_EXCLUSIVE},
        name=f"constraint {statement.name} on {table.plain} from its index",
        undo=undo(around, statement),
    )


def _all_not_null(around: Surroundings, table: Name, names: list[str]) -> bool:
    found = around.find(table)
    known = read_columns(around.connection, found.oid) if found else {}
    return all(name in known and known[name].not_null for name in names)
