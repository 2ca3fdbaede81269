"""Failures of the database outside of any step, put into words; those of a step are the runner's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, InterfaceError, OperationalError

from livemigrations.engine.connections import sqlstate
from livemigrations.errors import LiveMigrationError, MissingRights, StepFailed

_NO_RIGHT = "42501"


def explained(error: BaseException, *, begun: bool) -> LiveMigrationError | None:
    """The failure with its remedy, or None if it is no failure of the database's or one that is clear as it is.

    ``begun`` says whether a run has begun. A server that was never reached has no SQLSTATE: whoever knows the
    address explains that better.
    """
    state, text = sqlstate(error), str(error).strip()
    kept = "What was done before is kept" if begun else "Nothing was changed"
    if state == _NO_RIGHT:
        remedy = "connect as the owner of the tables, or GRANT the owner's role to this one"
        return MissingRights(f"The role of this connection lacks a right: {text}\n{kept}. Remedy: {remedy}.")
    if not isinstance(error, (OperationalError, InterfaceError)) or not (begun or state):
        return None
    when = "between two steps" if begun else "before the first step"
    return StepFailed(
        f"The database failed {when}: {text}\n{kept}. Remedy: look why it failed (its log says more), then try again."
        + (" Migrate goes on from there." if begun else "")
    )


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
