"""The meaning of a statement, as far as its locks and its cost on a populated table depend on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from livemigrations.statements import tree
from livemigrations.statements.columns import unnamed
from livemigrations.statements.constraints import LABELS, columns_of_index, name_of_constraint
from livemigrations.statements.names import Name, clip, default_name, identifier
from livemigrations.statements.tokens import split_commas
from livemigrations.statements.tree import Node


class Kind(StrEnum):
    """The kinds of statements.

    ``OBJECT`` is a statement whose effect is known and that needs no rule of its own, ``UNKNOWN`` one that may do
    anything, among them all that PostgreSQL's grammar does not know.
    """

    CREATE_TABLE = "create table"
    DROP_TABLE = "drop table"
    RENAME_TABLE = "rename table"
    SET_SCHEMA = "set schema"
    ADD_COLUMN = "add column"
    DROP_COLUMN = "drop column"
    RENAME_COLUMN = "rename column"
    ALTER_TYPE = "alter type"
    SET_NOT_NULL = "set not null"
    ADD_CONSTRAINT = "add constraint"
    VALIDATE = "validate constraint"
    DROP_CONSTRAINT = "drop constraint"
    RENAME_CONSTRAINT = "rename constraint"
    ALTER_TABLE = "alter table"
    REWRITE = "rewrite table"
    REBUILD = "rebuild"
    CREATE_INDEX = "create index"
    DROP_INDEX = "drop index"
    RENAME_INDEX = "rename index"
    TRIGGER = "trigger"
    DROP_TRIGGER = "drop trigger"
    COMMENT = "comment"
    SET_CONSTRAINTS = "set constraints"
    SAVEPOINT = "savepoint"
    ROWS = "rows"
    OBJECT = "object"
    UNTRANSACTIONAL = "cannot run in a transaction"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement.

    ``table`` is the relation that it changes; ``name`` the column, constraint, index or a table's new name; ``body``
    the text behind the name; ``references`` the tables that foreign keys in it point at, or that are dropped together
    with ``table``; ``guarded`` says that it does nothing where the object exists (IF NOT EXISTS), ``only`` that an
    index is not one of the table's partitions too (ON ONLY), ``unnamed`` that PostgreSQL would choose the name.
    ``new_name`` is that of a column, a constraint or an index that is renamed.
    """

    sql: str
    kind: Kind
    table: Name | None = None
    name: str = ""
    body: str = ""
    references: tuple[Name, ...] = ()
    unique: bool = False
    concurrently: bool = False
    guarded: bool = False
    only: bool = False
    unnamed: bool = False
    new_name: str = ""

    @property
    def node(self) -> Node | None:
        """The parse tree; None for what the grammar does not know."""
        return tree.statement(self.sql)


Reader = Callable[[str, Node], Iterator[Statement]]


def parse(script: str) -> Iterator[Statement]:
    """Yield the statements of a script; an ALTER TABLE with several actions becomes one statement for each."""
    for text in tree.split(script):
        node = tree.statement(text)
        if node is None:
            yield Statement(text, Kind.UNKNOWN)
        else:
            yield from _statement(text, node)


def _statement(sql: str, node: Node) -> Iterator[Statement]:
    kind = tree.kind(node)
    if reader := _READERS.get(kind):
        yield from reader(sql, node)
    else:
        yield Statement(sql, _KINDS.get(kind, Kind.UNKNOWN))


# --- tables ----------------------------------------------------------------------------------------------------

