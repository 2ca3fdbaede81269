"""Ordinary roles of the server, for the length of a block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from tests.support.database import Database


@contextmanager
def role(database: Database, *, owns: bool = False) -> Iterator[str]:
    """An ordinary role, which may connect and nothing else, or owns everything in the database."""
    name = f"Role {database.name}"
    with database.connect() as connection:
        connection.execute(f'CREATE ROLE "{name}" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS')
        connection.execute(f'REVOKE ALL ON DATABASE "{database.name}" FROM PUBLIC')
        connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        connection.execute(f'GRANT CONNECT, TEMPORARY ON DATABASE "{database.name}" TO "{name}"')
        connection.execute(f'GRANT USAGE ON SCHEMA public TO "{name}"')
        if owns:
            give(connection, name)
    try:
        yield name
    finally:
        with database.connect() as connection:
            connection.execute(f'REASSIGN OWNED BY "{name}" TO CURRENT_USER')
            connection.execute(f'DROP OWNED BY "{name}"')
            connection.execute(f'DROP ROLE "{name}"')


def give(connection: psycopg.Connection[Any], name: str) -> None:
    """Have the role own the schema and every table in it."""
    connection.execute(f'ALTER SCHEMA public OWNER TO "{name}"')
    query = (
        "SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')"
    )
    for (table,) in connection.execute(query).fetchall():
        connection.execute(f'ALTER TABLE {table} OWNER TO "{name}"')
