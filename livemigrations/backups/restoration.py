"""Restoring a backup: beside the database, proved, and then swapped in."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.db import DatabaseError, OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.backups.bound import not_carried_over
from livemigrations.backups.losses import Loss, losses
from livemigrations.backups.manifest import Backup
from livemigrations.backups.occupants import occupants
from livemigrations.backups.reasons import remedy_here, remedy_there
from livemigrations.backups.refusing import refuse_early, refuse_name, refuse_stranger
from livemigrations.backups.room import refuse_without_room
from livemigrations.backups.shelf import reading
from livemigrations.backups.swapping import TooLate, in_use, swap
from livemigrations.backups.telling import Silent, Telling
from livemigrations.backups.verification import JOBS, compare, file_problems, unpack
from livemigrations.catalog.relations import fetch
from livemigrations.errors import BackupBroken, ProgramFailed, RestoreRefused
from livemigrations.pgtools.addresses import beside, database_name
from livemigrations.pgtools.definitions import Definition, apply_settings
from livemigrations.pgtools.keeping import kept, lock_key, owned, sweep
from livemigrations.pgtools.scratch import known
from livemigrations.signals import restore_failed, restore_finished, restore_started
from livemigrations.statements.names import MAX_BYTES, clip, identifier, literal

BEFORE = "_before_restore_"
MARK = "livemigrations: being restored"
_LEAVING_S = 1.0
_STAYING = ("postgres", "template1")


@dataclass(frozen=True, slots=True)
class Restoration:
    """What a restore did. ``kept_as`` is the database as it was before, under its new name (None: there was none, or
    it was dropped); ``notes`` are what could not be carried over; ``duration_s`` is in seconds."""

    database: str
    backup: str
    kept_as: str | None
    duration_s: float
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Wish:
    """How to restore: into the database ``to`` (None: the connection's), ending the sessions in it (``disconnect``),
    dropping the old one (``drop_old``), with ``jobs`` processes, without a look at the server's disk (not
    ``check_room``). ``confirm`` gets the database's name and what would be lost, and may refuse by returning False."""

    to: str | None = None
    disconnect: bool = False
    drop_old: bool = False
    jobs: int = JOBS
    check_room: bool = True
    confirm: Callable[[str, list[Loss]], bool] | None = None


def restore_backup(
    connection: BaseDatabaseWrapper, backup: Backup, wish: Wish | None = None, telling: Telling | None = None
) -> Restoration:
    """Put a backup in the place of a database.

    Until the swap, which is one transaction, the database stays as it is, whatever happens. Connections of this
    process to it are closed. Raises ``RestoreRefused``, ``BackupBroken``, ``MissingRights``.
    """
    wish = wish or Wish()
    own = database_name(connection)
    target = own if wish.to is None else wish.to
    restore_started.send(sender=Backup, using=connection.alias, backup=backup, database=target)
    try:
        refuse_name(target)
        if wish.to is None:
            refuse_stranger(backup, own)
        with reading(backup), maintenance(connection, target) as base, TooLate() as late:
            done = _Restoring(base, connection, backup, target, wish, telling or Silent(), late).run()
    except BaseException as error:
        restore_failed.send(sender=Backup, using=connection.alias, backup=backup, database=target, error=error)
        raise
    restore_finished.send(sender=Backup, using=connection.alias, restoration=done)
    return done


@contextmanager
def maintenance(connection: BaseDatabaseWrapper, target: str) -> Iterator[BaseDatabaseWrapper]:
    """A connection to a database that stays: not the target, and not any that an application uses if possible."""
    tried = []
    for name in dict.fromkeys([*_STAYING, database_name(connection)]):
        if name == target:
            continue
        base = beside(connection, name)
        try:
            base.ensure_connection()
        except OperationalError as error:
            base.close()
            tried.append(f"\n  {name}: {str(error).strip()}")
            continue
        try:
            for setting in ("idle_session_timeout", "statement_timeout"):  # it waits while others work, for hours
                fetch(base, "SELECT set_config(%s, '0', false)", [setting])
            yield base
        finally:
            base.close()
        return
    raise RestoreRefused(
        f"To rename {target}, another database of the server has to be open, and none is:{''.join(tried)}\nNothing was"
        " changed. Remedy: GRANT CONNECT ON DATABASE postgres to the role, or correct the address."
    )


def sweep_restores(base: BaseDatabaseWrapper) -> list[str]:
    """Drop what restores that were killed left behind, whichever database it was for; return the names."""
    found = [name for name, comment in owned(base, "_restoring_[0-9a-f]{8}$") if comment == MARK]
    return sweep(base, found)