_ALTERED = ("OBJECT_TABLE", "OBJECT_FOREIGN_TABLE", "OBJECT_MATVIEW")
_REWRITING = {
    "AT_SetLogged": "LOGGED",
    "AT_SetUnLogged": "UNLOGGED",
    "AT_SetTableSpace": "TABLESPACE",
    "AT_SetAccessMethod": "ACCESS",
}
_COLUMN_ACTIONS = {
    "AT_DropColumn": Kind.DROP_COLUMN,
    "AT_SetNotNull": Kind.SET_NOT_NULL,
    "AT_ValidateConstraint": Kind.VALIDATE,
    "AT_DropConstraint": Kind.DROP_CONSTRAINT,
    "AT_SetExpression": Kind.REWRITE,
}
_CATALOG_ONLY = {  # what changes the catalog alone, in every version of PostgreSQL
    *("ColumnDefault", "DropNotNull", "DropExpression", "SetStatistics", "SetOptions", "ResetOptions", "SetStorage"),
    *("SetCompression", "AlterConstraint", "ChangeOwner", "ClusterOn", "DropCluster", "DropOids", "SetRelOptions"),
    *("ResetRelOptions", "EnableTrig", "EnableAlwaysTrig", "EnableReplicaTrig", "DisableTrig", "EnableTrigAll"),
    *("DisableTrigAll", "EnableTrigUser", "DisableTrigUser", "EnableRule", "EnableAlwaysRule", "EnableReplicaRule"),
    *("DisableRule", "AddInherit", "DropInherit", "AddOf", "DropOf", "ReplicaIdentity", "EnableRowSecurity"),
    *("DisableRowSecurity", "ForceRowSecurity", "NoForceRowSecurity", "GenericOptions", "AttachPartition"),
    *("DetachPartition", "DetachPartitionFinalize", "AddIdentity", "SetIdentity", "DropIdentity"),
    *("AlterColumnGenericOptions",),
}


def _alter_table(sql: str, node: Node) -> Iterator[Statement]:
    if tree.word(node, "objtype") not in _ALTERED:
        yield Statement(sql, Kind.OBJECT)
        return
    table = tree.relation_name(node.relation)
    word = tree.word(node, "objtype").removeprefix("OBJECT_").replace("_", " ").replace("MATVIEW", "MATERIALIZED VIEW")
    head = f"ALTER {word} {'IF EXISTS ' * node.missing_ok}{'ONLY ' * (not node.relation.inh)}{table} "
    for command, text in zip(map(tree.inner, node.cmds), _actions(sql, node), strict=True):
        yield _action(head, table, command, text)


def _actions(sql: str, node: Node) -> list[str]:
    """The texts of the actions of an ALTER TABLE."""
    rest = tree.behind_name(sql, node.relation.location)
    if len(node.cmds) == 1:
        return [rest]
    pieces = split_commas(rest)
    if len(pieces) == len(node.cmds):
        return pieces
    texts = []
    for command in node.cmds:  # in libpg_query's spelling
        one = tree.new("AlterTableStmt")
        one.CopyFrom(node)
        del one.cmds[:]
        one.cmds.add().CopyFrom(command)
        text = tree.text(one)
        again = tree.statement(text)
        assert again is not None, text
        texts.append(tree.behind_name(text, again.relation.location))
    return texts


def _action(head: str, table: Name, command: Node, text: str) -> Statement:
    """One action of an ALTER TABLE; ``head`` is the statement up to the table's name."""
    sql, subtype = head + text, tree.word(command, "subtype")
    name = clip(command.name)
    if subtype == "AT_AddColumn":
        return _add_column(sql, table, command)
    if subtype == "AT_AddConstraint":
        return _add_constraint(head, text, table, command)
    if subtype == "AT_AlterColumnType":
        return Statement(sql, Kind.ALTER_TYPE, table, name, _type_and_using(sql, command))
    if subtype in _REWRITING:
        return Statement(sql, Kind.REWRITE, table, _REWRITING[subtype])
    if subtype in _COLUMN_ACTIONS:
        return Statement(sql, _COLUMN_ACTIONS[subtype], table, name, "CASCADE" * _cascades(command))
    if subtype == "AT_DetachPartition" and tree.inner(getattr(command, "def")).concurrent:
        return Statement(sql, Kind.UNTRANSACTIONAL, table)
    known = subtype.removeprefix("AT_") in _CATALOG_ONLY and not _enforces(command)
    return Statement(sql, Kind.ALTER_TABLE if known else Kind.UNKNOWN, table, name)


def _enforces(command: Node) -> bool:
    """Whether ALTER CONSTRAINT … ENFORCED reads all rows (PostgreSQL 18)."""
    found = tree.inner(getattr(command, "def")) if command.HasField("def") else None
    return found is not None and tree.kind(found) == "ATAlterConstraint" and bool(found.is_enforced)


def _cascades(node: Node) -> bool:
    return tree.word(node, "behavior") == "DROP_CASCADE"


