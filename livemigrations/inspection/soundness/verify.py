"""All the checks of a database, one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.inspection.soundness import figures, indexes, keys, rows
from livemigrations.inspection.soundness.findings import Look, Verification

PARTS: dict[str, Callable[[Look], None]] = {
    "keys": keys.foreign_keys,
    "constraints": keys.constraints,
    "indexes": indexes.invalid_indexes,
    "sequences": figures.sequences,
    "statistics": figures.statistics,
    "amcheck": indexes.pages,
}


def verify(
    connection: BaseDatabaseWrapper,
    *,
    parts: Collection[str] = (),
    before: Path | None = None,
    save: Path | None = None,
    tell: Callable[[str, float | None], None] = lambda text, fraction: None,
) -> Verification:
    """Check the parts named, or all, then the rows against the file ``before``, or write them to ``save``.

    Every question is asked in a read-only transaction of its own under ACCESS SHARE: nobody is stopped. Raises
    ``LiveMigrationError`` for a file that cannot be read or written, before anything is looked at.
    """
    started = time.monotonic()
    earlier = None if before is None else rows.load(before)  # hours are not to be spent before a name turns out wrong
    if save is not None:
        rows.refuse_unwritable(save)
    look = Look(connection, Verification(connection.alias), tell)
    for name, check in PARTS.items():
        if name in parts or not parts:
            check(look)
    if earlier is not None:
        rows.compare(look, earlier)
    if save is not None:
        rows.save(look, save)
    look.found.duration_s = time.monotonic() - started
    return look.found
