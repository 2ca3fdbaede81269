"""Twins: an empty temporary table on which PostgreSQL itself spells out what a statement means."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import ProgrammingError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Model

from livemigrations.catalog.definitions import Table, read_indexes, read_table
from livemigrations.catalog.relations import fetch, relation_oid
from livemigrations.errors import MissingRights
from livemigrations.statements.names import Name, identifier

_Maker = Callable[[], BaseDatabaseWrapper]
_maker: ContextVar[_Maker | None] = ContextVar("livemigrations_twins", default=None)


@contextmanager
def twins_on(make: _Maker) -> Iterator[None]:
    """Have the twins of models made on another database inside the block: nothing is written in the one looked at.

    ``make`` is called whenever a twin is needed, and answers with the connection.
    """
    token = _maker.set(make)
    try:
        yield
    finally:
        _maker.reset(token)


@contextmanager
def _undone(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """A transaction that is rolled back in any case."""
    try:
        with transaction.atomic(using=connection.alias):
            yield
            transaction.set_rollback(True, using=connection.alias)
    except ProgrammingError as error:
        if getattr(error.__cause__, "sqlstate", "") != "42501":
            raise
        asked = "SELECT has_database_privilege(current_database(), 'TEMPORARY'), current_database(), current_user"
        [(allowed, database, role)] = fetch(connection, asked)
        if allowed:
            raise
        raise MissingRights(
            f"Definitions are compared on an empty temporary table, which the role {role} may not create: {error}."
            f" Remedy: GRANT TEMPORARY ON DATABASE {identifier(database)} TO {identifier(role)};"
        ) from error


def _run(connection: BaseDatabaseWrapper, statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def table_of_model(editor: BaseDatabaseSchemaEditor, model: type[Model]) -> Table:
    """What the model's table would be: columns, indexes and constraints, without its foreign keys."""
    make = _maker.get()
    connection = make() if make else editor.connection
    with type(editor)(connection, collect_sql=True, atomic=False) as collector:
        collector.create_model(model)
    name = editor.quote_name(model._meta.db_table)
    with _undone(connection):
        for statement in collector.collected_sql:
            if " FOREIGN KEY " not in statement:
                temporary = statement.startswith(f"CREATE TABLE {name}")
                _run(connection, statement.replace("CREATE", "CREATE TEMPORARY", 1) if temporary else statement)
        rows = fetch(connection, "SELECT ('pg_temp.' || %s)::regclass::oid::bigint", [name])
        return read_table(connection, rows[0][0])


def index_as_defined(connection: BaseDatabaseWrapper, table: Name, rest: str, *, unique: bool) -> str:
    """The definition that an index with this text (from USING or the column list on) would have on ``table``."""
    with _undone(connection):
        _run(connection, f"CREATE TEMPORARY TABLE livemigrations_twin (LIKE {table})")
        _run(
            connection,
            f"CREATE {'UNIQUE ' if unique else ''}INDEX livemigrations_twin_index ON livemigrations_twin {rest}",
        )
        oid = relation_oid(connection, "livemigrations_twin")
        assert oid is not None
        return read_indexes(connection, oid)["livemigrations_twin_index"].definition
