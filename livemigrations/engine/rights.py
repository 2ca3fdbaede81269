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
from django.db.models import Field, ManyToManyField

from livemigrations.bookkeeping import TABLES, has_bookkeeping
from livemigrations.catalog.relations import fetch
from livemigrations.engine.selection import Plan, full_order
from livemigrations.engine.touched import (
    ModelKey,
    altered_by_sql,
    leaves,
    model_of,
    quoted,
    table_of,
    targets_of,
)
from livemigrations.errors import MissingRights
from livemigrations.operations import ChangeColumnType, CreateTrigger, DropColumn, FillColumn, RetireColumn, SeedRows
from livemigrations.statements.names import Name
from livemigrations.translation import naming

OWNER, CREATE, REFERENCES = "to own", "CREATE", "REFERENCES"
BOOKS = (*TABLES, "django_migrations")


@dataclass(frozen=True, slots=True, order=True)
class Need:
    """A right that an operation needs: on a table, or CREATE where ``table`` is None: on the schema of new tables."""

    table: Name | None
    right: str


@dataclass(frozen=True, slots=True)
class Missing:
    """A right that the role lacks, whose it is to give, and the statement that gives it."""

    what: str
    remedy: str


def refuse_missing_rights(connection: BaseDatabaseWrapper, loader: MigrationLoader, plan: Plan) -> None:
    """Raise ``MissingRights`` with everything that the role lacks for a plan, as far as can be known before it runs.

    What an operation needs is read from the migrations' state; Python and free SQL on rows are not foreseen. A
    superuser and a role that owns everything are recognised by one query.
    """
    if not plan or _may_do_all(connection):
        return
    _refuse(connection, needs(connection, loader, plan))


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
            " (coalesce(has_schema_privilege(current_schema(), 'CREATE'), FALSE) AND NOT EXISTS (SELECT 1 FROM pg_class c"
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
    found = {Need(Name("", table), right) for table in BOOKS for right in ("SELECT", "INSERT", "UPDATE", "DELETE")}
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
    elif isinstance(operation, operations.CreateModel):
        if backwards:
            found.add(Need(quoted(naming.table_of(app, operation.name, operation.options)), OWNER))
    elif (key := model_of(operation, app, state)) and key not in new and (name := table_of(state, key)):
        found |= {Need(quoted(name), right) for right in _rights(operation, state.models[key])}
    if not backwards and isinstance(operation, _MAKING) and not getattr(operation, "adopts", False):
        found.add(Need(None, CREATE))
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


_MAKING = (operations.CreateModel, operations.AddIndex, operations.AddConstraint, ChangeColumnType)
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
    pairs = sorted((str(need.table), need.right) for need in wanted if need.table)
    rows = fetch(
        connection,
        "SELECT c.oid::regclass::text, quote_ident(pg_get_userbyid(c.relowner)),"
        f" bool_or(w.need = '{OWNER}'), string_agg(w.need, ', ' ORDER BY w.need)"
        " FROM unnest(%s::text[], %s::text[]) w(name, need) JOIN pg_class c ON c.oid = to_regclass(w.name)"
        " WHERE NOT pg_has_role(c.relowner, 'USAGE')"
        f" AND CASE WHEN w.need = '{OWNER}' THEN TRUE ELSE NOT has_table_privilege(c.oid, w.need) END"
        " GROUP BY c.oid, c.relowner ORDER BY 1",
        [[name for name, _ in pairs], [right for _, right in pairs]],
    )
    for table, owner, to_own, rights in rows:
        if to_own:
            yield Missing(f"{table} belongs to {owner}: only its owner may change it", f"GRANT {owner} TO {{role}};")
        else:
            yield Missing(f"{rights} on {table}, which belongs to {owner}", f"GRANT {rights} ON {table} TO {{role}};")


def _schema(connection: BaseDatabaseWrapper) -> Iterator[Missing]:
    schema, allowed = fetch(
        connection,
        "SELECT quote_ident(current_schema()), coalesce(has_schema_privilege(current_schema(), 'CREATE'), FALSE)",
    )[0]
    if schema is not None and not allowed:
        books = "" if has_bookkeeping(connection) else ", where the journal of migrations is kept too"
        yield Missing(f"CREATE on the schema {schema}{books}", f"GRANT CREATE ON SCHEMA {schema} TO {{role}};")
