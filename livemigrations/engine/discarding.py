"""Letting go of what is kept in the schema ``rolled_back``."""

from __future__ import annotations

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.cascades import needed_by
from livemigrations.catalog.kept import Kept
from livemigrations.engine.lease import current_holder
from livemigrations.errors import LiveMigrationError, RunInProgress
from livemigrations.statements.names import literal


def discard(connection: BaseDatabaseWrapper, lines: list[Kept]) -> None:
    """Drop these for good, all or none. Raises ``RunInProgress`` while a migrate may be using them.

    What is only half copied is refused: the migrate that goes on would drop the column all the same. So is what other
    objects depend on, which would be dropped with it.
    """
    if holder := current_holder(connection):
        raise RunInProgress(
            f"A migrate is running on this database: {holder}. Nothing was dropped. Remedy: wait for it."
        )
    if half := [line for line in lines if line.state == "copying"]:
        raise LiveMigrationError(
            f"{half[0].what} is being copied by {half[0].app}.{half[0].migration}, which was interrupted. Nothing was"
            " dropped. Remedy: run migrate again, either way; then discard it."
        )
    for line in lines:
        if needed := needed_by(connection, line.table):
            raise LiveMigrationError(
                f"{line.table.plain} is needed by {', '.join(needed)}. Nothing was dropped. Remedy: drop or change that"
                " first; then discard it."
            )
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for line in lines:
            cursor.execute(f"DROP TABLE IF EXISTS {line.table}")
            cursor.execute(f"DELETE FROM livemigrations_kept WHERE kept_as = {literal(line.kept_as)}")
