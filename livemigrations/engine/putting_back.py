"""Trying again what found no place when its migration put it back."""

from __future__ import annotations

from dataclasses import replace

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.kept import Kept, entry
from livemigrations.engine.lanes import transfer
from livemigrations.engine.reporter import Silent
from livemigrations.engine.session import Session
from livemigrations.errors import LiveMigrationError
from livemigrations.results import PutBack

_TRIED = ("put back", "putting back")


def put_back(connection: BaseDatabaseWrapper, lines: list[Kept], *, everything: bool) -> list[PutBack]:
    """Put these back as far as they have a place by now, page by page under the lease, and say what became of each.

    Of ``everything`` only what was tried before is taken: the rest waits for its migration. Rows may refer to rows of
    another line, so all are tried until none returns any more. Raises
    ``RunInProgress`` while a migrate runs, ``LiveMigrationError`` for what is half copied or has no table to go to.
    """
    chosen = [line for line in lines if line.state in _TRIED] if everything else lines
    if half := [line for line in chosen if line.state == "copying"]:
        raise LiveMigrationError(
            f"{half[0].what} is being copied by {half[0].app}.{half[0].migration}, which was interrupted. Nothing was"
            " changed. Remedy: run migrate again, either way."
        )
    if not chosen:
        return []
    session = Session(connection, Silent(), "migrations kept --put-back")
    try:
        session.lease.acquire(wait=False, tell=lambda holder: None)
        done: dict[str, PutBack] = {}
        while chosen:
            tried = [transfer.put_back(session, line) for line in chosen]
            for one in tried:
                before = done[one.kept_as].put_back if one.kept_as in done else 0
                done[one.kept_as] = replace(one, put_back=before + one.put_back)
            more = len(chosen) > 1 and any(one.put_back for one in tried)
            again = [entry(connection, one.kept_as) for one in tried if one.left and more]
            chosen = [line for line in again if line]
        return list(done.values())
    finally:
        session.close()
