"""Runs a unit of steps in its lane, and says what went wrong in words that help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.db import DatabaseError, transaction

from livemigrations.catalog.relations import fetch
from livemigrations.engine.connections import sqlstate
from livemigrations.engine.context import carry
from livemigrations.engine.failures import interrupted
from livemigrations.engine.guard import TookTooLong
from livemigrations.engine.journal import Measures, Operation, Row
from livemigrations.engine.lanes import batch, fill, instant, online, transfer
from livemigrations.engine.lanes.instant import open_transaction, roll_back
from livemigrations.engine.locks import lock_statements, lockable
from livemigrations.engine.obstacles import in_words, obstacles
from livemigrations.engine.session import Session
from livemigrations.engine.steps import Lane, RowCheck, Step
from livemigrations.engine.units import Part, Sort, Unit, merged, sort_of
from livemigrations.errors import DefinitionConflict, LockDeadlineExceeded, MissingRights, RowsInTheWay, StepFailed
from livemigrations.results import StepReport
from livemigrations.statements.changes import Thing, changes_of
from livemigrations.statements.names import parse_name
from livemigrations.statements.parse import Kind, parse

_COMMON_MOMENT_S = 30  # how long a unit that may be divided waits for a moment when all its tables are free

_TENTATIVE_MS = 100  # how long a statement on rows may run while catalog changes of the same transaction lock tables


def run_step(session: Session, operation: Operation, row: Row) -> None:
    """Run a single step that is not done yet."""
    part = Part(operation, row.direction, row.step, row.definition, sort_of(row.definition, from_sql=True), row=row)
    run_unit(session, Unit([part]))


def run_unit(session: Session, unit: Unit) -> None:
    """Run steps that are not done yet, journal them and their measures, and tell the reporter and the signals."""
    session.lease.check()
    for part in unit.parts:
        session.reporter.step(part.step.label)
        session.step_started(_name(part), part.operation.index, part.step)
    try:
        measures = _asked_and_run(session, unit)
    except (TookTooLong, LockDeadlineExceeded) as error:
        smaller = _smaller(unit, error)
        if not smaller:
            raise
        carry(smaller)
        for one in smaller:
            run_unit(session, one)
        return
    for number, part in enumerate(unit.parts):
        assert part.row is not None
        taken = measures if not number else Measures(attempts=measures.attempts)
        session.journal.measured(part.row, taken)
        report = StepReport(
            _name(part), part.operation.index, part.step.label, part.step.lane.value, taken.lock_wait_ms,
            taken.duration_ms, taken.stall_ms, taken.rows, taken.attempts,
        )  # fmt: skip
        session.step_finished(part.step, report)


def _smaller(unit: Unit, error: Exception) -> list[Unit]:
    """The units to run instead of one that failed as a whole; none if it must not be divided."""
    if isinstance(error, TookTooLong):
        return unit.parted() if unit.is_tentative else []
    return unit.divided() if unit.divisible and len(_hot(unit)) > 1 else []


def _asked_and_run(session: Session, unit: Unit) -> Measures:
    try:
        for part in unit.parts:
            _look_at_subscribers(session, part.step)
            for check in part.step.checks:
                ask(session, check, lenient=len(unit.parts) > 1)
        return _run(session, unit)
    except DatabaseError as error:
        if interrupted(error):
            raise
        raise _explained(session, _culprit(session, unit), error) from error
    except DefinitionConflict as conflict:
        raise DefinitionConflict(f"{conflict}{_done_before(session, unit.parts[0].operation)}") from conflict


def ask_ahead(session: Session, units: Sequence[Unit]) -> None:
    """Ask the questions of later units before the first one runs, so that what rows forbid is not begun.

    Raises ``RowsInTheWay``. A question is left for later if an earlier step writes rows or makes what it reads.
    """
    for unit in units:
        for part in unit.parts:
            if _writes_rows(part):
                return
            for check in part.step.checks if unit is not units[0] else ():
                ask(session, check, lenient=True)


def _writes_rows(part: Part) -> bool:
    """Whether a part may change rows of the application's tables; copying them elsewhere does not."""
    step = part.step
    if step.transfer is not None:
        return step.transfer.back
    return part.sort == Sort.ROWS or step.fill is not None or (step.lane == Lane.BATCH and not step.later)


def refuse_obstacles(session: Session, units: Sequence[Unit]) -> None:
    """Raise ``DefinitionConflict`` if something depends on a column that a later unit changes or drops.

    What an earlier statement of the units drops is not in the way by then.
    """
    gone: list[Thing] = []
    for step in (step for unit in units for step in unit.steps):
        statements = [statement for sql in step.sql for statement in parse(sql)]
        for statement in statements:
            gone += changes_of(statement).removed
        touching = [one.sql for one in statements if one.kind in (Kind.DROP_COLUMN, Kind.ALTER_TYPE)]
        left = [one for one in obstacles(session.connection, touching) if not _is_cleared(one.clearing, gone)]
        if left:
            raise DefinitionConflict(f"{in_words(left)}\nNothing was changed.")


def _is_cleared(clearing: str, gone: Sequence[Thing]) -> bool:
    needed = [thing for statement in parse(clearing) for thing in changes_of(statement).removed]
    return bool(needed) and all(any(thing.is_same(one) for one in gone) for thing in needed)


def _name(part: Part) -> str:
    return f"{part.operation.app}.{part.operation.migration}"


def _hot(unit: Unit) -> set[str]:
    return {table for step in unit.steps for table in step.hot}


