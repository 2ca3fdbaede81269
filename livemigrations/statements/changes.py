"""The things that a statement removes and makes: what other sessions would miss, or see, between two statements."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from livemigrations.statements import tree
from livemigrations.statements.columns import take_apart
from livemigrations.statements.names import Name
from livemigrations.statements.parse import Kind, Statement, dropped
from livemigrations.statements.tree import Node

_RELATIONS = ("table", "view", "index", "sequence")  # they share one name space


@dataclass(frozen=True, slots=True)
class Thing:
    """An object, or a property of one, that a session can notice.

    ``kind`` is table, view, index, sequence, function, type, schema or extension: ``relation`` is its own name. It is
    column, constraint, trigger, policy, rule, default, not null, row security, trigger enabled, rule enabled,
    privilege, owner, comment or setting: ``relation`` is the object that has it (None for the session), and ``name``
    says which one: the column of a default, the role of a privilege, ``*`` for all triggers.
    """

    kind: str
    relation: Name | None
    name: str = ""

    def is_same(self, other: Thing) -> bool:
        """Whether both may be the same thing: a name without a schema may be in any, and ``*`` is every name."""
        same_kind = self.kind == other.kind or (self.kind in _RELATIONS and other.kind in _RELATIONS)
        same_name = self.name == other.name or "*" in (self.name, other.name)
        return same_kind and same_name and may_be_one(self.relation, other.relation)


def may_be_one(one: Name | None, other: Name | None) -> bool:
    """Whether two names may be of one relation: a name without a schema may be in any."""
    if one is None or other is None:
        return one is other
    return one.name == other.name and (one.schema == other.schema or "" in (one.schema, other.schema))


@dataclass(frozen=True, slots=True)
class Changes:
    """The things that a statement removes and makes; ``known`` is False where it could do anything."""

    removed: frozenset[Thing] = frozenset()
    made: frozenset[Thing] = frozenset()
    known: bool = True


def restored(removed: Iterable[Thing], made: Iterable[Thing]) -> frozenset[Thing]:
    """The things among those removed that are made again."""
    made = list(made)
    return frozenset(thing for thing in removed if any(thing.is_same(other) for other in made))


Found = Iterator[tuple[bool, Thing]]  # True for what is made, False for what is removed
_UNKNOWN = Changes(known=False)
_DOES_ANYTHING = ("DoStmt", "CallStmt", "ExecuteStmt", "PrepareStmt", "ImportForeignSchemaStmt")


def changes_of(statement: Statement) -> Changes:
    """What a statement removes and makes."""
    node = statement.node
    if node is None or statement.kind == Kind.UNKNOWN or tree.kind(node) in _DOES_ANYTHING:
        return _UNKNOWN
    if tree.kind(node) in ("SelectStmt", "CreateTableAsStmt", "ExplainStmt") and any(tree.find(node, "FuncCall")):
        return _UNKNOWN
    if finder := _OF_KIND.get(statement.kind):
        found = list(finder(statement))
    elif reader := _OF_NODE.get(tree.kind(node)):
        found = list(reader(node))
    else:
        found = []
    return Changes(
        frozenset(thing for is_made, thing in found if not is_made),
        frozenset(thing for is_made, thing in found if is_made),
    )


_ADDITIVE = (
    Kind.ADD_COLUMN,
    Kind.ADD_CONSTRAINT,
    Kind.CREATE_INDEX,
    Kind.CREATE_TABLE,
    Kind.VALIDATE,
    Kind.COMMENT,
    Kind.SET_NOT_NULL,
)
_ADDITIVE_NODES = ("CreateStatsStmt", "CreateSeqStmt", "CreateSchemaStmt", "CreateEnumStmt", "CompositeTypeStmt")


def is_additive(statement: Statement) -> bool:
    """Whether a statement only adds to the schema: it removes and renames nothing and writes no existing rows."""
    node = statement.node
    if node is None or is_temporary(node) or not changes_of(statement).known:
        return False
    if tree.kind(node) in ("ViewStmt", "CreateFunctionStmt"):
        return not node.replace
    return statement.kind in _ADDITIVE or tree.kind(node) in _ADDITIVE_NODES


def is_temporary(node: Node) -> bool:
    """Whether a CREATE makes something temporary."""
    for field in ("relation", "view", "sequence"):
        if field in node.DESCRIPTOR.fields_by_name and node.HasField(field):
            made = getattr(node, field)
            break
    else:
        made = node.into.rel if tree.kind(node) == "CreateTableAsStmt" else None
    return made is not None and (made.relpersistence == "t" or made.schemaname == "pg_temp")


# --- tables, columns and what hangs on them --------------------------------------------------------------------


def _create_table(statement: Statement) -> Found:
    yield True, Thing("table", statement.table)


def _drop_table(statement: Statement) -> Found:
    for table in (statement.table, *statement.references):
        yield False, Thing("table", table)


def _rename_table(statement: Statement) -> Found:
    assert statement.table is not None
    yield False, Thing("table", statement.table)
    yield True, Thing("table", Name(statement.table.schema, statement.name))


def _set_schema(statement: Statement) -> Found:
    assert statement.table is not None
    yield False, Thing("table", statement.table)
    yield True, Thing("table", Name(statement.name, statement.table.name))


def _add_column(statement: Statement) -> Found:
    assert statement.table is not None
    table, column = statement.table, take_apart(statement.table.name, statement.name, statement.body)
    yield True, Thing("column", table, statement.name)
    for name, _ in column.constraints:
        yield True, Thing("constraint", table, name)
    if column.default:
        yield True, Thing("default", table, statement.name)
    if column.not_null:
        yield True, Thing("not null", table, statement.name)


def _drop_column(statement: Statement) -> Found:
    yield False, Thing("column", statement.table, statement.name)


def _renamed(kind: str) -> Callable[[Statement], Found]:
    def find(statement: Statement) -> Found:
        yield False, Thing(kind, statement.table, statement.name)
        yield True, Thing(kind, statement.table, statement.new_name)

    return find


def _rename_index(statement: Statement) -> Found:
    assert statement.table is not None
    yield False, Thing("index", statement.table)
    yield True, Thing("index", Name(statement.table.schema, statement.new_name))


def _add_constraint(statement: Statement) -> Found:
    node = tree.constraint(statement.sql)
    yield True, Thing("constraint", statement.table, statement.name)
    if node is not None and tree.word(node, "contype") == "CONSTR_NOTNULL":
        yield True, Thing("not null", statement.table, tree.strings(node.keys)[0])


def _drop_constraint(statement: Statement) -> Found:
    yield False, Thing("constraint", statement.table, statement.name)


def _create_index(statement: Statement) -> Found:
    assert statement.table is not None
    yield True, Thing("index", Name(statement.table.schema, statement.name))


def _drop_index(statement: Statement) -> Found:
    yield False, Thing("index", statement.table)


def _set_not_null(statement: Statement) -> Found:
    yield True, Thing("not null", statement.table, statement.name)


def _create_trigger(statement: Statement) -> Found:
    yield True, Thing("trigger", statement.table, statement.name)


def _drop_trigger(statement: Statement) -> Found:
    yield False, Thing("trigger", statement.table, statement.name)


_SWITCHES = {
    "AT_EnableTrig": (True, "trigger enabled"),
    "AT_EnableAlwaysTrig": (True, "trigger enabled"),
    "AT_EnableReplicaTrig": (False, "trigger enabled"),  # ordinary sessions do not fire it
    "AT_DisableTrig": (False, "trigger enabled"),
    "AT_EnableRule": (True, "rule enabled"),
    "AT_EnableAlwaysRule": (True, "rule enabled"),
    "AT_EnableReplicaRule": (False, "rule enabled"),
    "AT_DisableRule": (False, "rule enabled"),
}
_ALL_TRIGGERS = {
    "AT_EnableTrigAll": True,
    "AT_EnableTrigUser": True,
    "AT_DisableTrigAll": False,
    "AT_DisableTrigUser": False,
}
_ROW_SECURITY = {
    "AT_EnableRowSecurity": (True, ""),
    "AT_DisableRowSecurity": (False, ""),
    "AT_ForceRowSecurity": (True, "force"),
    "AT_NoForceRowSecurity": (False, "force"),
}
_OPTIONS = {"AT_SetRelOptions": True, "AT_ResetRelOptions": False, "AT_SetOptions": True, "AT_ResetOptions": False}
_PARTS = {"AT_AttachPartition": True, "AT_DetachPartition": False, "AT_AddInherit": True, "AT_DropInherit": False}


def _alter_table(statement: Statement) -> Found:
    command, table, column = tree.command(statement.sql), statement.table, statement.name
    assert command is not None
    action = tree.word(command, "subtype")
    if action in _SWITCHES:
        is_made, kind = _SWITCHES[action]
        yield is_made, Thing(kind, table, column)
    elif action in _ALL_TRIGGERS:
        yield _ALL_TRIGGERS[action], Thing("trigger enabled", table, "*")
    elif action in _ROW_SECURITY:
        is_made, name = _ROW_SECURITY[action]
        yield is_made, Thing("row security", table, name)
    elif action == "AT_ColumnDefault":
        yield command.HasField("def"), Thing("default", table, column)
    elif action in ("AT_AddIdentity", "AT_DropIdentity", "AT_DropExpression"):
        yield action == "AT_AddIdentity", Thing("default", table, column)
    elif action == "AT_DropNotNull":
        yield False, Thing("not null", table, column)
    elif action == "AT_ChangeOwner":
        yield from _both(Thing("owner", table))
    elif action in _OPTIONS:
        for option in tree.find(command, "DefElem"):
            yield _OPTIONS[action], Thing("setting", table, f"{column} {option.defname}".strip())
    elif action in _PARTS:
        part = next(tree.find(command, "RangeVar"))
        yield _PARTS[action], Thing("setting", table, f"rows of {part.relname}")
    elif action in ("AT_ClusterOn", "AT_DropCluster", "AT_AddOf", "AT_DropOf", "AT_ReplicaIdentity"):
        yield action in ("AT_ClusterOn", "AT_AddOf"), Thing("setting", table, action.removeprefix("AT_").lower())


def _both(thing: Thing) -> Found:
    """Another value takes the place of the one before."""
    yield False, thing
    yield True, thing


_OF_KIND: dict[Kind, Callable[[Statement], Found]] = {
    Kind.CREATE_TABLE: _create_table,
    Kind.DROP_TABLE: _drop_table,
    Kind.RENAME_TABLE: _rename_table,
    Kind.SET_SCHEMA: _set_schema,
    Kind.ADD_COLUMN: _add_column,
    Kind.DROP_COLUMN: _drop_column,
    Kind.RENAME_COLUMN: _renamed("column"),
    Kind.RENAME_CONSTRAINT: _renamed("constraint"),
    Kind.RENAME_INDEX: _rename_index,
    Kind.ADD_CONSTRAINT: _add_constraint,
    Kind.DROP_CONSTRAINT: _drop_constraint,
    Kind.CREATE_INDEX: _create_index,
    Kind.DROP_INDEX: _drop_index,
    Kind.SET_NOT_NULL: _set_not_null,
    Kind.TRIGGER: _create_trigger,
    Kind.DROP_TRIGGER: _drop_trigger,
    Kind.ALTER_TABLE: _alter_table,
}


# --- other objects ---------------------------------------------------------------------------------------------

_OBJECTS = {
    "OBJECT_TABLE": "table",
    "OBJECT_FOREIGN_TABLE": "table",
    "OBJECT_VIEW": "view",
    "OBJECT_MATVIEW": "view",
    "OBJECT_INDEX": "index",
    "OBJECT_SEQUENCE": "sequence",
    "OBJECT_FUNCTION": "function",
    "OBJECT_PROCEDURE": "function",
    "OBJECT_ROUTINE": "function",
    "OBJECT_AGGREGATE": "function",
    "OBJECT_TYPE": "type",
    "OBJECT_DOMAIN": "type",
    "OBJECT_SCHEMA": "schema",
    "OBJECT_EXTENSION": "extension",
}
_OF_A_TABLE = {
    "OBJECT_POLICY": "policy",
    "OBJECT_RULE": "rule",
    "OBJECT_TRIGGER": "trigger",
    "OBJECT_COLUMN": "column",
    "OBJECT_ATTRIBUTE": "column",
    "OBJECT_TABCONSTRAINT": "constraint",
    "OBJECT_DOMCONSTRAINT": "constraint",
}


def _named_by(node: Node) -> Name:
    """The name of an object as a statement gives it."""
    kind = tree.kind(node)
    if kind == "RangeVar":
        return tree.relation_name(node)
    if kind == "ObjectWithArgs":
        return tree.qualified(tree.strings(node.objname))
    if kind in ("List", "TypeName"):
        return tree.qualified(tree.strings(node.items if kind == "List" else node.names))
    return Name("", getattr(node, "sval", "") or getattr(node, "rolename", ""))


def _drop(node: Node) -> Found:
    what = tree.word(node, "remove_type")
    if what in _OF_A_TABLE:
        for item in node.objects:
            *table, name = tree.strings(tree.inner(item).items)
            yield False, Thing(_OF_A_TABLE[what], tree.qualified(table), name)
    elif what in ("OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE", "OBJECT_AGGREGATE"):
        for item in node.objects:
            yield False, Thing("function", _named_by(tree.inner(item)))
    elif what in _OBJECTS:
        for relation in dropped(node):
            yield False, Thing(_OBJECTS[what], relation)


def _rename(node: Node) -> Found:
    what = tree.word(node, "rename_type")
    if what in _OF_A_TABLE and node.HasField("relation"):
        table = tree.relation_name(node.relation)
        yield False, Thing(_OF_A_TABLE[what], table, node.subname)
        yield True, Thing(_OF_A_TABLE[what], table, node.newname)
    elif what in _OBJECTS:
        relation = node.relation if node.HasField("relation") else tree.inner(node.object)
        old = _named_by(relation) if node.HasField("relation") or node.HasField("object") else Name("", node.subname)
        yield False, Thing(_OBJECTS[what], old)
        yield True, Thing(_OBJECTS[what], Name(old.schema, node.newname))


def _move(node: Node) -> Found:
    what = _OBJECTS.get(tree.word(node, "object_type"))
    if what:
        old = _named_by(node.relation if node.HasField("relation") else tree.inner(node.object))
        yield False, Thing(what, old)
        yield True, Thing(what, Name(node.newschema, old.name))


def _owner(node: Node) -> Found:
    return _both(Thing("owner", _named_by(tree.inner(node.object))))


def _grant(node: Node) -> Found:
    whole = tree.word(node, "targtype") != "ACL_TARGET_OBJECT"
    for item in map(tree.inner, node.objects):
        name = _named_by(item)
        for role in map(tree.inner, node.grantees):
            relation = Name(name.name, "*") if whole else name
            yield node.is_grant, Thing("privilege", relation, role.rolename or tree.word(role, "roletype").lower())


def _grant_role(node: Node) -> Found:
    for role in map(tree.inner, node.granted_roles):
        for member in map(tree.inner, node.grantee_roles):
            yield node.is_grant, Thing("privilege", Name("", role.priv_name), member.rolename)


def _policy(node: Node) -> Found:
    yield True, Thing("policy", tree.relation_name(node.table), node.policy_name)


def _alter_policy(node: Node) -> Found:
    return _both(Thing("policy", tree.relation_name(node.table), node.policy_name))


def _rule(node: Node) -> Found:
    yield True, Thing("rule", tree.relation_name(node.relation), node.rulename)


def _view(node: Node) -> Found:
    yield True, Thing("view", tree.relation_name(node.view))


def _table_as(node: Node) -> Found:
    yield True, Thing("view", tree.relation_name(node.into.rel))


def _sequence(node: Node) -> Found:
    yield True, Thing("sequence", tree.relation_name(node.sequence))


def _function(node: Node) -> Found:
    yield True, Thing("function", tree.qualified(tree.strings(node.funcname)))


def _type(node: Node) -> Found:
    if tree.kind(node) == "CompositeTypeStmt":
        yield True, Thing("type", tree.relation_name(node.typevar))
    else:
        names = node.domainname if tree.kind(node) == "CreateDomainStmt" else node.type_name
        yield True, Thing("type", tree.qualified(tree.strings(names)))


def _schema(node: Node) -> Found:
    yield True, Thing("schema", Name("", node.schemaname))


def _extension(node: Node) -> Found:
    yield True, Thing("extension", Name("", node.extname))


def _comment(node: Node) -> Found:
    what = tree.word(node, "objtype").removeprefix("OBJECT_").lower()
    found = tree.inner(node.object)
    parts = tree.strings(found.items) if tree.kind(found) == "List" else []
    of_a_table = tree.word(node, "objtype") in _OF_A_TABLE and len(parts) > 1
    relation = tree.qualified(parts[:-1]) if of_a_table else _named_by(found)
    yield bool(node.comment), Thing("comment", relation, f"{what} {parts[-1]}" if of_a_table else what)


def _setting(node: Node) -> Found:
    made = tree.word(node, "kind") in ("VAR_SET_VALUE", "VAR_SET_CURRENT", "VAR_SET_MULTI")
    yield made, Thing("setting", None, node.name or "*")


_OF_NODE: dict[str, Callable[[Node], Found]] = {
    "DropStmt": _drop,
    "RenameStmt": _rename,
    "AlterObjectSchemaStmt": _move,
    "AlterOwnerStmt": _owner,
    "GrantStmt": _grant,
    "GrantRoleStmt": _grant_role,
    "CreatePolicyStmt": _policy,
    "AlterPolicyStmt": _alter_policy,
    "RuleStmt": _rule,
    "ViewStmt": _view,
    "CreateTableAsStmt": _table_as,
    "CreateSeqStmt": _sequence,
    "CreateFunctionStmt": _function,
    "CompositeTypeStmt": _type,
    "CreateEnumStmt": _type,
    "CreateRangeStmt": _type,
    "CreateDomainStmt": _type,
    "CreateSchemaStmt": _schema,
    "CreateExtensionStmt": _extension,
    "CommentStmt": _comment,
    "VariableSetStmt": _setting,
}
