"""What is kept in the schema ``rolled_back``: the register of it, and whether the role may keep anything."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Container
from dataclasses import dataclass, replace
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.relations import fetch
from livemigrations.statements.names import MAX_BYTES, Name, beside, clip, literal

SCHEMA = "rolled_back"
_COLUMNS = (
    "kept_as, relation_schema, relation, attribute, app, migration, direction, state, position, rows, sequences,"
    " narrowed_to, kept_at, narrowed_to <> '' AND EXISTS (SELECT 1 FROM pg_attribute WHERE attname = 'became'"
    f" AND attrelid = to_regclass('{SCHEMA}.' || quote_ident(kept_as)) AND NOT attisdropped)"
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A table, or the values of one column (``attribute``), that a migration dropped.

    ``rows`` is their number (None while it is not counted), ``position`` the last key that a transfer reached,
    ``sequences`` maps columns to [last value, whether it was given out]. With ``narrowed_to`` the column did not go
    but got this type, which does not hold all that its values said. ``became`` is the column beside it whose values
    are noted too, where they are not the cast of the old ones.
    """

    kept_as: str
    schema: str
    relation: str
    attribute: str
    app: str
    migration: str
    direction: str
    state: str
    position: list[str] | None
    rows: int | None
    sequences: dict[str, list[Any]]
    narrowed_to: str
    kept_at: Any
    became: str = ""

    @property
    def table(self) -> Name:
        """Where it is kept."""
        return Name(SCHEMA, self.kept_as)

    @property
    def origin(self) -> Name:
        """The table that it was, or was part of."""
        return Name(self.schema, self.relation)

    @property
    def what(self) -> str:
        """For messages: table or table.column."""
        return f"{self.relation}.{self.attribute}" if self.attribute else self.relation


def kept(connection: BaseDatabaseWrapper, app: str = "", migration: str = "") -> list[Kept]:
    """All that is kept, or what one migration had kept, newest first. The register must exist."""
    where = "WHERE (app, migration) = (%s, %s)" if migration else ""
    parameters = [app, migration] if migration else None
    rows = fetch(
        connection, f"SELECT {_COLUMNS} FROM livemigrations_kept {where} ORDER BY kept_at DESC, kept_as", parameters
    )
    return [_read(row) for row in rows]


def entry(connection: BaseDatabaseWrapper, kept_as: str) -> Kept | None:
    """One line of the register."""
    rows = fetch(connection, f"SELECT {_COLUMNS} FROM livemigrations_kept WHERE kept_as = %s", [kept_as])
    return _read(rows[0]) if rows else None


def position_sql(line: Kept, position: list[str] | None, *, state: str = "") -> str:
    """The UPDATE that notes how far a transfer came, or that it begins (``state``)."""
    value = "NULL" if position is None else literal(json.dumps(position))
    change = f", state = {literal(state)}" if state else ""
    return f"UPDATE livemigrations_kept SET position = {value}::jsonb{change} WHERE kept_as = {literal(line.kept_as)}"


def _read(row: tuple[Any, ...]) -> Kept:
    *values, noted = row
    values[8] = json.loads(values[8]) if values[8] else None
    values[10] = json.loads(values[10])
    line = Kept(*values)
    return replace(line, became=beside(line.attribute)) if noted else line


def schema_exists(connection: BaseDatabaseWrapper) -> bool:
    """Whether the schema for dropped data exists."""
    return bool(fetch(connection, "SELECT to_regnamespace(%s) IS NOT NULL", [SCHEMA])[0][0])


def missing_right(connection: BaseDatabaseWrapper) -> str:
    """Why the role cannot keep anything, with what to grant; empty if it can."""
    return ": ".join(lacking(connection))


def lacking(connection: BaseDatabaseWrapper) -> tuple[str, str] | tuple[()]:
    """Why the role cannot keep anything, and the statement that lets it; empty if it can."""
    role, database, exists, may_use, may_make = fetch(
        connection,
        "SELECT quote_ident(current_user), quote_ident(current_database()), n.oid IS NOT NULL,"
        " coalesce(has_schema_privilege(n.oid, 'CREATE') AND has_schema_privilege(n.oid, 'USAGE'), false),"
        " has_database_privilege(current_database(), 'CREATE')"
        " FROM (SELECT to_regnamespace(%s)::oid AS oid) n",
        [SCHEMA],
    )[0]
    if may_use or (not exists and may_make):
        return ()
    if exists:
        return (
            f"the role {role} may not create in the schema {SCHEMA}",
            f"GRANT USAGE, CREATE ON SCHEMA {SCHEMA} TO {role};",
        )
    return (
        f"the role {role} may not make the schema {SCHEMA}",
        f"CREATE SCHEMA {SCHEMA} AUTHORIZATION {role}; (or GRANT CREATE ON DATABASE {database} TO {role};)",
    )


def hidden_rows(connection: BaseDatabaseWrapper, oid: int) -> str:
    """Why the role does not see every row of a table, with what to do; empty if it does."""
    rows = fetch(
        connection,
        "SELECT oid::regclass::text, quote_ident(current_user) FROM pg_class WHERE oid = %s AND row_security_active(oid)",
        [oid],
    )
    if not rows:
        return ""
    table, role = rows[0]
    return (
        f"row level security hides rows of {table} from the role {role}: ALTER TABLE {table} NO FORCE ROW LEVEL"
        f" SECURITY; as its owner (or ALTER ROLE {role} BYPASSRLS;)"
    )


def free_name(connection: BaseDatabaseWrapper, origin: Name, column: str, migration: str, taken: Container[str]) -> str:
    """A name in the schema for dropped data that nothing there has: the table's (and column's), and a short digest.

    Tables of several tenants that migrate at once have the same name, and differ in the schema that the digest covers.
    """
    stem = f"{origin.name}_{column}" if column else origin.name
    for number in range(1000):
        digest = hashlib.sha256(f"{migration} {origin.schema} {stem} {number}".encode()).hexdigest()[:8]
        name = f"{clip(stem, MAX_BYTES - 10)}_{digest}"
        rows = fetch(
            connection,
            "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relname = %s",
            [SCHEMA, name],
        )
        if name not in taken and not rows:
            return name
    raise RuntimeError(f"{SCHEMA} is full of {stem}")
