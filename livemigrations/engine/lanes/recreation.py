"""What was dropped together with a table is created again once the table and its rows are back."""

from __future__ import annotations

from functools import partial

from django.db import DatabaseError

from livemigrations import conf
from livemigrations.catalog.cascades import Dependent, noted
from livemigrations.catalog.kept import Kept
from livemigrations.engine.connections import sqlstate
from livemigrations.engine.lanes.batch import repeated
from livemigrations.engine.lanes.instant import open_transaction, roll_back
from livemigrations.engine.session import Session

_EXISTS = ("42P07", "42710", "42723")


def recreate(session: Session, line: Kept) -> None:
    """Create views, functions, policies and the like again, each in a transaction of its own.

    Constraints, indexes and the rows of materialized views read whole tables: their statements are only reported, as
    are those that PostgreSQL refuses. What exists already stays as it is.
    """
    for one in noted(session.connection, line.table):
        if one.slow:
            _report(session, one, "reads rows, so that you choose the time")
            continue
        try:
            repeated(session, partial(_created, session, one))
        except DatabaseError as error:
            if sqlstate(error) not in _EXISTS:
                _report(session, one, str(error).strip().splitlines()[0])


def _created(session: Session, one: Dependent) -> None:
    with session.connection.cursor() as cursor:
        try:
            open_transaction(cursor, session, conf.data_lock_timeout_ms())
            for statement in one.create:
                cursor.execute(statement)
            cursor.execute("COMMIT")
        except BaseException:
            roll_back(cursor)
            raise


def _report(session: Session, one: Dependent, why: str) -> None:
    statements = "; ".join(one.create)
    session.reporter.note(
        f"    {one.described} was dropped with the table and is not created again ({why}): {statements};"
    )
