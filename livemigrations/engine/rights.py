"""What a role needs for a plan, asked before its first step: everything that is missing is named at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import operations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState
from django.db.models import CheckConstraint, Field, ManyToManyField

from livemigrations.bookkeeping import TABLES, bookkeeping_schema, has_bookkeeping
from livemigrations.catalog.kept import lacking
from livemigrations.catalog.relations import fetch, has_rows, relation_oid
from livemigrations.engine.selection import Plan, full_order
from livemigrations.engine.touched import (
    ModelKey,
    altered_by_sql,
    leaves,
    model_of,
    quoted,
    statements_of,
    table_of,
    targets_of,
)
from livemigrations.errors import MissingRights
from livemigrations.operations import (
    ChangeColumnType,
    CreateFunction,
    CreateTrigger,
    CreateView,
    DropColumn,
    DropTable,
    FillColumn,
    RetireColumn,
    SeedRows,
)
from livemigrations.statements.names import Name
from livemigrations.statements.parse import Kind
from livemigrations.translation import naming

OWNER, CREATE, REFERENCES, KEEP = "to own", "CREATE", "REFERENCES", "to keep"
BOOKS = (*TABLES, "django_migrations")


@dataclass(frozen=True, slots=True, order=True)
class Need:
    """A right that an operation needs: on a table, or CREATE where ``table`` is None: on the schema of new tables.

    ``KEEP`` is what moving the rows of the table into the schema for dropped data takes.
    """

    table: Name | None
    right: str


@dataclass(frozen=True, slots=True)
class Missing:
    """A right that the role lacks, whose it is to give, and the statement that gives it."""

    what: str
    remedy: str


def refuse_missing_rights(connection: BaseDatabaseWrapper, loader: MigrationLoader, plan: Plan, *, keeps: bool) -> None:
    """Raise ``MissingRights`` with everything that the role lacks for a plan, as far as can be known before it runs.

    What an operation needs is read from the migrations' state; Python and free SQL on rows are not foreseen. A
    superuser and a role that owns everything are recognised by one query. ``keeps`` says that dropped rows are kept.
    """
    if not plan or _may_do_all(connection):
        return
    wanted = needs(connection, loader, plan)
    _refuse(connection, wanted if keeps else {need for need in wanted if need.right != KEEP})


def refuse_unreadable_books(connection: BaseDatabaseWrapper, *, writes: bool) -> None:
    """Raise ``MissingRights`` if the role may not even read what is applied: then no plan can be made."""
    reads = {Need(Name("", table), "SELECT") for table in BOOKS}
    _refuse(connection, _books(connection) if writes else reads)


def _refuse(connection: BaseDatabaseWrapper, wanted: set[Need]) -> None:
    found = list(dict.fromkeys(missing(connection, wanted)))
    if not found:
        return
    role = fetch(connection, "SELECT quote_ident(current_user)")[0][0]
    remedies = dict.fromkeys(line.remedy.replace("{role}", role) for line in found)
    raise MissingRights(
        f"The role {role} lacks rights that the pending migrations need:\n"
        + "\n".join(f"  {line.what}" for line in found)
        + "\nNothing was changed. Remedy, as a role that may give them:\n\n"
        + "\n".join(f"    {line}" for line in remedies)
        + "\n\nor migrate as the owner. No superuser is needed."
    )


def _may_do_all(connection: BaseDatabaseWrapper) -> bool:
    return bool(
        fetch(
            connection,
            "SELECT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) OR"
            " (has_database_privilege(current_database(), 'CREATE')"
            " AND coalesce(has_schema_privilege(current_schema(), 'CREATE'), FALSE) AND NOT EXISTS (SELECT 1 FROM pg_class c"
            " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')"
            " AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'"
            " AND NOT (pg_has_role(c.relowner, 'USAGE') AND has_schema_privilege(n.oid, 'CREATE'))))",
        )[0][0]
    )


# --- what a plan needs -----------------------------------------------------------------------------------------


def needs(connection: BaseDatabaseWrapper, loader: MigrationLoader, plan: Plan) -> set[Need]:
    """What the operations of a plan, and the books, need on tables that were there before it."""
    going = {(migration.app_label, migration.name) for migration, _ in plan}
    nodes = [key for key in loader.applied_migrations if key in loader.graph.nodes and key not in going]
    state = loader.graph.make_state(nodes=nodes, real_apps=loader.unmigrated_apps) if nodes else ProjectState()
    found = _books(connection)
    order = {key: position for position, key in enumerate(full_order(loader))}
    new: set[ModelKey] = set()
    for migration, backwards in sorted(plan, key=lambda pair: order[pair[0].app_label, pair[0].name]):
        app = migration.app_label
        for whole in migration.operations:
            if router.allow_migrate(connection.alias, app):
                if not backwards:
                    new |= _created(whole, app)
                for operation in leaves(whole):
                    found |= _needs(operation, app, state, new, backwards=backwards)
            whole.state_forwards(app, state)
    return found


def _books(connection: BaseDatabaseWrapper) -> set[Need]:
    rights = ("SELECT", "INSERT", "UPDATE", "DELETE")
    home = bookkeeping_schema(connection)  # a tenant needs no right on those of the public schema
    found = {Need(Name(home, table), right) for table in BOOKS for right in rights}
    return found if has_bookkeeping(connection) else found | {Need(None, CREATE)}


def _created(whole: Operation, app: str) -> set[ModelKey]:
    return {
        (app, operation.name_lower)
        for operation in leaves(whole)
        if isinstance(operation, operations.CreateModel) and not getattr(operation, "adopts", False)
    }


def _needs(operation: Operation, app: str, state: ProjectState, new: set[ModelKey], *, backwards: bool) -> set[Need]:
    """What one operation needs; ``state`` is the one before it, ``new`` the models whose tables come with the plan."""
    found = {Need(table, OWNER) for table in altered_by_sql(operation, backwards=backwards)}
    if getattr(operation, "adopts", False):
        pass  # what is found complete needs no right, and what is missing shows only in the catalog
    elif isinstance(operation, operations.CreateModel | DropTable):
        if backwards == isinstance(operation, operations.CreateModel):
            found.add(Need(_own_table(operation, app), OWNER))
    elif (key := model_of(operation, app, state)) and key not in new and (name := table_of(state, key)):
        found |= {Need(quoted(name), right) for right in _rights(operation, state.models[key])}
    if _makes(operation, app, state, backwards=backwards) and not getattr(operation, "adopts", False):
        found.add(Need(None, CREATE))
    found |= {Need(table, KEEP) for table in _dropped(operation, app, state, new, backwards=backwards)}
    for target in targets_of(operation, app):
        if target not in new and target in state.models and (name := table_of(state, target)):
            found |= {Need(quoted(name), REFERENCES), Need(quoted(name), "SELECT")}
    return found


def _rights(operation: Operation, model: ModelState) -> tuple[str, ...]:
    """What an operation needs on the table of its model."""
    if isinstance(operation, operations.AddField) and isinstance(operation.field, ManyToManyField):
        return (REFERENCES,)
    if isinstance(operation, operations.AlterField) and _same_column(model.fields.get(operation.name), operation.field):
        return ()
    if isinstance(operation, SeedRows):
        return ("SELECT", "INSERT", "UPDATE")
    if isinstance(operation, FillColumn):
        return ("SELECT", "UPDATE")
    if isinstance(operation, CreateTrigger):
        return ("TRIGGER",)
    return (OWNER,) if isinstance(operation, _ALTERING) else ()


def _same_column(old: Field[Any, Any] | None, new: Field[Any, Any]) -> bool:
    """Whether a change of a field is none for the database."""
    if old is None:
        return False
    (_, path, arguments, keywords), (_, new_path, new_arguments, new_keywords) = old.deconstruct(), new.deconstruct()
    for name in {*old.non_db_attrs, *new.non_db_attrs}:
        keywords.pop(name, None)
        new_keywords.pop(name, None)
    return (path, arguments, keywords) == (new_path, new_arguments, new_keywords)


def _makes(operation: Operation, app: str, state: ProjectState, *, backwards: bool) -> bool:
    """Whether an operation makes something that needs a place in a schema: a relation, a view, a function, a new name."""
    if isinstance(operation, operations.RunSQL):
        made = (found for found in statements_of(operation, backwards=backwards) if found.kind in _MAKING_SQL)
        return any(not (found.table and found.table.schema) for found in made)
    if isinstance(operation, _RENAMING):
        return True
    if backwards:
        return False
    if isinstance(operation, operations.AddField | operations.AlterField) and not isinstance(operation, _MAKING):
        key = model_of(operation, app, state)
        old = state.models[key].fields.get(operation.name) if key else None
        return _has_index(operation.field) and not (old is not None and _has_index(old))
    if isinstance(operation, operations.AddConstraint):
        return not isinstance(operation.constraint, CheckConstraint)
    return isinstance(operation, _MAKING)


def _has_index(field: Any) -> bool:
    """Whether a field brings an index or a table of its own."""
    return isinstance(field, ManyToManyField) or bool(field.db_index or field.unique)


def _own_table(operation: Any, app: str) -> Name:
    """The table that an operation itself describes."""
    return quoted(naming.table_of(app, operation.name, operation.options))


def _dropped(
    operation: Operation, app: str, state: ProjectState, new: set[ModelKey], *, backwards: bool
) -> Iterator[Name]:
    """The tables that an operation drops, or of which it drops a column."""
    for found in statements_of(operation, backwards=backwards):
        if found.kind in (Kind.DROP_TABLE, Kind.DROP_COLUMN) and found.table:
            yield from (found.table, *found.references)
    if isinstance(operation, operations.CreateModel if backwards else DropTable):
        yield _own_table(operation, app)
    elif isinstance(operation, operations.AddField if backwards else _DROPPING):
        key = model_of(operation, app, state)
        if key and key not in new and (name := table_of(state, key)):
            yield quoted(name)


_MAKING = (
    operations.CreateModel,
    operations.AddIndex,
    operations.AlterUniqueTogether,
    ChangeColumnType,
    CreateFunction,
    CreateView,
)
_MAKING_SQL = (Kind.CREATE_TABLE, Kind.CREATE_INDEX, Kind.RENAME_TABLE)
_RENAMING = (operations.RenameModel, operations.RenameIndex, operations.AlterModelTable)
_DROPPING = (operations.RemoveField, operations.DeleteModel, DropColumn)
_ALTERING = (
    operations.AddField,
    operations.AlterField,
    operations.RemoveField,
    operations.RenameField,
    operations.AddIndex,
    operations.RemoveIndex,
    operations.RenameIndex,
    operations.AddConstraint,
    operations.RemoveConstraint,
    operations.DeleteModel,
    operations.RenameModel,
    operations.AlterModelTable,
    operations.AlterModelTableComment,
    operations.AlterUniqueTogether,
    operations.AlterOrderWithRespectTo,
    RetireColumn,
    DropColumn,
)


# --- what the role has -----------------------------------------------------------------------------------------


def missing(connection: BaseDatabaseWrapper, wanted: set[Need]) -> Iterator[Missing]:
    """What the role lacks of what is wanted. Tables that do not exist are left out: nothing is known of them."""
    if Need(None, CREATE) in wanted:
        yield from _schema(connection)
    if any(_is_populated(connection, need.table) for need in wanted if need.table and need.right == KEEP):
        yield from _keeping(connection)
    pairs = sorted((str(need.table), need.right) for need in wanted if need.table and need.right != KEEP)
    rows = fetch(
        connection,
        "SELECT c.oid::regclass::text, quote_ident(pg_get_userbyid(c.relowner)),"
        f" bool_or(w.need = '{OWNER}'), string_agg(w.need, ', ' ORDER BY w.need), pg_has_role(c.relowner, 'MEMBER')"
        " FROM unnest(%s::text[], %s::text[]) w(name, need) JOIN pg_class c ON c.oid = to_regclass(w.name)"
        " WHERE NOT pg_has_role(c.relowner, 'USAGE')"
        f" AND CASE WHEN w.need = '{OWNER}' THEN TRUE ELSE NOT has_table_privilege(c.oid, w.need) END"
        " GROUP BY c.oid, c.relowner ORDER BY 1",
        [[name for name, _ in pairs], [right for _, right in pairs]],
    )
    for table, owner, to_own, rights, is_member in rows:
        if to_own and is_member:  # without INHERIT: it may only SET ROLE
            what = f"{table} belongs to {owner}: this role is a member of it and does not inherit its rights"
            yield Missing(what, _inherit(connection, owner))
        elif to_own:
            yield Missing(f"{table} belongs to {owner}: only its owner may change it", f"GRANT {owner} TO {{role}};")
        else:
            yield Missing(f"{rights} on {table}, which belongs to {owner}", f"GRANT {rights} ON {table} TO {{role}};")


def _inherit(connection: Any, owner: str) -> str:
    """What makes a member inherit: since PostgreSQL 16 the membership says whether it does, not the role."""
    return (
        f"GRANT {owner} TO {{role}} WITH INHERIT TRUE;"
        if connection.pg_version >= 16_00_00
        else "ALTER ROLE {role} INHERIT;"
    )


def _schema(connection: BaseDatabaseWrapper) -> Iterator[Missing]:
    schema, allowed = fetch(
        connection,
        "SELECT quote_ident(current_schema()), coalesce(has_schema_privilege(current_schema(), 'CREATE'), FALSE)",
    )[0]
    if schema is not None and not allowed:
        books = "" if has_bookkeeping(connection) else ", where the journal of migrations is kept too"
        yield Missing(f"CREATE on the schema {schema}{books}", f"GRANT CREATE ON SCHEMA {schema} TO {{role}};")


def _is_populated(connection: BaseDatabaseWrapper, table: Name) -> bool:
    oid = relation_oid(connection, table)
    return oid is not None and has_rows(connection, oid)


def _keeping(connection: BaseDatabaseWrapper) -> Iterator[Missing]:
    if found := lacking(connection):
        why, grant = found
        yield Missing(f"{why}, which keeps what is dropped (migrate --discard-data does without)", grant)
