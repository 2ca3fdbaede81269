"""Runs one step in its lane, and says what went wrong in words that help."""

from __future__ import annotations

from collections.abc import Callable

from django.db import DatabaseError, transaction

from livemigrations.catalog.relations import fetch
from livemigrations.engine.connections import sqlstate
from livemigrations.engine.journal import Measures, Operation, Row
from livemigrations.engine.lanes import batch, fill, instant, online, transfer
from livemigrations.engine.obstacles import obstacles
from livemigrations.engine.session import Session
from livemigrations.engine.steps import Lane, RowCheck, Step
from livemigrations.errors import DefinitionConflict, MissingRights, RowsInTheWay, StepFailed
from livemigrations.results import StepReport


def run_step(session: Session, operation: Operation, row: Row, work: Callable[[], None] | None = None) -> None:
    """Run a step that is not done yet, journal it and its measures, and tell the reporter and the signals."""
    session.lease.check()
    step = row.definition
    session.reporter.step(step.label)
    name = f"{operation.app}.{operation.migration}"
    session.step_started(name, operation.index, step)
    try:
        _look_at_subscribers(session, step)
        for check in step.checks:
            ask(session, check)
        measures = _lane(session, row, work)
    except DatabaseError as error:
        raise _explained(session, operation, row, error) from error
    except DefinitionConflict as conflict:
        raise DefinitionConflict(f"{conflict}{_done_before(session, operation)}") from conflict
    session.journal.measured(row, measures)
    report = StepReport(
        name, operation.index, step.label, step.lane.value, measures.lock_wait_ms, measures.duration_ms,
        measures.stall_ms, measures.rows, measures.attempts,
    )  # fmt: skip
    session.step_finished(step, report)


def _done_before(session: Session, operation: Operation) -> str:
    """The steps of an operation that are done already, for a message about one that is not."""
    rows = session.journal.open_rows(operation.app, operation.migration).get(operation.index, [])
    labels = [row.definition.label for row in rows if row.done]
    return f"\nAlready done in this operation, and kept: {', '.join(labels)}." if labels else ""


def _look_at_subscribers(session: Session, step: Step) -> None:
    session.replication.refuse(step)
    for note in session.replication.notes(step):
        session.reporter.note(f"    {note}")


def _lane(session: Session, row: Row, work: Callable[[], None] | None) -> Measures:
    step = row.definition
    if work is not None:
        return batch.run_python(session, row, work)
    if step.transfer is not None:
        return transfer.run_transfer(session, row)
    if step.fill is not None:
        return fill.run_fill(session, row)
    if not step.transactional:
        return online.run_untransactional(session, row)
    if step.lane == Lane.ONLINE:
        return online.run_validation(session, row)
    if step.lane == Lane.BATCH:
        return batch.run_rows(session, row)
    return instant.run_instant(session, row)


def ask(session: Session, check: RowCheck) -> None:
    """Raise ``RowsInTheWay`` if rows would break the step. A large table may take longer than the role's timeouts."""
    with transaction.atomic(using=session.connection.alias), session.connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0")
        if check.helper:
            cursor.execute(check.helper)
        count = fetch(session.connection, check.count)[0][0]
        sample = fetch(session.connection, check.sample) if count else []
        transaction.set_rollback(bool(check.helper), using=session.connection.alias)
    if count:
        rows = "\n".join(f"  {row[0]}" for row in sample)
        raise RowsInTheWay(
            f"{check.problem.replace('{count}', f'{count:,}')}. The first of them:\n{rows}\n"
            f"Nothing of this step was changed. Remedy: {check.remedy}."
        )


ALREADY_THERE = (
    "if it is what the migration makes, manage.py migrations adopt records it (--dry-run shows what it would do);"
    " otherwise rename it, or drop it if nothing needs it, then migrate again"
)
GOES_ON = "What was done before is kept; migrate goes on at this step."
_REMEDIES = {
    "42P07": ALREADY_THERE,
    "2BP01": "drop what depends on it first; a kept table in rolled_back may be let go of (manage.py migrations kept), or"
    " keep the column as text (ALTER TABLE rolled_back.… ALTER COLUMN … TYPE text), then migrate again",
    "42701": ALREADY_THERE,
    "23": "correct the rows that the message names, then migrate again",
    "53": "make room (disk, memory or connections), then migrate again",
    "08": "look why the connection was lost, then migrate again",
    "57": "look why the server ended the statement, then migrate again",
    "3F": "make the schema that the message names, or let an earlier migration make it, then migrate again",
    "42": "correct the migration or what the message names in the database, then migrate again",
}


def remedy_of(state: str) -> str:
    """What to do about an error with this SQLSTATE before the next try."""
    return _REMEDIES.get(state) or _REMEDIES.get(state[:2], "look into the message, then migrate again")


def _explained(session: Session, operation: Operation, row: Row, error: DatabaseError) -> StepFailed | MissingRights:
    """The database's error with the step that met it and what to do."""
    state = sqlstate(error)
    where = f"{operation.app}.{operation.migration}, operation {operation.index + 1}: {row.definition.label}"
    text = str(error).strip()
    if state == "42501":
        role, owners = _role_and_owners(session, row)
        return MissingRights(
            f"{where}\n  {text}\nThe role {role} lacks a right.{owners} Remedy: run migrate as the owner, or"
            f" GRANT {role} what the message names, or the owner's role. {GOES_ON}"
        )
    found = obstacles(session.connection, row.definition.sql)
    remedy = "; ".join(one.remedy for one in found) or remedy_of(state)
    if row.definition.transfer is not None and row.definition.transfer.back:
        kept_as = row.definition.transfer.kept_as
        remedy += (
            f"; or leave there what is refused: manage.py migrations kept --put-back {kept_as}, then migrate again"
        )
        remedy += f"; or let go of what is kept: manage.py migrations kept --discard {kept_as}"
    return StepFailed(f"{where}\n  {text}\n  SQLSTATE {state or '(connection lost)'}. Remedy: {remedy}. {GOES_ON}")


def _role_and_owners(session: Session, row: Row) -> tuple[str, str]:
    try:
        rows = fetch(
            session.connection,
            "SELECT current_user, string_agg(c.relname || ' belongs to ' || pg_get_userbyid(c.relowner), ', ')"
            " FROM pg_class c WHERE c.oid = ANY (SELECT to_regclass(n)::oid FROM unnest(%s::text[]) n)",
            [list(row.definition.locks)],
        )
    except DatabaseError:
        return "of this connection", ""
    return rows[0][0], f" {rows[0][1]}." if rows[0][1] else ""
