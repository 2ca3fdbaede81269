"""Putting one database in the place of another: two renames in one transaction."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from typing import Any, Self

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.backups.occupants import occupants
from livemigrations.catalog.relations import fetch
from livemigrations.engine.connections import sqlstate
from livemigrations.errors import MissingRights, RestoreRefused
from livemigrations.pgtools.definitions import Definition
from livemigrations.statements.names import identifier

_IN_USE, _NO_RIGHT = "55006", "42501"
_EVERY_S = 0.05
# An autovacuum worker, which has no user, ends by itself; being refused it would keep the others from being ended.
_END_SESSIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND usesysid IS NOT NULL"


class TooLate:
    """From ``begin`` to the end of the block Ctrl-C is ignored: what it would say, nothing has changed, may be untrue."""

    def __enter__(self) -> Self:
        self._before: Any = None
        return self

    def begin(self) -> None:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, signal.SIG_IGN)

    def __exit__(self, *error: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)


def swap(
    base: BaseDatabaseWrapper, fresh: str, target: str, *, old: str | None, definition: Definition, disconnect: bool
) -> None:
    """Rename ``target`` to ``old`` (None: there is no target) and ``fresh`` to ``target``, and give it its rights.

    Who connects while that goes on waits for the commit, a few milliseconds; nobody ever sees neither or half of it.
    With ``disconnect`` the sessions in the target are ended first. Raises ``RestoreRefused`` if somebody is in it.
    """
    with base.cursor() as cursor:
        cursor.execute("BEGIN")
        try:
            if old is not None:
                with _emptied(base, target) if disconnect else nullcontext():
                    cursor.execute(f"ALTER DATABASE {identifier(target)} RENAME TO {identifier(old)}")
            cursor.execute(f"ALTER DATABASE {identifier(fresh)} RENAME TO {identifier(target)}")
            for statement in definition.rights_sql(target):
                cursor.execute(statement)
            cursor.execute("COMMIT")
        except DatabaseError as error:
            with suppress(DatabaseError):
                cursor.execute("ROLLBACK")
            if sqlstate(error) == _IN_USE:
                raise in_use(base, target, disconnect=disconnect) from error
            raise _explained(target, error, definition) from error
        except BaseException:
            with suppress(DatabaseError):
                cursor.execute("ROLLBACK")
            raise


@contextmanager
def _emptied(base: BaseDatabaseWrapper, database: str) -> Iterator[None]:
    """End the sessions in a database, again and again, while the block waits for it to be empty.

    The rename in the block holds the database's lock first, so nobody new comes in, and then gives those who are in
    it five seconds to leave.
    """
    done = threading.Event()

    def end_sessions() -> None:
        with closing(base.copy()) as side:
            while not done.is_set():
                with suppress(DatabaseError):
                    fetch(side, _END_SESSIONS, [database])
                done.wait(_EVERY_S)

    thread = threading.Thread(target=end_sessions, name="livemigrations-disconnect", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(10)


def _explained(target: str, error: DatabaseError, definition: Definition) -> RestoreRefused | MissingRights:
    text = str(error).strip()
    if sqlstate(error) == _NO_RIGHT:
        return MissingRights(
            f"The restored database could not take the place of {target}: {text}\n{target} is as it was. Remedy:"
            f" restore as the role {definition.owner}, which owns it, and with CREATEDB."
        )
    if not sqlstate(error):
        return RestoreRefused(
            f"The connection was lost at the moment of the swap: {text}\nEither all of it happened or nothing:"
            f" {target} is complete in both cases. Remedy: look at it (`manage.py backup list` names what was kept)."
        )
    return RestoreRefused(f"The restored database could not take the place of {target}: {text}\n{target} is as it was.")


def in_use(base: BaseDatabaseWrapper, target: str, *, disconnect: bool) -> RestoreRefused:
    """The refusal that names who is in the database; ``disconnect`` was not enough then, or else is a remedy."""
    sessions = occupants(base, target)
    lines = "".join(f"\n  {session}" for session in sessions[:20]) or "\n  (they have left just now)"
    more = f"\n  and {len(sessions) - 20} more" if len(sessions) > 20 else ""
    remedy = (
        "let --disconnect end their sessions at the moment of the swap; what they write until then is not in the backup"
    )
    if disconnect:
        remedy = "end their sessions as a role that may (--disconnect could not), their own or a superuser"
    return RestoreRefused(
        f"The database {target} is in use:{lines}{more}\nNothing was changed. Remedy: stop these programs, or {remedy}."
    )
