"""The docstring of a written migration: why, what it locks and for how long, the way back."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from django.db.migrations import Migration, RunSQL, SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation

from livemigrations.translation import Stage, Work
from livemigrations.writing.splitting import Notes

#: Stands where the author has to say why; whoever checks docstrings can look for it.
PROMPT = "TODO: say what needs this change, and what would break or be slow without it."

_TITLES = {
    Work.REMOVE: "Indexes or constraints that go",
    Work.SCHEMA: "Tables and columns",
    Work.TYPE: "Types of columns",
    Work.INDEX: "Indexes",
    Work.KEY: "Foreign keys",
    Work.CONSTRAINT: "Constraints",
    Work.ROWS: "Values for rows",
    Work.NOT_NULL: "NOT NULL",
    Work.DEFAULT: "Defaults that go",
    Work.RENAME: "Renames",
    Work.DROP: "What is dropped",
}
_LOCKS = {
    Work.REMOVE: "milliseconds of ACCESS EXCLUSIVE on {tables} for a constraint; an index is dropped concurrently and"
    " stops nobody.",
    Work.SCHEMA: "ACCESS EXCLUSIVE on {tables} for milliseconds each, asked for with a budget; no row is rewritten.",
    Work.TYPE: "ACCESS EXCLUSIVE on {tables} for milliseconds, when the new column comes beside the old one and when it takes"
    " its place; between them the rows of one batch at a time, and scans and builds that stop nobody.",
    Work.INDEX: "SHARE UPDATE EXCLUSIVE on {tables} for as long as the build takes, which stops neither readers nor"
    " writers.",
    Work.KEY: "SHARE ROW EXCLUSIVE on {tables} and on the table that the key points at for milliseconds; the validation"
    " that follows stops nobody.",
    Work.CONSTRAINT: "ACCESS EXCLUSIVE on {tables} for milliseconds; the scan of the rows, or the build of the unique"
    " index, stops nobody.",
    Work.ROWS: "the rows of one batch of {tables} at a time, each for the length of a short transaction.",
    Work.NOT_NULL: "ACCESS EXCLUSIVE on {tables} twice for milliseconds; the scan between them stops nobody.",
    Work.DEFAULT: "ACCESS EXCLUSIVE on {tables} for milliseconds.",
    Work.RENAME: "ACCESS EXCLUSIVE on {tables} for milliseconds; but no release works with both names.",
    Work.DROP: "ACCESS EXCLUSIVE on {tables} for milliseconds; the rows are copied before, page by page.",
}
_BACK = {
    Work.REMOVE: "what was removed is built again, concurrently where it is an index.",
    Work.SCHEMA: "each change is undone; rows of new columns and tables are kept in the schema rolled_back.",
    Work.TYPE: "the same towards the old type; values that the new one had cut return where nobody changed them since.",
    Work.INDEX: "DROP INDEX CONCURRENTLY; a removed one is built again.",
    Work.KEY: "the foreign keys are dropped.",
    Work.CONSTRAINT: "the constraints are dropped.",
    Work.ROWS: "nothing to undo: the values are as good as none, or go with their column.",
    Work.NOT_NULL: "NOT NULL is dropped.",
    Work.DEFAULT: "the database gets its default back.",
    Work.RENAME: "the old names return.",
    Work.DROP: "the columns and tables are created again, and their rows return.",
}
_SHOWN = 6
_NEW_TABLES = (
    "nothing that traffic knows; a key takes SHARE ROW EXCLUSIVE on the table that it points at for milliseconds."
)
_STATE_ONLY = "nothing: only Django's own picture of the models changes."
_LONG = (
    "ACCESS EXCLUSIVE on {tables} for as long as every row takes to be read or written: nobody else gets at it. The"
    " engine refuses that on a large table, and shows the code to write instead."
)
_CONTRACT = (
    "Stage: contract. Run it when no process of the previous release is left (migrate --stage contract); the"
    " migrations before it run with the old release still at work (migrate --stage expand)."
)


def docstring(migration: Migration) -> str:
    """The text of a migration's docstring, without its quotes."""
    notes: Notes = vars(migration).get("notes") or Notes(Work.SCHEMA, Stage.EXPAND)
    operations = migration.operations
    if not operations:
        locks, back = "TODO: say which tables, in which mode and for how long.", "TODO: say what undoes it."
    else:
        locks, back = _locks(notes), _BACK[notes.work]
    paragraphs = [f"{_title(notes, operations)}.", ""]
    paragraphs += [f"Why: {PROMPT}", *(f"This way: {why}" for why in notes.why)]
    paragraphs += [f"Locks: {locks}", f"Way back: {back}"]
    paragraphs += [_CONTRACT] if notes.stage == Stage.CONTRACT else []
    return "\n".join(line for text in paragraphs for line in (textwrap.wrap(text, 110) or [""])) + "\n"


def _title(notes: Notes, operations: Sequence[Operation]) -> str:
    said = [text for operation in operations for text in _words(operation)]
    if len(said) <= 2 and (said or not operations):
        return (" and ".join([*said[:1], *(f"{text[0].lower()}{text[1:]}" for text in said[1:])]) or "By hand").rstrip(
            "."
        )
    subjects = notes.tables or tuple(dict.fromkeys(str(getattr(operation, "name", "")) for operation in operations))
    return f"{_TITLES[notes.work]}: {', '.join(subjects[:4])}{', …' * (len(subjects) > 4)}"


def _words(operation: Operation) -> list[str]:
    """What an operation says of itself: SQL, and what only joins others, say what they mean for the models."""
    if isinstance(operation, RunSQL | SeparateDatabaseAndState):
        return [inner.describe() for inner in operation.state_operations]
    return [operation.describe()]


def _locks(notes: Notes) -> str:
    if notes.unseen:
        return _STATE_ONLY
    if notes.new:
        return _NEW_TABLES
    return (_LONG if notes.long else _LOCKS[notes.work]).format(tables=_listed(notes.tables) or "its tables")


def _listed(tables: tuple[str, ...]) -> str:
    shown = ", ".join(tables[:_SHOWN])
    return f"{shown} and {len(tables) - _SHOWN} more" if len(tables) > _SHOWN else shown