def _type_and_using(sql: str, command: Node) -> str:
    """The text behind TYPE."""
    found = tree.definition(sql) or tree.inner(getattr(command, "def"))
    return sql[tree.position(sql, found.type_name.location) :]


def _add_column(sql: str, table: Name, command: Node) -> Statement:
    found = tree.definition(sql) or tree.inner(getattr(command, "def"))
    return Statement(
        sql,
        Kind.ADD_COLUMN,
        table,
        clip(found.colname),
        tree.behind_name(sql, found.location),
        tuple(_targets(found)),
        guarded=command.missing_ok,
    )


def _targets(node: Node) -> Iterator[Name]:
    """The tables that the foreign keys in a tree point at."""
    for found in tree.find(node, "Constraint"):
        if tree.word(found, "contype") == "CONSTR_FOREIGN":
            yield tree.relation_name(found.pktable)


def _add_constraint(head: str, text: str, table: Name, command: Node) -> Statement:
    found = tree.constraint(head + text) or tree.inner(getattr(command, "def"))
    sql, name = head + text, clip(found.conname)
    body = unnamed(sql[tree.position(sql, found.location) :])
    if not name:
        name = name_of_constraint(table.name, found)
        sql = f"{head}ADD CONSTRAINT {identifier(name)} {body}"
    chosen = not found.conname and not found.indexname
    if tree.word(found, "contype") not in LABELS:
        return Statement(head + text, Kind.UNKNOWN, table, name)
    return Statement(sql, Kind.ADD_CONSTRAINT, table, name, body, tuple(_targets(found)), unnamed=chosen)


def _create_table(sql: str, node: Node) -> Iterator[Statement]:
    table = tree.relation_name(node.relation)
    parents = map(tree.relation_name, map(tree.inner, node.inh_relations)) if node.HasField("partbound") else ()
    body = tree.behind_name(sql, node.relation.location)
    yield Statement(sql, Kind.CREATE_TABLE, table, "", body, (*_targets(node), *parents), guarded=node.if_not_exists)


def _create_foreign_table(sql: str, node: Node) -> Iterator[Statement]:
    yield from _create_table(sql, node.base_stmt)


def _create_table_as(sql: str, node: Node) -> Iterator[Statement]:
    if tree.word(node, "objtype") != "OBJECT_TABLE":
        yield Statement(sql, Kind.OBJECT)
        return
    made = node.into.rel
    body = tree.behind_name(sql, made.location)
    yield Statement(sql, Kind.CREATE_TABLE, tree.relation_name(made), "", body, guarded=node.if_not_exists)


def _rename(sql: str, node: Node) -> Iterator[Statement]:
    what, new = tree.word(node, "rename_type"), clip(node.newname)
    if not node.HasField("relation"):
        yield Statement(sql, Kind.OBJECT)
        return
    table, old = tree.relation_name(node.relation), clip(node.subname)
    if what in _ALTERED:
        yield Statement(sql, Kind.RENAME_TABLE, table, new)
    elif what == "OBJECT_INDEX":
        yield Statement(sql, Kind.RENAME_INDEX, table, table.name, new_name=new)
    elif what == "OBJECT_COLUMN" and tree.word(node, "relation_type") in _ALTERED:
        yield Statement(sql, Kind.RENAME_COLUMN, table, old, new_name=new)
    elif what == "OBJECT_TABCONSTRAINT":
        yield Statement(sql, Kind.RENAME_CONSTRAINT, table, old, new_name=new)
    else:
        yield Statement(sql, Kind.OBJECT)


def _set_schema(sql: str, node: Node) -> Iterator[Statement]:
    if tree.word(node, "object_type") in _ALTERED:
        yield Statement(sql, Kind.SET_SCHEMA, tree.relation_name(node.relation), clip(node.newschema))
    else:
        yield Statement(sql, Kind.OBJECT)


# --- indexes, triggers, what is dropped ------------------------------------------------------------------------


def _create_index(sql: str, node: Node) -> Iterator[Statement]:
    table = tree.relation_name(node.relation)
    yield Statement(
        sql,
        Kind.CREATE_INDEX,
        table,
        clip(node.idxname) or default_name(table.name, columns_of_index(node), "idx"),
        tree.behind_name(sql, node.relation.location),
        unique=node.unique,
        concurrently=node.concurrent,
        guarded=node.if_not_exists,
        only=not node.relation.inh,
        unnamed=not node.idxname,
    )


