"""A second session that looks at the database after every statement and commit of a command.

``install`` is called by the settings of a throw-away project. The queries run on the witness's own connection, in the
process of the command, so that they run at every moment at which another session could see something new: after each
statement that writes outside of a transaction, and after each commit. A query that would have to wait for the command's
locks sees nothing: PostgreSQL hides that moment from everybody.
"""

from __future__ import annotations

import atexit
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import errors, pq

HIDDEN = (errors.LockNotAvailable, errors.QueryCanceled)
IMPATIENCE_MS = 25
READS = ("SELECT", "SET", "SHOW", "RESET")


@dataclass(frozen=True)
class Query:
    """A statement of another session: its SQL, and the role that runs it if it is not the superuser.

    It is rolled back unless ``commits``.
    """

    name: str
    sql: str
    role: str = ""
    commits: bool = False


class Witness:
    """Runs queries and appends their outcomes to a file, one JSON line each."""

    def __init__(self, dsn: str, queries: list[Query], notes: Path) -> None:
        self.dsn, self.queries, self.notes = dsn, queries, notes
        self.connection: psycopg.Connection[Any] | None = None
        self.busy = False

    def look(self) -> None:
        """Run every query once, unless a query of this witness is running already."""
        if self.busy or threading.current_thread() is not threading.main_thread():
            return
        self.busy = True
        try:
            lines = [json.dumps(line) for line in map(self._outcome, self.queries) if line]
        finally:
            self.busy = False
        with self.notes.open("a") as file:
            file.writelines(f"{line}\n" for line in lines)

    def close(self) -> None:
        """Close the connection."""
        if self.connection is not None:
            self.connection.close()

    def _outcome(self, query: Query) -> list[Any] | None:
        if self.connection is None:
            self.connection = psycopg.connect(self.dsn, autocommit=True, prepare_threshold=None)
            self.connection.execute(f"SET application_name = 'test witness'; SET lock_timeout = {IMPATIENCE_MS}")
        try:
            with self.connection.transaction(force_rollback=not query.commits):
                if query.role:
                    self.connection.execute(f'SET LOCAL ROLE "{query.role}"')
                cursor = self.connection.execute(query.sql.encode())
                found: Any = [list(map(str, row)) for row in cursor.fetchall()] if cursor.description else "done"
        except HIDDEN:
            return None
        except psycopg.Error as error:
            found = f"ERROR {str(error).splitlines()[0]}"
        return [query.name, found]


def install(dsn: str, queries: list[list[Any]], notes: str) -> None:
    """Look after every statement and every commit of the main thread's connections in this process."""
    from django.db.backends.signals import connection_created

    witness = Witness(dsn, [Query(*query) for query in queries], Path(notes))

    def attach(connection: Any, **keywords: Any) -> None:
        if getattr(connection, "has_witness", False):
            return
        connection.has_witness = True
        connection.execute_wrappers.append(_looking(witness))
        commit = connection._commit

        def committed() -> Any:
            result = commit()
            witness.look()
            return result

        connection._commit = committed

    connection_created.connect(attach, weak=False)
    atexit.register(witness.close)


def _looking(witness: Witness) -> Callable[..., Any]:
    def look(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
        try:
            return execute(sql, params, many, context)
        finally:
            if not str(sql).lstrip().startswith(READS) and _committed(context["connection"]):
                witness.look()

    return look


def _committed(connection: Any) -> bool:
    """Whether the connection has no open transaction: nobody sees what an open one has done."""
    driver = connection.connection
    return driver is None or driver.info.transaction_status != pq.TransactionStatus.INTRANS
