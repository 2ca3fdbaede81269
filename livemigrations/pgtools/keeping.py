"""A database that goes when its maker goes: dropped by the maker, by a watchdog, or swept at the next use."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, Self

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.relations import fetch
from livemigrations.errors import LiveMigrationError, MissingRights
from livemigrations.pgtools.addresses import conninfo, environment, role
from livemigrations.pgtools.definitions import Definition
from livemigrations.statements.names import identifier

_WATCHDOG = Path(__file__).with_name("watchdog.py")
_SEED = 7309452918732  # of the hash that makes an advisory lock's key of a name
_PATIENCE_S = 5


class Keeper:
    """Holds a session whose advisory lock says that the maker of the database ``name`` lives.

    ``base`` is a connection of the keeper's own to a database that stays; whoever sweeps looks from there.
    """

    def __init__(self, base: BaseDatabaseWrapper, name: str) -> None:
        self.base, self.name = base, name
        self._watchdog: subprocess.Popen[bytes] | None = None
        self._is_given_away = False

    def __enter__(self) -> Self:
        key = lock_key(self.base, self.name)
        with self.base.cursor() as cursor:
            for setting in ("statement_timeout", "lock_timeout", "idle_session_timeout"):
                cursor.execute("SELECT set_config(%s, '0', false)", [setting])
            cursor.execute("SET default_transaction_read_only = off")  # which a database may be by default
            cursor.execute("SELECT set_config('application_name', %s, false)", [f"livemigrations: {self.name}"])
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
            if not cursor.fetchone()[0]:
                raise LiveMigrationError(
                    f"Another process is at work on the database {self.name}. Remedy: wait for it."
                )
        self._watch(key)
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        try:
            with suppress(Error) if kind else nullcontext():  # what went wrong first is said, the watchdog drops it
                if not self._is_given_away:
                    self.drop()
                self._dismiss()
        finally:
            self._leave()
            self.base.close()

    def give_away(self) -> None:
        """The database has another name now and is nobody's to drop."""
        self._is_given_away = True

    def create(self, definition: Definition, *, placed: bool = False) -> None:
        """Make the database, empty, in the encoding and the locale of ``definition``."""
        refuse_without_createdb(self.base)
        with self.base.cursor() as cursor:
            cursor.execute(definition.create_sql(self.name, placed=placed))

    def drop(self) -> None:
        """Drop the database with everybody in it, if it is there."""
        with self.base.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {identifier(self.name)} WITH (FORCE)")

    def _watch(self, key: int) -> None:
        order = {"conninfo": conninfo(self.base), "role": role(self.base), "database": self.name, "key": key}
        self._watchdog = subprocess.Popen(
            [sys.executable, "-P", _WATCHDOG],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment(self.base),
            start_new_session=True,
        )
        assert self._watchdog.stdin is not None
        self._watchdog.stdin.write(json.dumps(order).encode() + b"\n")
        self._watchdog.stdin.flush()

    def _dismiss(self) -> None:
        if self._watchdog is not None and self._watchdog.stdin is not None:
            with suppress(BrokenPipeError):
                self._watchdog.stdin.write(b"done")
                self._watchdog.stdin.flush()

    def _leave(self) -> None:
        """Let the watchdog go: it leaves if it was dismissed, and drops the database otherwise."""
        watchdog, self._watchdog = self._watchdog, None
        if watchdog is None:
            return
        assert watchdog.stdin is not None
        with suppress(BrokenPipeError):
            watchdog.stdin.close()
        self.base.close()  # its lock is what the watchdog waits for
        with suppress(subprocess.TimeoutExpired):
            watchdog.wait(_PATIENCE_S)


def lock_key(base: BaseDatabaseWrapper, name: str) -> int:
    """The advisory lock that belongs to a name."""
    return int(fetch(base, "SELECT hashtextextended(%s, %s)", [name, _SEED])[0][0])


def refuse_without_createdb(base: BaseDatabaseWrapper) -> None:
    """Raise ``MissingRights`` if the role may not create databases."""
    rows = fetch(base, "SELECT rolname, rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")
    if rows and not rows[0][1]:
        raise MissingRights(
            f"The role {rows[0][0]} may not create databases, and a database beside {base.settings_dict['NAME']} is"
            f" needed. Nothing was changed. Remedy: ALTER ROLE {identifier(rows[0][0])} CREATEDB; or let"
            " LIVEMIGRATIONS_SCRATCH_ALIAS name an alias whose role may."
        )


def sweep(base: BaseDatabaseWrapper, names: list[str]) -> list[str]:
    """Drop those of the databases whose maker is dead and that nobody is in; return the names of those dropped."""
    gone = []
    for name in names:
        key = lock_key(base, name)
        if not fetch(base, "SELECT pg_try_advisory_lock(%s)", [key])[0][0]:
            continue
        try:
            if not fetch(base, "SELECT count(*) FROM pg_stat_activity WHERE datname = %s", [name])[0][0]:
                with suppress(Error), base.cursor() as cursor:
                    cursor.execute(f"DROP DATABASE IF EXISTS {identifier(name)}")
                    gone.append(name)
        finally:
            fetch(base, "SELECT pg_advisory_unlock(%s)", [key])
    return gone


@contextmanager
def kept(base: BaseDatabaseWrapper, name: str, definition: Definition, *, placed: bool = False) -> Iterator[Keeper]:
    """A database of that name, made now (``placed``: in the same tablespace) and gone at the end of the block."""
    with Keeper(base, name) as keeper:
        keeper.create(definition, placed=placed)
        yield keeper


def owned(base: BaseDatabaseWrapper, pattern: str) -> list[tuple[str, str]]:
    """The databases whose name fits a regular expression and that the role may drop: names and comments."""
    rows: list[tuple[Any, ...]] = fetch(
        base,
        "SELECT datname, coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database"
        " WHERE datname ~ %s AND pg_has_role(datdba, 'MEMBER') ORDER BY 1",
        [pattern],
    )
    return [(name, comment) for name, comment in rows]