def _create_trigger(sql: str, node: Node) -> Iterator[Statement]:
    yield Statement(sql, Kind.TRIGGER, tree.relation_name(node.relation), clip(node.trigname))


def _drop(sql: str, node: Node) -> Iterator[Statement]:
    what, cascade = tree.word(node, "remove_type"), _cascades(node)
    tail = "CASCADE" * cascade
    if what == "OBJECT_INDEX":
        for index in dropped(node):
            words = f"{'CONCURRENTLY ' * node.concurrent}{'IF EXISTS ' * node.missing_ok}"
            text = f"DROP INDEX {words}{index} {tail}".rstrip()
            yield Statement(text, Kind.DROP_INDEX, index, index.name, tail, concurrently=node.concurrent)
    elif what == "OBJECT_TABLE":
        table, *others = dropped(node)
        yield Statement(sql, Kind.DROP_TABLE, table, "", tail, tuple(others))
    elif what == "OBJECT_TRIGGER":
        *names, trigger = tree.strings(tree.inner(node.objects[0]).items)
        yield Statement(sql, Kind.DROP_TRIGGER, tree.qualified(names), trigger, tail)
    else:
        yield Statement(sql, Kind.OBJECT)


def dropped(node: Node) -> list[Name]:
    """The names in a DROP of relations, types or domains."""
    return [tree.qualified(_parts(tree.inner(item))) for item in node.objects]


def _parts(node: Node) -> list[str]:
    if tree.kind(node) == "List":
        return tree.strings(node.items)
    return tree.strings(node.names) if tree.kind(node) == "TypeName" else [node.sval]


# --- the rest --------------------------------------------------------------------------------------------------


def _transaction(sql: str, node: Node) -> Iterator[Statement]:
    inside = tree.word(node, "kind") in ("TRANS_STMT_SAVEPOINT", "TRANS_STMT_RELEASE", "TRANS_STMT_ROLLBACK_TO")
    yield Statement(sql, Kind.SAVEPOINT if inside else Kind.UNTRANSACTIONAL)


def options(node: Node) -> dict[str, bool]:
    """The options of VACUUM, REINDEX or CLUSTER that are switched on."""
    found = {}
    for element in map(tree.inner, getattr(node, "params" if tree.kind(node) != "VacuumStmt" else "options")):
        argument = tree.inner(element.arg) if element.HasField("arg") else None
        off = argument is not None and str(getattr(argument, "sval", getattr(argument, "ival", ""))).lower()
        found[element.defname] = off not in ("false", "off", "0", "no")
    return found


def _vacuum(sql: str, node: Node) -> Iterator[Statement]:
    if not node.is_vacuumcmd:
        yield Statement(sql, Kind.OBJECT)
    elif not options(node).get("full"):
        yield Statement(sql, Kind.UNTRANSACTIONAL)
    else:
        tables = [tree.relation_name(tree.inner(found).relation) for found in node.rels]
        yield Statement(sql, Kind.REBUILD, tables[0] if tables else None, "", "VACUUM FULL", tuple(tables[1:]))


def _cluster(sql: str, node: Node) -> Iterator[Statement]:
    table = tree.relation_name(node.relation) if node.HasField("relation") else None
    yield Statement(sql, Kind.REBUILD, table, "", "CLUSTER")


def _reindex(sql: str, node: Node) -> Iterator[Statement]:
    if options(node).get("concurrently"):
        yield Statement(sql, Kind.UNTRANSACTIONAL)
    else:
        table = tree.relation_name(node.relation) if node.HasField("relation") else None
        yield Statement(sql, Kind.REBUILD, table, "", tree.word(node, "kind").replace("REINDEX_OBJECT_", "REINDEX "))


def _alter_enum(sql: str, node: Node) -> Iterator[Statement]:
    yield Statement(sql, Kind.OBJECT if node.old_val else Kind.UNTRANSACTIONAL)


def _alter_database(sql: str, node: Node) -> Iterator[Statement]:
    moves = any(tree.inner(option).defname == "tablespace" for option in node.options)
    yield Statement(sql, Kind.UNTRANSACTIONAL if moves else Kind.OBJECT)


