"""Checks of locks that only the live engine avoids by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently

from livemigrations.review.lint.checks.hits import Hit, On, StepCheck, words
from livemigrations.review.lint.effects import Change, Effect
from livemigrations.review.lint.history import Chapter, Step
from livemigrations.statements.tokens import scripts

_HARMLESS = {Effect.ROWS, Effect.PYTHON, Effect.VALIDATE, Effect.STATEMENT, Effect.FORGET_COLUMN, Effect.CREATE_TABLE}


def _as_written(step: Step, change: Change) -> bool:
    """Whether the statement runs as it is."""
    return not step.translated and not change.online and change.valid


def concurrent_in_transaction(step: Step) -> Iterator[Hit]:
    """CONCURRENTLY that PostgreSQL will refuse."""
    wants = isinstance(step.operation, AddIndexConcurrently | RemoveIndexConcurrently)
    wants = wants or any(re.search(r"\bCONCURRENTLY\b", words(c.sql)) for c in step.changes if c.sql)
    if wants and step.atomic and not step.translated:
        yield Hit("LM108", "CONCURRENTLY cannot run inside the transaction of this migration: set atomic = False.")


def _strong(step: Step) -> list[Change]:
    return [c for c in step.changes if c.existing and c.table and c.effect not in _HARMLESS and not c.online]


def locks_in_one_transaction(chapter: Chapter) -> Iterator[tuple[Step, Hit]]:
    """The first operation that locks another table than the ones before it in the same transaction."""
    locked: str = ""
    for step in chapter.steps:
        for change in _strong(step) if step.atomic else ():
            if locked and change.table != locked:
                message = f"{change.table} is locked while {locked} still is, to the end of the transaction."
                yield step, Hit("LM107", message, change.table)
                return
            locked = locked or change.table


def _bounded(text: str) -> bool:
    """Whether a lock_timeout is set: neither 0, which waits for ever, nor the default, which is 0 as well."""
    found = re.search(r"\block_timeout\b\W*(?:TO\b\W*)?(\w+)", text, re.IGNORECASE)
    return found is not None and found[1].upper() != "DEFAULT" and not re.match(r"0+(?!\d)", found[1])


def no_lock_timeout(chapter: Chapter) -> Iterator[tuple[Step, Hit]]:
    """The first strong lock that nothing bounds."""
    if not chapter.steps or _bounded(str(chapter.steps[0].scene.connection.settings_dict.get("OPTIONS", ""))):
        return
    for step in chapter.steps:
        if any(_bounded(text) for text in scripts(getattr(step.operation, "sql", None))):
            return
        if strong := [*_strong(step), *(c for c in step.changes if c.target_existing)]:
            table = strong[0].table if strong[0].existing else strong[0].target
            yield step, Hit("LM109", f"The lock on {table} is asked for without lock_timeout.", table)
            return


def half_done(chapter: Chapter) -> Iterator[tuple[Step, Hit]]:
    """More than one thing to do, and nothing that undoes the first when the second fails."""
    busy = [step for step in chapter.steps if step.changes or step.python is not None]
    if not chapter.migration.atomic and len({step.number for step in busy}) > 1:
        message = f"{len(busy)} operations run without a transaction: if one fails, those before it stay."
        yield busy[1], Hit("LM110", message)


def validated_at_once(chapter: Chapter) -> Iterator[tuple[Step, Hit]]:
    """VALIDATE in the transaction that added the constraint, which still holds its strong lock."""
    held: set[str] = set()
    for step in chapter.steps:
        for change in step.changes if step.atomic and not step.translated else ():
            if change.effect == Effect.VALIDATE and change.table in held:
                message = f"{change.name} is validated while the lock that added it on {change.table} is still held."
                yield step, Hit("LM104", message, change.subject)
            held |= {change.table} if change in _strong(step) else set()


STEPS: list[StepCheck] = [
    On("LM101", (Effect.ADD_INDEX,), "Nobody writes to {c.table} until the index {c.name} is built.", _as_written),
    On("LM102", (Effect.DROP_INDEX,), "DROP INDEX {c.name} waits for ACCESS EXCLUSIVE.", _as_written),
    On(
        "LM103",
        (Effect.ADD_FOREIGN_KEY,),
        "{c.table} and {c.target} are locked against writes while the key {c.name} is checked row by row.",
        _as_written,
    ),
    On("LM104", (Effect.ADD_CHECK,), "{c.table} is locked while the CHECK {c.name} is tested row by row.", _as_written),
    On("LM105", (Effect.ADD_UNIQUE,), "{c.table} is locked until the unique index {c.name} is built.", _as_written),
    On(
        "LM106",
        (Effect.SET_NOT_NULL,),
        "{c.table} is locked while {c.name} is looked at row by row for NULL.",
        _as_written,
    ),
    concurrent_in_transaction,
]
CHAPTERS = [locks_in_one_transaction, no_lock_timeout, half_done, validated_at_once]
