"""Which relations a plain statement locks, and how: its own, those that it names, those that the catalog ties to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from livemigrations.catalog import cascade
from livemigrations.catalog.partitions import default_partition
from livemigrations.engine.steps import Mode
from livemigrations.engine.surroundings import Surroundings
from livemigrations.statements import tree
from livemigrations.statements.names import Name, identifier
from livemigrations.statements.parse import Kind, Statement, dropped
from livemigrations.statements.tree import Node

_ALL, _WRITERS, _NO_OTHER_DDL = Mode.ACCESS_EXCLUSIVE, Mode.SHARE_ROW_EXCLUSIVE, Mode.SHARE_UPDATE_EXCLUSIVE

Locks = Iterator[tuple[Name, Mode]]
_MODES = {  # those of LOCK TABLE; where Mode has none, the next stronger one
    1: Mode.ACCESS_SHARE,
    2: Mode.ROW_EXCLUSIVE,
    3: Mode.ROW_EXCLUSIVE,
    4: Mode.SHARE_UPDATE_EXCLUSIVE,
    5: Mode.SHARE_ROW_EXCLUSIVE,
    6: Mode.SHARE_ROW_EXCLUSIVE,
    7: Mode.EXCLUSIVE,
    8: Mode.ACCESS_EXCLUSIVE,
}


def table_locks(around: Surroundings, statement: Statement) -> dict[Name, Mode]:
    """The locks of a plain statement; relations that do not exist yet may be among them."""
    table, kind = statement.table, statement.kind
    if table is None:
        return _strongest(_of_another(around, statement.node))
    locks: dict[Name, Mode] = dict.fromkeys(statement.references, _WRITERS)
    if kind in (Kind.CREATE_INDEX, Kind.TRIGGER):
        locks[table] = _WRITERS
    elif kind in (Kind.VALIDATE, Kind.RENAME_INDEX):
        locks[table] = _NO_OTHER_DDL
    elif kind == Kind.DROP_INDEX:
        locks[around.table_of_index(table) or table] = _ALL
    elif kind == Kind.ADD_CONSTRAINT and statement.references:
        locks[table] = _WRITERS
    elif kind == Kind.ALTER_TABLE:
        locks |= _strongest(_of_alter(around, table, statement))
    elif kind == Kind.CREATE_TABLE:
        locks |= _strongest(_of_create(around, statement.node))
    else:
        locks[table] = _ALL
    return locks | dict.fromkeys(_tied(around, table, statement), _ALL)


def _strongest(locks: Locks) -> dict[Name, Mode]:
    found: dict[Name, Mode] = {}
    for name, mode in locks:
        found[name] = max(mode, found.get(name, mode), key=lambda one: one.strength)
    return found


def _tied(around: Surroundings, table: Name, statement: Statement) -> list[Name]:
    """The other relations that a DROP, or a new type of a column, locks like its own."""
    if statement.kind == Kind.DROP_TABLE:
        tables = (table, *statement.references)
        return [*statement.references, *(other for one in tables for other in around.locked_with(one))]
    if statement.kind == Kind.DROP_CONSTRAINT:
        return around.locked_with(table, constraint=statement.name)
    if statement.kind == Kind.DROP_COLUMN:
        return around.locked_with(table, column=statement.name)
    if statement.kind == Kind.ALTER_TYPE:
        return around.joined_by(table, statement.name)
    if statement.kind == Kind.SET_SCHEMA or _changes_owner(statement):
        return around.sequences_of(table)
    return []


def _changes_owner(statement: Statement) -> bool:
    command = tree.command(statement.sql) if statement.kind == Kind.ALTER_TABLE else None
    return command is not None and tree.word(command, "subtype") == "AT_ChangeOwner"


def _of_create(around: Surroundings, node: Node | None) -> Locks:
    """The tables that a new one is a partition or a child of."""
    for parent in map(tree.inner, getattr(node, "inh_relations", ())):
        name = tree.relation_name(parent)
        if node is not None and node.HasField("partbound"):
            yield name, _ALL
            yield from _each(default_partition_of(around, name), _ALL)
        else:
            yield name, _NO_OTHER_DDL


def default_partition_of(around: Surroundings, table: Name) -> list[Name]:
    """The partition that is searched for rows of a new one, or may take those of an old one."""
    found = around.find(table)
    return default_partition(around.connection, found.oid) if found else []


def _each(names: Iterable[Name], mode: Mode) -> Locks:
    return ((name, mode) for name in names)


# --- ALTER TABLE -----------------------------------------------------------------------------------------------

_GENTLE = (
    *("AT_SetStatistics", "AT_SetOptions", "AT_ResetOptions", "AT_ClusterOn", "AT_DropCluster"),
    *("AT_ValidateConstraint", "AT_AttachPartition", "AT_DetachPartitionFinalize"),
)
_STORED = (
    re.compile(  # storage parameters that are changed beside readers and writers (AlterTableGetRelOptionsLockLevel)
        r"autovacuum_\w+|vacuum_\w+|log_autovacuum_\w+|fillfactor|parallel_workers|toast_tuple_target|deduplicate_items"
        r"|fastupdate|gin_pending_list_limit|autosummarize|pages_per_range|n_distinct\w*|seq_page_cost|random_page_cost"
    )
)


def _of_alter(around: Surroundings, table: Name, statement: Statement) -> Locks:
    command = tree.command(statement.sql)
    yield from _of_command(around, table, command) if command is not None else [(table, _ALL)]


def _of_command(around: Surroundings, table: Name, command: Node) -> Locks:
    action = tree.word(command, "subtype")
    if action in ("AT_SetRelOptions", "AT_ResetRelOptions"):
        gentle = all(_STORED.fullmatch(option.defname) for option in tree.find(command, "DefElem"))
        yield table, _NO_OTHER_DDL if gentle else _ALL
    elif "Trig" in action:
        yield table, _WRITERS
    else:
        yield table, _NO_OTHER_DDL if action in _GENTLE else _ALL
    if action == "AT_AlterConstraint":  # the triggers on the other table of a foreign key change too
        yield from _each(around.locked_with(table, constraint=tree.inner(getattr(command, "def")).conname), _ALL)
    for other in tree.find(command, "RangeVar"):
        name = tree.relation_name(other)
        if action in ("AT_AttachPartition", "AT_DetachPartition", "AT_DetachPartitionFinalize"):
            yield from _each([name, *default_partition_of(around, table)], _ALL)
        elif action == "AT_AddInherit":
            yield name, _NO_OTHER_DDL


# --- statements about what is no table -------------------------------------------------------------------------


def _of_another(around: Surroundings, node: Node | None) -> Locks:
    reader = _OTHERS.get(tree.kind(node)) if node is not None else None
    if reader is not None:
        yield from reader(around, node)


_DROPPED_BY_NAME = {
    "OBJECT_TYPE": "type",
    "OBJECT_DOMAIN": "type",
    "OBJECT_SCHEMA": "schema",
    "OBJECT_EXTENSION": "extension",
    "OBJECT_STATISTIC_EXT": "statistics",
    "OBJECT_VIEW": "relation",
    "OBJECT_MATVIEW": "relation",
    "OBJECT_FOREIGN_TABLE": "relation",
    "OBJECT_SEQUENCE": "relation",
}


def _drop(around: Surroundings, node: Node) -> Locks:
    what = tree.word(node, "remove_type")
    if what in ("OBJECT_POLICY", "OBJECT_RULE"):
        for item in node.objects:
            yield tree.qualified(tree.strings(tree.inner(item).items)[:-1]), _ALL
    elif what in ("OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE", "OBJECT_AGGREGATE"):
        for item in node.objects:
            name = tree.qualified(tree.strings(tree.inner(item).objname))
            called = "function in schema" if name.schema else "function"
            yield from _each(cascade.locked_with(around.connection, called, str(name)), _ALL)
    elif kind := _DROPPED_BY_NAME.get(what):
        for name in dropped(node):
            if kind == "relation":
                yield name, _ALL
            others = cascade.locked_with(around.connection, kind, str(name))
            mode = _NO_OTHER_DDL if kind == "statistics" else _ALL
            yield from _each([other for other in others if around.placed(name) != other], mode)


def _alter(around: Surroundings, node: Node) -> Locks:
    """ALTER INDEX, ALTER VIEW, ALTER SEQUENCE."""
    table = tree.relation_name(node.relation)
    if tree.word(node, "objtype") != "OBJECT_TYPE":
        for command in map(tree.inner, node.cmds):
            yield from _of_command(around, table, command)


def _rename(around: Surroundings, node: Node) -> Locks:
    if node.HasField("relation") and tree.word(node, "rename_type") != "OBJECT_ATTRIBUTE":
        yield tree.relation_name(node.relation), _ALL


def _relation(mode: Mode, field: str = "relation") -> Callable[[Surroundings, Node], Locks]:
    def read(around: Surroundings, node: Node) -> Locks:
        if node.HasField(field):
            yield tree.relation_name(getattr(node, field)), mode

    return read


def _view(around: Surroundings, node: Node) -> Locks:
    if node.replace:
        yield tree.relation_name(node.view), _ALL


def _truncate(around: Surroundings, node: Node) -> Locks:
    names = [tree.relation_name(tree.inner(found)) for found in node.relations]
    yield from _each(names, _ALL)
    if tree.word(node, "behavior") == "DROP_CASCADE":
        yield from _each(around.referencing(names), _ALL)


def _refresh(around: Surroundings, node: Node) -> Locks:
    yield tree.relation_name(node.relation), Mode.EXCLUSIVE if node.concurrent else _ALL


_COMMENTED = (
    "OBJECT_TABLE",
    "OBJECT_VIEW",
    "OBJECT_MATVIEW",
    "OBJECT_FOREIGN_TABLE",
    "OBJECT_INDEX",
    "OBJECT_SEQUENCE",
)


def _comment(around: Surroundings, node: Node) -> Locks:
    what, found = tree.word(node, "objtype"), tree.inner(node.object)
    parts = tree.strings(found.items) if tree.kind(found) == "List" else []
    if what in _COMMENTED:
        yield tree.qualified(parts), _NO_OTHER_DDL
    elif what == "OBJECT_COLUMN":
        yield tree.qualified(parts[:-1]), _NO_OTHER_DDL


def _every(mode: Mode) -> Callable[[Surroundings, Node], Locks]:
    """All tables that a statement names."""

    def read(around: Surroundings, node: Node) -> Locks:
        return _each(map(tree.relation_name, tree.find(node, "RangeVar")), mode)

    return read


def _lock(around: Surroundings, node: Node) -> Locks:
    return _each(map(tree.relation_name, map(tree.inner, node.relations)), _MODES[node.mode])


def _domain(around: Surroundings, node: Node) -> Locks:
    """The tables that are searched for values that a new rule of a domain forbids."""
    if checks_rows(node):
        yield from _each(around.with_domain(domain_of(node)), _WRITERS)


def checks_rows(node: Node) -> bool:
    """Whether an ALTER DOMAIN reads the rows of every table with the domain: ADD CONSTRAINT, VALIDATE, SET NOT NULL."""
    if node.subtype == "C":
        return not tree.inner(getattr(node, "def")).skip_validation
    return node.subtype in ("O", "V")


def domain_of(node: Node) -> str:
    """The domain that an ALTER DOMAIN changes, quoted."""
    return identifier(*tree.strings(node.type_name))


_OTHERS: dict[str, Callable[[Surroundings, Node], Locks]] = {
    "DropStmt": _drop,
    "AlterTableStmt": _alter,
    "RenameStmt": _rename,
    "AlterObjectSchemaStmt": _relation(_ALL),
    "AlterObjectDependsStmt": _relation(_ALL),
    "RuleStmt": _relation(_ALL),
    "CreatePolicyStmt": _relation(_ALL, "table"),
    "AlterPolicyStmt": _relation(_ALL, "table"),
    "AlterSeqStmt": _relation(_WRITERS, "sequence"),
    "ViewStmt": _view,
    "TruncateStmt": _truncate,
    "RefreshMatViewStmt": _refresh,
    "CommentStmt": _comment,
    "SecLabelStmt": _comment,
    "CreateStatsStmt": _every(_NO_OTHER_DDL),
    "VacuumStmt": _every(_NO_OTHER_DDL),
    "CreatePublicationStmt": _every(_NO_OTHER_DDL),
    "AlterPublicationStmt": _every(_NO_OTHER_DDL),
    "LockStmt": _lock,
    "AlterDomainStmt": _domain,
}