def _discard(sql: str, node: Node) -> Iterator[Statement]:
    whole = tree.word(node, "target") == "DISCARD_ALL"
    yield Statement(sql, Kind.UNTRANSACTIONAL if whole else Kind.OBJECT)


_READERS: dict[str, Reader] = {
    "AlterTableStmt": _alter_table,
    "RenameStmt": _rename,
    "AlterObjectSchemaStmt": _set_schema,
    "CreateStmt": _create_table,
    "CreateForeignTableStmt": _create_foreign_table,
    "CreateTableAsStmt": _create_table_as,
    "IndexStmt": _create_index,
    "CreateTrigStmt": _create_trigger,
    "DropStmt": _drop,
    "TransactionStmt": _transaction,
    "VacuumStmt": _vacuum,
    "ClusterStmt": _cluster,
    "ReindexStmt": _reindex,
    "AlterEnumStmt": _alter_enum,
    "AlterDatabaseStmt": _alter_database,
    "DiscardStmt": _discard,
}
_KINDS: dict[str, Kind] = {
    "CommentStmt": Kind.COMMENT,
    "ConstraintsSetStmt": Kind.SET_CONSTRAINTS,
    **dict.fromkeys(
        (
            *("SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt", "CopyStmt", "DoStmt", "CallStmt"),
            *("ExplainStmt", "PrepareStmt", "ExecuteStmt", "DeclareCursorStmt", "FetchStmt", "ClosePortalStmt"),
        ),
        Kind.ROWS,
    ),
    **dict.fromkeys(
        (
            *("CreatedbStmt", "DropdbStmt", "CreateTableSpaceStmt", "DropTableSpaceStmt", "CreateSubscriptionStmt"),
            *("DropSubscriptionStmt", "AlterSubscriptionStmt", "AlterSystemStmt"),
        ),
        Kind.UNTRANSACTIONAL,
    ),
    **dict.fromkeys(
        (
            *("TruncateStmt", "ViewStmt", "RefreshMatViewStmt", "RuleStmt", "CreatePolicyStmt", "AlterPolicyStmt"),
            *("CreateStatsStmt", "AlterStatsStmt", "CreateSeqStmt", "AlterSeqStmt", "CreateSchemaStmt", "LockStmt"),
            *("CreateFunctionStmt", "AlterFunctionStmt", "DefineStmt", "CompositeTypeStmt", "CreateEnumStmt"),
            *("CreateRangeStmt", "AlterTypeStmt", "CreateDomainStmt", "AlterDomainStmt", "CreateCastStmt"),
            *("CreateConversionStmt", "CreateTransformStmt", "CreateOpClassStmt", "CreateOpFamilyStmt"),
            *("AlterOpFamilyStmt", "AlterOperatorStmt", "CreateAmStmt", "CreatePLangStmt", "CreateExtensionStmt"),
            *("AlterExtensionStmt", "AlterExtensionContentsStmt", "AlterObjectDependsStmt", "AlterOwnerStmt"),
            *("AlterCollationStmt", "AlterTSDictionaryStmt"),
            *("AlterTSConfigurationStmt", "GrantStmt", "GrantRoleStmt", "AlterDefaultPrivilegesStmt", "CreateRoleStmt"),
            *("AlterRoleStmt", "AlterRoleSetStmt", "DropRoleStmt"),
            *("AlterDatabaseSetStmt", "AlterDatabaseRefreshCollStmt", "CreateFdwStmt", "AlterFdwStmt"),
            *("CreateForeignServerStmt", "AlterForeignServerStmt", "CreateUserMappingStmt", "AlterUserMappingStmt"),
            *("DropUserMappingStmt", "ImportForeignSchemaStmt", "CreatePublicationStmt", "AlterPublicationStmt"),
            *("CreateEventTrigStmt", "AlterEventTrigStmt", "SecLabelStmt", "VariableSetStmt", "VariableShowStmt"),
            *("NotifyStmt", "ListenStmt", "UnlistenStmt", "LoadStmt", "DeallocateStmt", "CheckPointStmt"),
            *("AlterTableSpaceOptionsStmt",),
        ),
        Kind.OBJECT,
    ),
}
