"""The engine's own tables: made when a run first needs them, as Django makes ``django_migrations``."""

from __future__ import annotations

from importlib import resources

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ProgrammingError

from livemigrations.errors import MissingRights
from livemigrations.statements.names import OURS

TABLES = (
    "livemigrations_run",
    "livemigrations_step",
    "livemigrations_lease",
    "livemigrations_seed",
    "livemigrations_kept",
    "livemigrations_unseeded",
)
BOOKS = (OURS, "django_migrations")  # how the names of these tables, and of Django's own, begin
_LOCK = 7309452918731


def bookkeeping_sql() -> str:
    """The statements that make the tables; harmless where they exist."""
    folder = resources.files("livemigrations") / "sql"
    return "".join((folder / f"bookkeeping_v{version}.sql").read_text() for version in (1, 2))


def has_bookkeeping(connection: BaseDatabaseWrapper) -> bool:
    """Whether the tables exist."""
    names = ", ".join(f"to_regclass('{table}')" for table in TABLES)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT num_nulls({names}) = 0")
        row = cursor.fetchone()
    return bool(row and row[0])


def ensure_bookkeeping(connection: BaseDatabaseWrapper) -> None:
    """Make the tables if they are missing; several processes may try at once.

    Raises ``MissingRights`` where the role may not create tables, or nothing can be written at all.
    """
    refuse_read_only(connection)
    if has_bookkeeping(connection):
        return
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            cursor.execute(bookkeeping_sql())
    except ProgrammingError as error:
        if getattr(error.__cause__, "sqlstate", "") not in ("42501", "3F000"):
            raise
        raise MissingRights(_no_place(connection)) from error


def _no_place(connection: BaseDatabaseWrapper) -> str:
    """Why no table can be made, and what to do."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT quote_ident(current_user), quote_ident(current_schema()), current_setting('search_path')"
        )
        role, schema, path = cursor.fetchone() or ("", "", "")
    kept = "so the journal of migrations cannot be kept and nothing was changed. Remedy, as the owner of the database:"
    if schema is None:
        return (
            f"The search path of the role {role} ({path}) names no schema that it may use, {kept} CREATE SCHEMA …; or"
            f" correct it with ALTER ROLE {role} SET search_path = …;"
        )
    return (
        f"The role {role} may not create tables in schema {schema}, {kept} GRANT CREATE ON SCHEMA {schema} TO {role};"
    )


def refuse_read_only(connection: BaseDatabaseWrapper) -> None:
    """Raise ``MissingRights`` where nothing can be written: on a standby, or where transactions are read-only."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('transaction_read_only')::boolean, pg_is_in_recovery()")
        read_only, standby = cursor.fetchone() or (False, False)
    if not read_only:
        return
    why, remedy = "its transactions are read-only by default (default_transaction_read_only)", "switch that off"
    if standby:
        why, remedy = "the server is a standby that follows another one", "give the address of the primary"
    raise MissingRights(
        f"The database {connection.settings_dict['NAME']} cannot be written: {why}. Nothing was changed."
        f" Remedy: {remedy}, then migrate again."
    )
