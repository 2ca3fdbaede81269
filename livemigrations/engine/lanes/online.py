"""The online lane: work that may take hours and stops nobody, so that no timeout may cut it off."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from django.db import DatabaseError

from livemigrations import conf
from livemigrations.catalog.activity import builder_of, old_transactions
from livemigrations.catalog.definitions import read_indexes
from livemigrations.catalog.relations import relation, relation_oid
from livemigrations.catalog.twins import index_as_defined
from livemigrations.engine.connections import sqlstate
from livemigrations.engine.journal import Measures, Row
from livemigrations.engine.lanes.batch import begin
from livemigrations.engine.lanes.instant import open_transaction, roll_back
from livemigrations.engine.lanes.progress import progress_of
from livemigrations.engine.locks import RETRIED, Admission
from livemigrations.engine.obstacles import in_words, name_taken
from livemigrations.engine.session import Session
from livemigrations.engine.steps import IndexTarget
from livemigrations.engine.watchdog import Watchdog
from livemigrations.errors import DefinitionConflict
from livemigrations.statements.names import Name

_EXISTS = "42P07"


def run_validation(session: Session, row: Row) -> Measures:
    """Run VALIDATE with its journal row in one transaction, without timeouts."""

    def validate() -> bool:
        with session.connection.cursor() as cursor:
            try:
                open_transaction(cursor, session, 0)
                for statement in [session.journal.done_sql(row), *row.definition.sql]:
                    cursor.execute(statement)
                cursor.execute("COMMIT")
            except BaseException:
                roll_back(cursor)
                raise
        return False

    measures, _ = _patiently(session, row, validate, RETRIED)
    return measures


def run_untransactional(session: Session, row: Row) -> Measures:
    """Run what no transaction can hold, between the two states of its journal row."""
    step = row.definition

    begun = row.state != "planned"

    def build() -> bool:
        nonlocal begun
        if step.index and not step.index.drop and settle(session, step.index):
            return not begun
        begin(session, row)
        begun = True
        return _build(session, step.index, step.sql) if step.index else _execute(session, step.sql)

    measures, adopted = _patiently(session, row, build, (*RETRIED, _EXISTS) if step.index else RETRIED)
    with session.connection.cursor() as cursor:
        cursor.execute(session.journal.done_sql(row, adopted=adopted))
    return measures


def _patiently(session: Session, row: Row, work: Callable[[], bool], retried: tuple[str, ...]) -> tuple[Measures, bool]:
    """Do the work without timeouts, again as long as it fails with one of the states; returns its answer too."""
    step, tell = row.definition, session.reporter.waiting
    admission = Admission(session.connection, step.locks, lambda found: tell("before asking for a lock", found))
    watchdog = Watchdog(session.connection)
    with (
        session.probe.watch(step.hot, calm=True) as probe,
        _patient(session),
        progress_of(session, step.label),
    ):
        while True:
            admission.wait_for_opening()
            started = time.monotonic()
            try:
                with watchdog.watch():
                    answer = work()
                break
            except DatabaseError as error:
                if not watchdog.fired and sqlstate(error) not in retried:
                    raise
                admission.learn(watchdog.locks)
                admission.back_off()
    waited, duration = started - admission.started, time.monotonic() - started
    stall = max((one for one in (probe.longest_ms, watchdog.longest_ms) if one is not None), default=None)
    return Measures(waited * 1000, duration * 1000, stall, None, admission.attempts + 1), answer


@contextmanager
def _patient(session: Session) -> Iterator[None]:
    """A session without timeouts that the server gives up when this process dies."""
    names = ["lock_timeout", "statement_timeout"]
    settings = [f"SET {name} = 0" for name in names]
    if (workers := conf.maintenance_workers()) is not None:
        names.append("max_parallel_maintenance_workers")
        settings.append(f"SET max_parallel_maintenance_workers = {workers}")
    with session.connection.cursor() as cursor:
        for setting in settings:
            cursor.execute(setting)
        with suppress(DatabaseError):  # not every platform can notice a dead client
            cursor.execute("SET client_connection_check_interval = 1000")
            names.append("client_connection_check_interval")
        try:
            yield
        finally:
            if session.connection.is_usable():
                for name in names:
                    cursor.execute(f"RESET {name}")


def _execute(session: Session, statements: tuple[str, ...]) -> bool:
    with session.connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    return False


def _build(session: Session, target: IndexTarget, statements: tuple[str, ...]) -> bool:
    """Build or drop an index."""
    if target.drop:
        return _execute(session, statements)
    if waits := old_transactions(session.connection):
        session.reporter.waiting("a concurrent index waits for these to end", waits)
    try:
        return _execute(session, statements)
    except DatabaseError as error:
        if sqlstate(error) != _EXISTS:
            _drop_leftover(session, target)
        raise


def settle(session: Session, target: IndexTarget) -> bool:
    """Whether the index stands there, valid and as defined. An invalid leftover is dropped.

    Raises ``DefinitionConflict`` for another relation, or another definition, under that name.
    """
    connection = session.connection
    table = Name(target.schema, target.table)
    table_oid = relation_oid(connection, table)
    assert table_oid is not None, table
    wait_for_builder(session, target)
    schema = Name(target.schema or _schema_of(session, table), target.name)
    found = relation(connection, schema)
    if found is None:
        return False
    index = read_indexes(connection, table_oid).get(target.name)
    if index is None:
        raise DefinitionConflict(
            f"{in_words(name_taken(connection, schema))} Then migrate again. This step changed nothing."
        )
    if not index.valid:
        session.reporter.note(f"    {target.name} is an invalid leftover: dropped and built anew")
        _execute(session, (f"DROP INDEX CONCURRENTLY IF EXISTS {schema}",))
        return False
    wanted = index_as_defined(connection, table, target.rest, unique=target.unique)
    if index.definition != wanted:
        raise DefinitionConflict(
            f"The index {target.name} of {table.plain} exists with another definition. This step changed nothing.\n"
            f"  there: {index.definition}\n  here:  {wanted}\n{in_words(name_taken(connection, schema))} Then migrate again."
        )
    return True


def _schema_of(session: Session, table: Name) -> str:
    found = relation(session.connection, table)
    return found.schema if found else ""


def wait_for_builder(session: Session, target: IndexTarget) -> None:
    """Let the backend of a run that was killed finish or notice; it may still be building, or waiting to."""
    told, table = False, Name(target.schema, target.table)
    while (pid := builder_of(session.connection, relation_oid(session.connection, table), target.name)) is not None:
        if not told:
            session.reporter.note(f"    waiting for pid {pid}, which is still building an index on this table")
            told = True
        time.sleep(0.2)


def _drop_leftover(session: Session, target: IndexTarget) -> None:
    """After a failed build: take the invalid index away if the connection still works."""
    connection = session.connection
    if connection.connection is None or not connection.is_usable():
        return
    schema = Name(target.schema or _schema_of(session, Name(target.schema, target.table)), target.name)
    table_oid = relation_oid(connection, Name(target.schema, target.table))
    index = read_indexes(connection, table_oid).get(target.name) if table_oid else None
    if index and not index.valid:
        _execute(session, (f"DROP INDEX CONCURRENTLY IF EXISTS {schema}",))
