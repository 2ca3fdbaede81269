"""Checks of rows that are lost, changed all at once, or kept waiting."""

from __future__ import annotations

import re
from collections.abc import Iterator

from livemigrations.review.lint.checks.hits import Hit, On, StepCheck, Words, words
from livemigrations.review.lint.effects import Change, Effect
from livemigrations.review.lint.history import Chapter, Step
from livemigrations.statements.names import parse_name
from livemigrations.statements.tokens import split_commas, tokens

_ROWS = {Effect.ROWS, Effect.PYTHON}
_NO_SCHEMA = {*_ROWS, Effect.STATEMENT, Effect.CREATE_TABLE, Effect.DROP_TABLE, Effect.FORGET_COLUMN}
_DROPS = r"^DROP\b.*\bCASCADE$|^ALTER TABLE\b.*\bDROP\b.*\bCASCADE$"


def truncated(step: Step) -> Iterator[Hit]:
    """Tables in use that are emptied."""
    for change in step.changes:
        found = re.match(r"\s*TRUNCATE(?:\s+TABLE)?(?:\s+ONLY)?\s+(.*)$", change.sql, re.IGNORECASE | re.DOTALL)
        if change.effect != Effect.STATEMENT or not found:
            continue
        names = [_first(part) for part in split_commas(found[1])]
        cascade = " CASCADE" if words(change.sql).endswith(" CASCADE") else ""
        if cascade or any(step.scene.exists(name) for name in names):
            yield Hit("LM301", f"TRUNCATE{cascade} of {', '.join(names)} deletes every row.", ", ".join(names))


def _first(text: str) -> str:
    """The name at the beginning, without its schema."""
    taken: list[str] = []
    for token in tokens(text):
        if (token.kind in ("word", "quoted") and len(taken) % 2 == 0) or token.text == ".":
            taken.append(token.text)
        else:
            break
    return parse_name("".join(taken)).name if taken else ""


_NO_CONDITION = re.compile(r"(TRUE|\( TRUE \)|(\d+) = \2)( RETURNING\b|$)")


def _whole_table(step: Step, change: Change) -> bool:
    condition = next((t.end for t in tokens(change.sql) if t.word == "WHERE" and not t.depth), None)
    return condition is None or bool(_NO_CONDITION.match(words(change.sql[condition:])))


def _changes_all(step: Step, change: Change) -> bool:
    return words(change.sql).startswith(("UPDATE ", "DELETE ")) and _whole_table(step, change)


def rows_and_schema(chapter: Chapter) -> Iterator[tuple[Step, Hit]]:
    """A table whose rows and whose schema one migration changes."""
    altered = {c.table for step in chapter.steps for c in step.changes if c.existing and c.effect not in _NO_SCHEMA}
    seen: set[str] = set()
    for step in chapter.steps:
        for change in step.changes:
            if change.effect in _ROWS and change.table in altered - seen:
                seen.add(change.table)
                message = f"The rows of {change.table} are changed here, and its schema in the same migration."
                yield step, Hit("LM305", message, change.table)


STEPS: list[StepCheck] = [
    truncated,
    Words("LM302", _DROPS, "Whatever depends on it goes too: {sql}"),
    On(
        "LM303",
        (Effect.ROWS,),
        "All rows of {c.table} are changed by one statement.",
        _changes_all,
    ),
    On(
        "LM304",
        (Effect.SET_NOT_NULL,),
        "Every NULL in {c.subject} is filled by one UPDATE before NOT NULL is set.",
        lambda step, c: c.fills and not step.taken_apart and not step.filled,
    ),
    On(
        "LM306",
        (Effect.PYTHON,),
        "The code changes rows of {c.table} in one transaction.",
        lambda step, c: step.atomic and bool(c.table),
    ),
    On(
        "LM306",
        (Effect.PYTHON,),
        "The code changes rows of a table that cannot be told, in one transaction.",
        lambda step, c: step.atomic and not c.table,
    ),
    On(
        "LM307",
        (Effect.ADD_COLUMN,),
        "Every row gets the same {c.subject}, and it is unique.",
        lambda s, c: c.same_for_all,
    ),
]
CHAPTERS = [rows_and_schema]
