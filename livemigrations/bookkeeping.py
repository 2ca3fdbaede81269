"""The engine's own tables: created when a run first needs them, as Django creates ``django_migrations``.

They are in the schema in which the connection's ``django_migrations`` is, or would be created. A tenant that has a schema
of its own, in front of a shared one in the search path, therefore has a journal, a lease, seeds and a register of
preserved data of its own.
"""

from __future__ import annotations

from importlib import resources

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder
from django.db.utils import ProgrammingError

from livemigrations.errors import MissingRights
from livemigrations.statements.names import OURS, Name

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


# The first schema of the search path; the schemas in which the search path finds all of our tables, and Django's.
_PLACES = f"""
SELECT current_schema()::text, (SELECT min(n.nspname::text) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid IN ({", ".join(f"to_regclass('{table}')" for table in TABLES)})
    HAVING count(*) = {len(TABLES)} AND count(DISTINCT n.oid) = 1),
    (SELECT n.nspname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = to_regclass('django_migrations'))
"""


def bookkeeping_schema(connection: BaseDatabaseWrapper) -> str:
    """The schema of the engine's tables for this connection; empty if its search path names none."""
    return _places(connection)[0]


def _places(connection: BaseDatabaseWrapper) -> tuple[str, bool]:
    """The schema of the engine's tables, and whether they exist there."""
    with connection.cursor() as cursor:
        cursor.execute(_PLACES)
        first, ours, recorded = cursor.fetchone() or (None, None, None)
    if first is None or first in (ours, recorded) or recorded is None:
        home = first
    else:  # a later schema of the path has django_migrations: Django shares it, unless its introspection is confined
        home = recorded if MigrationRecorder(connection).has_table() else first
    return home or "", home is not None and home == ours


def has_bookkeeping(connection: BaseDatabaseWrapper) -> bool:
    """Whether the tables exist in the connection's own schema; those of another schema do not count."""
    return _places(connection)[1]


def qualified(connection: BaseDatabaseWrapper, table: str) -> str:
    """The quoted name of one of ``TABLES``, with its schema: for statements that may run under another search path."""
    return str(Name(bookkeeping_schema(connection), table))


def ensure_bookkeeping(connection: BaseDatabaseWrapper) -> None:
    """Make the tables if they are missing; several processes may try at once.

    Raises ``MissingRights`` where the role may not create tables, or nothing can be written at all.
    """
    refuse_read_only(connection)
    home, exist = _places(connection)
    if exist:
        return
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            cursor.execute("SELECT current_setting('search_path')")
            before = cursor.fetchone()[0]
            if home:
                cursor.execute("SELECT set_config('search_path', quote_ident(%s), true)", [home])
            cursor.execute(bookkeeping_sql())
            cursor.execute("SELECT set_config('search_path', %s, true)", [before])
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
