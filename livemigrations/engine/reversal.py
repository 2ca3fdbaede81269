"""Taking back a run that failed, operation by operation; what traffic wrote meanwhile stays or is kept."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from itertools import groupby

from django.db import DatabaseError, InterfaceError

from livemigrations.engine.executor import LiveExecutor
from livemigrations.engine.runner import GOES_ON
from livemigrations.engine.selection import Begun, Selection
from livemigrations.engine.session import Session
from livemigrations.errors import LiveMigrationError, RolledBack, StepFailed


def take_back(session: Session, begun: Iterable[Begun], cause: BaseException) -> None:
    """Reverse the migrations that a failed run began, newest first, in a run of its own.

    What the run only recorded (``--fake``, ``--fake-initial``) was there before: its record is taken back, not it.
    Raises ``RolledBack`` when all of it is done, ``StepFailed`` when that failed as well; both tell ``cause``.
    """
    back = [Begun(item.migration, not item.backwards, item.fake) for item in reversed(list(begun))]
    session.reporter.note("The run failed: what it did is taken back.")
    executors: list[LiveExecutor] = []
    try:
        for (backwards, fake), part in groupby(back, lambda item: (item.backwards, item.fake)):  # a run goes one way
            plan = [(item.migration, backwards) for item in part]
            executors.append(LiveExecutor(session, Selection(), fake=fake))
            executors[-1].run_plan(plan, fake=fake)
        session.journal.end_run("finished")
    except Exception as error:  # noqa: BLE001 - whatever stopped it, a person must hear both stories
        _end_failed(session, error)
        why = str(error) if isinstance(error, LiveMigrationError) else f"{type(error).__name__}: {error}"
        left = sum(item.backwards for item in back) - sum(len(one.unapplied) for one in executors)
        raise StepFailed(
            f"The run failed, and taking it back failed as well:\n{why}\nNothing is lost: migrate goes on forwards,"
            f" migrate --back {max(left, 0) or 'N'} backwards, from where it stands. Why the run failed:\n{cause}"
        ) from cause
    raise RolledBack(
        "The run failed and was taken back: the schema is as it was before. What traffic wrote into tables and columns"
        " that had been added is kept, and returns with them (manage.py migrations kept)."
        f" Why the run failed:\n{str(cause).removesuffix(GOES_ON).rstrip()}"
    ) from cause


def _end_failed(session: Session, error: Exception) -> None:
    """Have the journal say so, if there is a connection to say it over."""
    with suppress(DatabaseError, InterfaceError):
        session.journal.end_run("failed", f"{type(error).__name__}: {error}")