class _Restoring:
    """One restore. ``base`` is a connection of its own to a database that stays."""

    def __init__(
        self,
        base: BaseDatabaseWrapper,
        connection: BaseDatabaseWrapper,
        backup: Backup,
        target: str,
        wish: Wish,
        telling: Telling,
        late: TooLate,
    ) -> None:
        self.base, self.connection, self.backup = base, connection, backup
        self.target, self.wish, self.telling, self.late = target, wish, telling, late

    def run(self) -> Restoration:
        started = time.monotonic()
        self._one_at_a_time()
        there = Definition.read(self.base, self.target)
        self._refuse(there)
        if self.wish.check_room:
            place = (there or self.backup.definition).tablespace
            refuse_without_room(self.base, self.backup, place, self.telling, RestoreRefused)
        if problems := file_problems(self.backup, self.telling):
            raise BackupBroken(
                f"The backup {self.backup.name} is broken:\n  " + "\n  ".join(problems) + f"\n{self.target} is as it"
                " was. Remedy: restore another one; `manage.py backup list` shows them."
            )
        self._confirm(there)
        for name in sweep_restores(self.base):
            self.telling.note(f"Dropped {name}, which a restore that was killed had left behind.")
        kept_as, notes = self._replace(there)
        return Restoration(self.target, self.backup.name, kept_as, round(time.monotonic() - started, 3), notes)

    def _one_at_a_time(self) -> None:
        key = lock_key(self.base, f"restore to {self.target}")
        if not fetch(self.base, "SELECT pg_try_advisory_lock(%s)", [key])[0][0]:
            raise RestoreRefused(f"Another restore to {self.target} is at work. Remedy: wait for it.")

    def _refuse(self, there: Definition | None) -> None:
        """Refuse at the beginning what would be refused at the end."""
        refuse_early(self.base, self.backup, self.target, there)
        if there is None:
            return
        self.connection.close()
        if self._is_in_use():
            raise in_use(self.base, self.target, disconnect=self.wish.disconnect)

    def _is_in_use(self) -> bool:
        """Whether somebody stays in the database; who is just leaving, as we are, gets a moment.

        With ``disconnect`` only a transaction that was prepared does: no session is left that could be ended.
        """
        until = time.monotonic() + _LEAVING_S
        while any(not (self.wish.disconnect and one.pid) for one in occupants(self.base, self.target)):
            if time.monotonic() > until:
                return True
            time.sleep(0.05)
        return False

    def _confirm(self, there: Definition | None) -> None:
        if there is None or self.wish.confirm is None:
            return
        if not there.lets_in:
            raise RestoreRefused(
                f"{self.target} lets nobody in, so what would be lost cannot be counted. Nothing was changed. Remedy:"
                f" restore with --no-input if that may go, or ALTER DATABASE {identifier(self.target)} ALLOW_CONNECTIONS true."
            )
        with beside_closed(self.base, self.target) as old:
            found = losses(old, self.backup, self.telling)
        if not self.wish.confirm(self.target, found):
            raise RestoreRefused(f"Not confirmed: {self.target} is as it was.")

    def _replace(self, there: Definition | None) -> tuple[str | None, list[str]]:
        fresh = beside_name(self.target, f"_restoring_{uuid.uuid4().hex[:8]}")
        definition = there or self.backup.definition
        base = beside(self.base)
        with kept(base, fresh, definition, placed=True) as keeper:
            with base.cursor() as cursor:
                cursor.execute(f"COMMENT ON DATABASE {identifier(fresh)} IS {literal(MARK)}")
            with known(base, fresh) as restored:
                notes = self._unpack(restored)
            left = [*apply_settings(base, definition, fresh), *not_carried_over(base, self.target)]
            notes += [f"not carried over: {line}" for line in left]
            old = self._old_name() if there else None
            self.telling.stage(f"Swapping {self.target}")
            self.late.begin()
            swap(base, fresh, self.target, old=old, definition=definition, disconnect=self.wish.disconnect)
            keeper.give_away()
            if old is not None and self.wish.drop_old:
                old, why = _dropped(base, old)
                notes += why
        return old, notes

    def _unpack(self, restored: BaseDatabaseWrapper) -> list[str]:
        """Restore and compare; return what is not as it was and no backup's fault, a line each."""
        try:
            unpack(restored, self.backup, self.telling, jobs=self.wish.jobs)
        except ProgramFailed as error:
            another = "restore another one; `manage.py backup list` shows them."
            remedy = remedy_here(error) or remedy_there(error) or another
            raise RestoreRefused(
                f"{self.backup.name} could not be restored: {error}\n{self.target} is as it was. Remedy: {remedy}"
            ) from error
        self.telling.stage("Collecting statistics for the planner")
        with restored.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
            cursor.execute("ANALYZE")
        found = compare(restored, self.backup, self.telling)
        if found.problems:
            raise BackupBroken(
                f"What came out of {self.backup.name} is not what went in:\n  "
                + "\n  ".join(found.problems)
                + f"\n{self.target} is as it was."
            )
        return found.notes

    def _old_name(self) -> str:
        """A name for the database as it was, which none has yet: the clock may have gone back."""
        ending = f"{BEFORE}{datetime.now(UTC):%Y%m%dt%H%M%S}"
        taken = {row[0] for row in fetch(self.base, "SELECT datname FROM pg_database")}
        names = (beside_name(self.target, f"{ending}{further}") for further in ("", *(f"_{n}" for n in range(2, 99))))
        return next(name for name in names if name not in taken)


def _dropped(base: BaseDatabaseWrapper, old: str) -> tuple[str | None, list[str]]:
    """Drop the database as it was; return its name if it is still there, and why. The restore is done in any case."""
    name = identifier(old)
    try:
        with base.cursor() as cursor:
            cursor.execute(f"ALTER DATABASE {name} IS_TEMPLATE false")
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
    except DatabaseError as error:
        return old, [f"the database as it was could not be dropped: {str(error).strip()}"]
    return None, []


def beside_name(database: str, ending: str) -> str:
    """A name that begins with that of the database and has room for an ending."""
    return clip(database, MAX_BYTES - len(ending.encode())) + ending


@contextmanager
def beside_closed(base: BaseDatabaseWrapper, database: str) -> Iterator[BaseDatabaseWrapper]:
    """A connection to another database of the server, closed at the end."""
    made = beside(base, database)
    try:
        yield made
    finally:
        made.close()
