"""Failures of the database outside of any step, put into words; those of a step are the runner's."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.db import DatabaseError, Error, InterfaceError, OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.pq import TransactionStatus

from livemigrations.engine.connections import sqlstate
from livemigrations.errors import LiveMigrationError, MissingRights, StepFailed, Unreachable

_NO_RIGHT = "42501"
_END = """
SELECT CASE WHEN state = 'active' THEN pg_terminate_backend(pid) END FROM pg_stat_activity
WHERE pid = %s AND pid <> pg_backend_pid() AND datname = current_database() AND usename = session_user
"""
_END_TRIES, _END_PAUSE_S = 20, 0.05
_UNREACHABLE = {
    r"password authentication failed|no password supplied": "the password is wrong: correct {where}",
    r"no pg_hba\.conf entry": "the server's pg_hba.conf does not let this user in: extend it, or correct {where}",
    r"role .* does not exist": "there is no such user: create it with createuser, or correct {where}",
    r"database .* does not exist": "there is no such database: create it with createdb, or correct {where}",
    r"too many (clients|connections)|connection slots": "it has no connection left: end idle sessions",
    r"starting up|shutting down|recovery": "it is starting or stopping: try again in a moment",
}


def why_unreachable(reason: str, where: str) -> str:
    """What to do about a connection that libpq could not make; ``where`` is the place that holds the address.

    libpq gives no SQLSTATE for these, so its text has to do; one that we do not know, perhaps of a server that speaks
    another language, gets the general remedy.
    """
    general = "is the server running, and is the address in {where} right?"
    return next((known for pattern, known in _UNREACHABLE.items() if re.search(pattern, reason)), general).format(
        where=where
    )


def explained(error: BaseException, *, begun: bool) -> LiveMigrationError | None:
    """The failure with its remedy, or None if it is no failure of the database's or one that is clear as it is.

    ``begun`` says whether a run has begun.
    """
    state, text = sqlstate(error), str(error).strip()
    kept = "What was done before is kept" if begun else "Nothing was changed"
    if state == _NO_RIGHT:
        remedy = "connect as the owner of the tables, or GRANT the owner's role to this one"
        return MissingRights(f"The role of this connection lacks a right: {text}\n{kept}. Remedy: {remedy}.")
    if not isinstance(error, (OperationalError, InterfaceError)):
        return None
    if not (begun or state):
        remedy = why_unreachable(text, "the settings' DATABASES")
        return Unreachable(f"The database cannot be reached: {remedy}\n{text}\n{kept}.")
    when = "between two steps" if begun else "before the first step"
    return StepFailed(
        f"The database failed {when}: {text}\n{kept}. Remedy: look why it failed (its log says more), then try again."
        + (" Migrate goes on from there." if begun else "")
    )


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Raise Ctrl-C as such, also where it surfaces as the driver's complaint about what came after it."""
    try:
        yield
    except Exception as error:
        if interrupted(error):
            raise KeyboardInterrupt from error
        raise


def interrupted(error: BaseException) -> bool:
    """Whether Ctrl-C is what an error comes from."""
    before: BaseException | None = error
    while before is not None and not isinstance(before, KeyboardInterrupt):
        before = before.__context__
    return before is not None


def settle(connection: BaseDatabaseWrapper, backend: int) -> None:
    """Have a connection that was interrupted in the middle of something ready again, and end what it left running.

    ``backend`` is the server process that it had, 0 if that is not known. A statement of which nobody awaits the
    answer would keep its locks until it is through. A server process that has not read the statement yet is still idle,
    so this looks again, for a second at most: without a statement, the process ends by itself.
    """
    raw: Any = connection.connection
    with suppress(Error):
        if raw is not None and raw.info.transaction_status != TransactionStatus.IDLE:
            connection.close()
        for _ in range(_END_TRIES):
            with connection.cursor() as cursor:
                cursor.execute(_END, [backend])
                if cursor.fetchone() is None:
                    return
            time.sleep(_END_PAUSE_S)


@contextmanager
def in_words() -> Iterator[None]:
    """Raise what the database refuses inside the block, where nothing is changed, as ``LiveMigrationError``."""
    try:
        yield
    except (DatabaseError, InterfaceError) as error:
        better = explained(error, begun=False)
        if better is None:
            raise
        raise better from error
