"""Transfers: rows carried to what is kept of a table or column, or back, in pages that stall nobody."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations import conf
from livemigrations.catalog import carrying, returning
from livemigrations.catalog.kept import Kept, entry, position_sql
from livemigrations.catalog.keys import row_key
from livemigrations.catalog.relations import Relation, relation
from livemigrations.catalog.silencing import NOTHING_TO_SILENCE, Silence, silence
from livemigrations.engine.connections import sqlstate
from livemigrations.engine.journal import Measures, Row
from livemigrations.engine.keeping_columns import keeps_nulls, untouched
from livemigrations.engine.lanes.batch import repeated
from livemigrations.engine.lanes.instant import open_transaction, roll_back
from livemigrations.engine.lanes.recreation import recreate
from livemigrations.engine.session import Session
from livemigrations.errors import StepFailed
from livemigrations.operations.fills import ALL_ROWS
from livemigrations.results import PutBack
from livemigrations.statements.names import identifier, literal

_REFUSED, _MOST_REFUSED = ("22", "23", "P0"), 100
_FIRST_PAGE, _LARGEST_PAGE = 1_000, 50_000
_TARGET_S = 0.1

# Policies that hide rows raise an error, and the texts of a position mean the same in each session.
_SETTINGS = (
    f"{ALL_ROWS}; SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = 'postgres';"
    " SET LOCAL extra_float_digits = 1"
)

Page = Callable[[list[str] | None, int | None], str]


@dataclass(frozen=True, slots=True)
class _Way:
    """How one transfer goes: its pages, how one is passed over, whether there are any, and what to count at the end.

    ``quiet`` keeps the triggers of a table silent while the values of a column return: the rows do not change.
    """

    page: Page
    over: Page
    paged: bool
    left: str
    state: str
    quiet: Silence = NOTHING_TO_SILENCE


def run_transfer(session: Session, row: Row) -> Measures:
    """Carry page after page, each in a transaction with the position that it reached, and settle the register."""
    transfer = row.definition.transfer
    assert transfer is not None
    started = time.monotonic()
    line = entry(session.connection, transfer.kept_as)
    if line is None or relation(session.connection, line.table) is None:
        session.reporter.note(f"    nothing is kept as {transfer.kept_as} any more: nothing to put back")
        gone = f"DELETE FROM livemigrations_kept WHERE kept_as = {literal(transfer.kept_as)}"
        _transaction(session, [gone, session.journal.done_sql(row)])
        return Measures()
    if line.state == "put back":  # somebody has tried it by itself: what is left then is not waited for
        session.reporter.note(f"    {line.rows:,} of what was kept of {line.what} stay in {line.table.plain}")
        _transaction(session, [session.journal.done_sql(row)])
        return Measures()
    if transfer.back:
        way = _back(session.connection, line, only_untouched=transfer.only_untouched, silent=True)
    else:
        way = _out(session.connection, line)
    line = _begun(session, line, way)
    attempts, written, _ = _carry(session, line, way)
    _settle(session, [session.journal.done_sql(row)], line, way)
    return Measures(0.0, (time.monotonic() - started) * 1000, 0.0, written, attempts)


def put_back(session: Session, line: Kept) -> PutBack:
    """Try again what found no place, outside of any migration and under the session's lease.

    Raises ``StepFailed`` where the table or the column is not there.
    """
    connection, refusal = session.connection, ""
    if relation(connection, line.table) is None:
        raise StepFailed(
            f"{line.table.plain} is gone: somebody dropped it. Nothing was changed. Remedy: migrations kept --discard"
            f" {line.kept_as} forgets it."
        )
    before = _count(session, _back(connection, line, only_untouched=True).left)
    line = _begun(session, line, way := _back(connection, line, only_untouched=True))
    try:
        *_, refusal = _carry(session, line, way)
    except DatabaseError as error:
        if sqlstate(error)[:2] not in _REFUSED:
            raise
        refusal = str(error).strip()
    found = _relation(connection, line)
    ends = returning.way_back(connection, found.oid, line)
    reasons = _answers(session, returning.reasons(ends)) if _count(session, way.left) else []
    left = _settle(session, [], line, way)
    return PutBack(line.kept_as, line.what, before - left, left, reasons, refusal)


def _begun(session: Session, line: Kept, way: _Way) -> Kept:
    """The line once the register says which way its rows go; one that goes that way already goes on."""
    if line.state == way.state:
        return line
    _transaction(session, [position_sql(line, None, state=way.state)])
    return entry(session.connection, line.kept_as) or line


def copy_script(connection: BaseDatabaseWrapper, line: Kept) -> list[str]:
    """The statements that copy a column in one go, for a script."""
    return [_out(connection, line).page(None, None), _count_sql(line)]


def _count_sql(line: Kept) -> str:
    count = f"UPDATE livemigrations_kept SET state = 'kept', rows = (SELECT count(*) FROM {line.table})"
    return f"{count} WHERE kept_as = {literal(line.kept_as)}"


def _out(connection: BaseDatabaseWrapper, line: Kept) -> _Way:
    found = _relation(connection, line)
    key = row_key(connection, found.oid, without=line.attribute)
    nulls = keeps_nulls(connection, found.oid, line.attribute)

    def page(position: list[str] | None, limit: int | None) -> str:
        return carrying.out_of_column(line, key, nulls=nulls, position=position, limit=limit)

    return _Way(page, page, paged=True, left="", state="copying")


def _relation(connection: BaseDatabaseWrapper, line: Kept) -> Relation:
    found = relation(connection, line.origin)
    if found is None:
        raise StepFailed(
            f"The table {line.origin.plain} is gone; {line.table.plain} belongs to it. Nothing was changed. Remedy: make"
            f" it again, or let go of what is kept (manage.py migrations kept --discard {line.kept_as}); then migrate."
        )
    return found


def _back(connection: BaseDatabaseWrapper, line: Kept, *, only_untouched: bool, silent: bool = False) -> _Way:
    """How rows return; ``silent`` where that is part of a migration, which fires no trigger when it adds a column."""
    found = _relation(connection, line)
    ends = returning.way_back(connection, found.oid, line)
    fresh = "TRUE"
    if line.attribute:
        _refuse_lost_column(line, ends)
    if only_untouched and line.attribute and not line.narrowed_to:
        fresh = untouched(connection, found.oid, line.attribute, "t")

    def column(position: list[str] | None, limit: int | None) -> str:
        return returning.into_column(ends, position, limit or _LARGEST_PAGE, untouched=fresh)

    def over(position: list[str] | None, limit: int | None) -> str:
        return returning.passed_over(ends, position, limit or 1)

    def table(position: list[str] | None, limit: int | None) -> str:
        return returning.into_table(ends, position, limit)

    if line.attribute:
        quiet = NOTHING_TO_SILENCE
        if silent:
            quiet = silence(connection, str(line.origin), identifier(line.attribute))
        return _Way(column, over, paged=True, left=returning.left_of_column(ends), state="putting back", quiet=quiet)
    return _Way(table, over, ends.paged, left=returning.left_of_table(ends), state="putting back")


def _refuse_lost_column(line: Kept, ends: returning.Way) -> None:
    """Raise ``StepFailed`` where the values of a column could not find their rows, or the column is gone."""
    why = "" if ends.kept_key else f"has another key than the one by which the values of {line.what} are kept"
    why = why if line.attribute in ends.table else f"has no column {line.attribute}"
    if why:
        raise StepFailed(
            f"The table {line.origin.plain} {why}. Nothing was changed; the values stay in {line.table.plain}. Remedy:"
            f" write them back by hand, or let go of them (manage.py migrations kept --discard {line.kept_as})."
        )


def _carry(session: Session, line: Kept, way: _Way) -> tuple[int, int, str]:
    """Carry all pages from where the register stands. Returns tries, rows written, what the first refusal said.

    A page with a row that the table refuses is tried in smaller ones, until that row alone is passed over.
    """
    position, limit, seen_in_all, written_in_all, tries, refused = line.position, _FIRST_PAGE, 0, 0, 1, 0
    said = ""
    while True:
        started = time.monotonic()
        try:
            seen, written, last = _repeated(session, line, way, way.page(position, limit if way.paged else None))
            refused = 0 if written else refused
        except DatabaseError as error:
            if not way.paged or sqlstate(error)[:2] not in _REFUSED:
                raise
            if refused >= _MOST_REFUSED:
                if not written_in_all:  # the next try shall not pass over them
                    _transaction(session, [position_sql(line, line.position)])
                raise
            if limit > 1:
                limit = max(1, limit // 10)
                continue
            refused, said = refused + 1, said or str(error).strip()
            seen, written, last = _repeated(session, line, way, way.over(position, 1))
        tries, seen_in_all, written_in_all = tries + 1, seen_in_all + seen, written_in_all + written
        if not way.paged or seen < limit:
            return tries, written_in_all, said
        position = last
        session.reporter.progress(f"{line.what}: {seen_in_all:,} rows", _fraction(line, seen_in_all))
        took = max(time.monotonic() - started, 0.001)
        limit = max(1, int(min(_LARGEST_PAGE, limit * min(2, max(0.5, _TARGET_S / took)))))


def _repeated(session: Session, line: Kept, way: _Way, statement: str) -> tuple[int, int, list[str] | None]:
    return repeated(session, lambda: _page(session, line, way.quiet, statement))


def _fraction(line: Kept, seen: int) -> float | None:
    return min(1.0, seen / line.rows) if line.rows else None


def _page(session: Session, line: Kept, quiet: Silence, statement: str) -> tuple[int, int, list[str] | None]:
    with session.connection.cursor() as cursor:
        try:
            # Who writes a row of this page waits for it: a page must not wait for long itself.
            open_transaction(cursor, session, conf.lock_budget_ms())
            for prepares in (_SETTINGS, *quiet.before):
                cursor.execute(prepares)
            cursor.execute(statement)
            seen, written, last = cursor.fetchone()
            for ends in quiet.after:
                cursor.execute(ends)
            if last is not None:
                cursor.execute(position_sql(line, last))
            cursor.execute("COMMIT")
        except BaseException:
            roll_back(cursor)
            raise
    return seen, written, last


def _settle(session: Session, done: list[str], line: Kept, way: _Way) -> int:
    """The last transaction: rows are counted; what was put back completely is forgotten. Returns what is left."""
    name = literal(line.kept_as)
    if way.state == "copying":
        _transaction(session, [_count_sql(line), *done])
        return 0
    if not line.attribute:
        recreate(session, line)
    left = _count(session, way.left)
    ends = returning.sequences_sql(line)
    if left:
        session.reporter.note(
            f"    {left:,} of what was kept of {line.what} found no place (the row is gone, refers to one that is, was"
            f" written since, or is refused) and stays in {line.table.plain}: see manage.py migrations kept,"
            " which tries them again with --put-back"
        )
        ends.append(f"UPDATE livemigrations_kept SET state = 'put back', rows = {left} WHERE kept_as = {name}")
    else:
        ends += [f"DROP TABLE {line.table} CASCADE", f"DELETE FROM livemigrations_kept WHERE kept_as = {name}"]
    _transaction(session, [*ends, *done])
    return left


def _count(session: Session, query: str) -> int:
    return int(_answers(session, query)[0][0])


def _answers(session: Session, query: str) -> list[tuple[Any, ...]]:
    with session.connection.cursor() as cursor:
        try:
            open_transaction(cursor, session, conf.data_lock_timeout_ms())
            cursor.execute(_SETTINGS)
            cursor.execute(query)
            found = list(cursor.fetchall())
            cursor.execute("COMMIT")
        except BaseException:
            roll_back(cursor)
            raise
    return found


def _transaction(session: Session, statements: list[str]) -> None:
    def attempt() -> None:
        with session.connection.cursor() as cursor:
            try:
                open_transaction(cursor, session, conf.data_lock_timeout_ms())
                for statement in statements:
                    cursor.execute(statement)
                cursor.execute("COMMIT")
            except BaseException:
                roll_back(cursor)
                raise

    repeated(session, attempt)