def _done_before(session: Session, operation: Operation) -> str:
    """The steps of an operation that are done already, for a message about one that is not."""
    rows = session.journal.open_rows(operation.app, operation.migration).get(operation.index, [])
    labels = [row.definition.label for row in rows if row.done]
    return f"\nAlready done in this operation, and kept: {', '.join(labels)}." if labels else ""


def _look_at_subscribers(session: Session, step: Step) -> None:
    session.replication.refuse(step)
    for note in session.replication.notes(step):
        session.reporter.note(f"    {note}")


def _run(session: Session, unit: Unit) -> Measures:
    part = unit.parts[0]
    assert part.row is not None
    if unit.alone:
        return _run_alone(session, part, part.row)
    step = merged(unit.parts, _one_name_each(session, unit.steps))
    if unit.has_unknown_duration and (any(one.work for one in unit.parts) or not step.hot):
        parts = [
            (one.row, replace(one.step, sql=(*one.held, *one.step.sql)), one.work) for one in unit.parts if one.row
        ]
        return batch.run_together(session, step, parts)
    within = _COMMON_MOMENT_S if unit.divisible and len(step.hot) > 1 else None
    limit = _TENTATIVE_MS if unit.is_tentative else None
    return instant.run_instant(
        session, step, [one.row for one in unit.parts if one.row], within_s=within, limit_ms=limit
    )


def _run_alone(session: Session, part: Part, row: Row) -> Measures:
    step = part.step
    if part.work is not None:
        return batch.run_outside(session, row, part.work)
    if step.transfer is not None:
        return transfer.run_transfer(session, row)
    if step.fill is not None:
        return fill.run_fill(session, row)
    if not step.transactional:
        return online.run_untransactional(session, row)
    if step.lane == Lane.ONLINE:
        return online.run_validation(session, row)
    return batch.run_together(session, step, [(row, step, None)])


def _one_name_each(session: Session, steps: Sequence[Step]) -> dict[str, str]:
    """The names of the tables in the steps' locks, each with the first one of the same table."""
    first: dict[int | str, str] = {}
    called: dict[str, str] = {}
    for table in dict.fromkeys(table for step in steps for table in step.locks):
        found = session.around.find(parse_name(table))
        called[table] = first.setdefault(found.oid if found else table, table)
    return called


def _culprit(session: Session, unit: Unit) -> Part:
    """The part whose statement fails: the server does not say which statement of several it was."""
    if len(unit.parts) == 1 or any(part.work for part in unit.parts):
        return unit.parts[0]
    connection = session.connection
    if connection.connection is None or not connection.is_usable():
        return unit.parts[0]
    locks = lockable(connection, merged(unit.parts, {}).locks)
    with connection.cursor() as cursor:
        try:
            open_transaction(cursor, session, 50)
            for statement in lock_statements(locks):
                cursor.execute(statement)
        except DatabaseError:
            roll_back(cursor)
            return unit.parts[0]
        try:
            for part in unit.parts:
                for statement in part.step.sql:
                    cursor.execute(statement)
        except DatabaseError:
            return part
        finally:
            roll_back(cursor)
    return unit.parts[0]


# A table, column, type, function or schema that an earlier statement makes.
NOT_THERE = ("42P01", "42703", "42704", "42883", "3F000")


def ask(session: Session, check: RowCheck, *, lenient: bool = False) -> None:
    """Raise ``RowsInTheWay`` if rows would break the step. A large table may take longer than the role's timeouts.

    ``lenient``: a question about what an earlier statement makes finds nothing in the way.
    """
    try:
        _ask(session, check)
    except DatabaseError as error:
        if not (lenient and (sqlstate(error) in NOT_THERE or sqlstate(error).startswith("22"))):
            raise


def _ask(session: Session, check: RowCheck) -> None:
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


def _explained(session: Session, part: Part, error: DatabaseError) -> StepFailed | MissingRights:
    """The database's error with the step that met it and what to do."""
    state, step = sqlstate(error), part.step
    where = f"{_name(part)}, operation {part.operation.index + 1}: {step.label}"
    text = str(error).strip()
    if state == "42501":
        role, owners = _role_and_owners(session, step)
        return MissingRights(
            f"{where}\n  {text}\nThe role {role} lacks a right.{owners} Remedy: run migrate as the owner, or"
            f" GRANT {role} what the message names, or the owner's role. {GOES_ON}"
        )
    found = obstacles(session.connection, step.sql)
    remedy = "; ".join(one.remedy for one in found) or remedy_of(state)
    if step.transfer is not None and step.transfer.back:
        kept_as = step.transfer.kept_as
        remedy += (
            f"; or leave there what is refused: manage.py migrations kept --put-back {kept_as}, then migrate again"
        )
        remedy += f"; or let go of what is kept: manage.py migrations kept --discard {kept_as}"
    return StepFailed(f"{where}\n  {text}\n  SQLSTATE {state or '(connection lost)'}. Remedy: {remedy}. {GOES_ON}")


def _role_and_owners(session: Session, step: Step) -> tuple[str, str]:
    try:
        rows = fetch(
            session.connection,
            "SELECT current_user, string_agg(c.relname || ' belongs to ' || pg_get_userbyid(c.relowner), ', ')"
            " FROM pg_class c WHERE c.oid = ANY (SELECT to_regclass(n)::oid FROM unnest(%s::text[]) n)",
            [list(step.locks)],
        )
    except DatabaseError:
        return "of this connection", ""
    return rows[0][0], f" {rows[0][1]}." if rows[0][1] else ""
