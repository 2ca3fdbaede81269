"""The engine's own tables: made when a run first needs them, as Django makes ``django_migrations``."""

from __future__ import annotations

from importlib import resources

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ProgrammingError

from livemigrations.errors import MissingRights

TABLES = ("livemigrations_run", "livemigrations_step", "livemigrations_lease", "livemigrations_seed")
_LOCK = 7309452918731


def bookkeeping_sql() -> str:
    """The statements that make the tables; harmless where they exist."""
    return (resources.files("livemigrations") / "sql" / "bookkeeping_v1.sql").read_text()


def has_bookkeeping(connection: BaseDatabaseWrapper) -> bool:
    """Whether the tables exist."""
    names = ", ".join(f"to_regclass('{table}')" for table in TABLES)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT num_nulls({names}) = 0")
        row = cursor.fetchone()
    return bool(row and row[0])


def ensure_bookkeeping(connection: BaseDatabaseWrapper) -> None:
    """Make the tables if they are missing; several processes may try at once.

    Raises ``MissingRights`` where the role may not create tables.
    """
    if has_bookkeeping(connection):
        return
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            cursor.execute(bookkeeping_sql())
    except ProgrammingError as error:
        if getattr(error.__cause__, "sqlstate", "") not in ("42501", "3F000"):
            raise
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user, coalesce(current_schema(), '')")
            role, schema = cursor.fetchone() or ("", "")
        place = f"schema {schema}" if schema else "any schema of its search path (none of them exists)"
        raise MissingRights(
            f"The role {role} may not create tables in {place}, so the journal of migrations cannot be kept and nothing"
            f" was changed. Remedy, as the owner of the database: GRANT CREATE ON SCHEMA {schema or 'public'} TO {role};"
        ) from error
